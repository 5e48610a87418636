"""`pipeline plan`: what `run` would do, what it would cost and how long it would take; spends nothing."""

import os
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import click
import orjson
from rich.console import Console

from pipeline import log
from pipeline.app import recipes_of, rows_of
from pipeline.cli.exits import Exit
from pipeline.cli.manifest import checked_manifest
from pipeline.cli.options import settings_from, settings_options
from pipeline.cli.plan_facts import facts_of
from pipeline.cli.plan_lines import lines_of
from pipeline.cli.streams import say
from pipeline.client.failures import gravest_failure
from pipeline.config import Settings
from pipeline.errors import Interrupted
from pipeline.feed import Row
from pipeline.plan import Plan
from pipeline.survey import Survey, survey

GLANCE_S = 0.5


@click.command()
@settings_options
def plan(config: Path | None, *, as_json: bool, **given: Any) -> int:
    """Say what `run` would do with MANIFEST: videos, minutes, money, hours. Asks the platform nothing.

    Files are looked at, not read: what their headers say is kept in the output folder, so that the next plan is quick.
    """
    return show_plan(config, given, as_json=as_json)


def show_plan(config: Path | None, given: dict[str, Any], *, as_json: bool) -> Exit:
    """Print a plan; the exit code is 1 where something of it cannot be done."""
    settings = settings_from(config, given)
    log.configure(settings.log)
    recipes = recipes_of(settings)
    with tempfile.TemporaryDirectory(prefix="pipeline-") as spool:
        manifest, total = checked_manifest(settings, recipes, Path(spool))
        found = Survey(Plan())
        anyio.run(_watched, settings, lambda: rows_of(manifest.videos(), recipes), found, total, as_json)
        unread = list(manifest.unread)
    is_whole = not (found.plan.rejected or found.plan.failed_before or unread)
    code = Exit.DONE if is_whole else Exit.SOME_FAILED
    facts = facts_of(settings, found, code) | {"unread": unread}
    say([orjson.dumps(facts).decode()] if as_json else lines_of(settings, found, unread))
    return code


async def _watched(
    settings: Settings, rows: Callable[[], Iterator[Row]], found: Survey, total: int | None, as_json: bool
) -> None:
    """Survey, with signals and progress at work.

    Raises:
        Interrupted: a signal ended it.
        PipelineError: what `survey` raises.
    """
    is_over = False
    with gravest_failure(), anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with anyio.create_task_group() as group:
            group.start_soon(_heed, signals, group.cancel_scope)
            with _telling(settings, as_json=as_json) as (tell, interval_s):
                group.start_soon(_tell, found, total, tell, interval_s)
                await survey(settings, rows, found)
            is_over = True
            group.cancel_scope.cancel()
    if not is_over:
        raise Interrupted("stopped by a signal; nothing was begun, and what was seen of the files is kept")


async def _heed(signals: AsyncIterator[signal.Signals], scope: anyio.CancelScope) -> None:
    """The first signal ends it in order; the second at once, for there may be a disk that does not answer."""
    async for _ in signals:
        if scope.cancel_called:
            os._exit(Exit.PAUSED)
        scope.cancel()


@contextmanager
def _telling(settings: Settings, *, as_json: bool) -> Iterator[tuple[Callable[[str], None], float]]:
    """How to say on stderr how far it is, and how often: at a glance on a terminal, a line now and then otherwise."""
    console = Console(stderr=True)
    if console.is_terminal and not as_json:
        with console.status("counting") as status:
            yield status.update, GLANCE_S
    else:
        tell = partial(console.print, soft_wrap=True, highlight=False, markup=False)
        yield tell, settings.run.plain_interval_s


async def _tell(found: Survey, total: int | None, tell: Callable[[str], None], interval_s: float) -> None:
    while True:
        await anyio.sleep(interval_s)
        rows = found.plan.rows
        if found.choice is None:
            tell(f"{rows:,} {f'of {total:,} ' if total else ''}rows counted")
        else:
            tell(f"{found.looked:,} of {rows:,} rows looked at")
