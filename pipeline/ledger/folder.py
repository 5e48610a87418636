"""The output folder and its kernel lock: one run at a time, and a crash leaves nothing stale behind."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import FolderLocked, LedgerError

PATIENCE_S = 0.5
TRY_AGAIN_S = 0.01


def is_held(folder: Path) -> bool:
    """Whether a run holds the folder now. To see that, the lock is taken for an instant, which `hold` sits out."""
    try:
        lock = os.open(folder / ".lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Create the folder if need be and hold it alone until the body ends.

    Raises:
        FolderLocked: another run holds it, and not for an instant only.
        LedgerError: it cannot be created or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise LedgerError(
            f"cannot write the output folder {folder}: {error.strerror}; check its permissions or choose another --out"
        ) from error
    try:
        try:
            _take(lock)
        except BlockingIOError as error:
            raise FolderLocked(
                f"another run holds {folder}; wait for it, or give this one an --out of its own"
            ) from error
        except OSError as error:
            raise LedgerError(
                f"cannot lock the output folder {folder}: {error.strerror}; choose an --out on a local disk"
            ) from error
        yield
    finally:
        os.close(lock)


def _take(lock: int) -> None:
    """Lock an open file alone; raises BlockingIOError where others have it for all of `PATIENCE_S`."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise
        time.sleep(TRY_AGAIN_S)  # half a second at most, before anything of the run is opened
