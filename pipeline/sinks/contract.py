"""What every sink keeps to."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from pipeline.errors import SinkError

Line = Mapping[str, Any]


class SinkAltered(SinkError):
    """The file is not the one that was accounted for: it was cut, edited or removed. `rewrite` makes it whole again."""

    code = "sink_altered"


class Sink(Protocol):
    """One output file: a projection of the ledger, appended to line by line.

    The law:
    - `open` comes first and repairs what a crash tore; a sink whose `open` raised SinkAltered takes a `rewrite` only.
    - A line that `append` returned for survives a power cut. Lines of one call stand together, in order.
    - A file holds whole lines only, whatever is cancelled or refused by the disk, and after a crash once it is opened.
      A call that raised left no line.
    - Lines that are appended at the same time may share one write; every caller gets the offset behind its own lines.
    - Every OSError becomes a SinkError that names the file and a remedy.
    """

    async def open(self, known_bytes: int) -> list[dict[str, Any]]:
        """Open or create the file, and return the whole lines beyond those accounted for.

        Args:
            known_bytes: up to where lines are accounted for: an offset that `append` or `rewrite` returned, or 0.

        Raises:
            SinkAltered: the file ends before `known_bytes`, or no line ends there.
            SinkError: the file cannot be opened, read or repaired.
        """
        ...

    async def append(self, lines: Sequence[Line]) -> int:
        """Add lines, durable on return; the offset behind the last of them.

        A cancellation before the call is honoured and leaves nothing; a later one waits until the lines are durable.

        Raises:
            SinkError: the disk would not take them; none of them is in the file.
        """
        ...

    async def rewrite(self, lines: Iterable[Line]) -> int:
        """Replace the whole file at once, durably; returns its size in bytes. The old file stays where this fails.

        Args:
            lines: drawn in the event loop's thread, some hundred at a time, and never held as a whole.

        Raises:
            SinkError: the disk would not take them.
        """
        ...

    async def close(self) -> None:
        """Let go of the file; safe to call twice."""
        ...
