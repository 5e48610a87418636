"""The lines of the output files."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from pipeline.config import PriceSettings
from pipeline.jobs import Failure, Job, State
from pipeline.models import Recipe, Result
from pipeline.sinks import failure_line, result_line, usage_line
from pipeline.sinks.lines import timestamp

RECIPE = Recipe("https://h", "pegasus1.5", "What?")
JOB = Job(
    "k" * 64,
    "blake3:00",
    RECIPE,
    "/a.mp4",
    "/a.mp4",
    None,
    state=State.ANALYZED,
    asset_id="asset",
    task_id="task",
    attempt=2,
    duration_s=120.0,
    upload_bytes=5,
    upload_s=0.5,
    wait_s=30.25,
    requests=7,
)
AT = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=2)))
RESULT = Result("g", "Text", "stop", "ready", None, 45, 3000, None, AT, None)
PRICES = PriceSettings(video_minute_usd=0.0292, output_1k_tokens_usd=0.0075)


def test_a_result_line_has_every_key_in_order() -> None:
    """Scripts rely on the keys of `results.jsonl`, all of them, always."""
    line = result_line(JOB, "/b.mp4", {"id": "1", "x": [1]}, RESULT, "run")
    assert " ".join(line) == (
        "key run_id source metadata content_hash recipe_id model mode outcome finish_reason warning text data segments"
        " valid validation_error asset_id task_id generation_id duration_s created_at completed_at"
    )
    assert list(line.values()) == [
        "k" * 64, "run", "/b.mp4", {"id": "1", "x": [1]}, "blake3:00", RECIPE.id, "pegasus1.5", "general", "ready",
        "stop", None, "Text", None, None, None, None, "asset", "task", "g", 120.0, "2026-07-01T10:00:00.000Z", None,
    ]  # fmt: skip


def test_a_usage_line_has_every_key_in_order() -> None:
    """The line that pays carries minutes, tokens, bytes, times and the cost at the given prices."""
    line = usage_line(JOB, "/a.mp4", [RESULT], "run", PRICES, AT)
    assert line == {
        "key": "k" * 64,
        "run_id": "run",
        "source": "/a.mp4",
        "model": "pegasus1.5",
        "mode": "general",
        "billed_minutes": 2.0,
        "definitions": 1,
        "input_tokens": 45,
        "output_tokens": 3000,
        "cost_usd": 0.0809,
        "saved_usd": 0.0,
        "upload_bytes": 5,
        "upload_s": 0.5,
        "wait_s": 30.25,
        "requests": 7,
        "reused": None,
        "at": "2026-07-01T10:00:00.000Z",
    }
    assert " ".join(line) == (
        "key run_id source model mode billed_minutes definitions input_tokens output_tokens cost_usd"
        " saved_usd upload_bytes upload_s wait_s requests reused at"
    )


def test_a_reused_answer_costs_nothing_and_says_so() -> None:
    """A further source of the same job adds zero to every sum over the file."""
    paid = usage_line(JOB, "/a.mp4", [RESULT], "run", PRICES, AT)
    free = usage_line(JOB, "/b.mp4", [RESULT], "run", PRICES, AT, pays=False)
    assert list(free) == list(paid)
    amounts = (
        "billed_minutes",
        "input_tokens",
        "output_tokens",
        "cost_usd",
        "upload_bytes",
        "upload_s",
        "wait_s",
        "requests",
    )
    assert [free[name] for name in amounts] == [0] * len(amounts)
    assert (free["reused"], free["saved_usd"]) == ("answer", paid["cost_usd"])


def test_a_reused_asset_is_said_where_the_analysis_is_paid() -> None:
    """A new question about media that the platform holds already says that nothing was uploaded for it."""
    line = usage_line(replace(JOB, reused_asset=True, upload_bytes=0), "/a.mp4", [RESULT], "run", PRICES, AT)
    assert (line["reused"], line["upload_bytes"], line["output_tokens"]) == ("asset", 0, 3000)


def test_a_failure_line_has_every_key_in_order() -> None:
    """The reason, the attempts and the last good fact of a failed source are on its line."""
    failure = Failure("TaskFailed", "video_file_broken", "broken", State.SUBMITTED)
    assert list(failure_line(JOB, "/b.mp4", failure, "run", AT).items()) == [
        ("key", "k" * 64),
        ("run_id", "run"),
        ("source", "/b.mp4"),
        ("error", "TaskFailed"),
        ("code", "video_file_broken"),
        ("message", "broken"),
        ("attempts", 2),
        ("state", "submitted"),
        ("at", "2026-07-01T10:00:00.000Z"),
    ]


def test_the_duration_is_the_answers_own_where_it_says_one() -> None:
    """What the platform measured wins over what was known of the asset."""
    line = result_line(JOB, "/b.mp4", {}, replace(RESULT, duration_s=60.5), "run")
    assert line["duration_s"] == 60.5


def test_timestamps_are_utc_to_the_millisecond() -> None:
    """Moments of any zone are written in one form."""
    assert timestamp(datetime(2026, 1, 1, 0, 0, 0, 123_999, tzinfo=UTC)) == "2026-01-01T00:00:00.123Z"
    assert timestamp(AT) == "2026-07-01T10:00:00.000Z"
    assert timestamp(None) is None
