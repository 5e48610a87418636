"""The ledger: facts are durable when awaited, and follow sources that come, change and go."""

import fcntl
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from pipeline.errors import FolderLocked, LedgerError, TaskFailed
from pipeline.jobs import Job, State
from pipeline.ledger import Ledger, LedgerView, WrittenLine
from pipeline.ledger.folder import hold, is_held
from pipeline.models import FileStamp, Identity, OpenUpload, Recipe, Video

pytestmark = pytest.mark.anyio

RECIPE = Recipe("local", "pegasus1.5", "what happens?")
STAMP = FileStamp(10, 20)
ONE = Identity("blake3:01", STAMP)
TWO = Identity("blake3:02", STAMP)


def video(name: str) -> Video:
    return Video(f"/archive/{name}", f"/archive/{name}", metadata={"shelf": 3})


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with Ledger(tmp_path / "ledger.db") as opened:
        yield opened


def through_to_written(job: Job) -> Job:
    job = job.to(State.UPLOADED, asset_id="a1").to(State.SUBMITTED, task_id="t1")
    return job.to(State.ANALYZED, raw='{"x": 1}')


async def test_what_was_saved_is_there_for_another_process(ledger: Ledger, tmp_path: Path) -> None:
    """A fact is on the disk once its save was awaited."""
    job = await ledger.accept(video("a.mp4"), RECIPE, ONE, "r1")
    await ledger.save(job.to(State.UPLOADED, asset_id="a1", duration_s=2.5))
    view = LedgerView(tmp_path / "ledger.db")
    seen = view.job(job.key)
    view.close()
    assert seen == job.to(State.UPLOADED, asset_id="a1", duration_s=2.5)


async def test_a_cancelled_save_still_lands(ledger: Ledger) -> None:
    """Cancelling the wait for a save does not take the save back."""
    job = await ledger.accept(video("a.mp4"), RECIPE, ONE, "r1")
    with anyio.CancelScope() as scope:
        scope.cancel()
        await ledger.save(job.to(State.UPLOADED, asset_id="paid"))
    await ledger.account({})
    seen = ledger.job(job.key)
    assert seen is not None
    assert seen.asset_id == "paid"


async def test_an_uploaded_content_is_found_again_by_content_and_scope(ledger: Ledger) -> None:
    """The asset of a content is reused by any recipe of the same scope, and by none of another."""
    job = await ledger.accept(video("a.mp4"), RECIPE, ONE, "r1")
    await ledger.save(job.to(State.OPENED, upload=OpenUpload("u1", "a1", 5, {})))
    held = ledger.held_asset("local", ONE.content)
    assert held is not None
    assert held.asset_id is None
    assert held.upload == OpenUpload("u1", "a1", 5, {})
    await ledger.save(job.to(State.UPLOADED, asset_id="a1"))
    held = ledger.held_asset("local", ONE.content)
    assert held is not None
    assert held.asset_id == "a1"
    assert ledger.held_asset("https://elsewhere", ONE.content) is None
    await ledger.forget_asset("local", ONE.content, "another")
    assert ledger.held_asset("local", ONE.content) is not None
    await ledger.forget_asset("local", ONE.content, "a1")
    assert ledger.held_asset("local", ONE.content) is None


async def test_two_sources_with_one_content_are_one_job(ledger: Ledger) -> None:
    """A second source of the same content joins the job, and a finished job goes back for its line."""
    first = await ledger.accept(video("a.mp4"), RECIPE, ONE, "r1")
    done = through_to_written(first)
    await ledger.save(done)
    await ledger.mark_written(
        [done.to(State.WRITTEN)],
        [WrittenLine(first.key, "/archive/a.mp4", pays=True, cost_usd=0.5)],
        "r1",
        {"results": 9},
    )
    assert ledger.find(first.key, "/archive/a.mp4") == (State.WRITTEN, True)
    again = await ledger.accept(video("b.mp4"), RECIPE, ONE, "r2")
    assert again.key == first.key
    assert again.state is State.ANALYZED
    assert [row.source for row in ledger.sources(first.key, written=False)] == ["/archive/b.mp4"]
    assert ledger.raw(first.key) == '{"x": 1}'
    assert ledger.spent_usd() == 0.5
    assert ledger.sink_bytes("results") == 9


