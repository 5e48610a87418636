"""stdout and stderr whose readers may leave: the exit code has to tell the truth all the same."""

import contextlib
import os
import sys
from collections.abc import Iterable
from io import TextIOWrapper

from pipeline.errors import FatalError


class Unheard(TextIOWrapper):
    """Text that stops nothing where it cannot be written: its reader is gone, the terminal hung up, the disk full."""

    def write(self, text: str, /) -> int:
        """Write what can be written."""
        with contextlib.suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Hand on what can be handed on."""
        with contextlib.suppress(OSError):
            super().flush()


def prepare() -> None:
    """Let this process say names that the terminal's encoding cannot, and lose the reader of stderr without harm."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    if isinstance(sys.stderr, TextIOWrapper):
        # logs, progress and tracebacks alike go here; a failing flush at the very end would make the exit code 120
        sys.stderr = Unheard(
            sys.stderr.buffer, encoding=sys.stderr.encoding, errors="backslashreplace", line_buffering=True
        )


def show(text: str) -> bool:
    """Print to stdout at once, without ending the line; False where nobody can have it any more, and never an error:
    what is shown may be the only sight of something that is paid for.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


def say(lines: Iterable[str]) -> None:
    """Print to stdout; whoever was to read it may be gone (`| head`).

    Raises:
        FatalError: it cannot be written, as on a full disk.
    """
    try:
        for line in lines:
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise FatalError(f"what is to be printed cannot be written: {error.strerror}") from error
