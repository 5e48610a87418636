"""Lines of a file that somebody else wrote: of bounded length, whatever the file holds."""

from collections.abc import Iterator
from typing import BinaryIO

LINE_BYTES = 4 * 1024 * 1024
READ_BYTES = 64 * 1024
TOO_LONG = f"longer than {LINE_BYTES // 1024 // 1024} MiB; shorten it, or end the lines with line feeds"


def bounded_lines(file: BinaryIO) -> Iterator[bytes | None]:
    """Every line with its line feed; None for one that is longer than LINE_BYTES, which is not read as a whole."""
    while line := file.readline(LINE_BYTES):
        if len(line) < LINE_BYTES or line.endswith(b"\n"):
            yield line
        else:
            _skip_rest(file)
            yield None


def bounded_records(file: BinaryIO) -> Iterator[bytes | None]:
    """Every record of a NUL-separated file, without the NUL; None for one that is longer than LINE_BYTES."""
    rest = b""
    too_long = False
    while block := file.read(READ_BYTES):
        first, *others = block.split(b"\0")
        rest = b"" if too_long else rest + first
        too_long = too_long or len(rest) > LINE_BYTES
        if not others:
            continue
        yield None if too_long else rest
        *whole, rest = others
        too_long = False
        yield from whole
    if rest or too_long:
        yield None if too_long else rest


def _skip_rest(file: BinaryIO) -> None:
    while (more := file.readline(LINE_BYTES)) and not more.endswith(b"\n"):
        pass
