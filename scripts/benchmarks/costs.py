"""What a piece of work costs the process that does it. Linux only: it reads /proc."""

import resource
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

ME = Path("/proc/self")


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used.

    Attributes:
        seconds: by the clock on the wall.
        cpu_s: user and system time of all threads.
        idle_bytes: resident memory just before.
        peak_bytes: the most resident memory meanwhile.
        written_bytes: handed to a file system, deleted files included.
    """

    seconds: float
    cpu_s: float
    idle_bytes: int
    peak_bytes: int
    written_bytes: int

    @property
    def grown_bytes(self) -> int:
        """The most resident memory above the idle process."""
        return self.peak_bytes - self.idle_bytes


class Gauge:
    """Measures its body; `usage` is there afterwards."""

    usage: Usage

    def __enter__(self) -> Self:
        (ME / "clear_refs").write_text("5")  # the high-water mark of memory starts anew
        self._idle = _status("VmRSS")
        self._written = _written()
        self._cpu = cpu_s()
        self._began = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds = time.perf_counter() - self._began
        used_cpu_s = cpu_s() - self._cpu
        self.usage = Usage(seconds, used_cpu_s, self._idle, _status("VmHWM"), _written() - self._written)


def cpu_s() -> float:
    """User and system seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _status(name: str) -> int:
    line = next(line for line in (ME / "status").read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


def _written() -> int:
    line = next(line for line in (ME / "io").read_text().splitlines() if line.startswith("write_bytes:"))
    return int(line.split()[1])
