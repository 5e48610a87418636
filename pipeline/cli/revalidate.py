"""`pipeline revalidate`: holds every structured answer against its schema again, from the ledger alone."""

import dataclasses
from pathlib import Path

import anyio
import click
import orjson

from pipeline import log
from pipeline.app import revalidate as judge_again
from pipeline.cli.options import required_ledger
from pipeline.cli.streams import say
from pipeline.config import load


@click.command()
@click.option("-c", "--config", type=click.Path(path_type=Path), help="A YAML file of settings.")
@click.option("--out", type=click.Path(path_type=Path), help="The output folder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def revalidate(config: Path | None, out: Path | None, *, as_json: bool) -> None:
    """Parse and validate again every answer that a schema was asked for, without asking the platform.

    results.jsonl is made anew where that changes anything.
    """
    settings = load(config, {"output": {"dir": out} if out else {}})
    folder = settings.output.dir
    required_ledger(folder)
    log.configure(settings.log)
    found = anyio.run(judge_again, settings)
    if as_json:
        say([orjson.dumps({"out": str(folder), **dataclasses.asdict(found)}).decode()])
    else:
        say([f"{folder}: {found.valid:,} valid, {found.invalid:,} invalid, {found.changed:,} changed"])
