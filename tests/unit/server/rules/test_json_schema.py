"""Which JSON schemas an answer can be asked for in."""

import re

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.server.problems import ApiError
from pipeline.server.rules import MODELS
from pipeline.server.rules.finite import has_finite_answer
from pipeline.server.rules.json_schema import MOST_DEPTH, MOST_LEVELS, MOST_SCHEMAS, check_schema

RULES = MODELS["pegasus1.5"]
SECONDS = {"type": "timestamp", "format": "seconds"}
STRING = {"type": "string"}


def of(**properties):
    return {"type": "object", "properties": properties}


def nested(levels):
    schema = STRING
    for _ in range(levels):
        schema = of(a=schema)
    return schema


def listed(levels):
    value = None
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "schema",
    [
        STRING,
        {},
        of(a={"type": "integer", "minimum": 0, "exclusiveMaximum": 10}, b={"type": "null"}, c={"type": "boolean"}),
        {**of(a=STRING, b={"type": "number"}), "required": ["a"], "title": "T", "$comments": "x", "$schema": "y"},
        of(a={"type": "string", "pattern": "^[a-z]+$"}, b={"type": "string", "format": "date-time"}),
        of(a={"type": "array", "items": of(b=STRING), "minItems": 1}),
        of(a={"enum": ["x", None, 1, True]}, b={"const": "y"}),
        of(a={"anyOf": [STRING, {"type": "null"}], "default": None}),
        {"$defs": {"A": of(b=STRING)}, **of(a={"$ref": "#/$defs/A", "description": "d"})},
        {"$defs": {"A/B": of(c=STRING)}, **of(a={"$ref": "#/$defs/A~1B/properties/c"})},
        {"$defs": {"T": of(below={"type": "array", "items": {"$ref": "#/$defs/T"}})}, "$ref": "#/$defs/T"},
        of(a=SECONDS, b={"type": "array", "items": of(c={"type": "timestamp", "format": "hh:mm:ss.fff"})}),
        of(start_time={"type": "number"}, end_time=SECONDS, b=of(start_time=STRING, end_time={"type": "integer"})),
        of(properties=of(type=STRING), required=STRING),
        nested(MOST_LEVELS),
    ],
)
def test_schemas_of_the_subset_pass(schema):
    """Every type, keyword and position of the subset is accepted."""
    check_schema(schema, RULES)


@pytest.mark.parametrize(
    ("schema", "named"),
    [
        (of(a={"type": "string", "minLength": 1}), "properties.a.minLength"),
        (of(a={"type": "string", "maxLength": 1}), "properties.a.maxLength"),
        ({**of(a=STRING), "additionalProperties": False}, "json_schema.additionalProperties"),
        (of(a={"type": "array", "uniqueItems": True}), "uniqueItems"),
        (of(a={"type": "array", "maxItems": 3}), "maxItems"),
        (of(a={"type": "array", "minItems": 2}), "minItems"),
        (of(a={"type": "array", "minItems": True}), "minItems"),
        (of(a={"type": "number", "minimum": 0}), "minimum"),
        (of(a={"type": "integer", "multipleOf": 2}), "multipleOf"),
        (of(a={"type": "string", "format": "email"}), "format"),
        (of(a={"type": "boolean", "format": "date"}), "format"),
        (of(a={"oneOf": [STRING]}), "oneOf"),
        (of(a={"allOf": [STRING]}), "allOf"),
        (of(a={"not": STRING}), "not"),
        (of(a={"enum": [["x"]]}), "enum"),
        (of(a={"const": {"x": 1}}), "const"),
        (of(a={**SECONDS, "enum": [1]}), "timestamp"),
        ({**STRING, "$id": "here"}, "$id"),
        ({"$defs": {"A": {"type": "array", "items": {"type": "object", "minProperties": 1}}}}, "$defs.A.items"),
    ],
)
def test_unsupported_keywords_are_422(schema, named):
    """A keyword outside the subset is answered 422, and its place is told."""
    with pytest.raises(ApiError, match=re.escape(named)) as caught:
        check_schema(schema, RULES)
    assert (caught.value.status, caught.value.code) == (422, "response_format_invalid")


