"""All commands under one name, and what is said where one of them cannot do its work."""

import sys
import traceback

import click
import orjson

from pipeline.cli.ask import ask
from pipeline.cli.cancel import cancel
from pipeline.cli.evidence import evidence
from pipeline.cli.exits import Exit, code_of
from pipeline.cli.plan import plan
from pipeline.cli.retry import retry
from pipeline.cli.revalidate import revalidate
from pipeline.cli.run import run
from pipeline.cli.serve import serve
from pipeline.cli.status import status
from pipeline.cli.streams import say
from pipeline.cli.tune import tune
from pipeline.errors import ManifestError, PipelineError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="video-analysis-pipeline")
def pipeline() -> None:
    """Analyse whole video archives with the TwelveLabs platform; with no API key, on the embedded platform."""


for command in (run, plan, ask, status, tune, retry, cancel, revalidate, evidence, serve):
    pipeline.add_command(command)


def run_command() -> int:
    """Run the command that the arguments of this process name; its exit code.

    Raises:
        KeyboardInterrupt: a signal came before the command heeded signals by itself.
    """
    try:
        return int(pipeline.main(standalone_mode=False) or Exit.DONE)
    except PipelineError as error:
        return _explain(error)
    except click.ClickException as error:
        error.show()
        _print_object(Exit.USAGE, "usage", error.format_message())
        return Exit.USAGE
    except click.Abort:
        raise KeyboardInterrupt from None
    except Exception as error:  # noqa: BLE001 - the outermost frame: a bug must not exit as "some videos failed"
        traceback.print_exc()
        _print_object(Exit.FATAL, "bug", f"{type(error).__name__}: {error}")
        return Exit.FATAL


def _explain(error: PipelineError) -> Exit:
    code = code_of(error)
    word = "paused" if code is Exit.PAUSED else "error"
    for line in error.message.splitlines():
        click.echo(f"{word}: {line}", err=True)
    problems = error.problems if isinstance(error, ManifestError) else ()
    for problem in problems:
        click.echo(f"  {problem}", err=True)
    _print_object(code, error.code, error.message, problems)
    return code


def _print_object(code: Exit, cause: str, message: str, problems: tuple[str, ...] = ()) -> None:
    """Whoever asked for `--json` reads one object from stdout, however the command ends."""
    if "--json" in sys.argv[1:]:  # from the arguments themselves: they may be what cannot be parsed
        reason = {"code": cause, "message": message}
        say([orjson.dumps({"exit_code": int(code), "stopped_by": reason, "problems": problems}).decode()])