async def test_a_file_with_new_content_retires_its_failure(ledger: Ledger) -> None:
    """Once a failed file has other content, nobody is told of the old failure any more."""
    job = await ledger.accept(video("a.mp4"), RECIPE, ONE, "r1")
    await ledger.save(job.failed(TaskFailed("broken", code="video_file_broken")))
    assert [group.count for group in ledger.failure_groups()] == [1]
    await ledger.accept(video("a.mp4"), RECIPE, TWO, "r2")
    assert ledger.failure_groups() == []
    assert ledger.counts() == {State.ACCEPTED: 1}


async def test_failures_that_differ_by_their_ids_are_one_cause(ledger: Ledger) -> None:
    """Tasks that failed for one reason are one cause, whatever their ids and files; another reason is not."""
    for number, reason in enumerate(["no picture", "no picture", "no picture", "no sound"]):
        name = f"{number}.mp4"
        job = await ledger.accept(video(name), RECIPE, Identity(f"blake3:{number}", STAMP), "r1")
        task_id = f"65f1a2b3c4d5e6f7a8b9c0d{number}"
        failure = TaskFailed(f"{job.source}: the analysis {task_id} ended failed: {reason} in asset '{task_id}'")
        await ledger.save(job.failed(failure))
    groups = [(group.count, group.message) for group in ledger.failure_groups()]
    assert groups == [
        (3, "the analysis ended failed: no picture in asset"),
        (1, "the analysis ended failed: no sound in asset"),
    ]
    assert {job.failure.message.split()[3] for job, _, _ in ledger.failures() if job.failure} == {
        f"65f1a2b3c4d5e6f7a8b9c0d{number}" for number in range(4)
    }


async def test_a_written_line_outlives_a_change_of_the_file(ledger: Ledger) -> None:
    """A paid and written answer stays when its file is replaced by another content."""
    done = through_to_written(await ledger.accept(video("a.mp4"), RECIPE, ONE, "r1"))
    await ledger.save(done)
    await ledger.mark_written(
        [done.to(State.WRITTEN)], [WrittenLine(done.key, "/archive/a.mp4", pays=True, cost_usd=0)], "r1", {}
    )
    await ledger.accept(video("a.mp4"), RECIPE, TWO, "r2")
    assert ledger.raw(done.key) == '{"x": 1}'
    assert ledger.find(done.key, "/archive/a.mp4") is None
    back = await ledger.accept(video("a.mp4"), RECIPE, ONE, "r3")
    assert back.state is State.WRITTEN


async def test_a_file_that_cannot_be_read_takes_nothing_from_its_paid_job(ledger: Ledger) -> None:
    """While a file is away, its submitted or failed job keeps its row, its task and its attempts."""
    job = await ledger.accept(video("a.mp4"), RECIPE, ONE, "r1")
    paid = job.to(State.UPLOADED, asset_id="a1", attempt=1).to(State.SUBMITTED, task_id="t1")
    await ledger.save(paid.failed(TaskFailed("slow", code="task_unfinished")))
    away = await ledger.accept(video("a.mp4"), RECIPE, Identity.unread("/archive/a.mp4"), "r2")
    await ledger.save(away.failed(TaskFailed("gone", code="file_missing")))
    assert ledger.job_of_source("/archive/a.mp4", RECIPE.id) == paid.failed(TaskFailed("slow", code="task_unfinished"))
    assert [row.source for row in ledger.sources(job.key, written=False)] == ["/archive/a.mp4"]
    back = await ledger.accept(video("a.mp4"), RECIPE, ONE, "r3")
    assert back.task_id == "t1"
    assert [group.code for group in ledger.failure_groups()] == ["task_unfinished"]


async def test_a_bug_in_an_operation_is_told_and_the_ledger_goes_on(ledger: Ledger) -> None:
    """An operation that raises reaches whoever waits for it, and leaves the next ones alone."""
    job = await ledger.accept(video("a.mp4"), RECIPE, ONE, "r1")
    with pytest.raises(OverflowError):
        await ledger.save(replace(job, upload_bytes=2**70))
    await ledger.save(job.to(State.UPLOADED, asset_id="a1"))


async def test_identities_are_known_until_the_file_changes(ledger: Ledger) -> None:
    """A file is not read again while its path, size and modification time are the same."""
    await ledger.accept(video("a.mp4"), RECIPE, ONE, "r1")
    assert ledger.known_content("/archive/a.mp4", STAMP) == ONE.content
    assert ledger.known_content("/archive/a.mp4", replace(STAMP, mtime_ns=21)) is None


async def test_names_that_are_not_text_survive(ledger: Ledger) -> None:
    """A path with bytes that are not UTF-8 comes back as the operating system spells it."""
    odd = Video("/archive/\\xff.mp4", "/archive/\udcff.mp4")
    job = await ledger.accept(odd, RECIPE, ONE, "r1")
    seen = ledger.job(job.key)
    assert seen is not None
    assert seen.path == "/archive/\udcff.mp4"


