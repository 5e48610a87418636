"""The lines of the output files."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from pipeline.config import PriceSettings
from pipeline.jobs import Failure, Job, State
from pipeline.models import Recipe, Result
from pipeline.sinks import failure_line, result_line, usage_line
from pipeline.sinks.lines import billed_minutes, cost_usd, timestamp

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
        "upload_bytes": 5,
        "upload_s": 0.5,
        "wait_s": 30.25,
        "requests": 7,
        "reused": None,
        "at": "2026-07-01T10:00:00.000Z",
    }
    assert " ".join(line) == (
        "key run_id source model mode billed_minutes definitions input_tokens output_tokens cost_usd"
        " upload_bytes upload_s wait_s requests reused at"
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
    assert free["reused"] == "answer"


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


@pytest.mark.parametrize(
    ("start_s", "end_s", "duration_s", "minutes"),
    [
        (None, None, 90.0, 1.5),
        (30.0, None, 90.0, 1.0),
        (None, 60.0, 90.0, 1.0),
        (30.0, 60.0, 90.0, 0.5),
        (30.0, 600.0, 90.0, 1.0),
        (100.0, 200.0, 90.0, 0.0),
        (30.0, 60.0, None, 0.5),
        (30.0, None, None, None),
        (None, None, 1.0, 0.016667),
    ],
)
def test_only_the_window_is_billed(
    start_s: float | None, end_s: float | None, duration_s: float | None, minutes: float | None
) -> None:
    """Billed minutes are those of the clip window, as far as the video reaches, or unknown."""
    assert billed_minutes(replace(RECIPE, start_time_s=start_s, end_time_s=end_s), duration_s) == minutes


def test_costs_are_minutes_and_output_tokens_at_their_prices() -> None:
    """An hour is 1.752 dollars, a million output tokens 7.50, and the embedded platform is free."""
    assert cost_usd(60, 0, PRICES) == 1.752
    assert cost_usd(None, 1_000_000, PRICES) == 7.5
    assert cost_usd(60, 1_000_000, PriceSettings(video_minute_usd=0, output_1k_tokens_usd=0)) == 0


def test_timestamps_are_utc_to_the_millisecond() -> None:
    """Moments of any zone are written in one form."""
    assert timestamp(datetime(2026, 1, 1, 0, 0, 0, 123_999, tzinfo=UTC)) == "2026-01-01T00:00:00.123Z"
    assert timestamp(AT) == "2026-07-01T10:00:00.000Z"
    assert timestamp(None) is None
