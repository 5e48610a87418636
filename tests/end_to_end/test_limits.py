"""An account with limits: a run that knows them is never refused, one that does not is refused little."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scripts.sample_videos.odd import tiny_video
from tests.end_to_end.cli_world import PROMPT, Done, Platform, lines, pipeline, platform

# one video, of which every row asks for another part: seconds that are looked at, in two orders of size
PARTS = [1 + number % 7 / 10 for number in range(56)]
MINUTES = sum(PARTS) / 60


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    (tmp_path / "v.mp4").write_bytes(tiny_video(1, seconds=2))
    path = tmp_path / "parts.jsonl"
    rows = [{"source": "v.mp4", "id": str(n), "prompt": f"{n}?", "end_time": end} for n, end in enumerate(PARTS)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def run(manifest: Path, served: Platform, *flags: str, delivery: str = "task", **limits: Any) -> Done:
    env = {f"PIPELINE_LIMITS__{name.upper()}": str(value) for name, value in limits.items()}
    out = manifest.parent / "out"
    return pipeline(
        "run",
        manifest,
        *PROMPT,
        "--out",
        out,
        "--workers",
        "64",
        "--json",
        "--delivery",
        delivery,
        *flags,
        env={**served.env, **env},
    )


def hour(seconds: float, **more: Any) -> dict[str, Any]:
    return {"hour_s": seconds, "day_s": seconds * 10, "minute_s": seconds / 10, "slack_s": 0.1, **more}


def serving(folder: Path, seconds: float, **more: Any) -> Any:
    times = {"rate_hour_s": seconds, "rate_day_s": seconds * 10, "rate_window_s": seconds / 10}
    return platform(folder, engine="echo", **times, **more)


@pytest.mark.parametrize(("delivery", "window"), [("task", "rolling"), ("sync", "fixed")])
def test_a_run_that_knows_the_limits_is_never_refused(tmp_path, manifest, window, delivery):
    """Minutes of video are paced: the account is used up several times over, and not one request is refused."""
    limit = MINUTES / 4
    with serving(tmp_path, 2, video_minutes_per_hour=limit, rate_window=window) as served:
        done = run(manifest, served, delivery=delivery, video_minutes_per_hour=limit, **hour(2))
        assert (done.code, done.summary["written"]) == (0, len(PARTS))
        assert served.books()["refusals"] == {}


@pytest.mark.parametrize("headers", ["x-ratelimit-request", "none"])
def test_a_run_that_is_wrong_about_the_limits_is_refused_once_a_window(tmp_path, manifest, headers):
    """Where the account allows a quarter of what was configured, every video is done, and each window refuses once."""
    limit = MINUTES / 4
    with serving(tmp_path, 1, video_minutes_per_hour=limit, rate_window="rolling", rate_headers=headers) as served:
        done = run(manifest, served, video_minutes_per_hour=limit * 4, **hour(1))
        assert (done.code, done.summary["written"]) == (0, len(PARTS))
        assert sum(served.books()["refusals"].values()) <= 8


def test_what_an_earlier_run_drew_counts_and_a_long_wait_is_a_pause(tmp_path, manifest):
    """Where a day's limit is used up the run pauses with the time at which it can go on, and the next one knows it."""
    with serving(tmp_path, 1000) as served:
        limits = {"analyze_per_day": 20, **hour(1000)}
        first = run(manifest, served, **limits)
        assert (first.code, first.summary["stopped_by"]["code"]) == (4, "rate_limit_reached")
        assert first.summary["resume_at"] is not None
        assert len(lines(tmp_path / "out" / "results.jsonl")) == 20
        again = run(manifest, served, **limits)
        assert (again.code, again.summary["written"]) == (4, 0)
        assert served.books()["tasks_created"] == 20
        further = run(manifest, served, analyze_per_day=1000, **hour(1000))
        assert (further.code, served.books()["tasks_created"]) == (0, len(PARTS))


def test_a_wait_beyond_the_deadline_is_a_pause_at_once(tmp_path, manifest):
    """A run that would still be waiting for its limits at `--until` pauses without waiting for that, and says why."""
    with serving(tmp_path, 1000) as served:
        until = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
        limits = {"analyze_per_day": 20, "max_wait_s": 1e6, **hour(1000)}
        done = run(manifest, served, "--until", until, **limits)
        assert (done.code, done.summary["stopped_by"]["code"], done.summary["written"]) == (4, "rate_limit_reached", 20)
        assert "and run.until comes before" in done.summary["stopped_by"]["message"]
        assert done.summary["resume_at"] > until


def test_the_minutes_of_a_life_are_never_passed(tmp_path, manifest):
    """A run pauses before the account's minutes are used up and says so, the next one too; with more it goes on."""
    with serving(tmp_path, 1000) as served:
        first = run(manifest, served, lifetime_minutes=MINUTES / 2)
        assert (first.code, first.summary["stopped_by"]["code"]) == (4, "lifetime_minutes_reached")
        assert MINUTES / 2 - 3 / 60 < first.summary["video_minutes"] <= MINUTES / 2 + 1e-4
        assert "lifetime minutes are left" in first.summary["lifetime"]["notice"]
        again = run(manifest, served, lifetime_minutes=MINUTES / 2)
        assert (again.code, again.summary["stopped_by"]["code"]) == (4, "lifetime_minutes_reached")
        variables = {**served.env, "PIPELINE_LIMITS__LIFETIME_MINUTES": str(MINUTES / 2)}
        assert "lifetime minutes are left" in pipeline("status", "--out", tmp_path / "out", env=variables).out
        plan = pipeline("plan", manifest, *PROMPT, "--out", tmp_path / "out", env=variables).out
        assert "lifetime minutes are left: not enough" in plan
        further = run(manifest, served, lifetime_minutes=MINUTES * 2)
        assert (further.code, served.books()["tasks_created"]) == (0, len(PARTS))
        assert further.summary["lifetime"]["left"] == pytest.approx(MINUTES, abs=0.01)


def test_output_folders_of_one_account_share_its_limits(tmp_path, manifest):
    """What one run has drawn is missing for another one that works in a folder of its own, where they share a file."""
    with serving(tmp_path, 1000) as served:
        limits = {"analyze_per_day": 20, "shared_file": tmp_path / "account.db", **hour(1000)}
        assert run(manifest, served, **limits).code == 4
        (tmp_path / "out").rename(tmp_path / "first")
        other = run(manifest, served, **limits)
        assert (other.code, other.summary["written"]) == (4, 0)


def test_tokens_are_settled_when_the_answers_are_there(tmp_path, manifest):
    """The estimate holds a place until the answer tells what it took: a bad guess costs nothing in the end."""
    with serving(tmp_path, 1000) as served:
        limits = {"output_tokens_per_day": 10_000, "tokens_per_answer": 900, **hour(1000)}
        done = run(manifest, served, **limits)
        assert (done.code, done.summary["written"]) == (0, len(PARTS))
        assert done.summary["output_tokens"] < 10_000 < 900 * len(PARTS)
