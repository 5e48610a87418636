"""`pipeline cancel`: takes back what the platform is still at work on for an output folder."""

import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import anyio
import click
import orjson

from pipeline import log
from pipeline.app import cancel as take_back
from pipeline.cli.exits import Exit
from pipeline.cli.options import required_ledger, settings_from
from pipeline.cli.streams import say
from pipeline.cli.summary import retry_command
from pipeline.errors import Interrupted
from pipeline.steps.cancel import Cancellation, UnderWay

NAMED = 5


@click.command()
@click.option("-c", "--config", type=click.Path(path_type=Path), help="A YAML file of settings.")
@click.option("--out", type=click.Path(path_type=Path), help="The output folder.")
@click.option("--base-url", help="The platform's address, with its version path.")
@click.option("--platform", type=click.Choice(["local", "remote"]), help="local: the embedded platform.")
@click.option(
    "--source", "patterns", multiple=True, help="Only of sources like this, such as '*.mov'; may be repeated."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one summary object on stdout at the end.")
def cancel(config: Path | None, patterns: tuple[str, ...], *, yes: bool, as_json: bool, **given: Any) -> int:
    """Cancel the analyses that are queued or under way for an output folder, after saying which.

    What has an answer already is kept for the next run; `pipeline retry` asks again for what was canceled.
    """
    settings = settings_from(config, given)
    folder = settings.output.dir
    required_ledger(folder)
    log.configure(settings.log)
    asking = Asking(yes, as_json)
    try:
        found, done = anyio.run(take_back, settings, patterns, asking.agree)
    except KeyboardInterrupt:
        raise Interrupted("stopped while canceling; run the same command again for what is left") from None
    code = _code(found, done)
    if as_json:
        say([orjson.dumps(_facts(folder, found, done, code)).decode()])
    elif done is not None:
        say(_outcome(done, retry_command(folder, config, given)))
    return code


@dataclass(frozen=True, slots=True)
class Asking:
    """How leave is asked for: with `--yes` not at all, without a terminal in vain."""

    yes: bool
    as_json: bool

    def agree(self, found: UnderWay) -> bool:
        """Say what would be canceled; whether it may be."""
        for line in _lines(found):
            click.echo(line, err=self.as_json)
        if not found.is_any or self.yes:
            return found.is_any
        if sys.stdin is not None and sys.stdin.isatty():
            return click.confirm("cancel them?", err=True)
        click.echo("nothing was canceled: there is no terminal to ask on; say --yes", err=True)
        return False


def _code(found: UnderWay, done: Cancellation | None) -> Exit:
    if done is None and found.is_any:
        return Exit.USAGE  # nothing was touched
    return Exit.SOME_FAILED if found.in_batches or (done is not None and done.problems) else Exit.DONE


def _lines(found: UnderWay) -> Iterator[str]:
    unknown = f" and {found.of_unknown_length:,} of unknown length" if found.of_unknown_length else ""
    yield f"{len(found.jobs):,} analyses under way at {found.scope}, {found.minutes:,.1f} min of video{unknown}"
    for job in found.jobs[:NAMED]:
        yield f"  {job.source}"
    if len(found.jobs) > NAMED:
        yield f"  and {len(found.jobs) - NAMED:,} more"
    if found.batches:
        yield f"{sum(found.batches.values()):,} more in {len(found.batches):,} batch(es), each canceled as a whole"
    if found.in_batches:
        yield f"{found.in_batches:,} more belong to batches and are left alone"


def _outcome(done: Cancellation, retry: str) -> Iterator[str]:
    yield f"{done.canceled:,} canceled, {done.ended:,} had ended already: the next run collects them"
    if done.batches:
        yield f"{done.batches:,} batch(es) canceled: the next run collects what is done and asks again for the rest"
    if done.absent:
        yield f"{done.absent:,} had never arrived at the platform"
    for problem in done.problems:
        yield f"not canceled: {problem}"
    if done.canceled:
        yield f"ask again: {retry}"


def _facts(folder: Path, found: UnderWay, done: Cancellation | None, code: Exit) -> dict[str, Any]:
    return {
        "exit_code": int(code),
        "out": str(folder),
        "under_way": len(found.jobs),
        "video_minutes": round(found.minutes, 4),
        "of_unknown_length": found.of_unknown_length,
        "in_batches": found.in_batches,
        "in_canceled_batches": sum(found.batches.values()),
        **asdict(done or Cancellation()),
    }
