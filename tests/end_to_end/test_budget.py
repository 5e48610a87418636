"""Caps: a run stops at them, goes on once there is room, and whatever happens to it, what was spent is remembered."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from scripts.sample_videos.odd import tiny_video
from tests.end_to_end.cli_world import PROMPT, pipeline, write_videos

SECOND = 1 / 60  # minutes of the videos of an archive
BATCH = {"gather_s": 0.4, "poll_min_s": 0.1, "poll_max_s": 0.4, "settle_s": 0.3}
TASKS = "/analyze/tasks$"


def budget(archive, *, delivery="task", **caps):
    archive.configure(run={"delivery": delivery, "workers": 4}, batch=BATCH, budget=caps)


def videos(count: float) -> float:
    """Minutes of so many videos, and no more."""
    return round((count + 0.1) * SECOND, 6)


def commitments(archive, path: Path | None = None) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(path or archive.out / "budget.db")) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute("SELECT * FROM commitments")]


def assert_squared(archive) -> None:
    """Nothing is reserved, and what is remembered is what the lines of usage say."""
    found = commitments(archive)
    usage = archive.lines("usage.jsonl")
    assert not any(one["open"] for one in found)
    for mine, theirs in (("minutes", "billed_minutes"), ("tokens", "output_tokens"), ("usd", "cost_usd")):
        assert sum(one[mine] for one in found) == pytest.approx(sum(line[theirs] for line in usage), abs=1e-5)
    with closing(sqlite3.connect(archive.out / "budget.db")) as db:
        (total,) = db.execute("SELECT total(minutes) FROM totals").fetchone()
    assert total == pytest.approx(sum(line["billed_minutes"] for line in usage), abs=1e-5)


def answered(archive) -> int:
    """How many answers the platform gave."""
    books = archive.books()
    return books.tasks_created + books.requests["POST /analyze"]


@pytest.mark.parametrize("delivery", ["task", "sync", "batch"])
def test_a_run_stops_at_its_cap_and_goes_on_once_it_is_raised(archive, delivery):
    """Minutes are known beforehand: as many videos as fit are asked about, in every way, and none is paid twice."""
    budget(archive, delivery=delivery, max_minutes_of_life=videos(3))
    archive.add(small=6)
    first = archive.run(code=4)
    assert (first["written"], first["stopped_by"]["code"]) == (3, "budget_reached")
    assert "budget.max_minutes_of_life" in first["stopped_by"]["message"]
    assert answered(archive) == 3
    budget(archive, delivery=delivery, max_minutes_of_life=videos(6))
    last = archive.run()
    assert (last["written"], last["already_done"], answered(archive)) == (3, 3, 6)
    assert last["budget"] == [
        {
            "span": "life",
            "unit": "minutes",
            "cap": videos(6),
            "committed": pytest.approx(0.1, abs=1e-4),
            "reserved": 0.0,
        }
    ]
    assert_squared(archive)


def test_a_cap_on_cost(archive):
    """What an answer costs is expected, then settled; a run that paused is followed by one with a cap of its own."""
    archive.add(small=4)
    budget(archive)
    assert archive.run("--max-cost", "0.007", code=4)["written"] < 4
    spent = [line["cost_usd"] for line in archive.lines("usage.jsonl")]
    assert 0 < sum(spent) <= 0.007
    assert archive.run("--max-cost", "0.05")["budget"][0]["committed"] < 0.05
    archive.assert_complete()
    assert_squared(archive)


def test_a_reused_answer_takes_nothing_of_the_budget(archive):
    """Two files with one content are one answer in the budget; the summary says what the other one saved."""
    (video,) = archive.add(small=1)
    video.with_name("copy.mp4").write_bytes(video.read_bytes())
    budget(archive, max_minutes=videos(1))
    done = archive.run()
    assert (done["written"], done["saved_usd"]) == (2, pytest.approx(done["cost_usd"]))
    assert done["saved_usd"] > 0
    assert_squared(archive)


def test_an_invalid_answer_that_is_asked_for_again_is_counted_again(archive):
    """Every answer of a video takes its own part, and there has to be room for it."""
    long = {"type": "string", "const": "A dog runs over the beach. " * 200}
    form = {"type": "object", "properties": {"story": long}, "required": ["story"]}
    recipe = {"response_schema": form, "max_tokens": 512, "max_reasks": 2}
    archive.add(small=1)
    archive.configure(recipe=recipe, budget={"max_minutes_of_life": videos(2)})
    paused = archive.run(code=4)
    assert (paused["written"], [one["number"] for one in commitments(archive)]) == (0, [1, 2])
    archive.configure(recipe=recipe, budget={"max_minutes_of_life": videos(3)})
    archive.run()
    assert_squared(archive)


def test_a_cap_on_tokens(archive):
    """An answer that is expected to be longer than what is left is not asked for."""
    archive.add(small=1)
    budget(archive)
    assert archive.run("--max-tokens", "1", code=4)["written"] == 0


def test_the_day_has_room_again(archive):
    """A pause that a cap on the day has made tells when there is room, and then there is."""
    budget(archive, max_minutes_per_day=videos(2), day_s=3)
    archive.add(small=3)
    paused = archive.run(code=4)
    assert paused["written"] == 2
    time.sleep(max(0.0, datetime.fromisoformat(paused["resume_at"]).timestamp() - time.time()))
    archive.run()
    archive.assert_complete()


def test_small_ones_go_by_one_that_does_not_fit(archive):
    """A video that is longer than the whole budget keeps none of the others waiting; the pause names it."""
    archive.videos.joinpath("a-long-one.mp4").write_bytes(tiny_video(77_001, seconds=4))
    archive.add(small=5)
    budget(archive, max_minutes=videos(3))
    assert archive.run(code=4)["written"] == 3
    message = archive.run(code=4)["stopped_by"]["message"]
    assert len(archive.lines("results.jsonl")) == 5
    assert "a-long-one.mp4" in message
    assert "alone" in message


def test_not_everything_is_uploaded_where_nothing_is_left(archive):
    """A batch may have thousands of videos in flight; a spent budget stops them long before."""
    budget(archive, delivery="batch", max_tokens=1)
    archive.add(small=60)
    archive.server.fault("POST", "/assets$", delay_s=0.1, times=60)
    assert archive.run(code=4)["written"] == 0
    assert archive.books().requests["POST /assets"] < 60


def test_failed_questions_are_not_counted(archive):
    """What a task that failed, or a refused question, had reserved is free again for the next video."""
    archive.server.outcome(status="failed", message="The model has a headache.")
    archive.server.fault("POST", TASKS, status=400, body={"code": "parameter_invalid", "message": "No."})
    archive.add(small=4)
    budget(archive, max_minutes=videos(2))
    done = archive.run(code=1)
    assert (done["written"], done["failed"]) == (2, 2)
    assert_squared(archive)


def test_a_resubmitted_question_is_counted_once(archive):
    """A task that ended unbilled and is submitted again takes the room of one answer."""
    archive.server.outcome(status="failed", message="Too long.", code="batch_processing_timeout")
    archive.add(small=2)
    budget(archive, max_minutes=videos(2))
    assert archive.run()["written"] == 2
    assert_squared(archive)


def test_what_was_never_asked_is_free_again(archive):
    """A run that pauses for another reason leaves nothing reserved for questions that never left."""
    limits = {"tier": None, "read_per_minute": None, "analyze_per_day": 2, "max_wait_s": 1}
    archive.configure(limits=limits, budget={"max_minutes_of_life": 1})
    archive.add(small=4)
    assert archive.run(code=4)["stopped_by"]["code"] == "rate_limit_reached"
    assert len(commitments(archive)) == 2
    assert_squared(archive)


def test_a_question_of_unknown_outcome_stays_reserved(serve, open_archive):
    """A submission that nobody can look up may have been billed; once it is found it is one answer."""
    archive = open_archive(serve(idempotency_ttl_s=0.000001), retry={"attempts": 2}, budget={"max_minutes_of_life": 1})
    archive.add(small=1)
    archive.server.fault("POST", TASKS, lose_response=True)
    archive.server.fault("GET", TASKS, status=500, times=2)
    archive.run(code=1)
    assert [one["open"] for one in commitments(archive)] == [1]
    archive.run(command="retry")
    archive.assert_complete()
    assert_squared(archive)


@pytest.mark.parametrize(
    ("delivery", "fault"),
    [
        ("sync", {"method": "POST", "path": "/analyze$", "lose_response": True}),
        ("task", {"method": "GET", "path": "/analyze/tasks/[0-9a-f]+$", "status": 404}),
    ],
)
def test_an_answer_that_is_lost_stays_paid(archive, delivery, fault):
    """What may have been paid for counts, and asking again counts again."""
    archive.add(small=1)
    archive.server.fault(**fault)
    budget(archive, delivery=delivery, max_minutes_of_life=videos(1))
    archive.run(code=1)
    archive.run(command="retry", code=4)
    budget(archive, delivery=delivery, max_minutes_of_life=videos(2))
    archive.run(command="retry")
    assert [(one["number"], one["open"]) for one in commitments(archive)] == [(1, 0), (2, 0)]


@pytest.mark.parametrize(
    ("state", "intent", "delivery"),
    [
        ("uploaded", True, "task"),
        ("analyzed", False, "task"),
        ("uploaded", True, "batch"),
    ],
)
def test_killed_between_reservation_and_settlement(archive, state, intent, delivery):
    """The next run finds what was reserved, and goes on to the cap: nothing leaks, nothing is forgotten."""
    budget(archive, delivery=delivery, max_minutes_of_life=videos(3))
    archive.add(small=4)
    archive.run_killed_after(state, intent=intent, nth=2)
    assert len(commitments(archive)) >= 2
    paused = archive.run(code=4)
    assert len(archive.lines("results.jsonl")) == 3, paused
    assert archive.books().tasks_created == 3
    assert_squared(archive)


def test_a_file_that_lost_its_last_commitments_learns_them_from_the_ledger(archive):
    """Where the budget's file is gone, what was spent is counted all the same."""
    budget(archive, max_minutes_of_life=videos(3))
    archive.add(small=4)
    archive.run(code=4)
    for path in archive.out.glob("budget.db*"):
        path.unlink()
    assert archive.run(code=4)["written"] == 0
    assert_squared(archive)


