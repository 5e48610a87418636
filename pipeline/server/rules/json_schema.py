"""The part of JSON Schema Draft 2020-12 that an answer's form can be written in (twelvelabs 1.3.6).

What the platform does not support is answered 422, what is malformed or in the wrong place 400.
"""

import re
import warnings
from collections.abc import Mapping
from typing import Any

from pipeline.server.problems import ApiError, invalid
from pipeline.server.rules.finite import has_finite_answer, parse_reference
from pipeline.server.rules.models import ModelRules

ROOT = "response_format.json_schema"
ANNOTATIONS = {
    *("title", "description", "$comment", "$comments", "$schema"),
    *("default", "examples", "deprecated", "readOnly", "writeOnly"),
}
BOUNDS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
OF_TYPE: dict[str, set[str]] = {
    "array": {"items", "minItems"},
    "boolean": set(),
    "integer": BOUNDS,
    "null": set(),
    "number": set(),
    "object": {"properties", "required"},
    "string": {"pattern", "format"},
    "timestamp": {"format"},
}
OF_ANY_TYPE = ANNOTATIONS | {"type", "const", "enum", "anyOf", "$ref", "$defs"}
STRING_FORMATS = {"uuid", "date-time", "date", "time"}
TIMESTAMP_FORMATS = ("seconds", "hh:mm:ss", "hh:mm:ss.fff")
TIME_NAMES = {"start_time", "end_time"}
# `properties.X`, and `properties.A.items.properties.X`
TIMESTAMP_PLACES = (("properties", None), ("properties", None, "items", "properties", None))
# the platform's own bounds are not documented; these keep a hostile schema from holding up everybody else
MOST_LEVELS = 32
MOST_SCHEMAS = 2_000
# of JSON, annotations too: an answer that tells the schema has to be written, and writers are bounded
MOST_DEPTH = 100

Place = tuple[str, ...]
Schema = Mapping[str, Any]


def check_schema(schema: Schema, rules: ModelRules) -> None:
    """Find the first thing that is wrong with a schema.

    Raises:
        ApiError: 422 response_format_invalid for keywords outside the subset, 400 parameter_invalid otherwise.
    """
    if _is_deeper(schema, MOST_DEPTH):
        raise invalid(f"The {ROOT} parameter is nested more than {MOST_DEPTH} levels deep.")
    checking = _Checking(rules)
    checking.check(schema, ())
    checking.check_references()
    if not has_finite_answer(schema):
        raise invalid(f"The {ROOT} parameter refers to itself without an end: no answer could fit it.")


