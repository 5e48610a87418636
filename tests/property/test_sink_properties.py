"""Sinks, whatever lines they hold and wherever a crash tears them."""

import json
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.sinks import JsonlSink
from pipeline.sinks.encoding import decoded, encoded

TEXT = st.text(st.characters(exclude_categories=[]), max_size=8)  # half surrogate pairs too
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2), max_leaves=4
)
LINES = st.dictionaries(TEXT, VALUES, max_size=3)
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # files are written, others work too


@UNHURRIED
@given(LINES)
def test_every_line_is_one_line_of_valid_json(line: dict[str, Any]) -> None:
    """Whatever a line holds, it ends at its only line feed, is valid UTF-8, and parses."""
    data = encoded(line)
    assert data.endswith(b"\n")
    assert data.count(b"\n") == 1
    assert isinstance(json.loads(data.decode()), dict)
    assert decoded(data) is not None


@UNHURRIED
@given(LINES, st.data())
def test_a_torn_line_is_never_taken_for_a_whole_one(line: dict[str, Any], data: st.DataObject) -> None:
    """No beginning of a line parses, except the line that only lacks its line feed."""
    whole = encoded(line)
    cut = data.draw(st.integers(0, len(whole) - 2))
    assert decoded(whole[:cut]) is None
    assert decoded(whole[:-1]) == decoded(whole)


@settings(UNHURRIED, max_examples=40)
@given(st.lists(st.lists(LINES, max_size=2), max_size=3), st.data())
def test_a_tear_costs_only_what_it_tore(groups: list[list[dict[str, Any]]], data: st.DataObject) -> None:
    """Cut anywhere, a file opens with all of its whole lines, gives those beyond the accounted ones, and takes more."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results.jsonl"
        ends = anyio.run(partial(with_sink, path, 0, lambda sink: appended(sink, groups)))[1]
        known = data.draw(st.sampled_from([0, *ends]))
        size = data.draw(st.integers(known, path.stat().st_size))
        content = path.read_bytes()[:size]
        path.write_bytes(content)
        found, _ = anyio.run(partial(with_sink, path, known, lambda sink: appended(sink, [[{"new": 1}]])))
        lines = path.read_bytes().split(b"\n")[:-1]
        whole = [line for line in content.split(b"\n") if line and decoded(line) is not None]
        assert lines == [*whole, b'{"new":1}']
        assert len(found) == len(whole) - content[:known].count(b"\n")


async def with_sink(path: Path, known: int, use: Callable[[JsonlSink], Any]) -> tuple[list[dict[str, Any]], Any]:
    sink = JsonlSink(path)
    try:
        return await sink.open(known), await use(sink)
    finally:
        await sink.close()


async def appended(sink: JsonlSink, groups: list[list[dict[str, Any]]]) -> list[int]:
    return [await sink.append(group) for group in groups]
