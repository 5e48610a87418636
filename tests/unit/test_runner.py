"""The runner: feeds rows as they come, drives each job once, and stops in order."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from pipeline.client.valve import Valve
from pipeline.config import RunSettings
from pipeline.errors import (
    DeadlineReached,
    FatalError,
    Interrupted,
    LedgerError,
    PauseRun,
    QuotaExhausted,
    SourceRejected,
    TaskFailed,
    TooManyFailures,
)
from pipeline.feed import Row
from pipeline.jobs import Job, State
from pipeline.ledger import Ledger, WrittenLine
from pipeline.models import Recipe, Video
from pipeline.runner import Runner, Step
from pipeline.steps.landing import Landing

pytestmark = pytest.mark.anyio

RECIPE = Recipe("local", "pegasus1.5", "what happens?")


async def upload(job: Job) -> Job:
    return job.to(State.UPLOADED, asset_id=f"asset of {job.content}")


async def ignore(job: Job) -> None:
    """Nobody watches this run."""


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with Ledger(tmp_path / "ledger.db") as opened:
        yield opened


@pytest.fixture
def archive(tmp_path: Path) -> Callable[..., list[Row]]:
    """Rows for files with the given contents."""

    def make(*contents: str) -> list[Row]:
        rows = []
        for number, content in enumerate(contents):
            path = tmp_path / f"{number}.mp4"
            path.write_text(content)
            rows.append((Video(str(path), str(path)), RECIPE))
        return rows

    return make


def runner(ledger: Ledger, steps: dict[State, Step], **settings: object) -> Runner:
    return Runner(
        ledger,
        steps,
        RunSettings.model_validate(settings),
        run_id="r1",
        landing=Landing(),
        on_change=ignore,
    )


@pytest.mark.parametrize(("order", "ahead"), [("manifest", 0), ("smallest", 100), ("mixed", 100)])
async def test_rows_are_taken_only_as_fast_as_slots_come_free(
    ledger: Ledger, tmp_path: Path, order: str, ahead: int
) -> None:
    """However long the manifest is, no more of it is read than one slice and the window beyond what is in flight."""
    video = tmp_path / "v.mp4"
    video.write_text("x")
    taken = 0

    def endless() -> Iterator[Row]:
        nonlocal taken
        while True:
            taken += 1
            yield Video(str(video), str(video)), Recipe("local", "m", f"prompt {taken}")

    steps: dict[State, Step] = {State.ACCEPTED: lambda _: anyio.sleep_forever()}
    run = runner(ledger, steps, workers=5, order=order, order_window=max(1, ahead))
    async with anyio.create_task_group() as group:
        group.start_soon(run.run, endless(), "local")
        while len(ledger.counts()) == 0 or ledger.counts()[State.ACCEPTED] < 5:
            await anyio.sleep(0.01)
        run.stop(Interrupted("enough"), now=True)
    assert taken <= 5 + 64 + ahead
    assert not run.tally.exhausted


async def test_long_ones_do_not_take_every_place(ledger: Ledger, archive: Callable[..., list[Row]]) -> None:
    """In mixed order, short videos go on being driven although more long ones than there are workers never end."""
    rows = archive(*("long" * 1000 + str(number) for number in range(6)), *map(str, range(20)))

    async def begin(job: Job) -> Job:
        if job.stamp is not None and job.stamp.size_bytes > 1000:
            await anyio.sleep_forever()
        return await upload(job)

    run = runner(ledger, {State.ACCEPTED: begin}, workers=4, order="mixed")
    async with anyio.create_task_group() as group:
        group.start_soon(run.run, rows, "local")
        with anyio.fail_after(30):
            while (counts := ledger.counts()).get(State.UPLOADED, 0) < 20 or counts[State.ACCEPTED] < 4:
                await anyio.sleep(0.01)
        run.stop(Interrupted("enough"), now=True)


async def test_long_ones_take_their_share_of_other_workers(ledger: Ledger, archive: Callable[..., list[Row]]) -> None:
    """In mixed order, a run that is given fewer workers keeps places of these, too, from long ones."""
    rows = archive(*("long" * 1000 + str(number) for number in range(30)), *map(str, range(20)))

    async def begin(job: Job) -> Job:
        if job.stamp is not None and job.stamp.size_bytes > 1000:
            await anyio.sleep_forever()
        return await upload(job)

    run = runner(ledger, {State.ACCEPTED: begin}, workers=16, order="mixed")
    run.workers = 4
    async with anyio.create_task_group() as group:
        group.start_soon(run.run, rows, "local")
        with anyio.fail_after(30):
            while ledger.counts().get(State.UPLOADED, 0) < 20:
                await anyio.sleep(0.01)
        run.stop(Interrupted("enough"), now=True)


async def test_fewer_workers_leave_those_under_way_alone(ledger: Ledger, archive: Callable[..., list[Row]]) -> None:
    """Who is in flight ends as it would have, and the next begins once there are fewer than may be."""
    in_flight = []
    tuned = anyio.Event()

    async def begin(job: Job) -> Job:
        in_flight.append(run.tally.in_flight)
        if len(in_flight) == 6:
            run.workers = 2
            tuned.set()
        await tuned.wait()
        return await upload(job)

    run = runner(ledger, {State.ACCEPTED: begin}, workers=6)
    await run.run(archive(*map(str, range(20))), "local")
    assert ledger.counts() == {State.UPLOADED: 20}
    assert in_flight[5] == 6
    assert max(in_flight[6:]) <= 2


@pytest.mark.parametrize("reason", [QuotaExhausted("used up"), LedgerError("full")])
async def test_a_run_that_stops_while_it_is_paused_ends(
    ledger: Ledger, archive: Callable[..., list[Row]], reason: PauseRun | FatalError
) -> None:
    """Whoever waits for it to be resumed is sent home, and nothing has begun."""
    run = Runner(
        ledger,
        {State.ACCEPTED: upload},
        RunSettings(),
        run_id="r1",
        landing=Landing(),
        on_change=ignore,
        valve=(valve := Valve()),
    )
    valve.shut()
    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:
            group.start_soon(run.run, archive("a", "b"), "local")
            await anyio.sleep(0.1)
            run.stop(reason, now=False)
    assert run.stopped_by is reason
    assert ledger.counts() == {}


async def test_two_recipes_of_one_content_upload_it_once(ledger: Ledger, archive: Callable[..., list[Row]]) -> None:
    """While one job uploads a content, another job of that content waits and finds it held."""
    ((video, _),) = archive("same")
    uploads = []

    async def begin(job: Job) -> Job:
        if held := ledger.held_asset("local", job.content):
            return job.to(State.UPLOADED, asset_id=held.asset_id, reused_asset=True)
        uploads.append(job.content)
        await anyio.sleep(0.01)
        return await upload(job)

    run = runner(ledger, {State.ACCEPTED: begin})
    await run.run([(video, Recipe("local", "m", prompt)) for prompt in ("one", "two", "three")], "local")
    assert len(uploads) == 1
    assert run.tally.stages == {State.UPLOADED: 3}


async def test_a_row_with_a_content_under_way_joins_its_job(ledger: Ledger, archive: Callable[..., list[Row]]) -> None:
    """Files with the same content are one job, driven once."""
    driven = []

    async def begin(job: Job) -> Job:
        driven.append(job.key)
        await anyio.sleep(0.01)
        return await upload(job)

    run = runner(ledger, {State.ACCEPTED: begin})
    await run.run(archive("same", "same", "other", "same"), "local")
    assert len(driven) == 2
    assert run.tally.joined == 2


async def test_a_row_that_joins_while_its_job_is_written_is_written_too(
    ledger: Ledger, archive: Callable[..., list[Row]]
) -> None:
    """A row that joins after the writer has looked, but before its lines are recorded, still gets its line."""
    written = []

    async def write(job: Job) -> Job:
        with anyio.fail_after(30):
            while len(rows := ledger.sources(job.key, written=False)) < 2 and not written:
                await anyio.sleep(0.01)
        lines = [WrittenLine(job.key, row.source, pays=False, cost_usd=0) for row in rows[:1]]
        done = job.to(State.WRITTEN)
        await ledger.mark_written([done], lines, "r1", {})
        written.extend(line.source for line in lines)
        return done

    async def submit(job: Job) -> Job:
        return job.to(State.SUBMITTED, task_id="t")

    async def poll(job: Job) -> Job:
        return job.to(State.ANALYZED, raw="{}")

    steps = {
        State.ACCEPTED: upload,
        State.UPLOADED: submit,
        State.SUBMITTED: poll,
        State.ANALYZED: write,
    }
    rows = archive("same", "same")
    await runner(ledger, steps).run(rows, "local")
    assert sorted(written) == [video.source for video, _ in rows]


async def test_a_failed_video_leaves_the_others_alone(ledger: Ledger, archive: Callable[..., list[Row]]) -> None:
    """A video error ends one job, with its class, code and message; the others go on."""
    rows = archive("good", "bad", "fine")
    bad = rows[1][0].source

    async def begin(job: Job) -> Job:
        if job.source == bad:
            raise SourceRejected("no", code="video_file_broken")
        return await upload(job)

    run = runner(ledger, {State.ACCEPTED: begin})
    await run.run(rows, "local")
    assert ledger.counts() == {State.UPLOADED: 2, State.FAILED: 1}
    ((job, row, _),) = ledger.failures()
    assert job.failure is not None
    assert (row.source, job.failure.error, job.failure.code) == (bad, "SourceRejected", "video_file_broken")
    assert run.tally.failed == 1


async def test_an_unreadable_file_is_a_failure_until_it_can_be_read(
    ledger: Ledger, archive: Callable[..., list[Row]]
) -> None:
    """A missing file fails at every run, and is forgotten as a failure once it is there."""
    rows = archive("x")
    path = Path(rows[0][0].source)
    path.unlink()
    for _ in range(2):
        run = runner(ledger, {State.ACCEPTED: upload})
        await run.run(rows, "local")
        assert run.tally.failed == 1
        assert [group.code for group in ledger.failure_groups()] == ["file_missing"]
    path.write_text("back")
    await runner(ledger, {State.ACCEPTED: upload}).run(rows, "local")
    assert ledger.failure_groups() == []
    assert ledger.counts() == {State.UPLOADED: 1}


async def test_the_same_failure_again_and_again_ends_the_run(ledger: Ledger, archive: Callable[..., list[Row]]) -> None:
    """A deterministic failure has a ceiling: the fault is not in the videos."""

    async def begin(_: Job) -> Job:
        raise TaskFailed("the model is sunset", code="parameter_invalid")

    run = runner(ledger, {State.ACCEPTED: begin}, workers=1, max_same_failures=3)
    await run.run(archive(*"abcdefgh"), "local")
    assert isinstance(run.stopped_by, TooManyFailures)
    assert ledger.counts()[State.FAILED] == 3


async def test_broken_files_never_end_the_run(ledger: Ledger, archive: Callable[..., list[Row]]) -> None:
    """Any number of files that the platform will not take is no reason to stop."""

    async def begin(_: Job) -> Job:
        raise SourceRejected("broken", code="video_file_broken")

    run = runner(ledger, {State.ACCEPTED: begin}, workers=1, max_same_failures=3)
    await run.run(archive(*"abcdefgh"), "local")
    assert run.stopped_by is None
    assert ledger.counts()[State.FAILED] == 8


async def test_an_exhausted_quota_pauses_and_spoils_nobody(ledger: Ledger, archive: Callable[..., list[Row]]) -> None:
    """A pause stops the feed, fails no video, and sees paid answers through."""
    first = archive("paid")
    landed = []

    async def collect(job: Job) -> Job:
        landed.append(job.key)
        return job.to(State.ANALYZED, raw="{}")

    async def submit(_: Job) -> Job:
        raise QuotaExhausted("the account has no minutes left")

    only_upload = runner(ledger, {State.ACCEPTED: upload})
    await only_upload.run(first, "local")
    (job,) = ledger.jobs(State.UPLOADED)
    await ledger.save(job.to(State.SUBMITTED, task_id="t"))
    run = runner(ledger, {State.ACCEPTED: upload, State.UPLOADED: submit, State.SUBMITTED: collect}, workers=1)
    await run.run(archive("paid", "b", "c", "d"), "local")
    assert isinstance(run.stopped_by, QuotaExhausted)
    assert landed == [job.key]
    assert State.FAILED not in ledger.counts()


async def test_what_is_collected_is_driven_once(ledger: Ledger, archive: Callable[..., list[Row]]) -> None:
    """A job whose state moves on while what an earlier run left is still being read is not taken up a second time."""
    written: list[str] = []

    async def collect(job: Job) -> Job:
        return job.to(State.ANALYZED, raw="{}")

    async def write(job: Job) -> Job:
        written.append(job.key)
        if len(written) > 1:  # the first one makes room for the last, while these are found analyzed
            await anyio.sleep(0.3)
        return job.to(State.WRITTEN)

    await runner(ledger, {State.ACCEPTED: upload}).run(archive(*"abcdef"), "local")
    for job in list(ledger.jobs(State.UPLOADED)):
        await ledger.save(job.to(State.SUBMITTED, task_id=f"task of {job.key}"))
    run = runner(ledger, {State.SUBMITTED: collect, State.ANALYZED: write}, workers=5)
    await run.run([], "local")
    assert len(written) == len(set(written)) == 6


async def test_at_the_deadline_nothing_new_begins_and_what_is_paid_is_collected(
    ledger: Ledger, archive: Callable[..., list[Row]]
) -> None:
    """When its time is over a run gives up what it was about to begin, collects what is answered within the time to
    drain, leaves the rest submitted, and says so.
    """
    rows = archive("asks", "waits", "is answered", "takes long", "comes late")
    begun: dict[str, anyio.Event] = {name: anyio.Event() for name in ("asks", "waits", "is answered", "takes long")}

    def name_of(job: Job) -> str:
        assert job.path is not None
        begun[Path(job.path).read_text()].set()
        return Path(job.path).read_text()

    async def submit(job: Job) -> Job:
        if name_of(job) == "asks":  # its request is out: it lands, as billable requests do
            with anyio.CancelScope(shield=True):
                while run.stopped_by is None:
                    await anyio.sleep(0.01)
        if name_of(job) == "waits":
            await anyio.sleep_forever()
        return job.to(State.SUBMITTED, task_id=name_of(job))

    async def collect(job: Job) -> Job:
        while run.stopped_by is None or name_of(job) == "takes long":
            await anyio.sleep(0.01)
        return job.to(State.ANALYZED, raw="{}")

    steps: dict[State, Step] = {State.ACCEPTED: upload, State.UPLOADED: submit, State.SUBMITTED: collect}
    run = runner(ledger, steps, workers=4, drain_s=1.5)
    async with anyio.create_task_group() as group:
        group.start_soon(run.run, rows, "local")
        with anyio.fail_after(30):
            for event in begun.values():
                await event.wait()
        group.start_soon(run._end_at, datetime.now(UTC))
    assert isinstance(run.stopped_by, DeadlineReached)
    states = {job.task_id or "waits": job.state for job in ledger.jobs(*State)}
    assert states == {
        "asks": State.ANALYZED,
        "is answered": State.ANALYZED,
        "takes long": State.SUBMITTED,
        "waits": State.UPLOADED,
    }
    assert State.FAILED not in ledger.counts()


async def test_a_broken_ledger_stops_everything(ledger: Ledger, archive: Callable[..., list[Row]]) -> None:
    """A fatal error cancels what is in flight and is kept as the reason."""

    async def begin(job: Job) -> Job:
        if "0.mp4" in job.source:
            raise LedgerError("the disk is full")
        await anyio.sleep_forever()
        return job

    run = runner(ledger, {State.ACCEPTED: begin})
    await run.run(archive(*"abc"), "local")
    assert isinstance(run.stopped_by, LedgerError)
