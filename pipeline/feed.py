"""Rows on their way into a run: read and stat'ed in slices on a worker thread, never held as a whole."""

import itertools
from collections.abc import AsyncIterator, Iterable, Iterator

import anyio.to_thread

from pipeline.errors import SourceUnreadable
from pipeline.media.identity import stamp_of
from pipeline.models import FileStamp, Recipe, Video

Row = tuple[Video, Recipe]
# What a look at a row's file said; of a row of images, at each of them; None of a URL.
Stamp = FileStamp | tuple[FileStamp | None, ...] | SourceUnreadable | None
Stamped = tuple[Video, Recipe, Stamp]
SLICE = 64  # rows read and stat'ed in one hop to a worker thread


async def stamped(rows: Iterable[Row]) -> AsyncIterator[Stamped]:
    """Read and stat rows in slices on a worker thread, so that a slow disk never stalls what is in flight."""
    iterator = iter(rows)
    while batch := await anyio.to_thread.run_sync(_take, iterator):
        for item in batch:
            yield item


def _take(rows: Iterator[Row]) -> list[Stamped]:
    return [(video, recipe, _stamp(video)) for video, recipe in itertools.islice(rows, SLICE)]


def _stamp(video: Video) -> Stamp:
    try:
        if video.images:
            return tuple(None if image.path is None else stamp_of(image.path) for image in video.images)
        return stamp_of(video.path) if video.path is not None else None
    except SourceUnreadable as error:
        return error
