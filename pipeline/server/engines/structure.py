"""An answer in the form of a JSON schema, filled from evidence; valid, whatever the evidence.

The schema is the platform's subset of Draft 2020-12, already found to be of it. Where nothing measured answers a
required field, it has the emptiest valid value and is listed; an optional one is left out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import unquote

from pipeline.server.engines import scalars, topics
from pipeline.server.engines.asking import parts
from pipeline.server.engines.contract import EngineError
from pipeline.server.engines.fields import Field, read_field
from pipeline.server.engines.known import NOTHING, Known
from pipeline.server.engines.picking import narrow, one
from pipeline.server.engines.recorded import asks
from pipeline.server.engines.saying import supported
from pipeline.server.engines.scalars import Impossible, Value

# A schema may refer to its parts so that a small one describes very much; more than this is not filled.
_MOST_STEPS = 150_000
_DEEPEST = 60
_SCALARS = {
    "boolean": scalars.boolean,
    "integer": scalars.integer,
    "null": scalars.null,
    "number": scalars.real,
    "string": scalars.string,
    "timestamp": scalars.timestamp,
}
_NOBODY = Field()


@dataclass(frozen=True, slots=True)
class Filled:
    """A valid value. `guessed` are the paths of required fields for which nothing was measured."""

    content: Any
    is_known: bool
    guessed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the answer something stands: what is asked there, and what is known to answer it."""

    field: Field
    known: Known
    path: str = ""
    depth: int = 0
    # References being followed: none need be followed again inside itself, or no finite answer would exist.
    followed: frozenset[str] = frozenset()

    def property(self, name: str, described: str, known: Known) -> Self:
        within = frozenset() if self.field.is_foreign else self.field.words
        asked = read_field(name, described, within)
        path = f"{self.path}.{name}" if self.path else name
        return replace(self, field=asked, known=known, path=path, depth=self.depth + 1)

    def item(self, known: Known) -> Self:
        return replace(self, known=known, path=f"{self.path}[]", depth=self.depth + 1)

    def picked(self) -> Self:
        """Of the one part that its name picks out, if it picks one."""
        field, known = one(self.field, self.known)
        return replace(self, field=field, known=known)

    def following(self, reference: str) -> Self:
        return replace(self, followed=self.followed | {reference}, depth=self.depth + 1)


def fill(schema: Mapping[str, Any] | bool, known: Known, asked: Field = _NOBODY) -> Filled:
    """A value that is valid against `schema`; `asked` is what the whole of it is about, where that is known.

    Raises:
        EngineError: no such value exists, or none was found; the sentence says where and why.
    """
    try:
        return _Filler(schema).fill(schema, Place(asked, known))
    except Impossible as exc:
        raise EngineError(f"No answer is valid against the JSON schema: {exc}.") from exc
    except OverflowError as exc:
        raise EngineError("No answer is valid against the JSON schema: a number in it is too large.") from exc