@pytest.mark.parametrize(
    ("schema", "named"),
    [
        (of(a={"type": "timestamp"}), "properties.a.format: format is required for timestamp type"),
        (of(a={"type": "timestamp", "format": "minutes"}), "properties.a.format"),
        (SECONDS, "timestamp"),
        (of(a=of(b=SECONDS)), "properties.a.properties.b"),
        (of(a={"type": "array", "items": SECONDS}), "properties.a.items"),
        (of(a={"type": "array", "items": of(b=of(c=SECONDS))}), "timestamp"),
        (of(a={"anyOf": [SECONDS]}), "timestamp"),
        ({"$defs": {"T": SECONDS}, **of(a={"$ref": "#/$defs/T"})}, "timestamp"),
        (of(start_time={"type": "string", "format": "time"}), "start_time"),
        (of(start_time={"type": "boolean"}), "start_time"),
        (of(end_time=of(a=STRING)), "end_time"),
        (of(end_time={"type": "array"}), "end_time"),
        (of(a={"type": "array", "items": of(end_time={"type": "null"})}), "end_time"),
        ({"$defs": {"A": of(start_time={"anyOf": [{"type": "number"}, {"type": "null"}]})}}, "start_time"),
        (of(a={"type": "text"}), "properties.a.type"),
        (of(a={"type": ["string", "null"]}), "properties.a.type"),
        (of(a={"minimum": 1}), "type"),
        (of(a={"type": "integer", "minimum": "1"}), "minimum"),
        (of(a={"type": "string", "pattern": "("}), "pattern"),
        (of(a={"type": "string", "pattern": 1}), "pattern"),
        (of(a={"enum": []}), "enum"),
        (of(a={"enum": "x"}), "enum"),
        (of(a={"anyOf": []}), "anyOf"),
        (of(a=True), "properties.a"),
        ({"type": "object", "properties": []}, "properties"),
        ({**of(a=STRING), "required": ["b"]}, "required"),
        ({**of(a=STRING), "required": "a"}, "required"),
        (of(a={"$ref": "#/$defs/None"}), "not there"),
        (of(a={"$ref": "https://example.com/schema"}), "within $defs"),
        (of(a={"$ref": 1}), "within $defs"),
        ({"$defs": {"A": of(b=STRING)}, **of(a={"$ref": "#/$defs/A/properties"})}, "not there"),
        (of(a={"$defs": {"A": STRING}}), "top level"),
        ({"$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}}, "$ref": "#/$defs/A"}, "without an end"),
        (nested(MOST_LEVELS + 1), "beyond"),
        ({**STRING, "default": listed(MOST_DEPTH)}, "levels deep"),
        (of(**{f"p{number}": STRING for number in range(MOST_SCHEMAS)}), "beyond"),
    ],
)
def test_malformed_schemas_are_400(schema, named):
    """A schema that is malformed, or has something in the wrong place, is answered 400, and the place is told."""
    with pytest.raises(ApiError, match=re.escape(named)) as caught:
        check_schema(schema, RULES)
    assert (caught.value.status, caught.value.code) == (400, "parameter_invalid")


def test_an_older_model_knows_less():
    """pegasus1.2 takes neither timestamps nor bounds of integers."""
    with pytest.raises(ApiError) as caught:
        check_schema(of(a={"type": "integer", "minimum": 1}), MODELS["pegasus1.2"])
    assert (caught.value.status, caught.value.code) == (400, "response_format_invalid")
    with pytest.raises(ApiError, match="timestamp") as caught:
        check_schema(of(a=SECONDS), MODELS["pegasus1.2"])
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("node", "ends"),
    [
        ({**of(next={"$ref": "#/$defs/N"}), "required": ["next"]}, False),
        (of(next={"$ref": "#/$defs/N"}), True),
        ({"anyOf": [{"$ref": "#/$defs/N"}, {"type": "null"}]}, True),
        ({"anyOf": [{"$ref": "#/$defs/N"}]}, False),
        ({"type": "array", "items": {"$ref": "#/$defs/N"}}, True),
        ({"type": "array", "items": {"$ref": "#/$defs/N"}, "minItems": 1}, False),
    ],
)
def test_only_schemas_with_an_answer_pass(node, ends):
    """A schema may refer to itself, unless every answer would go on for ever."""
    assert has_finite_answer({"$defs": {"N": node}, "$ref": "#/$defs/N"}) is ends


SCALARS = st.one_of(
    st.just({"type": "string"}),
    st.sampled_from(sorted(("uuid", "date-time", "date", "time"))).map(lambda form: {"type": "string", "format": form}),
    st.builds(lambda low, more: {"type": "integer", "minimum": low, "maximum": low + more}, st.integers(), st.just(9)),
    st.sampled_from(("number", "boolean", "null")).map(lambda kind: {"type": kind}),
    st.lists(st.none() | st.booleans() | st.integers() | st.text(), min_size=1).map(lambda values: {"enum": values}),
    st.text().map(lambda value: {"const": value}),
    st.just({"$ref": "#/$defs/Leaf"}),
)
NAMES = st.text(min_size=1).filter(lambda name: name not in {"start_time", "end_time"})


def objects(parts):
    def build(properties, rest):
        return {**of(**properties), "required": sorted(properties)[: len(properties) // 2], **rest}

    notes = st.dictionaries(st.sampled_from(("title", "description", "$comment")), st.text())
    return st.builds(build, st.dictionaries(NAMES, parts, max_size=4), notes)


SCHEMAS = st.recursive(
    SCALARS,
    lambda parts: st.one_of(
        objects(parts),
        st.builds(lambda items, least: {"type": "array", "items": items, "minItems": least}, parts, st.integers(0, 1)),
        st.lists(parts, min_size=1, max_size=3).map(lambda choices: {"anyOf": choices}),
    ),
    max_leaves=15,
)
UNSUPPORTED = st.sampled_from(("minLength", "maxLength", "additionalProperties", "uniqueItems", "maxItems", "oneOf"))


@given(SCHEMAS)
@settings(deadline=None)
def test_whatever_is_built_of_the_subset_passes(schema):
    """Every combination of supported parts is accepted, and is a schema by the standard as well."""
    whole = {**of(answer=schema), "$defs": {"Leaf": {"type": "boolean"}}}
    check_schema(whole, RULES)
    jsonschema.Draft202012Validator.check_schema(whole)


@given(SCHEMAS, UNSUPPORTED, st.data())
@settings(max_examples=50, deadline=None)
def test_an_unsupported_keyword_is_found_anywhere(schema, keyword, data):
    """However deep it sits, an unsupported keyword makes a schema a 422."""
    whole = {**of(answer=schema), "$defs": {"Leaf": {"type": "boolean"}}}
    data.draw(st.sampled_from(list(_parts(whole))))[keyword] = 1
    with pytest.raises(ApiError) as caught:
        check_schema(whole, RULES)
    assert caught.value.status == 422


def _parts(schema):
    yield schema
    for part in [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values(), *schema.get("anyOf", [])]:
        yield from _parts(part)
    if "items" in schema:
        yield from _parts(schema["items"])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda part: (
            st.lists(part)
            | st.dictionaries(
                st.sampled_from(("type", "properties", "items", "anyOf", "$ref", "$defs", "required", "enum", "a"))
                | st.text(),
                part,
            )
        ),
    )
)
@settings(deadline=None)
def test_no_schema_breaks_the_checker(schema):
    """Whatever JSON is sent for a schema, it passes or is answered with 400 or 422."""
    assert judged(schema) in {200, 400, 422}


def judged(schema):
    try:
        check_schema(schema, RULES)
    except ApiError as error:
        return error.status
    return 200
