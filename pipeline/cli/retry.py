"""`pipeline retry`: reopens failed jobs at their last good fact, then runs."""

import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import anyio
import click

from pipeline import log
from pipeline.app import Run, left_behind, recipes_of, rows_of
from pipeline.cli.manifest import checked_manifest
from pipeline.cli.options import required_ledger, settings_from, settings_options
from pipeline.cli.run import counted, drive
from pipeline.cli.summary import Report
from pipeline.feed import Row


@click.command()
@settings_options
@click.option("--class", "classes", multiple=True, help="Only failures of this error class or code; may be repeated.")
def retry(config: Path | None, *, as_json: bool, classes: tuple[str, ...], **given: Any) -> int:
    """Reopen failed videos at their last good fact and drive them; then run MANIFEST, if one is named here.

    A manifest that only the configuration names is left alone: that is what `run` is for.
    """
    settings = settings_from(config, given)
    required_ledger(settings.output.dir)
    log.configure(settings.log)
    chosen = frozenset(classes)
    with tempfile.TemporaryDirectory(prefix="pipeline-") as spool:
        manifest = None
        if given["manifest"] is not None:
            recipes = recipes_of(settings)
            manifest, _ = checked_manifest(settings, recipes, Path(spool))

        def further() -> Iterator[Row]:
            return iter(()) if manifest is None else rows_of(manifest.videos(), recipes)

        def feed(opened: Run) -> Iterator[Row]:
            return chain(opened.reopened_rows(chosen), further())

        rows = counted(settings, chain(left_behind(settings, chosen), further()))
        return anyio.run(drive, settings, feed, None, Report(settings, config, given, as_json, manifest), rows)
