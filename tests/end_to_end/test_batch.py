"""Delivery `batch`: many videos in one request, each answered and paid once, whatever happens to the batch."""

import signal
import sqlite3
import subprocess
from collections import Counter
from contextlib import closing

import pytest

from scripts.sample_videos.odd import tiny_video
from tests.end_to_end.conftest import UPLOAD

BATCH = {"gather_s": 0.4, "poll_min_s": 0.1, "poll_max_s": 0.4, "settle_s": 0.3}
CREATE = "POST /analyze/batches"
TASK = "POST /analyze/tasks"


def configure(archive, **batch):
    archive.configure(run={"delivery": "batch"}, batch={**BATCH, **batch})


@pytest.fixture
def batches(archive):
    """An archive whose videos are asked about in batches."""
    configure(archive)
    return archive


def created(archive) -> int:
    return archive.books().requests[CREATE]


def test_all_videos_travel_in_one_batch(batches):
    """Every video has its answer from one request for all of them; the same command again asks nothing."""
    batches.add(small=6, large=1)
    batches.run()
    batches.assert_complete()
    books = batches.books()
    assert (books.requests[CREATE], books.requests[TASK]) == (1, 0)
    assert {job["delivery"] for job in batches.jobs()} == {"batch"}
    assert len({job["batch_id"] for job in batches.jobs()}) == 1
    assert batches.run()["already_done"] == 7
    assert created(batches) == 1


def test_batches_are_no_larger_than_configured_and_no_more_than_may_be_active(batches):
    """Seven videos in threes are three batches, one after the other."""
    configure(batches, max_items=3, max_active=1)
    batches.add(small=7)
    batches.run()
    batches.assert_complete()
    assert sorted(Counter(job["batch_id"] for job in batches.jobs()).values()) == [1, 3, 3]


def test_a_batch_too_large_to_be_created_in_time_is_split(serve, open_archive):
    """After a 504 the halves are sent, until they are small enough."""
    archive = open_archive(serve(batch_creation_max_items=2))
    configure(archive)
    archive.add(small=7)
    archive.run()
    archive.assert_complete()
    assert max(Counter(job["batch_id"] for job in archive.jobs()).values()) <= 2


def test_a_batch_that_was_created_although_no_answer_came_is_found(batches):
    """A lost 201 is looked for and used; nothing is sent again."""
    batches.add(small=4)
    batches.server.fault("POST", "/analyze/batches$", lose_response=True)
    batches.run()
    batches.assert_complete()
    assert created(batches) == 1


@pytest.mark.parametrize(
    ("state", "intent", "nth"), [("uploaded", True, 2), ("submitted", False, 2), ("analyzed", False, 2)]
)
def test_killed_after_a_save(batches, state, intent, nth):
    """A run that is killed around its batch is completed by the next one, with one task a video."""
    batches.add(small=4)
    batches.run_killed_after(state, intent=intent, nth=nth)
    batches.run()
    batches.assert_complete()


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (409, "video_not_ready", "One of the videos is not ready."),
        (404, "resource_not_exist", "One of the videos does not exist."),
        (400, "parameter_invalid", "One of the requests is not valid."),
        (400, "parameter_invalid", "requests.2: it is not valid."),
    ],
)
def test_a_refusal_that_fits_no_item_costs_none_its_answer(batches, status, code, message):
    """Where a batch is refused for an item that proves to be good, the parts are sent, and each is answered once."""
    batches.add(small=4)
    error = {"code": code, "message": message}
    batches.server.fault("POST", "/analyze/batches$", status=status, times=1, body=error)
    batches.run()
    batches.assert_complete()


def test_an_answer_whose_ids_disagree_is_put_on_no_video(batches):
    """Two tasks that were mixed up in the ledger cost two failures; every other video has its own answer."""
    batches.add(small=4)
    batches.run_killed_after("submitted", nth=4)
    one, other = batches.jobs()[:2]
    with closing(sqlite3.connect(batches.out / "ledger.db")) as ledger, ledger:
        for job, task_id in ((one, other["task_id"]), (other, one["task_id"])):
            ledger.execute("UPDATE jobs SET task_id = ? WHERE key = ?", (task_id, job["key"]))
    batches.run(code=1)
    mixed_up = {one["source"], other["source"]}
    failures = batches.lines("failures.jsonl")
    assert {line["source"] for line in failures} == mixed_up
    assert all("the platform answered with" in line["message"] for line in failures)
    assert {line["source"] for line in batches.lines("results.jsonl")} == set(batches.sources()) - mixed_up
    assert created(batches) == 1


def test_one_failing_item_fails_alone(batches):
    """A failed item tells the platform's reason; `retry` asks about it again, and about nothing else."""
    batches.add(small=4)
    batches.server.outcome(status="failed", message="The model has a headache.")
    assert batches.run(code=1)["failed"] == 1
    (failure,) = batches.lines("failures.jsonl")
    assert "headache" in failure["message"]
    batches.run(command="retry")
    assert sorted(line["source"] for line in batches.lines("results.jsonl")) == batches.sources()
    assert batches.books().tasks_created == 5


def test_an_asset_that_is_gone_costs_one_video_its_place(batches):
    """The platform refuses a batch for one missing asset: that one is uploaded again, the others are not held up."""
    batches.add(small=4)
    batches.run()
    gone = batches.jobs()[0]["asset_id"]
    batches.server.ask("DELETE", f"/assets/{gone}")
    batches.configure(run={"delivery": "batch"}, batch=BATCH, recipe={"prompt": "And what else?"})
    batches.run()
    results = batches.lines("results.jsonl")
    assert sorted(line["source"] for line in results) == sorted(batches.sources() * 2)
    assert batches.books().tasks_created == 8


