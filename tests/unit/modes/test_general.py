"""General analysis: building the request, reading the answer."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.errors import UnexpectedResponse
from pipeline.models import AnalysisRequest, Recipe, Result
from pipeline.modes import MODES
from pipeline.modes.general import build_request, read_answer

RECIPE = Recipe("local", "pegasus1.5", "What?")


def answer(**changes: Any) -> dict[str, Any]:
    """A finished task as the API reference of July 2026 describes it."""
    return {
        "task_id": "64f0c0ffee0000000000000a",
        "custom_id": None,
        "status": "ready",
        "created_at": "2026-07-01T10:00:00Z",
        "completed_at": "2026-07-01T10:00:30.5Z",
        "video_source": {"type": "asset_id", "asset_id": "x", "system_metadata": {"duration": 61.5}},
        "result": {
            "generation_id": "g-1",
            "data": "A dog.",
            "finish_reason": "stop",
            "usage": {"output_tokens": 3, "input_tokens": 45},
        },
    } | changes


def read(task: Any) -> Result:
    return read_answer(json.dumps(task), RECIPE)


def test_the_request_says_what_the_recipe_says() -> None:
    """Every member of a recipe that the platform takes is in the request, and nothing else."""
    recipe = Recipe("local", "pegasus1.5", "What?", temperature=0.0, max_tokens=5, start_time_s=1.0, end_time_s=2.0)
    assert build_request(recipe) == AnalysisRequest(
        "pegasus1.5", "What?", temperature=0.0, max_tokens=5, start_time_s=1.0, end_time_s=2.0
    )
    assert MODES[recipe.mode].build_request(recipe) == build_request(recipe)


def test_a_complete_answer_is_read_whole() -> None:
    """Every fact of a finished task finds its place."""
    assert read(answer()) == Result(
        generation_id="g-1",
        text="A dog.",
        finish_reason="stop",
        outcome="ready",
        warning=None,
        input_tokens=45,
        output_tokens=3,
        duration_s=61.5,
        created_at=datetime(2026, 7, 1, 10, tzinfo=UTC),
        completed_at=datetime(2026, 7, 1, 10, 0, 30, 500_000, tzinfo=UTC),
    )


def test_an_answer_that_was_cut_is_truncated() -> None:
    """`finish_reason` length means truncated, and the platform's warning is kept."""
    task = answer(error={"message": "output truncated"})
    task["result"]["finish_reason"] = "length"
    result = read(task)
    assert (result.outcome, result.warning, result.text) == ("truncated", "output truncated", "A dog.")


def test_a_warning_on_a_finished_answer_means_incomplete() -> None:
    """An error message beside a ready result is never passed over."""
    result = read(answer(error={"message": "partial result", "code": "unknown_code"}))
    assert (result.outcome, result.warning) == ("incomplete", "partial result")
    assert read(answer(error=None)).outcome == "ready"
    assert read(answer(error={})).outcome == "ready"


def test_unknown_members_are_tolerated_and_unreadable_facts_left_out() -> None:
    """Only the text is indispensable: odd times, usage and durations become unknown."""
    task = answer(created_at="yesterday", completed_at=5e99, video_source=7, news={"x": 1})
    task["result"] |= {"usage": "many", "finish_reason": "content_filter", "generation_id": None, "more": []}
    result = read(task)
    assert result.text == "A dog."
    assert (result.outcome, result.finish_reason) == ("ready", "content_filter")
    assert (result.output_tokens, result.input_tokens) == (0, None)
    assert (result.duration_s, result.created_at, result.completed_at, result.generation_id) == (None,) * 4


def test_usage_without_input_tokens_is_read() -> None:
    """Answers from before May 2026 count output tokens only."""
    task = answer()
    task["result"]["usage"] = {"output_tokens": 249}
    assert (read(task).output_tokens, read(task).input_tokens) == (249, None)


def test_a_text_cut_inside_an_emoji_is_read() -> None:
    """Half a surrogate pair at the end of a truncated text does not cost the answer."""
    raw = json.dumps(answer()).replace("A dog.", r"A dog \ud83d")
    assert read_answer(raw, RECIPE).text == "A dog \ud83d"


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("", "not JSON"),
        ("<html>", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "answer: "),
        ("null", "answer: "),
        ("{}", "status: Field required"),
        (json.dumps(answer(status="failed")), "status: "),
        (json.dumps(answer(result=None)), "result: "),
        (json.dumps(answer(result={"data": {"a": 1}})), "result.data: "),
        (json.dumps(answer(result={"usage": {}})), "result.data: Field required"),
    ],
)
def test_what_holds_no_answer_is_refused(raw: str, says: str) -> None:
    """Anything without the text of a ready task is an unexpected response that says where it departs."""
    with pytest.raises(UnexpectedResponse) as caught:
        read_answer(raw, RECIPE)
    assert says in caught.value.message
