"""Segments come back as they went, in every time format."""

import json

from hypothesis import given
from hypothesis import strategies as st

from pipeline.models import Recipe
from pipeline.modes.segments import read_answer

DEFINITIONS = '[{"id":"a","description":"x"},{"id":"b","description":"y"}]'
RECIPE = Recipe("local", "pegasus1.5", mode="segments", segment_definitions=DEFINITIONS)
MILLISECONDS = st.integers(0, 4 * 3600 * 1000)
FORMATS = {
    "seconds": lambda ms: ms / 1000,
    "hh:mm:ss": lambda ms: f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}",
    "hh:mm:ss.fff": lambda ms: f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}",
}


@given(
    spans=st.lists(st.tuples(st.sampled_from("ab"), st.lists(MILLISECONDS, min_size=2, max_size=2).map(sorted))),
    name=st.sampled_from(sorted(FORMATS)),
)
def test_boundaries_are_the_same_seconds_in_every_format(spans: list[tuple[str, list[int]]], name: str) -> None:
    """Nothing is lost, and nothing moves by more than the format itself rounds."""
    said: dict[str, list[dict[str, object]]] = {"a": [], "b": []}
    for definition, (start, end) in spans:
        said[definition].append({"start_time": FORMATS[name](start), "end_time": FORMATS[name](end), "metadata": {}})
    answer = {"data": json.dumps(said), "finish_reason": "stop"}
    found = read_answer(json.dumps({"task_id": "t", "status": "ready", "result": answer}), RECIPE)
    assert found.valid is True
    unit = 1000 if name == "hh:mm:ss" else 1
    expected = [
        (definition, *(ms // unit * unit / 1000 for ms in span))
        for wanted in "ab"
        for definition, span in spans
        if definition == wanted
    ]
    assert [(one.definition, one.start_s, one.end_s) for one in found.segments or ()] == expected