class _Filler:
    """Fills one schema once."""

    def __init__(self, root: Mapping[str, Any] | bool) -> None:
        self._root = root
        self._steps = 0

    def fill(self, schema: Mapping[str, Any] | bool, place: Place) -> Filled:
        self._steps += 1
        if self._steps > _MOST_STEPS or place.depth > _DEEPEST:
            raise EngineError("The JSON schema describes more than this engine fills: make it smaller or less deep.")
        if isinstance(schema, bool):
            return self._anything(schema, place)
        if "$ref" in schema:
            return self._referred(schema, place)
        if branches := _branches(schema):
            return self._any_of(branches, place)
        if "const" in schema or "enum" in schema:
            place = place.picked()
            members = [schema["const"]] if "const" in schema else schema["enum"]
            return _single(scalars.member({**schema, "enum": members}, place.field, place.known), place)
        return self._typed(_kind(schema), schema, place)

    def _typed(self, kind: str, schema: Mapping[str, Any], place: Place) -> Filled:
        if kind == "object":
            return self._object(schema, place)
        if kind == "array":
            return self._array(schema, place)
        place = place.picked()
        return _single(_SCALARS[kind](schema, place.field, place.known), place)

    def _anything(self, schema: bool, place: Place) -> Filled:
        if not schema:
            raise Impossible(f"nothing is allowed at {place.path or 'the top'}")
        return _single(scalars.string({}, place.field, place.known), place)

    def _referred(self, schema: Mapping[str, Any], place: Place) -> Filled:
        reference = str(schema["$ref"])
        if reference in place.followed:
            raise Impossible(f"{reference} contains itself without end")
        meant = _find(self._root, reference)
        beside = {name: value for name, value in schema.items() if name != "$ref"}
        joined = _joined(beside, meant)
        # What a definition says of itself is the description of whatever refers to it without one.
        if isinstance(joined, Mapping) and "description" in joined and not place.field.words:
            place = replace(place, field=read_field(place.field.name, str(joined["description"])))
        return self.fill(joined, place.following(reference))

    def _any_of(self, branches: Iterable[Mapping[str, Any] | bool], place: Place) -> Filled:
        """The first branch that something is known for, else null, else the first that can be filled at all."""
        possible, reasons = [], []
        for branch in branches:
            try:
                filled = self.fill(branch, place)
            except Impossible as reason:
                reasons.append(reason)
                continue
            if filled.is_known and not filled.guessed:
                return filled
            possible.append(filled)
        if not possible:
            raise reasons[0] if reasons else Impossible(f"nothing is allowed at {place.path or 'the top'}")
        partly = [filled for filled in possible if filled.is_known]
        unknown = [filled for filled in possible if filled.content is None]
        return (partly or unknown or possible)[0]

    def _object(self, schema: Mapping[str, Any], place: Place) -> Filled:
        known = place.known if place.path.endswith("[]") else narrow(place.field, place.known)
        content: dict[str, Any] = {}
        guessed: list[str] = []
        is_known = False
        for name, rule, is_required in _properties(schema):
            described = str(rule.get("description", "")) if isinstance(rule, Mapping) else ""
            inside = place.property(name, described, known.named.get(name, known))
            try:
                filled = self.fill(rule, inside)
            except Impossible:
                if is_required:
                    raise
                continue
            if is_required or filled.is_known:
                content[name] = filled.content
                guessed += filled.guessed
                is_known = is_known or filled.is_known
        if not is_known and place.path:
            guessed = [place.path] if guessed else []
        return Filled(content, is_known, tuple(guessed))

    def _array(self, schema: Mapping[str, Any], place: Place) -> Filled:
        rule, least = schema.get("items", {}), int(schema.get("minItems", 0))
        listed = None if place.field.is_foreign else parts(place.field, place.known)
        members = _members(self._root, rule)
        if members is not None and not (place.field.words & topics.SHOT and listed):
            chosen = supported(members, place.field, place.known)
            if len(chosen) >= least:
                is_known = bool(chosen) or listed is not None
                return Filled(chosen, is_known, () if is_known else (place.path or "the list",))
            listed = ()
        filled = self._items(rule, [place.item(part) for part in listed or ()], least)
        if asks(place.field, place.known):
            # of speech that was not understood there are no words
            filled = [item for item in filled if item.is_known or not item.guessed]
        if listed and filled and len(filled) < least:
            return self._padded(rule, filled, place, least)
        if len(filled) >= least:
            guessed = dict.fromkeys(path for item in filled for path in item.guessed)
            is_told = listed is not None and (bool(filled) or not listed)
            unanswered = () if is_told else (place.path or "the list",)
            return Filled([item.content for item in filled], is_told, unanswered or tuple(guessed))
        return self._padded(rule, [], place, least)

    def _padded(self, rule: Mapping[str, Any] | bool, known: list[Filled], place: Place, least: int) -> Filled:
        """What there is, and empty items up to the number that there has to be: the list is told as not answered."""
        nobody = replace(place.item(NOTHING), field=_NOBODY)
        blank = [self.fill(rule, nobody) for _ in range(least - len(known))]
        content = [item.content for item in (*known, *blank)]
        return Filled(content, is_known=bool(known), guessed=(place.path or "the list",))

    def _items(self, rule: Mapping[str, Any] | bool, places: Iterable[Place], least: int) -> list[Filled]:
        try:
            return [self.fill(rule, place) for place in places]
        except Impossible:
            if least:
                raise
            return []