class _Checking:
    def __init__(self, rules: ModelRules) -> None:
        self._rules = rules
        self._found: set[Place] = set()
        self._references: list[tuple[Place, Any]] = []

    def check(self, schema: Any, place: Place) -> None:
        if not isinstance(schema, dict):
            raise _wrong(place, "must be a schema, a JSON object")
        if len(place) > MOST_LEVELS * 2 or len(self._found) >= MOST_SCHEMAS:
            raise _wrong(place, f"is beyond {MOST_SCHEMAS:,} schemas, or {MOST_LEVELS} within each other")
        self._found.add(place)
        if len(place) >= 2 and place[-2] == "properties" and place[-1] in TIME_NAMES:
            _check_time_property(schema, place)
        self._check_keywords(schema, place)
        _check_values(schema, place)
        self._check_type(schema, place)
        self._check_parts(schema, place)

    def _check_keywords(self, schema: Schema, place: Place) -> None:
        kind = schema.get("type")
        if "type" in schema and not (isinstance(kind, str) and kind in OF_TYPE):
            raise _wrong((*place, "type"), f"must be one of {', '.join(OF_TYPE)}")
        of_type = OF_TYPE[kind] if kind is not None else set()
        for keyword in schema:
            if keyword in of_type or keyword in OF_ANY_TYPE:
                continue
            if kind is None and any(keyword in keywords for keywords in OF_TYPE.values()):
                raise _wrong((*place, "type"), f"is required next to {keyword}")
            raise _unsupported((*place, keyword), f"The keyword {keyword} is not supported{f' of {kind}' * bool(kind)}")
        if "$defs" in schema and place:
            raise _wrong((*place, "$defs"), "belongs to the top level of the schema")

    def _check_type(self, schema: Schema, place: Place) -> None:
        match schema.get("type"):
            case "integer":
                self._check_bounds(schema, place)
            case "string":
                _check_string(schema, place)
            case "array" if "minItems" in schema and _bare(schema["minItems"]) not in {("int", 0), ("int", 1)}:
                raise _unsupported((*place, "minItems"), "The keyword minItems may only be 0 or 1")
            case "timestamp":
                self._check_timestamp(schema, place)
            case _:
                pass

    def _check_bounds(self, schema: Schema, place: Place) -> None:
        given = {keyword: schema[keyword] for keyword in schema if keyword in BOUNDS}
        if given and not self._rules.integer_bounds:
            raise ApiError(400, "response_format_invalid", f"The model does not support {', '.join(given)}.")
        for keyword, bound in given.items():
            if _bare(bound)[0] not in {"int", "float"}:
                raise _wrong((*place, keyword), "must be a number")

    def _check_timestamp(self, schema: Schema, place: Place) -> None:
        if not self._rules.timestamps:
            raise _wrong((*place, "type"), "timestamp is not supported by the model")
        if not any(_fits(place, pattern) for pattern in TIMESTAMP_PLACES):
            raise _wrong(
                place, "may not be a timestamp: only a property at the top, or one of an array's objects there"
            )
        if schema.get("format") not in TIMESTAMP_FORMATS:
            allowed = ", ".join(TIMESTAMP_FORMATS)
            raise invalid(
                f"{_dotted((*place, 'format'))}: format is required for timestamp type; allowed values: {allowed}"
            )
        if schema.keys() & {"const", "enum"}:
            raise _unsupported(place, "const and enum are not supported of timestamp")

    def _check_parts(self, schema: Schema, place: Place) -> None:
        for keyword in ("properties", "$defs"):
            parts = schema.get(keyword, {})
            if not isinstance(parts, dict):
                raise _wrong((*place, keyword), "must be an object of schemas")
            for name, part in parts.items():
                self.check(part, (*place, keyword, name))
        if "items" in schema:
            self.check(schema["items"], (*place, "items"))
        if "anyOf" in schema:
            self._check_any_of(schema["anyOf"], place)
        if "required" in schema:
            _check_required(schema, place)
        if "$ref" in schema:
            self._references.append(((*place, "$ref"), schema["$ref"]))

    def _check_any_of(self, choices: Any, place: Place) -> None:
        if not isinstance(choices, list) or not choices:
            raise _wrong((*place, "anyOf"), "must be a list of at least one schema")
        for number, choice in enumerate(choices):
            self.check(choice, (*place, "anyOf", str(number)))

    def check_references(self) -> None:
        """Every `$ref` leads to a schema within `$defs`."""
        for place, reference in self._references:
            if not isinstance(reference, str) or not reference.startswith("#/$defs/"):
                raise _wrong(place, "must refer to a schema within $defs, as #/$defs/<name>")
            if parse_reference(reference) not in self._found:
                raise _wrong(place, f"refers to {reference}, which is not there")


def _is_deeper(value: Any, levels: int) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(_is_deeper(part, levels - 1) for part in parts)


def _check_time_property(schema: Schema, place: Place) -> None:
    kind = schema.get("type")
    if kind == "string" and "format" in schema:
        raise _wrong(place, "is a reserved name: as a string it takes no format")
    if kind not in {"number", "integer", "string", "timestamp"}:
        raise _wrong(place, "is a reserved name: its type must be number, integer, string or timestamp")


def _check_string(schema: Schema, place: Place) -> None:
    if "format" in schema and schema["format"] not in STRING_FORMATS:
        allowed = ", ".join(sorted(STRING_FORMATS))
        raise _unsupported((*place, "format"), f"The format of a string must be one of {allowed}")
    if "pattern" not in schema:
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(schema["pattern"])
    except (re.error, TypeError, OverflowError, RecursionError) as error:
        raise _wrong((*place, "pattern"), f"must be a regular expression: {error}") from error


def _check_values(schema: Schema, place: Place) -> None:
    values = schema.get("enum", [])
    if "enum" in schema and (not isinstance(values, list) or not values):
        raise _wrong((*place, "enum"), "must be a list of at least one value")
    for value in [*values, *([schema["const"]] if "const" in schema else [])]:
        if isinstance(value, (dict, list)):
            raise _unsupported(place, "const and enum take booleans, nulls, numbers and strings")


def _check_required(schema: Schema, place: Place) -> None:
    names = schema["required"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _wrong((*place, "required"), "must be a list of names")
    for name in names:
        if name not in schema.get("properties", {}):
            raise _wrong((*place, "required"), f"names {name}, which is not among the properties")


def _fits(place: Place, pattern: tuple[str | None, ...]) -> bool:
    return len(place) == len(pattern) and all(
        wanted in {None, step} for step, wanted in zip(place, pattern, strict=True)
    )


def _bare(value: Any) -> tuple[str, Any]:
    """With its type, for in Python True equals 1."""
    return type(value).__name__, value


def _dotted(place: Place) -> str:
    return ".".join((ROOT, *place))


def _wrong(place: Place, why: str) -> ApiError:
    return invalid(f"The {_dotted(place)} parameter {why}.")


def _unsupported(place: Place, why: str) -> ApiError:
    return ApiError(422, "response_format_invalid", f"{why} ({_dotted(place)}).")
