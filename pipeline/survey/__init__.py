"""Looks at what a run would work through, as a run would, and spends nothing: manifest, ledger, headers of files.

Rows are read twice and never kept. First every file is noted by its size, so that copies are known without reading the
archive; then each row is sorted in. What is kept of a row is a few bytes of its key. A file that no run has read is
taken for new, even where it was only moved.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TypeVar

import anyio
from anyio import to_thread

from pipeline.budget import caps_of
from pipeline.client.failures import gravest_failure
from pipeline.config import Settings
from pipeline.errors import LedgerError
from pipeline.ledger import LedgerView
from pipeline.ledger.commitments import Purview, standings_of
from pipeline.ledger.headers import SeenFiles
from pipeline.media.probe import Prober
from pipeline.plan import fits
from pipeline.steps.delivery import choose
from pipeline.survey.found import Survey
from pipeline.survey.looking import Look, Looker, Row
from pipeline.survey.reading import Reading
from pipeline.survey.sorting import Sorter
from pipeline.survey.timing import remote_schedule_of, schedule_of

__all__ = ["Survey", "survey"]

T = TypeVar("T")
NO_RUN = "none"  # nothing is committed to for it; what was answered before there was a budget stands under no name
SLICE = 256  # rows looked at in one hop to a worker thread


async def survey(settings: Settings, rows: Callable[[], Iterator[Row]], found: Survey) -> None:
    """Find out what a run would do.

    Args:
        settings: of the run.
        rows: gives every row from the first on; is asked twice.
        found: is filled in, and may be watched meanwhile.

    Raises:
        LedgerError: the ledger of the output folder, or the file of the budget, cannot be read.
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
    found.plan.rows = found.looked  # a folder may have grown meanwhile
    found.schedule = schedule_of(settings, found.plan)
    purview = Purview(settings.scope, NO_RUN, settings.budget.day_s)
    found.fits = fits(found.plan, standings_of(settings.budget_file, caps_of(settings.budget), purview))
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
    async with anyio.create_task_group() as group:
        reading = Reading(looker, sorter, prober, found, group)
        async for looks in slices:
            for look in looks:
                if (candidate := sorter.candidate(look)) is None:
                    found.looked += 1
                elif (header := sorter.header_without_reading(candidate)) is not None:
                    sorter.judge(candidate, header)
                    found.looked += 1
                else:
                    await reading.add(candidate)
        await reading.begin()


async def _slices(rows: Iterator[Row], look: Callable[[list[Row]], list[T]]) -> AsyncIterator[list[T]]:
    """Rows as they are read and looked at in a worker thread; the ledger is never asked from two at once."""

    def take() -> list[T] | None:
        taken = list(islice(rows, SLICE))
        return look(taken) if taken else None

    while (looked := await to_thread.run_sync(take)) is not None:
        yield looked
