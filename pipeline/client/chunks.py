"""Which bytes are which chunk, and which URLs to ask for: plain arithmetic."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from pipeline.models import Chunk


def count(size_bytes: int, chunk_bytes: int) -> int:
    """How many chunks a file has."""
    return -(-size_bytes // chunk_bytes)


def plan(size_bytes: int, chunk_bytes: int, done: AbstractSet[int] = frozenset()) -> Iterator[Chunk]:
    """The chunks of a file in order, without those that are done; every byte of the file is in exactly one chunk.

    Args:
        size_bytes: of the file.
        chunk_bytes: of every chunk but the last, which may be shorter.
        done: indices (from 1) that need not travel any more.
    """
    for index in range(1, count(size_bytes, chunk_bytes) + 1):
        if index not in done:
            offset = (index - 1) * chunk_bytes
            yield Chunk(index, offset, min(chunk_bytes, size_bytes - offset))


def url_range(index: int, total: int, page: int, unneeded: AbstractSet[int]) -> tuple[int, int]:
    """First index and count of the URLs to ask for when the one of chunk `index` is needed.

    One request gives a contiguous range, so it ends with the last chunk within a page that needs a URL.

    Args:
        index: from 1, in need itself.
        total: chunks of the file.
        page: the most URLs that one request may ask for.
        unneeded: indices that are done or have a URL.
    """
    last = min(index + page - 1, total)
    while last > index and last in unneeded:
        last -= 1
    return index, last - index + 1
