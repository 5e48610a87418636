"""Answers of the platform, read."""

import json

import pytest

from pipeline.client.calls import Answer
from pipeline.client.wire import AssetShape, TaskPage, TaskShape, parse
from pipeline.errors import UnexpectedResponse


def answer(value: object) -> Answer:
    return Answer(200, {}, json.dumps(value).encode())


@pytest.mark.parametrize("nest", [lambda text: {"message": text}, lambda text: text])
def test_reasons_are_bounded_and_keep_no_secret(nest):
    """Why an asset or a task failed is kept without the query of a URL, and never at any length."""
    problem = nest("cannot read https://store/x?signature=secret now " + "y" * 5000)
    asset = parse(AssetShape, answer({"_id": "a1", "error": problem}), "trying").value()
    task = parse(TaskShape, answer({"task_id": "t1", "error": problem}), "trying").value(raw="")
    for reason in (asset.error, task.error_message):
        assert reason.startswith("cannot read https://store/x?\u2026 now yyy")
        assert len(reason) == 500


def test_half_an_emoji_in_the_envelope_becomes_a_question_mark():
    """A text of the envelope that was cut inside an emoji is read, as one that files and databases take."""
    (task,) = parse(TaskPage, answer({"data": [{"task_id": "t1", "error": "a\ud83d"}]}), "trying").data
    assert task.value(raw="").error_message == "a?"


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"[]", b'{"status": "ready"}'])
def test_what_has_not_the_shape_is_refused(body):
    """No JSON, JSON nested without end and JSON of another shape are all the same clear error."""
    with pytest.raises(UnexpectedResponse, match="trying: the platform's answer cannot be read"):
        parse(TaskShape, Answer(200, {}, body), "trying")
