"""The part of JSON Schema Draft 2020-12 in which the form of an answer can be asked for (twelvelabs 1.3.6, July 2026).

Pure: a schema goes in, its text as the platform takes it comes out, or everything that is wrong with it.
"""

import json
import math
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from pipeline.errors import ConfigError

Place = tuple[str, ...]

BOUNDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
OF_TYPE: dict[str, frozenset[str]] = {
    "array": frozenset({"items", "minItems"}),
    "boolean": frozenset(),
    "integer": BOUNDS,
    "null": frozenset(),
    "number": frozenset(),
    "object": frozenset({"properties", "required"}),
    "string": frozenset({"pattern", "format"}),
    "timestamp": frozenset({"format"}),
}
OF_ANY_TYPE = frozenset({"type", "const", "enum", "anyOf", "$ref", "$defs", "title", "description"})
# They say nothing about which answers are valid, so leaving them out loses nothing.
WITHOUT_MEANING = frozenset(
    {"default", "examples", "deprecated", "readOnly", "writeOnly", "discriminator", "$comment", "$comments", "$schema"}
)
# Nor do these with these values.
WITHOUT_EFFECT: dict[str, tuple[Any, ...]] = {
    "additionalProperties": (True, {}),
    "uniqueItems": (False,),
    "minLength": (0,),
}
STRING_FORMATS = ("uuid", "date-time", "date", "time")
TIMESTAMP_FORMATS = ("seconds", "hh:mm:ss", "hh:mm:ss.fff")
# `properties.X`, and `properties.A.items.properties.X`
TIMESTAMP_PLACES = (("properties", None), ("properties", None, "items", "properties", None))
TIME_NAMES = frozenset({"start_time", "end_time"})
TIME_TYPES = ("number", "integer", "string", "timestamp")
MOST_LEVELS = 128  # places within each other

IN_WORDS = "say it in the description"
AS_PAIRS = "write an array of objects with a name and a value"
REMEDIES = {
    **dict.fromkeys(("minLength", "maxLength", "maxItems", "minProperties", "maxProperties", "multipleOf"), IN_WORDS),
    **dict.fromkeys(("not", "if", "then", "else", "contains", "dependentRequired", "contentEncoding"), IN_WORDS),
    **dict.fromkeys(("patternProperties", "propertyNames"), AS_PAIRS),
    **dict.fromkeys(BOUNDS, f"only integers have bounds; {IN_WORDS}"),
    "uniqueItems": f"{IN_WORDS}; in pydantic, write list instead of set",
    "prefixItems": "write an object with a property for each item; in pydantic, a model instead of a tuple",
    "oneOf": "write anyOf; in pydantic, a union without a discriminator",
    "allOf": "write its members into one schema",
    "definitions": "write $defs",
    "nullable": "write anyOf with {type: 'null'} as a further choice",
}


def checked(schema: Any, where: str) -> str:
    """The schema as JSON text, without what has no meaning for an answer; properties stay in their order.

    Args:
        schema: as read from JSON or YAML.
        where: what messages begin with.

    Raises:
        ConfigError: everything that the platform does not take, each with its JSON pointer and a remedy.
    """
    problems = list(_not_json(schema, ()))
    clean: dict[str, Any] = {}
    if not problems:
        reading = _Reading()
        clean = reading.schema(schema, ())
        reading.follow_references()
        problems = reading.problems
    if problems:
        raise ConfigError("\n".join(f"{where}: {problem}" for problem in problems))
    return json.dumps(clean, separators=(",", ":"))


def _not_json(value: Any, place: Place, around: frozenset[int] = frozenset()) -> Iterator[str]:
    """What could not travel as JSON; `around` are the ids of what a value stands in."""
    if isinstance(value, Mapping | list):
        if id(value) in around:
            yield f"{_pointer(place)}: contains itself by an alias; write a $ref to a schema in $defs"
            return
        if len(place) > MOST_LEVELS:
            yield f"{_pointer(place[:4])}: goes deeper than {MOST_LEVELS} levels; make it flatter"
            return
        members = value.items() if isinstance(value, Mapping) else enumerate(value)
        for name, member in members:
            if isinstance(value, Mapping) and not isinstance(name, str):
                yield f"{_pointer(place)}: the name {name!r} is not text; put it in quotes"
            yield from _not_json(member, (*place, str(name)), around | {id(value)})
    elif not _travels(value):
        yield f"{_pointer(place)}: {value!r} cannot be written in JSON; put it in quotes, or write another value"