async def test_a_newer_ledger_is_refused_with_a_remedy(tmp_path: Path) -> None:
    """A ledger of another version is left alone."""
    async with Ledger(tmp_path / "ledger.db"):
        pass
    db = sqlite3.connect(tmp_path / "ledger.db")
    db.execute("UPDATE meta SET value = '99' WHERE name = 'version'")
    db.commit()
    db.close()
    with pytest.raises(LedgerError, match="version 99"):
        Ledger(tmp_path / "ledger.db")


async def test_a_ledger_of_version_1_goes_on_with_everything_it_knew(tmp_path: Path) -> None:
    """An older ledger is brought up to date when it is opened: jobs, answers, assets and lines are all there."""
    db = sqlite3.connect(tmp_path / "ledger.db")
    db.executescript(Path(__file__).with_name("version_1.sql").read_text(encoding="utf-8"))
    db.close()
    for _ in range(2):  # the second time there is nothing left to do
        async with Ledger(tmp_path / "ledger.db") as ledger:
            assert [job.task_id for job in ledger.jobs(State.SUBMITTED, State.WRITTEN, scope="local")] == [
                "task-1",
                "task-2",
            ]
            assert ledger.raw("b2") == '{"paid": true}'
            assert ledger.spent_usd() == 0.25
            (row,) = ledger.sources("b2", written=True)
            assert row.metadata == {"shelf": "B"}
            job = ledger.job("a1")
            assert job is not None
            assert job.recipe == Recipe("local", "pegasus1.5", "What?")
            held = ledger.held_asset("local", "blake3:02")
            assert held is not None
            assert held.asset_id == "asset-2"


async def test_a_ledger_of_version_2_goes_on_with_everything_it_knew(tmp_path: Path) -> None:
    """What was paid for before answers were numbered is kept under the attempt that it came from."""
    db = sqlite3.connect(tmp_path / "ledger.db")
    db.executescript(Path(__file__).with_name("version_2.sql").read_text(encoding="utf-8"))
    db.close()
    for _ in range(2):
        async with Ledger(tmp_path / "ledger.db") as ledger:
            (job,) = ledger.jobs(State.WRITTEN, scope="local")
            assert (job.task_id, job.attempt, job.reasks) == ("task-2", 2, 0)
            assert ledger.raws("b2") == ['{"paid": true}']
            assert ledger.answered("b2") == {"task-2"}
            assert ledger.spent_usd() == 0.25


async def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    """Garbage in place of the ledger is named, not overwritten."""
    (tmp_path / "ledger.db").write_bytes(b"not a database, " * 100)
    with pytest.raises(LedgerError, match=r"ledger\.db"):
        Ledger(tmp_path / "ledger.db")
    assert (tmp_path / "ledger.db").read_bytes().startswith(b"not a database")


async def test_jobs_stream_by_state_while_others_are_saved(ledger: Ledger) -> None:
    """Every job of a state is seen once, however many there are, although they change state meanwhile."""
    async with anyio.create_task_group() as group:
        for number in range(2500):
            identity = Identity(f"blake3:{number:04x}", STAMP)
            group.start_soon(ledger.accept, video(f"{number}.mp4"), RECIPE, identity, "r1")
    seen = []
    for job in ledger.jobs(State.ACCEPTED, scope="local"):
        seen.append(job.key)
        if len(seen) % 100 == 0:
            await ledger.save(job.to(State.UPLOADED, asset_id="x"))
    assert len(set(seen)) == len(seen) == 2500


def test_a_second_run_is_turned_away_and_a_dead_one_leaves_no_lock(tmp_path: Path) -> None:
    """The folder is held by the kernel: by one run at a time, and by none after it ended."""
    with hold(tmp_path / "out"), pytest.raises(FolderLocked, match="another run"), hold(tmp_path / "out"):
        pass
    with hold(tmp_path / "out"):
        pass


def test_a_look_at_the_folder_turns_no_run_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks whether a run is on has the lock for an instant; a run that starts in it sits it out."""
    tries_again = []
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)

        def passes(seconds: float) -> None:
            tries_again.append(seconds)
            lock.close()

        monkeypatch.setattr("time.sleep", passes)
        assert is_held(tmp_path) is False
        with hold(tmp_path):
            assert is_held(tmp_path)
    assert len(tries_again) == 1