def test_what_was_spent_before_there_was_a_budget_counts(archive):
    """A folder's life begins with its first answer; what a run without caps took after others counts as well."""
    for caps in ({"max_minutes_of_life": 1}, {}):
        budget(archive, **caps)
        archive.add(small=1)
        archive.run()
    budget(archive, max_minutes_of_life=videos(2), max_minutes_per_day=1)
    archive.add(small=1)
    assert archive.run(code=4)["budget"][0]["committed"] == pytest.approx(2 * SECOND, abs=1e-4)
    assert_squared(archive)


def test_what_is_canceled_is_free_again(serve, open_archive):
    """A task that was taken back holds no part of the budget."""
    archive = open_archive(serve(analysis_seconds=3600), budget={"max_minutes_of_life": 1})
    archive.add(small=2)
    archive.run_killed_after("submitted", nth=2)
    assert [one["open"] for one in commitments(archive)] == [1, 1]
    archive.run("--yes", command="cancel")
    assert commitments(archive) == []


def test_two_runs_at_once_share_one_budget(serve, open_archive, tmp_path):
    """Two folders of one account with one file never commit to more than the cap together."""
    server = serve(analysis_seconds=0.05)
    archives = [open_archive(server, name) for name in ("one", "other")]
    for archive in archives:
        budget(archive, max_minutes_of_life=videos(7), shared_file=str(tmp_path / "shared.db"))
        archive.add(small=6)
    with archives[0].running() as one, archives[1].running() as other:
        assert {one.wait(), other.wait()} <= {0, 4}
    assert server.books().tasks_created == 7
    assert sum(len(archive.lines("results.jsonl")) for archive in archives) == 7
    found = commitments(archives[0], tmp_path / "shared.db")
    assert sum(one["minutes"] for one in found) <= videos(7)


