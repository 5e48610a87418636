"""Segments: building the request, reading the answer."""

import json
from dataclasses import replace
from typing import Any

import pytest

from pipeline.models import Recipe, Result, Segment
from pipeline.modes.segments import build_request, problems, read_answer

DEFINITIONS = json.dumps(
    [
        {
            "id": "shots",
            "description": "Shots.",
            "fields": [
                {"name": "title", "type": "string", "description": "t", "enum": ["a", "b"]},
                {"name": "number", "type": "integer", "description": "n"},
            ],
        },
        {"id": "talk", "description": "Talk."},
    ]
)
RECIPE = Recipe("local", "pegasus1.5", mode="segments", segment_definitions=DEFINITIONS)
FIELDS = {"title": "a", "number": 1}


def read(data: Any, recipe: Recipe = RECIPE) -> Result:
    text = data if isinstance(data, str) else json.dumps(data)
    result = {"generation_id": "g", "data": text, "finish_reason": "stop", "usage": {"output_tokens": 3}}
    return read_answer(json.dumps({"task_id": "t", "status": "ready", "result": result}), recipe)


def segment(start: Any = 0, end: Any = 1, metadata: Any = FIELDS) -> dict[str, Any]:
    return {"start_time": start, "end_time": end, "metadata": metadata}


def test_the_request_says_what_the_recipe_says() -> None:
    """The platform's mode, the definitions and the time format; no prompt."""
    asked = build_request(replace(RECIPE, segment_time_format="hh:mm:ss", min_segment_s=2, max_segment_s=9))
    assert (asked.analysis_mode, asked.prompt) == ("time_based_metadata", None)
    assert (asked.min_segment_s, asked.max_segment_s) == (2, 9)
    assert json.loads(asked.response_format or "") == {
        "type": "segment_definitions",
        "segment_definitions": json.loads(DEFINITIONS),
        "segment_time_format": "hh:mm:ss",
    }


def test_segments_come_flat_in_the_order_of_the_answer() -> None:
    """Each with its definition, its boundaries in seconds, and what was told of it."""
    found = read({"shots": [segment(0, 1.5), segment("00:00:01.500", "01:02:03")], "talk": [segment(2, 3, None)]})
    assert (found.valid, found.validation_error, found.data) == (True, None, None)
    assert found.segments == (
        Segment("shots", 0.0, 1.5, FIELDS),
        Segment("shots", 1.5, 3723.0, FIELDS),
        Segment("talk", 2.0, 3.0, {}),
    )


@pytest.mark.parametrize(
    ("data", "says", "readable"),
    [
        ("no JSON", "not JSON", 0),
        ([], "is not of type 'object'", 0),
        ({"others": []}, "Additional properties", 0),
        ({"shots": {}}, "$.shots", 0),
        ({"shots": [segment("soon"), segment()]}, "$.shots[0]: 'soon' is no moment of a video", 1),
        ({"shots": [segment(True)]}, "$.shots[0]: True is no moment", 0),
        ({"shots": [segment(5, 4)]}, "it ends at 4 s, before it begins at 5 s", 0),
        ({"shots": [segment(metadata={"title": "a"})]}, "'number' is a required property", 1),
        ({"shots": [segment(metadata={"title": "c", "number": 1})]}, "$.shots[0].metadata.title", 1),
        ({"shots": [7]}, "7 is not of type 'object'", 0),
    ],
)
def test_what_does_not_keep_to_the_definitions_is_told(data: Any, says: str, readable: int) -> None:
    """The answer is not valid, for a reason with its place; whatever can be read is there all the same."""
    found = read(data)
    assert found.valid is False
    assert says in str(found.validation_error)
    assert len(found.segments or ()) == readable


def test_a_field_may_be_null() -> None:
    """There may be nothing to say of it."""
    assert read({"shots": [segment(metadata={"title": None, "number": None})]}).valid is True


RANGES = json.dumps([{"id": "d", "description": "x", "time_ranges": [{"start_time": 0, "end_time": 5}]}])


@pytest.mark.parametrize(
    ("recipe", "says"),
    [
        (replace(RECIPE, segment_definitions=None), "needs segment_definitions"),
        (replace(RECIPE, prompt="What?"), "prompt is for the mode general"),
        (replace(RECIPE, json_schema="{}"), "response_schema is for the mode general"),
        (replace(RECIPE, media_sources="[]"), "media_sources is for the mode general"),
        (replace(RECIPE, min_segment_s=1), "min_segment_duration 1 is less than the platform takes (2 s)"),
        (
            replace(RECIPE, min_segment_s=9, max_segment_s=5),
            "max_segment_duration 5 is less than min_segment_duration 9",
        ),
        (replace(RECIPE, segment_definitions=RANGES, start_time_s=1), "start_time and time_ranges exclude each other"),
        (replace(RECIPE, segment_definitions=RANGES, max_segment_s=5), "max_segment_duration and time_ranges exclude"),
        (replace(RECIPE, segment_definitions=RANGES, max_tokens="unlimited"), "max_tokens unlimited and time_ranges"),
    ],
)
def test_what_excludes_each_other_is_named(recipe: Recipe, says: str) -> None:
    """As the platform would, but before anything is sent."""
    (problem,) = problems(recipe)
    assert says in problem
