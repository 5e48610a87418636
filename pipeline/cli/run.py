"""`pipeline run`: the main job; the same command again resumes."""

import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import anyio
import click
from rich.console import Console

from pipeline import log, progress
from pipeline.app import Run, configured_recipe, open_run, rows_of
from pipeline.cli.exits import Exit
from pipeline.cli.options import settings_from, settings_options
from pipeline.cli.summary import Report, conclude
from pipeline.config import Settings
from pipeline.errors import FatalError, Interrupted
from pipeline.manifests import Manifest, open_manifest
from pipeline.models import Overrides, Recipe
from pipeline.runner import Row

Feed = Callable[[Run], Iterable[Row]]


@click.command()
@settings_options
def run(config: Path | None, *, as_json: bool, **given: Any) -> int:
    """Analyse every video of MANIFEST: a folder, a .csv, .jsonl or text list, or - for stdin.

    The same command again resumes: nothing is uploaded, analysed or paid twice.
    """
    settings = settings_from(config, given)
    log.configure(settings.log)
    recipe = configured_recipe(settings)
    with tempfile.TemporaryDirectory(prefix="pipeline-") as spool:
        manifest, total = checked_manifest(settings, Path(spool))
        return anyio.run(drive, settings, _feed(manifest, recipe), total, Report(settings, config, as_json, manifest))


def checked_manifest(settings: Settings, spool: Path) -> tuple[Manifest, int | None]:
    """The manifest and the number of its rows where that is known without delay; every bad row is named at once.

    Raises:
        ManifestError: no manifest was named, or it has rows that cannot be read.
    """
    asked = settings.recipe
    configured = Overrides(start_time_s=asked.start_time, end_time_s=asked.end_time)
    manifest = open_manifest(settings.manifest, configured=configured, stdin=sys.stdin.buffer, spool_dir=spool)
    return manifest, manifest.check()


def _feed(manifest: Manifest, recipe: Recipe) -> Feed:
    return lambda _: rows_of(manifest.videos(), recipe)


async def drive(settings: Settings, feed: Feed, total: int | None, report: Report) -> Exit:
    """Open a run, drive it with progress and signals at work, and conclude it."""
    console = Console(stderr=True)
    live = console.is_terminal and not report.as_json
    async with open_run(settings) as opened:
        async with anyio.create_task_group() as group:
            group.start_soon(_heed_signals, opened)

            def take() -> progress.Snapshot:
                return opened.snapshot(total)

            async def show() -> None:
                await progress.show(take, console, plain_interval_s=settings.run.plain_interval_s, live=live)

            group.start_soon(show)
            await opened.execute(feed(opened))
            group.cancel_scope.cancel()
        return conclude(opened, opened.snapshot(total), report)


async def _heed_signals(opened: Run) -> None:
    """The first signal stops in order, the second at once: the ledger is true at every instant."""
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for received in signals:
            if isinstance(opened.runner.stopped_by, Interrupted | FatalError):
                os._exit(Exit.PAUSED)
            name = signal.Signals(received).name
            opened.runner.stop(Interrupted(f"{name} received; run the same command again to resume"), now=True)
