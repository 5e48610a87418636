"""Whatever an answer comes wrapped in, its text comes out unchanged, with the facts that are told beside it."""

import json

import pytest

from pipeline.errors import UnexpectedResponse
from pipeline.modes.envelope import Envelope, unwrap

USAGE = {"output_tokens": 7, "input_tokens": 20}
TOLD = {"generation_id": "g1", "finish_reason": "stop", "input_tokens": 20, "output_tokens": 7}
START = {"event_type": "stream_start", "metadata": {"generation_id": "g1"}}
END = {"event_type": "stream_end", "finish_reason": "stop", "metadata": {"generation_id": "g1", "usage": USAGE}}


def piece(text: str) -> dict[str, str]:
    return {"event_type": "text_generation", "text": text}


def stream(*events: object) -> str:
    return "".join(f"{json.dumps(event)}\n" for event in events)


@pytest.mark.parametrize(
    "raw",
    [
        json.dumps({"status": "ready", "result": {"data": "A dog.", **TOLD, "usage": USAGE}}),
        json.dumps({"task_id": "t", "status": "ready", "data": {"data": "A dog.", **TOLD, "usage": USAGE}}),
        json.dumps({"id": "g1", "data": "A dog.", "finish_reason": "stop", "usage": USAGE}),
        stream(START, piece("A d"), piece("og."), END),
    ],
    ids=["task", "line of a batch", "synchronous", "stream"],
)
def test_every_wrapping_gives_the_same_answer(raw: str) -> None:
    """A task, a batch's line, a synchronous answer and a stream tell the same of one answer."""
    assert unwrap(raw) == Envelope("A dog.", warning=None, **TOLD)


def test_a_stream_without_its_end_is_no_answer() -> None:
    """Text that broke off is not taken for all that was said."""
    with pytest.raises(UnexpectedResponse, match="before its end"):
        unwrap(stream(START, piece("A d")))


def test_a_line_that_is_no_event_is_refused() -> None:
    """What stands between the events of a stream is not skipped in silence."""
    with pytest.raises(UnexpectedResponse, match="not JSON"):
        unwrap(stream(START) + "?\n" + stream(END))


def test_a_line_of_a_failed_item_is_no_answer() -> None:
    """Only a ready item holds one."""
    with pytest.raises(UnexpectedResponse):
        unwrap(json.dumps({"task_id": "t", "status": "failed", "error": {"message": "no"}}))


def test_a_warning_makes_an_answer_incomplete() -> None:
    """The end of a stream may carry the platform's remark."""
    cut = {**END, "finish_reason": "length", "error": {"message": "cut"}}
    assert unwrap(stream(START, cut)).outcome == "truncated"
    assert unwrap(stream(START, {**END, "error": {"message": "note"}})).outcome == "incomplete"
