"""A bound on the memory of the process at hand, what it looks like when it is reached, and how it is not."""

import ctypes
import os
import resource
import sys
import threading
import time
from pathlib import Path

# The exit code of a process that took more than it may.
OVERRAN = 86
_LOOK_EVERY_S = 0.1
# More than one picture takes, which is never touched.
_LITTLE_BYTES = 64 * 1024 * 1024
# What native code says in exceptions of its own when an allocation has failed.
_SIGNS = ("bad_alloc", "bad allocation", "allocate memory", "failed to allocate")

# Of `mallopt` in the C library of GNU.
_MMAP_THRESHOLD, _LARGE_BYTES = -3, 4 * 1024 * 1024


def give_back() -> None:
    """Have memory that is freed in large pieces go back to the system at once, where the C library can.

    It would keep them by itself, and fit small ones that stay in between: with text read from an hour of video, 40 MiB
    in use lay scattered over 2 GiB.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)


def cap(most_bytes: int) -> None:
    """Let this process have no more memory than this, from now on.

    On Linux the kernel refuses more: an allocation fails, most often as a MemoryError. Data is what is bounded, not
    addresses: with all models loaded those are twice as many, and grow with the cores of the machine. Elsewhere the
    kernel does not, so that a thread looks, ten times a second, and ends the process with `OVERRAN`.
    """
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, most_bytes))
    else:
        threading.Thread(target=watch, args=(most_bytes,), daemon=True).start()


def watch(most_bytes: int) -> None:
    """End this process as soon as it has had more than this."""
    unit = 1 if sys.platform == "darwin" else 1024
    while resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit <= most_bytes:
        time.sleep(_LOOK_EVERY_S)
    os._exit(OVERRAN)


def data_of(pid: int) -> int:
    """How many bytes of what `cap` bounds a process has now; 0 where that cannot be told."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[5]
    except (OSError, IndexError):
        return 0
    return int(pages) * resource.getpagesize()


def is_short() -> bool:
    """Whether so little is left that an allocation may just have failed, whatever the code that needed it says."""
    try:
        bytearray(_LITTLE_BYTES)
    except MemoryError:
        return True
    return False


def is_out(error: BaseException) -> bool:
    """Whether an exception, or one that it was raised for, tells of memory that was not to be had."""
    if isinstance(error, MemoryError) or any(sign in str(error).lower() for sign in _SIGNS):
        return True
    cause = error.__cause__ if error.__suppress_context__ else error.__context__
    return cause is not None and is_out(cause)
