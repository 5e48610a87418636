"""What the platform's subset of JSON Schema takes, and what is said about the rest."""

import datetime as dt
import enum
import json
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from pipeline.errors import ConfigError
from pipeline.modes.schema import checked


def of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def problems(schema: Any) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        checked(schema, "here")
    lines = raised.value.message.splitlines()
    assert all(line.startswith("here: /") for line in lines)
    return [line.removeprefix("here: ") for line in lines]


class Mood(enum.StrEnum):
    calm = "calm"
    wild = "wild"


class Shot(BaseModel):
    """What one shot shows."""

    at: dt.time | None = None
    people: int = Field(ge=0, lt=100)
    size: Literal["wide", "close"]
    inside: "list[Shot]" = []


class Report(BaseModel):
    summary: str = Field(description="In one sentence.", examples=["A dog."])
    additionalProperties: bool = False  # noqa: N815 - a property may be called like a keyword
    shots: Annotated[list[Shot], Field(min_length=1)]
    mood: Mood = Mood.calm
    day: dt.date
    moment: dt.datetime
    number: uuid.UUID
    price: Decimal
    code: str = Field("x", pattern="^[a-z]+$")
    rating: float | None = None
    kind: Literal["report"] = "report"
    anything: Any = None
    choice: Shot | Mood


def test_an_ordinary_pydantic_model_comes_through() -> None:
    """Nested, optional, recursive, enumerated and formatted fields are taken, in the order of their declaration."""
    clean = json.loads(checked(Report.model_json_schema(), "here"))
    assert list(clean["properties"]) == list(Report.model_fields)
    assert clean["properties"]["summary"] == {
        "description": "In one sentence.",
        "title": "Summary",
        "type": "string",
    }
    assert clean["properties"]["additionalProperties"]["type"] == "boolean"
    assert clean["required"] == Report.model_json_schema()["required"]


class Extra(BaseModel):
    model_config = ConfigDict(extra="allow")

    more: str


def test_what_changes_nothing_is_left_out() -> None:
    """Defaults, examples and keywords without effect are dropped, because no answer is more or less valid by them."""
    assert json.loads(checked(Extra.model_json_schema(), "here")) == {
        "properties": {"more": {"title": "More", "type": "string"}},
        "required": ["more"],
        "title": "Extra",
        "type": "object",
    }
    idle = {
        "$schema": "s",
        "$id": "i",
        "$comment": "c",
        "uniqueItems": False,
        "minLength": 0,
        "additionalProperties": {},
    }
    assert checked({"type": "object", **idle}, "here") == '{"type":"object"}'


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")

    pair: tuple[int, str]
    tags: set[str]
    counts: dict[str, int]
    score: float = Field(ge=0)


def test_what_a_pydantic_model_asks_beyond_the_subset_is_named_at_once() -> None:
    """Each place is told by its pointer with a remedy, and all of them in one go."""
    told = problems(Strict.model_json_schema())
    assert [line.split(": ")[0] for line in told] == [
        "/additionalProperties",
        "/properties/pair/maxItems",
        "/properties/pair/prefixItems",
        "/properties/pair/minItems",
        "/properties/tags/uniqueItems",
        "/properties/counts/additionalProperties",
        "/properties/score/minimum",
    ]
    assert told[0] == "/additionalProperties: additionalProperties is not supported; remove it"
    assert "instead of a tuple" in told[2]
    assert "name and a value" in told[5]
    assert told[6].endswith("minimum is not supported of number; only integers have bounds; say it in the description")


@pytest.mark.parametrize(
    ("schema", "place", "said"),
    [
        (of(a={"type": "string", "maxLength": 5}), "/properties/a/maxLength", "say it in the description"),
        (of(a={"type": "array", "items": {}, "maxItems": 5}), "/properties/a/maxItems", "say it in the description"),
        (of(a={"type": "array", "items": {}, "minItems": 2}), "/properties/a/minItems", "0 or 1"),
        (of(a={"type": "array", "items": {}, "minItems": True}), "/properties/a/minItems", "0 or 1"),
        (of(a={"type": ["string", "null"]}), "/properties/a/type", "write anyOf"),
        (of(a={"type": "text"}), "/properties/a/type", "none of array, boolean"),
        (of(a={"properties": {}}), "/properties/a/properties", "write type: object"),
        (of(a={"type": "string", "format": "email"}), "/properties/a/format", "none of uuid"),
        (of(a={"type": "string", "pattern": "("}), "/properties/a/pattern", "no regular expression"),
        (of(a={"type": "integer", "minimum": "1"}), "/properties/a/minimum", "no number"),
        (of(a={"enum": []}), "/properties/a/enum", "at least one"),
        (of(a={"enum": [{}]}), "/properties/a/enum", "not supported"),
        (of(a={"const": [1]}), "/properties/a/const", "not supported"),
        (of(a={"oneOf": [{}]}), "/properties/a/oneOf", "write anyOf"),
        (of(a={"anyOf": []}), "/properties/a/anyOf", "at least one"),
        (of(a={"anyOf": [{"not": {}}]}), "/properties/a/anyOf/0/not", "say it in the description"),
        (of(a={"$ref": "#/definitions/X"}), "/properties/a/$ref", "#/$defs/<name>"),
        (of(a={"$ref": "#/$defs/X"}), "/properties/a/$ref", "add it to $defs"),
        (of(a={"$defs": {}}), "/properties/a/$defs", "top level"),
        (of(a=True), "/properties/a", "no schema"),
        ({"type": "object", "required": ["x"]}, "/required", "'x' is not among the properties"),
        (of(a={"type": "timestamp"}), "/properties/a/format", "write one of seconds"),
        ({"type": "timestamp", "format": "seconds"}, "/", "only be a property at the top"),
        (of(start_time={"type": "boolean"}), "/properties/start_time", "reserved"),
        (of(end_time={"type": "string", "format": "time"}), "/properties/end_time/format", "remove it"),
        (of(**{"a/b~c": {"minLength": 1, "type": "string"}}), "/properties/a~1b~0c/minLength", "description"),
        ({"const": dt.date(2026, 1, 1)}, "/const", "put it in quotes"),
        ({1: 2}, "/", "put it in quotes"),
        ({"const": float("nan")}, "/const", "JSON"),
        ({"const": "\ud83d"}, "/const", "JSON"),
        ([], "/", "no schema"),
        ("text", "/", "no schema"),
    ],
)
def test_what_is_beyond_the_subset_is_named_with_place_and_remedy(schema: Any, place: str, said: str) -> None:
    """One thing that is wrong is one problem, where it is wrong."""
    (told,) = problems(schema)
    assert told.startswith(f"{place}: ")
    assert said in told


def test_a_schema_that_contains_itself_is_refused() -> None:
    """An alias in YAML may close a circle; that ends in a message."""
    circle: dict[str, Any] = {"type": "object", "properties": {}}
    circle["properties"]["a"] = circle
    (told,) = problems(circle)
    assert "alias" in told


def test_timestamps_stand_where_the_platform_takes_them() -> None:
    """At the top, and in the objects of an array there."""
    at = {"type": "timestamp", "format": "seconds"}
    schema = of(at=at, goals={"type": "array", "items": of(at=at, start_time={"type": "number"})})
    assert json.loads(checked(schema, "here")) == schema
