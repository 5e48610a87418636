"""One invocation: what it drives, and where it stands."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from pipeline.app.tuner import Tuner
from pipeline.budget import Standing
from pipeline.client import Platform
from pipeline.config import Settings
from pipeline.feed import Row
from pipeline.jobs import Job, State
from pipeline.ledger import Ledger, LedgerView, SourceRow
from pipeline.models import Video
from pipeline.progress import Snapshot
from pipeline.runner import Runner, Tally
from pipeline.steps.drawing import Drawing
from pipeline.steps.write import Writer

if TYPE_CHECKING:
    from pipeline.client.webhooks import Events  # of those that listen


@dataclass(slots=True)
class Traffic:
    """Bytes of media that left, of this run."""

    uploaded_bytes: int = 0

    def __call__(self, count: int) -> None:
        self.uploaded_bytes += count


class Run:
    """One invocation: what it drives, and where it stands."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        runner: Runner,
        writer: Writer,
        platform: Platform,
        traffic: Traffic,
        run_id: str,
        drawing: Drawing,
        tuner: Tuner,
    ) -> None:
        self.id = run_id
        self.folder = settings.output.dir / "runs" / run_id
        self.ledger = ledger
        self.runner = runner
        self.writer = writer
        self.platform = platform
        self.traffic = traffic
        self.events: Events | None = None  # of webhooks; None where nothing listens
        self.budget: Sequence[Standing] = ()  # once it has been executed
        self._drawing = drawing
        self._tuner = tuner
        self._settings = settings
        self._began = time.monotonic()

    def at_hand(self) -> AbstractContextManager[None]:
        """The run can be tuned while the block lasts."""
        return self._tuner.at_hand()

    @property
    def tally(self) -> Tally:
        """What the run did so far."""
        return self.runner.tally

    async def execute(self, rows: Iterable[Row], *, collect: bool = True) -> None:
        """Drive everything to its end, or to where the run was stopped; then bring `failures.jsonl` up to date.

        Args:
            rows: videos and their recipes.
            collect: first what earlier runs paid for.
        """
        await self._drawing.begin()
        async with anyio.create_task_group() as group:
            group.start_soon(self._tuner.watch)
            await self.runner.run(rows, self._settings.scope if collect else None)
            group.cancel_scope.cancel()
        await self.ledger.settle()  # whoever was stopped while its record was on the way to the disk did not wait
        self.budget = await self._drawing.end()
        await self.writer.settle()

    def reopened_rows(self, classes: frozenset[str]) -> Iterator[Row]:
        """The rows of what earlier runs left, as if a manifest had named them again, to be driven from their last good
        fact.

        Args:
            classes: error classes or codes to reopen; empty means all.
        """
        for job, source in left_behind(self._settings, classes):
            if job.state is State.FAILED:
                self.runner.reopen(job.key)
            yield _row_again(job, source)

    def snapshot(self, total: int | None) -> Snapshot:
        """Where the run stands now."""
        tally = self.tally
        return Snapshot(
            rows=tally.rows,
            total=tally.rows if tally.exhausted else total,
            settled=tally.skipped + tally.failed_before + tally.failed + self.writer.lines,
            skipped=tally.skipped + tally.failed_before,
            written=self.writer.lines,
            failed=tally.failed + tally.failed_before,
            in_flight=tally.in_flight,
            uploaded_bytes=self.traffic.uploaded_bytes,
            spent_usd=self.writer.spent_usd,
            elapsed_s=time.monotonic() - self._began,
            paused=self._tuner.is_paused,
        )


def left_behind(settings: Settings, classes: frozenset[str]) -> Iterator[tuple[Job, SourceRow]]:
    """What `pipeline retry` takes up: failed jobs, and those that an interrupted run left before anything was paid.

    Args:
        settings: which folder, and which platform and account.
        classes: error classes or codes of the failures; empty means all.
    """
    scope = settings.scope
    # rows are read in worker threads, so from a connection of their own
    with closing(LedgerView(settings.output.dir / "ledger.db")) as view:
        for job, source, _ in view.failures():
            if job.recipe.scope == scope and _chosen(job, classes):
                yield job, source
        for job in view.jobs(State.ACCEPTED, State.OPENED, State.UPLOADED, scope=scope):
            for source in view.sources(job.key, written=False):
                yield job, source


def _chosen(job: Job, classes: frozenset[str]) -> bool:
    return not classes or (job.failure is not None and not classes.isdisjoint({job.failure.error, job.failure.code}))


def _row_again(job: Job, source: SourceRow) -> Row:
    metadata = dict(source.metadata)
    name = metadata.pop("id", None)
    return Video(source.source, source.path, None if name is None else str(name), metadata), job.recipe