def test_status_tells_where_the_caps_stand(archive):
    """While a run is on or after it: what is committed of the day and of the life."""
    budget(archive, max_minutes_per_day=1, max_cost_usd_of_life=2)
    archive.add(small=2)
    archive.run()
    env = {"TWELVE_LABS_API_KEY": "tlk_test"}
    told = pipeline("status", "-c", archive.out.parent / "config.yaml", "--out", archive.out, "--json", env=env)
    day, life = told.summary["budget"]
    assert (day["span"], day["unit"], day["cap"], day["committed"]) == (
        "day",
        "minutes",
        1,
        pytest.approx(1 / 30, abs=1e-4),
    )
    assert life["committed"] == pytest.approx(told.summary["spent_usd"])
    shown = pipeline("status", "-c", archive.out.parent / "config.yaml", "--out", archive.out, env=env)
    assert "budget   0.03 of 1.00 min of video in 24 h, $0.00" in shown.out


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An account of a platform that is never asked."""
    write_videos(tmp_path / "videos", 1)
    unpriced = json.dumps({"pegasus1.6": None})
    address = "http://127.0.0.1:9/v1.3"
    yield {
        "TWELVE_LABS_API_KEY": "tlk_test",
        "PIPELINE_PLATFORM__BASE_URL": address,
        "PIPELINE_PRICES__MODELS": unpriced,
    }
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["run", "ask"])
def test_a_cap_on_cost_needs_a_price(tmp_path, remote, command):
    """Where nobody knows what the model costs nothing is begun."""
    what = [tmp_path / "videos", *PROMPT] if command == "run" else [tmp_path / "videos" / "video 0.mp4", "What?"]
    options = ("--model", "pegasus1.6", "--max-cost", "5", "--out", tmp_path / "out")
    done = pipeline(command, *what, *options, env=remote)
    assert done.code == 2
    assert "prices.models.pegasus1.6" in done.err


def test_so_does_the_model_of_every_row(tmp_path, remote):
    """A row with a model of its own is named with its line."""
    manifest = tmp_path / "rows.jsonl"
    rows = [{"source": "videos/video 0.mp4"}, {"source": "videos/video 0.mp4", "recipe": {"model": "pegasus1.6"}}]
    manifest.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    done = pipeline("run", manifest, *PROMPT, "--max-cost", "5", "--out", tmp_path / "out", env=remote)
    assert done.code == 2
    assert "rows.jsonl:2" in done.err
    assert "prices.models.pegasus1.6" in done.err


def test_a_cap_that_is_none(tmp_path, remote):
    """A negative cap is refused before anything is touched."""
    done = pipeline("run", tmp_path / "videos", *PROMPT, "--max-cost", "-5", "--out", tmp_path / "out", env=remote)
    assert done.code == 2
