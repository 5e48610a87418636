"""What became of the items of batches: one look at a batch for all that wait for it, results read line by line."""

import time
from dataclasses import dataclass, field, replace
from random import random

import anyio
import anyio.abc
import structlog

from pipeline.client import Platform
from pipeline.client.watch import TERMINAL, look_again_s
from pipeline.config import BatchSettings
from pipeline.errors import PipelineError, VideoError
from pipeline.jobs import Job, State
from pipeline.ledger import Ledger
from pipeline.models import Batch, Task
from pipeline.steps.drawing import Drawing
from pipeline.steps.gathering import Slots
from pipeline.steps.media import about
from pipeline.steps.task import RESUBMIT, concluded

log = structlog.get_logger()

# Of an item that was never done, an answer can only be had by asking again.
RESUBMIT_ITEM = RESUBMIT | {"batch_canceled"}
# Answers that are recorded together; what is read beyond waits for the disk.
PORTION = 32
# While a batch is under way its results are read again after each such part of them.
PART = 20


@dataclass(eq=False, slots=True)
class _Waiting:
    job: Job
    began: float = field(default_factory=time.monotonic)
    told: anyio.Event = field(default_factory=anyio.Event)
    outcome: Job | PipelineError | None = None

    def tell(self, outcome: Job | PipelineError | None) -> None:
        self.outcome = outcome
        self.told.set()


@dataclass(eq=False, slots=True)
class _Sheet:
    """One batch, by the keys of the jobs that wait for it.

    Attributes:
        strangers: lines that were wondered at already.
        news: set where somebody says that a look is worth it.
    """

    batch_id: str
    waiting: dict[str, _Waiting] = field(default_factory=dict)
    strangers: set[str] = field(default_factory=set)
    news: anyio.Event = field(default_factory=anyio.Event)

    def take(self, key: str) -> _Waiting:
        return self.waiting.pop(key)

    def tell_all(self, error: PipelineError | None) -> None:
        for key in list(self.waiting):
            waiting = self.take(key)
            waiting.tell(_copy(waiting.job, error) if isinstance(error, VideoError) else error)


