"""Looks at what a run would work through, as a run would, and spends nothing: manifest, ledger, headers of files.

Rows are read twice and never kept. First every file is noted by its size, so that copies are known without reading the
archive; then each row is sorted in. What is kept of a row is a few bytes of its key. A file that no run has read is
taken for new, even where it was only moved.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import anyio
from anyio import to_thread

from pipeline.client.failures import gravest_failure
from pipeline.config import Settings
from pipeline.errors import LedgerError
from pipeline.ledger import LedgerView
from pipeline.ledger.headers import SeenFiles
from pipeline.media.probe import Prober
from pipeline.plan import Plan, Schedule
from pipeline.steps.delivery import Choice, choose
from pipeline.survey.looking import Look, Looker, Row
from pipeline.survey.sorting import Candidate, Sorter
from pipeline.survey.timing import remote_schedule_of, schedule_of

T = TypeVar("T")
SLICE = 256  # rows looked at in one hop to a worker thread


@dataclass(slots=True)
class Survey:
    """A plan and everything beside it.

    Attributes:
        looked: rows sorted in so far.
        choice: how questions would be asked; known once the rows are counted.
        schedule: under the limits that hold.
        remote_schedule: under those of the remote platform, where the embedded one is asked and has others.
    """

    plan: Plan
    looked: int = 0
    choice: Choice | None = None
    schedule: Schedule | None = None
    remote_schedule: Schedule | None = None


async def survey(settings: Settings, rows: Callable[[], Iterator[Row]], found: Survey) -> None:
    """Find out what a run would do.

    Args:
        settings: of the run.
        rows: gives every row from the first on; is asked twice.
        found: is filled in, and may be watched meanwhile.

    Raises:
        LedgerError: the ledger of the output folder cannot be read.
        ManifestError: the manifest is no longer what was checked.
    """
    with ExitStack() as stack:
        ledger = _ledger_of(settings.output.dir)
        if ledger is not None:
            stack.callback(ledger.close)
        looker = Looker(ledger, stack.enter_context(SeenFiles(settings.output.dir)))
        stack.callback(looker.keep)
        async for noted in _slices(rows(), looker.note):
            found.plan.rows += len(noted)
        found.plan.taken_for_copies = looker.copies.taken_for_copies
        found.choice = choose(settings.run.delivery, settings.recipe.model, found.plan.rows, settings.batch)
        sorter = Sorter(settings, found.plan, found.choice, ledger)
        async with Prober(settings.upload.probe_timeout_s, settings.upload.probe_processes) as prober:
            with gravest_failure():
                await _sort_in(_slices(rows(), looker.look), looker, sorter, prober, found)
    found.schedule = schedule_of(settings, found.plan)
    found.remote_schedule = remote_schedule_of(settings, found.plan)


def _ledger_of(folder: Path) -> LedgerView | None:
    path = folder / "ledger.db"
    try:
        return LedgerView(path) if path.exists() else None
    except OSError as error:
        raise LedgerError(f"cannot look for a ledger in {folder}: {error.strerror}; check --out") from error


async def _sort_in(
    slices: AsyncIterator[list[Look]], looker: Looker, sorter: Sorter, prober: Prober, found: Survey
) -> None:
    """Let every row count; headers are read beside that."""
    reading = anyio.Semaphore(2 * prober.processes)

    async def read_and_judge(candidate: Candidate) -> None:
        look = candidate.look
        assert look.video.path is not None
        assert look.stamp is not None
        try:
            header = await prober.header(look.video.path)
        finally:
            reading.release()
        looker.saw(look.video.path, look.stamp, header)
        sorter.judge(candidate, header)
        found.looked += 1

    async with anyio.create_task_group() as group:
        async for looks in slices:
            for look in looks:
                if (candidate := sorter.candidate(look)) is None:
                    found.looked += 1
                elif (header := sorter.header_without_reading(candidate)) is not None:
                    sorter.judge(candidate, header)
                    found.looked += 1
                else:
                    await reading.acquire()
                    group.start_soon(read_and_judge, candidate)


async def _slices(rows: Iterator[Row], look: Callable[[list[Row]], list[T]]) -> AsyncIterator[list[T]]:
    """Rows as they are read and looked at in a worker thread; the ledger is never asked from two at once."""

    def take() -> list[T] | None:
        taken = list(islice(rows, SLICE))
        return look(taken) if taken else None

    while (looked := await to_thread.run_sync(take)) is not None:
        yield looked
