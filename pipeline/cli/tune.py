"""`pipeline tune`: changes a run that is on, pauses and resumes it."""

import secrets
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import orjson

from pipeline.cli.exits import Exit
from pipeline.cli.streams import say
from pipeline.config import load
from pipeline.config.tuning import read_tuning
from pipeline.errors import ConfigError
from pipeline.ledger import control
from pipeline.ledger.folder import is_held

PATIENCE_S = 10.0
LOOK_S = 0.05


@click.command()
@click.option("-c", "--config", type=click.Path(path_type=Path), help="The YAML file of settings of the run.")
@click.option("--out", type=click.Path(path_type=Path), help="The output folder of the run.")
@click.option("--workers", type=int, help="Videos in flight at once.")
@click.option("--uploads", type=int, help="The most videos that upload at once.")
@click.option("--chunks", type=int, help="The most chunks on their way at once.")
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="NAME=NUMBER",
    help="One of the account's limits, such as video_minutes_per_hour=300, or =null for none; may be repeated.",
)
@click.option(
    "--pause/--resume",
    "paused",
    default=None,
    help="Begin nothing new, and collect what the platform is at work on; or go on.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one object of what holds.")
def tune(
    config: Path | None, out: Path | None, *, limits: tuple[str, ...], as_json: bool, **asked: int | bool | None
) -> int:
    """Change the run that is on in an output folder, or with no option show what holds there.

    It holds for that run; the next one begins from its configuration.
    """
    folder = load(config, {"output": {"dir": out} if out else {}}).output.dir
    wanted: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    if limits:
        wanted["limits"] = dict(map(_limit, limits))
    read_tuning(wanted)
    if not is_held(folder):
        raise ConfigError(f"no run is on in {folder}; what a run begins with is set in its configuration or by flags")
    holds = _taken_over(folder, wanted) if wanted else _shown(folder)
    say([orjson.dumps(holds).decode()] if as_json else _lines(holds))
    return Exit.DONE


def _limit(written: str) -> tuple[str, float | None]:
    name, _, number = written.partition("=")
    try:
        return name, None if number == "null" else float(number)
    except ValueError:
        raise ConfigError(f"--limit {written}: write NAME=NUMBER, or NAME=null") from None


def _taken_over(folder: Path, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Ask, together with what was asked of the same run before, and wait for the run to say so."""
    serial = secrets.token_hex(8)
    path = folder / control.CONTROL
    before = _asked_before(path)
    limits = {**before.get("limits", {}), **wanted.get("limits", {})}
    control.write(path, {**before, **wanted, "limits": limits, "serial": serial})
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and is_held(folder):
        holds = control.read(folder / control.RUNNING)
        if holds is not None and holds.get("taken") == serial:
            return holds
        time.sleep(LOOK_S)  # the command does nothing else meanwhile
    raise ConfigError(
        f"the run in {folder} has not taken it over in {PATIENCE_S:.0f} s: it has ended, or has not begun its "
        "work yet; look with `pipeline status`"
    )


def _asked_before(path: Path) -> dict[str, Any]:
    """What was asked of this run already; what somebody wrote there that cannot be obeyed is replaced."""
    try:
        values = control.read(path) or {}
        read_tuning(values)
    except ConfigError:
        return {}
    return values


def _shown(folder: Path) -> dict[str, Any]:
    holds = control.read(folder / control.RUNNING)
    if holds is None:
        raise ConfigError(f"the run in {folder} has not begun its work yet, or cannot be tuned; try again")
    return holds


def _lines(holds: Mapping[str, Any]) -> Iterator[str]:
    yield f"run      {holds['run_id']}{', paused: go on with --resume' if holds['paused'] else ''}"
    yield f"workers  {holds['workers']:,}, {holds['in_flight']:,} in flight"
    yield f"uploads  up to {holds['uploads']:,} videos, {holds['uploads_now']:,} now"
    yield f"chunks   up to {holds['chunks']:,}, {holds['chunks_now']:,} now"
    for name, rate in holds["limits"].items():
        if rate is not None:
            yield f"limit    {name} {rate:,g}"
    if holds["problem"] is not None:
        yield f"ignored  control.json: {holds['problem']}"
