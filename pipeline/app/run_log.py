"""The log of a run, in its own folder."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

import structlog

from pipeline import log as logs
from pipeline.config import Settings
from pipeline.errors import LedgerError


@contextmanager
def run_log(settings: Settings, folder: Path) -> Iterator[TextIO]:
    """Let every event of the program go into a file, too, until the block ends.

    Raises:
        LedgerError: it cannot be written.
    """
    try:
        folder.mkdir(parents=True)
        file = (folder / "log.jsonl").open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        raise LedgerError(
            f"cannot write the run's log in {folder}: {error.strerror}; check the output folder"
        ) from error
    try:
        logs.configure(settings.log, file=file)
        structlog.contextvars.bind_contextvars(run_id=folder.name)
        yield file
    finally:
        logs.configure(settings.log)
        with suppress(OSError):  # on a full disk its last lines are lost; the ledger is what has to be whole
            file.close()
