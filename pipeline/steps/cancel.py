"""Taking back what was submitted and not answered yet: the platform drops it, the ledger knows that it may be asked
again.

Whatever has ended by then keeps its place: its answer is paid for, and the next run collects it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import anyio
import structlog

from pipeline.client import Platform
from pipeline.client.failures import gravest_failure
from pipeline.errors import TaskFailed, VideoError
from pipeline.jobs import Job, State
from pipeline.ledger import Ledger
from pipeline.steps.media import about, medium_of

log = structlog.get_logger()

AT_ONCE = 8
CANCELED = "task_canceled"


@dataclass(frozen=True, slots=True)
class UnderWay:
    """What the platform may be working on for an output folder.

    Attributes:
        scope: the platform and account that was looked for.
        jobs: each with a task of its own, as far as it is known: of a submission that was cut off it is not.
        batches: how many jobs wait for each batch that may be canceled as a whole.
        in_batches: how many more jobs are items of batches, and left alone: others of the same batch are not meant, or
            it is not known which batch they are in.
    """

    scope: str
    jobs: tuple[Job, ...]
    batches: Mapping[str, int] = field(default_factory=dict)
    in_batches: int = 0

    @property
    def is_any(self) -> bool:
        """Whether there is anything to cancel."""
        return bool(self.jobs or self.batches)

    @property
    def minutes(self) -> float:
        """Of video, as far as it is known."""
        return sum(_window_s(job) or 0 for job in self.jobs) / 60

    @property
    def of_unknown_length(self) -> int:
        """Jobs whose length is not known."""
        return sum(_window_s(job) is None for job in self.jobs)


@dataclass(slots=True)
class Cancellation:
    """What became of them.

    Attributes:
        canceled: dropped by the platform; their jobs have failed with the code `task_canceled`.
        batches: canceled; the next run collects what was done of them, and asks again for the rest.
        ended: had ended already; the next run collects them.
        absent: submissions that were cut off and never arrived.
        problems: a sentence for each that could not be canceled; they are as they were.
    """

    canceled: int = 0
    batches: int = 0
    ended: int = 0
    absent: int = 0
    problems: list[str] = field(default_factory=list)


def under_way(ledger: Ledger, scope: str, is_meant: Callable[[str], bool]) -> UnderWay:
    """Look through a ledger for what was submitted, or may have been, and has no answer yet.

    Args:
        ledger: of the output folder.
        scope: the platform's; the jobs of others are left alone.
        is_meant: of a source; a job that any other source waits for, too, is left alone.
    """
    jobs = []
    batches: Counter[str | None] = Counter()
    left_alone: Counter[str | None] = Counter()
    for job in unanswered(ledger.jobs(State.SUBMITTED, State.UPLOADED, State.FAILED, scope=scope)):
        waiting = [row.source for row in ledger.sources(job.key, written=False)] or [job.source]
        meant = all(map(is_meant, waiting))
        if job.delivery == "batch":
            batches[job.batch_id] += meant
            left_alone[job.batch_id] += not meant or job.batch_id is None
        elif job.delivery == "task" and meant:
            jobs.append(job)
    whole = {id_: count for id_, count in batches.items() if id_ is not None and not left_alone[id_]}
    return UnderWay(scope, tuple(jobs), whole, batches.total() - sum(whole.values()))


def unanswered(jobs: Iterable[Job]) -> Iterator[Job]:
    """Those that the platform may be at work on, also where this side has given up waiting."""
    for found in jobs:
        job = found.reopened() if found.state is State.FAILED else found
        if job.state is State.SUBMITTED or (job.state is State.UPLOADED and job.intent):
            yield job


async def cancel(ledger: Ledger, platform: Platform, found: UnderWay) -> Cancellation:
    """Cancel these jobs at the platform, several at once, each recorded as soon as the platform has said so.

    What a batch has done by then is paid for and may be had, so its jobs stay submitted.

    Raises:
        PauseRun, FatalError: the platform cannot be asked; what was canceled until then is recorded.
        LedgerError: the folder cannot be written.
    """
    done = Cancellation()
    limiter = anyio.CapacityLimiter(AT_ONCE)

    async def one(job: Job) -> None:
        async with limiter:
            try:
                await _cancel_one(ledger, platform, job, done)
            except VideoError as error:
                done.problems.append(about(job, error).message)

    async def batch(batch_id: str) -> None:
        async with limiter:
            try:
                await platform.batches.cancel(batch_id)
                log.info("batch.canceled", batch_id=batch_id)
                done.batches += 1
            except VideoError as error:
                if error.status == 409:
                    done.ended += found.batches[batch_id]
                else:
                    done.problems.append(error.message)

    with gravest_failure():
        async with anyio.create_task_group() as group:
            for job in found.jobs:
                group.start_soon(one, job)
            for batch_id in found.batches:
                group.start_soon(batch, batch_id)
    return done


async def _cancel_one(ledger: Ledger, platform: Platform, job: Job, done: Cancellation) -> None:
    if job.task_id is None:
        task = await platform.tasks.look(medium_of(job), job.key, ledger.answered(job.key))
        if task is None:
            done.absent += 1
            return
        job = job.to(State.SUBMITTED, task_id=task.id, submitted_at=datetime.now(UTC), intent=False)
        await ledger.save(job)
    assert job.task_id is not None
    if not await platform.tasks.cancel(job.task_id):
        await ledger.save(job)
        done.ended += 1
        return
    reason = TaskFailed(f"{job.source}: the analysis was canceled; `pipeline retry` asks again", code=CANCELED)
    await ledger.save(job.to(State.UPLOADED, task_id=None).failed(reason))
    platform.analyses.unbilled(job.key)
    log.info("task.canceled", key=job.key, source=job.source, task_id=job.task_id)
    done.canceled += 1


def _window_s(job: Job) -> float | None:
    return job.recipe.window_s(job.duration_s)
