"""`pipeline status`: where the ledger stands."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import orjson

from pipeline.cli.options import required_ledger
from pipeline.cli.streams import say
from pipeline.cli.summary import failure_facts, failure_lines, retry_command
from pipeline.config import load
from pipeline.jobs import State
from pipeline.ledger import LedgerView


@click.command()
@click.option("-c", "--config", type=click.Path(path_type=Path), help="A YAML file of settings.")
@click.option("--out", type=click.Path(path_type=Path), help="The output folder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(config: Path | None, out: Path | None, *, as_json: bool) -> None:
    """Show where an output folder stands: jobs by state, failures by cause, spend. Safe while a run is on."""
    folder = load(config, {"output": {"dir": out} if out else {}}).output.dir
    with closing(LedgerView(required_ledger(folder))) as view:
        facts = _facts(view, folder)
    command = retry_command(folder, config)
    say([orjson.dumps(facts, option=orjson.OPT_INDENT_2).decode()] if as_json else _lines(facts, folder, command))


def _lines(facts: dict[str, Any], folder: Path, command: str) -> Iterator[str]:
    yield f"{folder}: {sum(facts['states'].values()):,} jobs, ${facts['spent_usd']:,.2f} spent"
    for state, count in facts["states"].items():
        yield f"  {state:<10} {count:>9,}"
    yield from failure_lines(facts["failures"], folder, command)


def _facts(view: LedgerView, folder: Path) -> dict[str, Any]:
    counts = view.counts()
    return {
        "out": str(folder),
        "states": {state.value: counts[state] for state in State if counts.get(state)},
        "spent_usd": round(view.spent_usd(), 6),
        "failures": failure_facts(view),
    }
