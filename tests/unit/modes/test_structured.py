"""Answers that a schema was asked for."""

import json
from typing import Any

import pytest

from pipeline.models import Recipe
from pipeline.modes import MODES
from pipeline.modes.structured import judge

SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"title": {"type": "string"}, "shots": {"type": "array", "items": {"type": "integer"}}},
        "required": ["title"],
    }
)
GOOD = '{"title": "A dog", "shots": [1, 2]}'


@pytest.mark.parametrize(
    "text", [GOOD, f"\n {GOOD}\n", f"```json\n{GOOD}\n```", f"```\n{GOOD}\n```\n", f"  ```JSON\n{GOOD}```"]
)
def test_plain_and_fenced_json_is_read(text: str) -> None:
    """An answer may stand in a fence; what is in it is what counts."""
    verdict = judge(text, SCHEMA)
    assert (verdict.data, verdict.valid, verdict.reason) == (json.loads(GOOD), True, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A dog.",
        GOOD[:-5],
        f"Here: {GOOD}",
        '{"title": NaN}',
        "[" * 100_000,
        "[" * 150 + "]" * 150,
        "9" * 5000,
        "```",
    ],
)
def test_what_is_no_json_is_invalid_without_data(text: str) -> None:
    """A text that does not parse, whatever it is, is an invalid answer and no error."""
    verdict = judge(text, SCHEMA)
    assert (verdict.data, verdict.valid) == (None, False)
    assert verdict.reason is not None
    assert verdict.reason.startswith("not JSON: ")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"shots": []}', "$: 'title' is a required property"),
        ('{"title": "x", "shots": [1, "two"]}', "$.shots[1]: 'two' is not of type 'integer'"),
        ("[]", "$: [] is not of type 'object'"),
    ],
)
def test_what_misses_the_schema_keeps_its_data_and_says_where(text: str, reason: str) -> None:
    """The reason names the place in the answer; what was parsed is kept."""
    verdict = judge(text, SCHEMA)
    assert (verdict.data, verdict.valid, verdict.reason) == (json.loads(text), False, reason)


def test_a_reason_is_short() -> None:
    """A long answer is not repeated in the reason."""
    verdict = judge(json.dumps("x" * 10_000), SCHEMA)
    assert verdict.reason is not None
    assert len(verdict.reason) <= 300


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        ({"type": "timestamp", "format": "seconds"}, 1.5, "1.5"),
        ({"type": "timestamp", "format": "hh:mm:ss"}, "00:01:02", "1:2"),
        ({"type": "timestamp", "format": "hh:mm:ss.fff"}, "00:01:02.500", "00:01:02"),
        ({"type": "timestamp", "format": "seconds"}, 3, True),
        ({"type": "string", "format": "uuid"}, "6f1c1f4e-0d8e-4a35-9a3c-0c6e1c2f7a11", "six"),
        ({"type": "string", "format": "date"}, "2026-02-28", "2026-02-30"),
        ({"type": "string", "format": "date-time"}, "2026-02-28T10:00:00Z", "2026-02-28 at ten"),
        ({"type": "string", "format": "time"}, "10:00:00+01:00", "ten"),
        ({"$ref": "#/$defs/N"}, 4, "4"),
    ],
)
def test_types_and_formats_of_the_platform_are_known(form: dict[str, Any], good: Any, bad: Any) -> None:
    """Formats are checked, and so is the platform's own type `timestamp`."""
    schema = json.dumps({"type": "object", "properties": {"at": form}, "$defs": {"N": {"type": "integer"}}})
    assert judge(json.dumps({"at": good}), schema).valid is True
    assert judge(json.dumps({"at": bad}), schema).valid is False


def test_a_schema_without_an_end_is_no_crash() -> None:
    """A schema that only refers to itself makes its answers invalid."""
    schema = '{"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}'
    assert judge("{}", schema).valid is False


def test_an_answer_without_a_schema_is_not_judged() -> None:
    """Where no form was asked for, JSON in the text is text."""
    raw = json.dumps({"status": "ready", "result": {"data": GOOD}})
    read = MODES["general"].read_answer
    plain = read(raw, Recipe("local", "m", "p"))
    assert (plain.data, plain.valid, plain.validation_error) == (None, None, None)
    formed = read(raw, Recipe("local", "m", "p", json_schema=SCHEMA))
    assert (formed.text, formed.data, formed.valid, formed.outcome) == (GOOD, json.loads(GOOD), True, "ready")