def _single(value: Value, place: Place) -> Filled:
    # null says by itself that nothing is known
    is_told = value.is_known or value.content is None
    return Filled(value.content, value.is_known, () if is_told else (place.path or "the answer",))


def _kind(schema: Mapping[str, Any]) -> str:
    """The type, where it is left out the one that the other keywords speak of."""
    if "type" in schema:
        kind = str(schema["type"])
        if kind in _SCALARS or kind in {"object", "array"}:
            return kind
        raise Impossible(f"the type {kind} is not known")
    if "properties" in schema or "required" in schema:
        return "object"
    if "items" in schema or "minItems" in schema:
        return "array"
    return "integer" if {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"} & schema.keys() else "string"


def _branches(schema: Mapping[str, Any]) -> list[Mapping[str, Any] | bool]:
    """The schemas of which one has to hold: of anyOf, or one for each of several types."""
    if "anyOf" in schema:
        rest = {name: value for name, value in schema.items() if name != "anyOf"}
        return [_joined(rest, branch) for branch in schema["anyOf"]]
    if isinstance(schema.get("type"), list):
        return [{**schema, "type": kind} for kind in schema["type"]] or [False]
    return []


_BOUNDS = {"minimum": max, "exclusiveMinimum": max, "maximum": min, "exclusiveMaximum": min, "minItems": max}


def _common(one: str | list[str], other: str | list[str]) -> list[str]:
    """The types that both allow; whole numbers are numbers."""
    ones, others = ([kinds] if isinstance(kinds, str) else kinds for kinds in (one, other))
    both = [kind for kind in ones if kind in others]
    is_whole = ("integer" in ones and "number" in others) or ("number" in ones and "integer" in others)
    return [*both, "integer"] if is_whole and "integer" not in both else both


def _joined(one: Mapping[str, Any], other: Mapping[str, Any] | bool) -> Mapping[str, Any] | bool:
    """Both at once. Keywords that stand in both hold as in `other`, save those that add up."""
    if isinstance(other, bool):
        return one if other else False
    joined = {**one, **other}
    if "type" in one and "type" in other:
        joined["type"] = _common(one["type"], other["type"])
    for name, tighter in _BOUNDS.items():
        if name in one and name in other:
            joined[name] = tighter(one[name], other[name])
    if "properties" in one and "properties" in other:
        joined["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        joined["required"] = list(dict.fromkeys((*one["required"], *other["required"])))
    if "enum" in one and "enum" in other:
        joined["enum"] = [member for member in one["enum"] if member in other["enum"]]
    return joined


def _properties(schema: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any] | bool, bool]]:
    """(name, rule, whether required) in the order of declaration, save that the first one is a required one."""
    declared, required = schema.get("properties", {}), tuple(schema.get("required", ()))
    names = list(dict.fromkeys((*declared, *required)))
    first = next((name for name in names if name in required), None)
    if first is not None:
        names.remove(first)
        names.insert(0, first)
    return [(name, declared.get(name, True), name in required) for name in names]


def _members(root: Mapping[str, Any] | bool, rule: Mapping[str, Any] | bool) -> list[str] | None:
    """The texts that the items of a list may be chosen from."""
    for _ in range(_DEEPEST):
        if not isinstance(rule, Mapping) or "$ref" not in rule:
            break
        rule = _find(root, str(rule["$ref"]))
    if not isinstance(rule, Mapping) or "enum" not in rule or "anyOf" in rule:
        return None
    return [each for each in rule["enum"] if isinstance(each, str) and scalars.permits(rule, each)]


def _find(root: Mapping[str, Any] | bool, reference: str) -> Mapping[str, Any] | bool:
    """What "#/$defs/name" points to."""
    found: Any = root
    for step in reference.removeprefix("#").split("/")[1:]:
        key = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and key.isdigit() and int(key) < len(found):
            found = found[int(key)]
        elif isinstance(found, Mapping) and key in found:
            found = found[key]
        else:
            raise Impossible(f"{reference} points to nothing")
    if not reference.startswith("#") or not isinstance(found, Mapping | bool):
        raise Impossible(f"{reference} points to nothing")
    return found