def test_an_item_that_the_platform_will_not_take_fails_alone(serve, open_archive):
    """A batch is refused for one bad item; that one fails with the platform's words, the rest is answered."""
    archive = open_archive(serve(source_max_s=1.5))
    configure(archive)
    archive.add(small=3)
    long = archive.videos / "zz-long.mp4"
    long.write_bytes(tiny_video(1, seconds=2.0))
    archive.run(code=1)
    (failure,) = archive.lines("failures.jsonl")
    assert failure["source"] == str(long)
    assert "duration" in failure["message"].lower()
    assert len(archive.lines("results.jsonl")) == 3
    assert archive.server.books().tasks_created <= 4


def test_a_question_that_cannot_go_by_batch_is_a_bad_configuration(batches):
    """Another model is refused before anything is touched, with the remedy."""
    batches.add(small=1)
    done = subprocess.run(
        batches._command("run", "--model", "pegasus1.6"), capture_output=True, check=False, cwd=batches.videos
    )
    assert done.returncode == 2
    assert b"use delivery task" in done.stderr


def test_auto_asks_few_by_task_and_many_by_batch(archive):
    """Delivery auto goes by the number of rows, which of `retry` are those that it tries again."""
    archive.configure(run={"delivery": "auto"}, batch={**BATCH, "auto_from": 3})
    archive.add(small=2)
    archive.server.fault("POST", "/analyze/tasks$", status=400, times=2, body={"code": "parameter_invalid"})
    archive.run(code=1)
    archive.run(command="retry")
    archive.add(small=3)
    archive.run()
    archive.assert_complete()
    assert Counter(job["delivery"] for job in archive.jobs()) == {"task": 2, "batch": 3}


def test_auto_asks_of_long_videos_by_task(archive):
    """What lasts longer than is meant for batches is asked by task, beside a batch of the others."""
    archive.configure(run={"delivery": "auto"}, batch={**BATCH, "auto_from": 3, "auto_longest_s": 1.5})
    archive.add(small=3)
    (archive.videos / "long.mp4").write_bytes(tiny_video(77, seconds=2))
    archive.run()
    archive.assert_complete()
    assert {job["source"].rpartition("/")[2]: job["delivery"] for job in archive.jobs()}["long.mp4"] == "task"
    assert Counter(job["delivery"] for job in archive.jobs()) == {"task": 1, "batch": 3}


def test_items_of_an_expired_batch_are_asked_again(serve, open_archive):
    """What a batch did not get done in its time goes into another one, and what it did is not asked again."""
    archive = open_archive(serve(batch_ttl_s=2, analysis_seconds=0.4, analysis_concurrency=1))
    archive.configure(run={"delivery": "batch", "max_resubmissions": 100}, batch=BATCH)  # however slow the machine is
    archive.add(small=8)
    archive.run()
    results = archive.lines("results.jsonl")
    assert sorted(line["source"] for line in results) == archive.sources()
    assert billed(archive) == {job["key"]: 1 for job in archive.jobs()}


def test_a_thousand_videos_through_everything_that_goes_wrong(serve, open_archive):
    """A third fail, one batch takes too long, one expires, a run is killed: each answer is there once, paid once."""
    server = serve(batch_ttl_s=6, analysis_concurrency=50, analysis_seconds=0.5, inspect_processes=2, engine="echo")
    archive = open_archive(server)
    sections = {
        "upload": {**UPLOAD, "files": 16},
        "batch": {**BATCH, "gather_s": 1},
        "run": {"delivery": "batch", "max_same_failures": 1000, "max_resubmissions": 100},
    }
    archive.configure(**sections)
    archive.add(small=1000)
    server.fault("POST", "/analyze/batches$", status=504, body={"error": {"code": "request_canceled_or_timed_out"}})
    server.outcome(status="failed", message="It cannot be seen.", times=333)
    archive.run_killed_after("analyzed", nth=200)
    archive.run(code=1)
    failed = {line["source"] for line in archive.lines("failures.jsonl")}
    results = [line["source"] for line in archive.lines("results.jsonl")]
    assert len(failed) == 333
    assert archive.books().tasks_created > 1000  # some expired
    assert sorted([*results, *failed]) == archive.sources()
    assert billed(archive) == {job["key"]: 1 for job in archive.jobs() if job["state"] == "written"}
    archive.run(command="retry")
    assert sorted(line["source"] for line in archive.lines("results.jsonl")) == archive.sources()
    assert billed(archive) == {job["key"]: 1 for job in archive.jobs()}


def billed(archive) -> dict[str, int]:
    """How often each job was billed, by the platform's books."""
    return archive.server.ask("GET", "/_books")["billed_by_custom_id"]


def test_a_stopped_run_leaves_its_batch_to_the_next(serve, open_archive, wait_until):
    """Ctrl-C while a batch is under way ends the run at once; the next run collects it and asks nothing again."""
    archive = open_archive(serve(analysis_seconds=3))
    configure(archive)
    archive.add(small=4)
    with archive.running() as process:
        wait_until(lambda: archive.server.books().tasks_created == 4, process)
        process.send_signal(signal.SIGINT)
        assert process.wait() == 4
    archive.run()
    archive.assert_complete()
    assert created(archive) == 1


def test_batches_of_others_are_waited_for(serve, open_archive):
    """Where others of the account have as many batches active as there may be, one more waits for one to end."""
    server = serve(batch_active_max=1, analysis_seconds=1)
    other, archive = open_archive(server, "other"), open_archive(server)
    for one in (other, archive):
        configure(one, max_active=1)
        one.add(small=2)
    with other.running() as process:
        while not server.books().tasks_created:
            assert process.poll() is None
        archive.run()
        process.wait()
    assert len(archive.lines("results.jsonl")) == len(other.lines("results.jsonl")) == 2
    assert server.books().tasks_created == 4
