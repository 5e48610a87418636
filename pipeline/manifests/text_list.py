"""A list of sources, one a line.

A blank line and one that begins with # are passed over (write ./#1.mp4 for such a name). A list that holds NULs, as
`find -print0` writes it, is separated by them and has no comments: every name can stand in it. Names may be any bytes.
"""

import os
from collections.abc import Iterator
from typing import BinaryIO

from pipeline.manifests.lines import TOO_LONG, bounded_lines, bounded_records
from pipeline.manifests.listed import Numbered

HEAD_BYTES = 64 * 1024  # a path has at most 4,096 bytes: a list that is separated by NULs has one in here


def read_rows(file: BinaryIO) -> Iterator[Numbered]:
    """Every source, with the number of its line or record."""
    begin = file.tell()
    separated = b"\0" in file.read(HEAD_BYTES)
    file.seek(begin)
    sources = bounded_records(file) if separated else map(_without_line_end, bounded_lines(file))
    for number, source in enumerate(sources, 1):
        if source is None:
            yield number, TOO_LONG
        elif source and (separated or (not source.startswith(b"#") and not source.isspace())):
            yield number, {"source": os.fsdecode(source)}


def _without_line_end(line: bytes | None) -> bytes | None:
    return line if line is None else line.removesuffix(b"\n").removesuffix(b"\r")
