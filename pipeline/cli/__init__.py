"""The command line: one file per command, the only place that prints, and the exit codes that scripts rely on.

| code | meaning |
|---|---|
| 0 | everything asked for is written |
| 1 | some videos failed |
| 2 | bad usage, configuration or manifest; nothing was touched |
| 3 | fatal: key, ledger, sink |
| 4 | paused with work left: run again to resume |
| 5 | another run holds the output folder |
"""

import sys

import click

from pipeline.cli.exits import Exit, code_of
from pipeline.cli.retry import retry
from pipeline.cli.run import run
from pipeline.cli.serve import serve
from pipeline.cli.status import status
from pipeline.errors import ManifestError, PipelineError

__all__ = ["Exit", "main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="video-analysis-pipeline")
def pipeline() -> None:
    """Analyse whole video archives with the TwelveLabs platform; with no API key, on the embedded platform."""


for command in (run, status, retry, serve):
    pipeline.add_command(command)


def main() -> None:
    """Run one command and exit with its code."""
    try:
        sys.exit(pipeline.main(standalone_mode=False) or Exit.DONE)
    except PipelineError as error:
        _explain(error)
        sys.exit(code_of(error))
    except click.ClickException as error:
        error.show()
        sys.exit(Exit.USAGE)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(Exit.PAUSED)


def _explain(error: PipelineError) -> None:
    click.echo(f"error: {error.message}", err=True)
    if isinstance(error, ManifestError):
        for problem in error.problems:
            click.echo(f"  {problem}", err=True)
