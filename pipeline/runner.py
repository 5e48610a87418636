"""The one task group: feeds rows, drives each job to its end, applies errors."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from datetime import UTC, datetime

import anyio
import structlog

from pipeline.client import counted_requests
from pipeline.client.valve import Valve
from pipeline.config import RunSettings
from pipeline.errors import (
    ConfigError,
    DeadlineReached,
    FatalError,
    ManifestError,
    PauseRun,
    SourceRejected,
    SourceUnreadable,
    TooManyFailures,
    VideoError,
)
from pipeline.feed import Feed, Row, Sizes
from pipeline.jobs import Job, State
from pipeline.ledger import Ledger
from pipeline.media.identity import Stamp
from pipeline.models import Identity, Recipe, Video
from pipeline.steps.identify import Identities
from pipeline.steps.landing import Landing
from pipeline.steps.locks import KeyedLocks

log = structlog.get_logger()

Step = Callable[[Job], Awaitable[Job]]

# What a stopping run still sees through: answers that are paid for.
COLLECTED = frozenset({State.SUBMITTED, State.ANALYZED})
# The wall clock may be set, and a machine that slept has lost none of its timers: a deadline is looked at this often.
CLOCK_LOOK_S = 15.0
# One upload per content at a time, whatever the recipes: who comes second finds the asset.
UPLOADING = frozenset({State.ACCEPTED, State.OPENED})
# Faults of one file say nothing about the next.
FILE_FAULTS = frozenset({SourceUnreadable.__name__, SourceRejected.__name__})


@dataclass(slots=True)
class Tally:
    """What this run did, in manifest rows.

    Attributes:
        rows: rows read so far; `exhausted` tells whether that was all.
        skipped: done by an earlier run.
        failed_before: failed in an earlier run; `retry` reopens them.
        joined: rows whose content was under way for another row.
        failed: rows whose job failed in this run.
        full: the next row waits for one of those in flight to be done.
        stages: how often a job reached each state in this run.
    """

    rows: int = 0
    exhausted: bool = False
    skipped: int = 0
    failed_before: int = 0
    joined: int = 0
    failed: int = 0
    in_flight: int = 0
    full: bool = False
    stages: Counter[State] = dataclass_field(default_factory=Counter)


class Runner:
    """Drives jobs through the steps. One instance serves one run."""

    def __init__(
        self,
        ledger: Ledger,
        steps: Mapping[State, Step],
        settings: RunSettings,
        *,
        run_id: str,
        landing: Landing,
        on_change: Callable[[Job], Awaitable[None]],
        sizes: Sizes | None = None,
        valve: Valve | None = None,
    ) -> None:
        self.tally = Tally()
        self.stopped_by: PauseRun | FatalError | None = None
        self._ledger = ledger
        self._steps = steps
        self._settings = settings
        self._run_id = run_id
        self._landing = landing
        self._on_change = on_change
        self._order = Feed(settings, sizes or Sizes())
        self._slots = anyio.CapacityLimiter(settings.workers)
        self._identities = Identities(ledger, anyio.CapacityLimiter(settings.hashing_threads))
        self._valve = valve or Valve()
        self._active: set[str] = set()
        self._collected: set[str] = set()  # driven before their rows came by, and counted then
        self._joined: set[str] = set()  # those of the active that gained a source
        self._reopening: set[str] = set()
        self._uploads = KeyedLocks()
        self._beginning: set[anyio.CancelScope] = set()
        self._group: anyio.abc.TaskGroup | None = None
        self._same_failures: tuple[str, int] = ("", 0)

    async def run(self, rows: Iterable[Row], scope: str | None) -> None:
        """Collect what earlier runs paid for, then feed every row; returns when all is at rest or the run was stopped.

        `stopped_by` tells why it ended early, if it did.

        Args:
            rows: videos and their recipes, read in slices from a worker thread and never held as a whole.
            scope: the platform scope whose paid jobs are collected; None leaves all but those of the rows alone.
        """
        async with anyio.create_task_group() as clock:
            if self._settings.until is not None:
                clock.start_soon(self._end_at, self._settings.until)
            async with anyio.create_task_group() as group:
                self._group = group
                try:
                    if scope is not None:
                        await self._collect(scope)
                    await self._feed(rows)
                except (PauseRun, FatalError) as reason:
                    self.stop(reason, now=isinstance(reason, FatalError))
                except ManifestError as error:  # it was sound when the run began
                    self.stop(FatalError(error.message, code=error.code), now=True)
            clock.cancel_scope.cancel()

    async def _end_at(self, moment: datetime) -> None:
        """At this moment begin nothing more; what the platform is at work on is collected for a bounded time."""
        while (left_s := (moment - datetime.now(UTC)).total_seconds()) > 0:  # noqa: ASYNC110 - for a clock
            await anyio.sleep(min(left_s, CLOCK_LOOK_S))
        told = f"{moment.astimezone():%Y-%m-%d %H:%M}"
        reached = DeadlineReached(f"{told} is reached (run.until); run the same command again to go on")
        self.stop(reached, now=False)
        for scope in tuple(self._beginning):
            scope.cancel()
        await anyio.sleep(self._settings.drain_s)
        self.stop(reached, now=True)

    def stop(self, reason: PauseRun | FatalError, *, now: bool) -> None:
        """Feed no more. With `now`, cancel everything that is not shielded, and give the rest a bounded time."""
        if self.stopped_by is None:
            self.stopped_by = reason
            log.warning("run.stopping", reason=reason.message, code=reason.code)
            self._valve.dismiss(reason)
        if now:
            self._landing.close_in(self._settings.drain_s)
            if self._group is not None:
                self._group.cancel_scope.cancel()

    def rests_on(self, waiting: int) -> bool:
        """Whether nothing is in flight but so many jobs, and nothing can follow until one of them is done."""
        no_more = self.stopped_by is not None or self.tally.exhausted or self.tally.full
        return no_more and self.tally.in_flight <= waiting

    @property
    def workers(self) -> int:
        """How many jobs may be in flight; when there are fewer than that, those under way are left to end."""
        return int(self._slots.total_tokens)

    @workers.setter
    def workers(self, count: int) -> None:
        self._slots.total_tokens = count
        self._order.bind(count)

    def reopen(self, key: str) -> None:
        """Drive this failed job again when its row comes by, from its last good fact."""
        self._reopening.add(key)

    async def _collect(self, scope: str) -> None:
        for job in self._ledger.jobs(State.SUBMITTED, State.ANALYZED, State.UPLOADED, scope=scope):
            if self.stopped_by:
                return
            if job.key in self._collected:
                continue  # it is read once more where its state moved on while the others were read
            if job.state in COLLECTED or job.intent or job.reasks:
                self._active.add(job.key)
                self._collected.add(job.key)
                await self._start(self._drive_active, job)

    async def _feed(self, rows: Iterable[Row]) -> None:
        async for video, asked, stamp in self._order.rows(rows):
            await self._valve.wait()
            if self.stopped_by:
                return
            self.tally.rows += 1
            recipe = self._identities.with_known_images(video, asked, stamp)
            content = self._identities.known(video, recipe, stamp)
            if not self._at_rest(video, recipe, content):
                await self._start(self._accept, video, recipe, stamp, content)
        self.tally.exhausted = True

    def _at_rest(self, video: Video, recipe: Recipe, content: str | None) -> bool:
        """Whether an earlier run settled this row; a look-up, so that a second night costs next to nothing."""
        key = recipe.key(content) if content else ""
        found = self._ledger.find(key, video.source) if content else None
        if key in self._collected and found in ((State.WRITTEN, True), (State.FAILED, False)):
            return True
        if found == (State.WRITTEN, True):
            self.tally.skipped += 1
            return True
        if found is not None and found[0] is State.FAILED and key not in self._reopening:
            self.tally.failed_before += 1
            return True
        return False

    async def _start(self, function: Callable[..., Awaitable[None]], *args: object) -> None:
        assert self._group is not None
        slot = object()
        self.tally.full = True
        await self._slots.acquire_on_behalf_of(slot)
        self.tally.full = False
        self.tally.in_flight += 1
        self._group.start_soon(self._hold_slot, slot, function, args)

    async def _hold_slot(
        self, slot: object, function: Callable[..., Awaitable[None]], args: tuple[object, ...]
    ) -> None:
        try:
            await function(*args)
        except PauseRun as pause:
            self.stop(pause, now=False)
        except FatalError as fatal:
            self.stop(fatal, now=True)
        except ConfigError as error:  # only the platform's answer showed that it cannot be obeyed
            self.stop(FatalError(error.message, code=error.code), now=True)
        finally:
            self.tally.in_flight -= 1
            self._slots.release_on_behalf_of(slot)

    async def _accept(self, video: Video, recipe: Recipe, stamp: Stamp, content: str | None) -> None:
        with self._order.in_flight(stamp):
            await self._take_on(video, recipe, stamp, content)

    async def _take_on(self, video: Video, recipe: Recipe, stamp: Stamp, content: str | None) -> None:
        try:
            recipe, identity = await self._identities.read(video, recipe, stamp, content)
        except SourceUnreadable as error:
            if (job := self._beyond_its_file(video, recipe)) is None:
                await self._reject(video, recipe, error)
                return
        else:
            job = await self._ledger.accept(video, recipe, identity, self._run_id)
        if job.key in self._active:
            self.tally.joined += job.key not in self._collected
            self._joined.add(job.key)  # whoever drives it looks once more for unwritten sources before letting go
        elif job.state is State.WRITTEN:
            self.tally.skipped += 1
        elif job.state is State.FAILED and job.key not in self._reopening:
            self.tally.failed_before += 1
        else:
            self._active.add(job.key)
            self._reopening.discard(job.key)
            await self._drive_active(job.reopened() if job.state is State.FAILED else job)

    def _beyond_its_file(self, video: Video, recipe: Recipe) -> Job | None:
        """The job under way, or being retried, of a file that is gone: with its asset uploaded it needs no file."""
        job = self._ledger.job_of_source(video.source, recipe.id)
        if job is None or job.asset_id is None or job.state is State.WRITTEN:
            return None
        return job if job.state is not State.FAILED or job.key in self._reopening else None

    async def _reject(self, video: Video, recipe: Recipe, error: SourceUnreadable) -> None:
        """Record a file that cannot be read."""
        job = await self._ledger.accept(video, recipe, Identity.unread(video.source), self._run_id)
        job = job.reopened() if job.state is State.FAILED else job
        await self._record(job.failed(error))

    async def _drive_active(self, job: Job) -> None:
        try:
            while (job := await self._drive(job)).state is State.WRITTEN and not self.stopped_by:
                if not self._has_unwritten(job.key):
                    break  # no source joined while the last line was written; no await from here to the release
                job = job.to(State.ANALYZED)
        finally:
            self._active.discard(job.key)
            self._joined.discard(job.key)

    def _has_unwritten(self, key: str) -> bool:
        if key not in self._joined:
            return False
        self._joined.discard(key)
        return bool(self._ledger.sources(key, written=False))

    async def _drive(self, job: Job) -> Job:
        """Take a job step by step to where no step leads on, or to where a stopping run leaves it."""
        while step := self._steps.get(job.state):
            if job.state not in COLLECTED:
                await self._valve.wait()
            if self.stopped_by and job.state not in COLLECTED:
                break
            async with self._lock_for(job):
                if self.stopped_by and job.state not in COLLECTED:
                    break  # it was stopped while the lock was waited for
                with counted_requests() as requests, self._until_left_off(job) as scope:
                    try:
                        job = await step(job)  # a new Job; Job.to() checks TRANSITIONS
                    except VideoError as error:
                        job = job.failed(error)
                if scope.cancelled_caught:
                    break
                if requests.sent:  # a copy of a job costs 9 microseconds, and two of its four steps may send none
                    job = replace(job, requests=job.requests + requests.sent)
                await self._record(job)  # queued at once: no await between the answer and the record
        return job

    @contextmanager
    def _until_left_off(self, job: Job) -> Iterator[anyio.CancelScope]:
        """A step that may begin something new, at the end of the run's time; what has taken off already still lands."""
        with anyio.CancelScope() as scope:
            if job.state not in COLLECTED:
                self._beginning.add(scope)
            try:
                yield scope
            finally:
                self._beginning.discard(scope)

    def _lock_for(self, job: Job) -> AbstractAsyncContextManager[object]:
        return self._uploads.hold(job.content) if job.state in UPLOADING else nullcontext()

    async def _record(self, job: Job) -> None:
        if not _is_recorded(job):
            await self._ledger.save(job)
        self.tally.stages[job.state] += 1
        await self._on_change(job)
        if job.state is State.FAILED:
            self.tally.failed += len(self._ledger.sources(job.key, written=False))
            self._count_failure(job)
        elif job.state is State.ANALYZED:
            self._same_failures = ("", 0)

    def _count_failure(self, job: Job) -> None:
        assert job.failure is not None
        if job.failure.error in FILE_FAULTS:
            return
        fingerprint = f"{job.failure.error}/{job.failure.code}"
        last, times = self._same_failures
        times = times + 1 if last == fingerprint else 1
        self._same_failures = (fingerprint, times)
        if times >= self._settings.max_same_failures:
            raise TooManyFailures(
                f"{times} videos in a row failed with {fingerprint}, the last one: {job.failure.message}; "
                "mend the cause, then run `pipeline retry`"
            )


def _is_recorded(job: Job) -> bool:
    """Whether the ledger needs no save to know this job's facts.

    The write step records a job together with its lines. An asset that was found in the ledger is found there again,
    and the job is saved with its intent a moment later: a sixth of all saves less.
    """
    return job.state is State.WRITTEN or (job.state is State.UPLOADED and job.reused_asset)