def _travels(value: Any) -> bool:
    if isinstance(value, str):
        return not any("\ud800" <= letter <= "\udfff" for letter in value)  # half of a pair
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, bool) or (isinstance(value, int) and -(2**63) <= value < 2**64)


class _Reading:
    """Collects what is wrong while a schema is copied without what has no meaning."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._found: set[Place] = set()
        self._references: list[tuple[Place, Any]] = []

    def schema(self, schema: Any, place: Place) -> dict[str, Any]:
        if not isinstance(schema, Mapping):
            self._wrong(place, f"{schema!r} is no schema; write an object such as {{type: string}}")
            return {}
        self._found.add(place)
        kept = {name: value for name, value in schema.items() if not _is_idle(name, value, place)}
        kind = kept.get("type")
        if "type" in kept and kind not in list(OF_TYPE):  # a list, because what was written may have no hash
            remedy = " write anyOf with a choice for each" if isinstance(kind, list) else ""
            self._wrong((*place, "type"), f"{kind!r} is none of {', '.join(OF_TYPE)};{remedy or ' write one of them'}")
        else:
            self._keywords(kept, place)
        if len(place) > 1 and place[-2] == "properties" and place[-1] in TIME_NAMES:
            self._time_property(kept, place)
        self._values(kept, place)
        return {name: self._part(name, value, (*place, name)) for name, value in kept.items()}

    def _keywords(self, schema: Mapping[str, Any], place: Place) -> None:
        kind = schema.get("type")
        for name, value in schema.items():
            if name in OF_ANY_TYPE or (kind is not None and name in OF_TYPE[kind]):
                continue
            owners = [owner for owner, names in OF_TYPE.items() if name in names]
            if owners and kind is None:
                self._wrong((*place, name), f"{name} needs its type beside it; write type: {owners[0]}")
            else:
                self._wrong((*place, name), f"{name} is not supported{_of(kind, owners)}; {_remedy(name, value)}")
        if kind == "string" and schema.get("format", "uuid") not in STRING_FORMATS:
            self._wrong((*place, "format"), f"{schema['format']!r} is none of {', '.join(STRING_FORMATS)}; {IN_WORDS}")
        if kind == "array" and (type(least := schema.get("minItems", 0)) is not int or least not in {0, 1}):
            self._wrong((*place, "minItems"), f"minItems may only be 0 or 1; {IN_WORDS}")
        if kind == "timestamp":
            self._timestamp(schema, place)

    def _timestamp(self, schema: Mapping[str, Any], place: Place) -> None:
        if schema.get("format") not in TIMESTAMP_FORMATS:
            self._wrong((*place, "format"), f"a timestamp needs a format; write one of {', '.join(TIMESTAMP_FORMATS)}")
        if not any(_fits(place, pattern) for pattern in TIMESTAMP_PLACES):
            self._wrong(
                place, "a timestamp may only be a property at the top, or of an array's objects there; move it there"
            )
        for name in schema.keys() & {"const", "enum"}:
            self._wrong((*place, name), f"{name} is not supported of a timestamp; remove it")

    def _time_property(self, schema: Mapping[str, Any], place: Place) -> None:
        if schema.get("type") not in TIME_TYPES:
            allowed = ", ".join(TIME_TYPES)
            self._wrong(place, f"the name {place[-1]} is reserved: its type must be one of {allowed}; or rename it")
        elif schema["type"] == "string" and "format" in schema:
            self._wrong(
                (*place, "format"), f"the name {place[-1]} is reserved: as a string it has no format; remove it"
            )

    def _values(self, schema: Mapping[str, Any], place: Place) -> None:
        values = schema.get("enum", [None])
        if not isinstance(values, list) or not values:
            self._wrong((*place, "enum"), "enum is no list of values; write at least one")
            values = []
        for name, value in (*(("enum", value) for value in values), ("const", schema.get("const"))):
            if isinstance(value, Mapping | list):
                self._wrong((*place, name), f"{value!r} is not supported; use text, numbers, booleans and null only")

    def _part(self, name: str, value: Any, place: Place) -> Any:
        """The value of a keyword, with the schemas inside it checked and cleaned."""
        match name:
            case "properties" | "$defs":
                return self._named_schemas(name, value, place)
            case "items":
                return self.schema(value, place)
            case "anyOf":
                return self._choices(value, place)
            case "pattern":
                self._pattern(value, place)
            case "required":
                self._required(value, place)
            case "$ref":
                self._references.append((place, value))
            case _ if name in BOUNDS and (isinstance(value, bool) or not isinstance(value, int | float)):
                self._wrong(place, f"{value!r} is no number; write one")
        return value

    def _named_schemas(self, name: str, value: Any, place: Place) -> dict[str, Any]:
        if name == "$defs" and len(place) > 1:
            self._wrong(place, "$defs belongs to the top level of the schema; move it there")
        if not isinstance(value, Mapping):
            self._wrong(place, f"{name} is no object of schemas; write a name and a schema for each")
            return {}
        return {part: self.schema(member, (*place, part)) for part, member in value.items()}

    def _choices(self, value: Any, place: Place) -> list[Any]:
        if not isinstance(value, list) or not value:
            self._wrong(place, "anyOf is no list of schemas; write at least one")
            return []
        return [self.schema(choice, (*place, str(number))) for number, choice in enumerate(value)]

    def _pattern(self, value: Any, place: Place) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                re.compile(value)
        except (re.error, TypeError, OverflowError, RecursionError) as error:
            self._wrong(place, f"{value!r} is no regular expression ({error}); mend it")

    def _required(self, value: Any, place: Place) -> None:
        """Whether every name is among the properties is for `follow_references`, which knows all of them."""
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            self._wrong(place, "required is no list of names; write the names of properties")
            return
        self._references += [(place, (*place[:-1], "properties", name)) for name in value]

    def follow_references(self) -> None:
        """Everything that a schema speaks of has to be there."""
        for place, target in self._references:
            if isinstance(target, tuple):
                if target not in self._found:
                    self._wrong(place, f"{target[-1]!r} is not among the properties; add it there, or remove it here")
            elif not isinstance(target, str) or not target.startswith("#/$defs/"):
                self._wrong(place, f"{target!r} leads outside; refer to a schema in $defs, as #/$defs/<name>")
            elif _place_of(target) not in self._found:
                self._wrong(place, f"{target!r} is not there; add it to $defs")

    def _wrong(self, place: Place, why: str) -> None:
        self.problems.append(f"{_pointer(place)}: {why}")


def _is_idle(name: str, value: Any, place: Place) -> bool:
    if name in WITHOUT_MEANING or (name == "$id" and not place):
        return True
    return any(type(value) is type(idle) and value == idle for idle in WITHOUT_EFFECT.get(name, ()))


def _of(kind: str | None, owners: list[str]) -> str:
    return f" of {kind}" if kind is not None and owners else ""


def _remedy(name: str, value: Any) -> str:
    if name == "additionalProperties":
        return AS_PAIRS if isinstance(value, Mapping) else "remove it"
    return REMEDIES.get(name, "remove it")


def _fits(place: Place, pattern: tuple[str | None, ...]) -> bool:
    return len(place) == len(pattern) and all(w in {None, p} for p, w in zip(place, pattern, strict=True))


def _pointer(place: Place) -> str:
    return "/" + "/".join(step.replace("~", "~0").replace("/", "~1") for step in place)


def _place_of(reference: str) -> Place:
    steps = unquote(reference.removeprefix("#/")).split("/")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in steps)
