"""`pipeline run`: the main job; the same command again resumes."""

import gc
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import anyio
import click
import structlog
from rich.console import Console

from pipeline import log, progress
from pipeline.app import Run, open_run, recipes_of, rows_of
from pipeline.cli.exits import Exit
from pipeline.cli.manifest import checked_manifest
from pipeline.cli.options import settings_from, settings_options
from pipeline.cli.summary import Report, conclude
from pipeline.client.analyses import OnText
from pipeline.client.failures import gravest_failure
from pipeline.config import Settings
from pipeline.errors import FatalError, Interrupted
from pipeline.feed import Row
from pipeline.manifests import Manifest
from pipeline.recipes import Recipes

logger = structlog.get_logger()

Feed = Callable[[Run], Iterable[Row]]


@click.command()
@settings_options
@click.option("--dry-run", is_flag=True, help="Only say what would be done, as `pipeline plan` does.")
def run(config: Path | None, *, as_json: bool, dry_run: bool, **given: Any) -> int:
    """Analyse every video of MANIFEST: a folder, a .csv, .jsonl or text list, or - for stdin.

    The same command again resumes: nothing is uploaded, analysed or paid twice.
    """
    if dry_run:
        from pipeline.cli.plan import show_plan

        return show_plan(config, given, as_json=as_json)
    settings = settings_from(config, given)
    log.configure(settings.log)
    recipes = recipes_of(settings)
    with tempfile.TemporaryDirectory(prefix="pipeline-") as spool:
        manifest, total = checked_manifest(settings, recipes, Path(spool))
        report = Report(settings, config, given, as_json, manifest)
        rows = counted(settings, manifest.videos()) if total is None else total
        return anyio.run(drive, settings, _feed(manifest, recipes), total, report, rows)


def counted(settings: Settings, rows: Iterable[object]) -> int | None:
    """How many rows there are, as far as delivery `auto` has to know it."""
    return sum(1 for _ in islice(rows, settings.batch.auto_from)) if settings.run.delivery == "auto" else None


def _feed(manifest: Manifest, recipes: Recipes) -> Feed:
    return lambda _: rows_of(manifest.videos(), recipes)


async def drive(settings: Settings, feed: Feed, total: int | None, report: Report, rows: int | None = None) -> Exit:
    """Open a run, drive it with progress and signals at work, and conclude it.

    Args:
        settings: of the run.
        feed: its rows.
        total: how many they are, where that is known.
        report: of what was asked for.
        rows: at least how many they are, for delivery `auto`.

    Raises:
        Interrupted: a signal came before anything was begun.
        PipelineError: what `open_run` raises.
    """
    gc.freeze()  # collecting garbage among what was imported took 4 to 14 % of the CPU of 2,000 tasks

    async def work(opened: Run) -> Exit:
        await execute(opened, feed(opened), _display(opened, total, report))
        return conclude(opened, opened.snapshot(total), report)

    return await under_signals(settings, work, rows=rows)


async def under_signals(
    settings: Settings,
    work: Callable[[Run], Awaitable[Exit]],
    on_text: OnText | None = None,
    rows: int | None = None,
) -> Exit:
    """Open a run and do something with it, with signals at work.

    Args:
        settings: of the run.
        work: drives it and concludes it.
        on_text: as for `open_run`.
        rows: as for `open_run`.

    Raises:
        Interrupted: a signal came before anything was begun.
        PipelineError: what `open_run` raises.
    """
    code: Exit | None = None
    with gravest_failure(), anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with anyio.create_task_group() as group:
            brake = Brake(group.cancel_scope)
            group.start_soon(_heed, signals, brake)
            async with open_run(settings, on_text=on_text, rows=rows) as opened:
                brake.run = opened
                code = await work(opened)
            group.cancel_scope.cancel()
    if code is None:
        raise Interrupted("stopped by a signal before anything was begun; run the same command again")
    return code


@dataclass(slots=True)
class Brake:
    """What signals act on: the first stops in order, the second at once, for the ledger is true at every instant.

    Attributes:
        scope: of everything, while there is no run yet.
        run: once it is open.
    """

    scope: anyio.CancelScope
    run: Run | None = None
    pulled: bool = False

    def pull(self, name: str) -> None:
        """Heed a signal."""
        fatal = self.run is not None and isinstance(self.run.runner.stopped_by, FatalError)
        if self.pulled or fatal:
            os._exit(Exit.FATAL if fatal else Exit.PAUSED)
        self.pulled = True
        if self.run is None:
            self.scope.cancel()
        else:
            reason = Interrupted(f"{name} received; run the same command again to resume")
            self.run.runner.stop(reason, now=True)


async def _heed(signals: AsyncIterator[signal.Signals], brake: Brake) -> None:
    async for received in signals:
        brake.pull(signal.Signals(received).name)


def _display(opened: Run, total: int | None, report: Report) -> Callable[[], Coroutine[Any, Any, None]]:
    console = Console(stderr=True)
    live = console.is_terminal and not report.as_json
    interval_s = report.settings.run.plain_interval_s
    return lambda: progress.show(
        lambda: opened.snapshot(total), opened.ledger.counts, console, plain_interval_s=interval_s, live=live
    )


async def execute(
    opened: Run, rows: Iterable[Row], display: Callable[[], Coroutine[Any, Any, None]], *, collect: bool = True
) -> None:
    """Drive a run to its end while its display is on; `runner.stopped_by` tells what ended either of them early."""
    with gravest_failure():
        async with anyio.create_task_group() as group:
            group.start_soon(_show, opened, display)
            try:
                await opened.execute(rows, collect=collect)
            except FatalError as error:  # the last word to a sink: the summary is to tell of it
                opened.runner.stop(error, now=True)
            group.cancel_scope.cancel()


async def _show(opened: Run, display: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Display until cancelled; a ledger that cannot be read stops the run as it does elsewhere."""
    try:
        await display()
    except FatalError as error:
        opened.runner.stop(error, now=True)
    except OSError as error:  # a display that cannot be drawn is no reason to stop
        logger.warning("progress.lost", reason=error.strerror)
