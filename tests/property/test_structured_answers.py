"""Schemas of the platform's subset and answers that keep to them."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipeline.modes.schema import checked
from pipeline.modes.structured import judge

Pair = tuple[dict[str, Any], Any]  # a schema, and a value that keeps to it

_names = st.sampled_from(["a", "title", "type", "default", "additionalProperties", "é/~", "$ref"])
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_plain = st.one_of(
    st.tuples(st.just({"type": "string"}), _texts),
    st.tuples(st.just({"type": "boolean"}), st.booleans()),
    st.tuples(st.just({"type": "null"}), st.none()),
    st.tuples(st.just({"type": "number"}), st.floats(allow_nan=False, allow_infinity=False)),
    st.integers(-99, 99).map(lambda n: ({"type": "integer", "minimum": n, "exclusiveMaximum": n + 1}, n)),
    st.dates().map(lambda day: ({"type": "string", "format": "date"}, day.isoformat())),
    st.uuids().map(lambda name: ({"type": "string", "format": "uuid"}, str(name))),
    st.datetimes().map(lambda at: ({"type": "string", "format": "date-time"}, f"{at.isoformat()}Z")),
    st.tuples(st.just({"$ref": "#/$defs/Number"}), st.integers()),
    _texts.map(lambda text: ({"enum": ["other", text]}, text)),
    _texts.map(lambda text: ({"const": text}, text)),
)


def _larger(inner: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    lists = st.tuples(inner, st.integers(1, 3)).map(
        lambda drawn: ({"type": "array", "items": drawn[0][0], "minItems": 1}, [drawn[0][1]] * drawn[1])
    )
    choices = inner.map(lambda pair: ({"anyOf": [{"type": "null"}, pair[0]]}, pair[1]))
    return st.one_of(lists, choices, _objects(inner))


def _objects(inner: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    return st.dictionaries(_names, inner, max_size=4).map(
        lambda members: (
            {"type": "object", "properties": {n: s for n, (s, _) in members.items()}, "required": list(members)},
            {n: v for n, (_, v) in members.items()},
        )
    )


_pairs = _objects(st.recursive(_plain, _larger, max_leaves=8)).map(
    lambda pair: ({**pair[0], "$defs": {"Number": {"type": "number"}}}, pair[1])
)


@given(_pairs, st.booleans(), st.booleans())
def test_a_valid_answer_reads_back_as_valid(pair: Pair, fenced: bool, ascii_only: bool) -> None:
    """Whatever the schema, JSON that keeps to it is valid, with its data whole, in a fence or not."""
    schema, value = pair
    text = json.dumps(value, ensure_ascii=ascii_only)
    verdict = judge(f"```json\n{text}\n```" if fenced else text, checked(schema, "here"))
    assert (verdict.valid, verdict.reason) == (True, None)
    assert verdict.data == value


@given(_pairs, st.text())
def test_no_text_makes_the_reading_fail(pair: Pair, text: str) -> None:
    """Any text is an answer: valid or not, never an error."""
    verdict = judge(text, checked(pair[0], "here"))
    assert (verdict.reason is None) == verdict.valid


@given(_pairs)
def test_a_checked_schema_stays_as_it_is(pair: Pair) -> None:
    """Checking twice changes nothing more, and the order of properties is kept."""
    clean = checked(pair[0], "here")
    assert checked(json.loads(clean), "here") == clean
    assert list(json.loads(clean)["properties"]) == list(pair[0]["properties"])
