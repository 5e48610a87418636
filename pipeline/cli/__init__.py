"""The command line: one file per command, the only place that prints, and the exit codes that scripts rely on.

| code | meaning |
|---|---|
| 0 | everything asked for is written |
| 1 | some videos failed |
| 2 | bad usage, configuration or manifest; nothing was touched |
| 3 | fatal: key, ledger, sink, or a bug (with its traceback) |
| 4 | paused with work left: run again to resume |
| 5 | another run holds the output folder |
"""

import gc
import signal
import sys

from pipeline.cli import streams
from pipeline.cli.exits import Exit

__all__ = ["Exit", "main"]


def main() -> None:
    """Run one command and exit with its code."""
    # collecting garbage took about 5 % of the imports' CPU, and 13 % of a run's with a thousand videos in flight
    gc.set_threshold(50_000, 20, 20)
    # until a run heeds signals by itself, a service manager's SIGTERM ends it as Ctrl-C does
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    streams.prepare()
    try:
        from pipeline.cli.commands import run_command  # imports take a moment, in which a signal may come

        code = run_command()
    except KeyboardInterrupt:
        sys.stderr.write("paused: stopped before anything was begun; run the same command again\n")
        code = Exit.PAUSED
    sys.exit(code)