@dataclass(frozen=True, slots=True)
class Collector:
    """Watches batches for as long as a job waits for one of them, or until they are over."""

    platform: Platform
    ledger: Ledger
    settings: BatchSettings
    max_resubmissions: int
    slots: Slots
    drawing: Drawing
    group: anyio.abc.TaskGroup
    _sheets: dict[str, _Sheet] = field(default_factory=dict)

    async def wait(self, job: Job) -> Job | None:
        """What became of an item; None where its batch cannot tell.

        The answer is durable by then, and is left with the ledger: a whole batch of them would be too much to hold.

        Raises:
            VideoError, PauseRun, FatalError: nothing can be learned now; the job stays submitted.
        """
        assert job.batch_id is not None
        waiting = _Waiting(job)
        sheet = self._sheets.get(job.batch_id)
        if sheet is None:
            sheet = self._sheets[job.batch_id] = _Sheet(job.batch_id)
            self.slots.active(job.batch_id)
            self.group.start_soon(self._watch, sheet)
        sheet.waiting[job.key] = waiting
        try:
            await waiting.told.wait()
        finally:
            if sheet.waiting.get(job.key) is waiting:
                del sheet.waiting[job.key]
        if isinstance(waiting.outcome, PipelineError):
            raise waiting.outcome
        return waiting.outcome

    def wake(self, batch_id: str) -> bool:
        """Look at a batch now; False where nobody waits for it."""
        if (sheet := self._sheets.get(batch_id)) is None:
            return False
        sheet.news.set()
        return True

    async def _watch(self, sheet: _Sheet) -> None:
        try:
            await self._follow(sheet)
        except VideoError as error:
            sheet.tell_all(None if error.status == 404 else error)
        except PipelineError as error:
            sheet.tell_all(error)
        finally:
            del self._sheets[sheet.batch_id]
            self.slots.ended(sheet.batch_id)

    async def _follow(self, sheet: _Sheet) -> None:
        looks, seen = 0, 0
        while True:
            least_s, most_s = self.settings.poll_min_s, self.settings.poll_max_s
            with anyio.move_on_after(look_again_s(looks, min_s=least_s, max_s=most_s, dice=random())):
                await sheet.news.wait()
            sheet.news = anyio.Event()
            looks += 1
            batch = await self.platform.batches.retrieve(sheet.batch_id)
            if batch.is_over:
                await self._finish(sheet, batch)
                return
            if batch.done_items - seen >= max(1, batch.total_items / PART):
                await self._read(sheet, batch)
                looks, seen = 0, batch.done_items

    async def _finish(self, sheet: _Sheet, batch: Batch) -> None:
        """Read to the end; whoever is not in the results has to look elsewhere."""
        while sheet.waiting:
            before = dict(sheet.waiting)
            await self._read(sheet, batch)
            for key, waiting in before.items():
                if sheet.waiting.get(key) is waiting:
                    log.warning("batch.item_missing", batch_id=batch.id, source=waiting.job.source)
                    sheet.take(key).tell(None)

    async def _read(self, sheet: _Sheet, batch: Batch) -> None:
        ready: dict[str, Job] = {}

        async def take(line: Task) -> None:
            waiting = self._whose(sheet, line)
            if waiting is None or line.custom_id in ready or not _is_final(line, batch):
                return
            job = concluded(_waited(waiting), _with_reason(line, batch), RESUBMIT_ITEM, self.max_resubmissions)
            if job.state is State.ANALYZED:
                ready[job.key] = job
                if len(ready) >= PORTION:
                    await self._keep(sheet, ready)
            else:
                sheet.take(job.key).tell(job)

        await self.platform.batches.results(batch.id, take)
        await self._keep(sheet, ready)

    async def _keep(self, sheet: _Sheet, ready: dict[str, Job]) -> None:
        """Make answers durable, then tell whom they are for."""
        if not ready:
            return
        with anyio.CancelScope(shield=True):
            await self.ledger.save_all(list(ready.values()))
        for key, job in ready.items():
            self.drawing.settle(job)
            if key in sheet.waiting:
                sheet.take(key).tell(replace(job, raw=""))
        ready.clear()

    def _whose(self, sheet: _Sheet, line: Task) -> _Waiting | None:
        """Who waits for a line: only where both of its ids agree."""
        waiting = sheet.waiting.get(line.custom_id or "")
        if waiting is not None and waiting.job.task_id in {None, line.id}:
            return waiting
        if line.id not in sheet.strangers and not self._is_known(sheet, line):
            sheet.strangers.add(line.id)
            log.warning("batch.line_ignored", batch_id=sheet.batch_id, task_id=line.id, custom_id=line.custom_id)
        return None

    def _is_known(self, sheet: _Sheet, line: Task) -> bool:
        """Whether a line is that of a job which does not wait: it is done with, or comes later."""
        job = self.ledger.job(line.custom_id) if line.custom_id else None
        if job is None:
            return False
        return job.batch_id != sheet.batch_id or job.task_id in {None, line.id}


def _is_final(line: Task, batch: Batch) -> bool:
    """A canceled item is told apart by how its batch ends."""
    return line.status in TERMINAL and (line.status != "canceled" or batch.is_over)


def _with_reason(line: Task, batch: Batch) -> Task:
    if line.status != "canceled" or line.error_code is not None:
        return line
    expired = batch.status == "expired"
    return replace(
        line,
        error_code="batch_expired" if expired else "batch_canceled",
        error_message="the batch expired before it was its turn" if expired else "the batch was canceled",
    )


def _waited(waiting: _Waiting) -> Job:
    return replace(waiting.job, wait_s=round(waiting.job.wait_s + time.monotonic() - waiting.began, 3))


def _copy(job: Job, error: VideoError) -> VideoError:
    """An error that many share, naming the video."""
    return about(job, type(error)(error.message, code=error.code, status=error.status))
