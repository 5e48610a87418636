"""`pipeline status`: where the ledger stands."""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import orjson

from pipeline.budget import Standing, caps_of
from pipeline.cli.exits import Exit
from pipeline.cli.options import required_ledger
from pipeline.cli.streams import say
from pipeline.cli.summary import (
    budget_facts,
    budget_lines,
    failure_facts,
    failure_lines,
    lifetime_facts,
    lifetime_lines,
    one_line,
    retry_command,
)
from pipeline.config import Settings, load
from pipeline.jobs import State
from pipeline.ledger import LedgerView, control
from pipeline.ledger.commitments import Purview, standings_of
from pipeline.ledger.folder import is_held


@click.command()
@click.option("-c", "--config", type=click.Path(path_type=Path), help="A YAML file of settings.")
@click.option("--out", type=click.Path(path_type=Path), help="The output folder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(config: Path | None, out: Path | None, *, as_json: bool) -> None:
    """Show where an output folder stands: jobs by state, the run that is on, failures by cause, spend."""
    settings = load(config, {"output": {"dir": out} if out else {}})
    folder = settings.output.dir
    with closing(LedgerView(required_ledger(folder))) as view:
        facts = _facts(view, folder) | {
            **_run_facts(folder),
            "budget": budget_facts(_standings(view, settings)),
            "lifetime": lifetime_facts(settings),
        }
    command = retry_command(folder, config)
    lines = _lines(facts, folder, command, settings.budget.day_s)
    say([orjson.dumps(facts, option=orjson.OPT_INDENT_2).decode()] if as_json else lines)


def _lines(facts: dict[str, Any], folder: Path, command: str, day_s: float) -> Iterator[str]:
    yield f"{folder}: {sum(facts['states'].values()):,} jobs, ${facts['spent_usd']:,.2f} spent"
    for state, count in facts["states"].items():
        yield f"  {state:<10} {count:>9,}"
    if (run := facts["run"]) is not None:
        how = _paused(folder) if run["paused"] else ""
        yield f"run      {run['run_id']} is on, {run['in_flight']:,} in flight{how}"
    if (last := facts["last_run"]) is not None:
        yield f"run      {last['run_id']} {_ending(last)}"
    yield from budget_lines(facts["budget"], day_s)
    yield from lifetime_lines(facts["lifetime"])
    yield from failure_lines(facts["failures"], folder, command)


def _standings(view: LedgerView, settings: Settings) -> Iterator[Standing]:
    """Where the caps of the day and of the life stand, on each platform that the folder has asked."""
    caps = [cap for cap in caps_of(settings.budget) if cap.span != "run"]
    for scope in view.scopes():
        yield from standings_of(settings.budget_file, caps, Purview(scope, "", settings.budget.day_s))


def _run_facts(folder: Path) -> dict[str, Any]:
    """The run that is on, as it tells, else how the last one ended; None where that is not known."""
    if not is_held(folder):
        return {"run": None, "last_run": _last_run(folder / "runs")}
    holds = _read(folder / control.RUNNING)  # there is none before it has begun its work
    return {"run": _some(holds, "run_id", "paused", "workers", "in_flight") if holds else None, "last_run": None}


def _last_run(folder: Path) -> dict[str, Any] | None:
    """Ids begin with the time, so the last one is the latest; of one that was killed no summary tells."""
    began = max(folder.glob("*/log.jsonl"), default=None)
    if began is None:
        return None
    ended = _read(began.with_name("summary.json"))
    return {"run_id": began.parent.name, **_some(ended, "exit_code", "stopped_by", "resume_at")}


def _read(path: Path) -> dict[str, Any]:
    """An object that a run left; empty where there is none."""
    try:
        found = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _some(facts: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: facts.get(name) for name in names}


def _paused(folder: Path) -> str:
    return f", paused: go on with `pipeline tune --resume --out {shlex.quote(str(folder))}`"


def _ending(last: Mapping[str, Any]) -> str:
    if last["exit_code"] is None:
        return "left no summary, as one that was killed: the same command again goes on where it stood"
    if last["stopped_by"] is None:
        return f"ended with exit code {last['exit_code']}"
    word = "stopped" if last["exit_code"] == Exit.FATAL else "paused"
    told = f"{word}: {one_line(last['stopped_by']['message'])}"
    if last["resume_at"] is None:
        return told
    return f"{told}; resume after {datetime.fromisoformat(last['resume_at']):%Y-%m-%d %H:%M %Z}"


def _facts(view: LedgerView, folder: Path) -> dict[str, Any]:
    counts = view.counts()
    return {
        "out": str(folder),
        "states": {state.value: counts[state] for state in State if counts.get(state)},
        "spent_usd": round(view.spent_usd(), 6),
        "failures": failure_facts(view),
    }
