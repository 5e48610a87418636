"""All commands under one name, and what is said where one of them cannot do its work."""

import sys
import traceback
from importlib import import_module

import click
import orjson

from pipeline.cli.exits import Exit, code_of
from pipeline.cli.streams import say
from pipeline.errors import ManifestError, PipelineError

NAMES = ("ask", "cancel", "evidence", "plan", "retry", "revalidate", "run", "serve", "status", "tune")


class Commands(click.Group):
    """Imports a command, from the module of its name, when it is asked for: no command waits for what others need."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        return list(NAMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        if cmd_name not in NAMES:
            return None
        command = getattr(import_module(f"pipeline.cli.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="video-analysis-pipeline")
def pipeline() -> None:
    """Analyse whole video archives with the TwelveLabs platform; with no API key, on the embedded platform."""


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
