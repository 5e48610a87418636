"""Rows on their way into a run: read and stat'ed in slices on a worker thread, in the order that was asked for, and
never held as a whole.
"""

import heapq
import itertools
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

import anyio.to_thread

from pipeline.config import RunSettings
from pipeline.media.identity import Stamp, bytes_of, look_at
from pipeline.models import Recipe, Video

Row = tuple[Video, Recipe]
Stamped = tuple[Video, Recipe, Stamp]
SLICE = 64  # rows read and stat'ed in one hop to a worker thread


async def stamped(rows: Iterable[Row]) -> AsyncIterator[list[Stamped]]:
    """Read and stat rows in slices on a worker thread, so that a slow disk never stalls what is in flight."""
    iterator = iter(rows)
    while batch := await anyio.to_thread.run_sync(_take, iterator):
        yield batch


def _take(rows: Iterator[Row]) -> list[Stamped]:
    return [(video, recipe, look_at(video)) for video, recipe in itertools.islice(rows, SLICE)]


class Sizes:
    """Which files are large among those that were seen: larger than their mean.

    Of a hundred short videos and a long one that is the long one; of files that are all alike it is none.
    """

    def __init__(self) -> None:
        self._count = 0
        self._total = 0

    def note(self, size_bytes: int) -> None:
        """One more was seen."""
        if size_bytes:
            self._count += 1
            self._total += size_bytes

    def is_large(self, size_bytes: int) -> bool:
        """Whether a file of this size is a large one."""
        return size_bytes * self._count > self._total


class Window(Protocol):
    """Rows that were read and not fed yet.

    The law: `take` gives every row that was added exactly once, and the earliest of those that are alike.
    """

    def add(self, row: Stamped) -> None:
        """One more was read."""
        ...

    def take(self) -> Stamped:
        """The next to feed."""
        ...

    def __len__(self) -> int: ...


class Smallest:
    """The smallest file of the window goes first."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Stamped]] = []
        self._numbers = itertools.count()

    def add(self, row: Stamped) -> None:
        heapq.heappush(self._heap, (bytes_of(row[2]), next(self._numbers), row))

    def take(self) -> Stamped:
        return heapq.heappop(self._heap)[2]

    def __len__(self) -> int:
        return len(self._heap)


class Mixed:
    """Large files and others by turns, each kind in the order of the manifest; so neither waits for the other to end.

    Large ones take long, so by and by they would hold every place in flight: while as many are as may be, others go
    first.
    """

    def __init__(self, is_large: Callable[[int], bool], may_take_large: Callable[[], bool]) -> None:
        self._is_large = is_large
        self._may_take_large = may_take_large
        self._large: deque[Stamped] = deque()
        self._others: deque[Stamped] = deque()
        self._was_large = False

    def add(self, row: Stamped) -> None:
        (self._large if self._is_large(bytes_of(row[2])) else self._others).append(row)

    def take(self) -> Stamped:
        wants_large = not self._was_large and self._may_take_large()
        self._was_large = bool(self._large) and (wants_large or not self._others)
        return (self._large if self._was_large else self._others).popleft()

    def __len__(self) -> int:
        return len(self._large) + len(self._others)


class Feed:
    """The rows of one run, in the order of its settings."""

    def __init__(self, settings: RunSettings, sizes: Sizes) -> None:
        """Open it.

        Args:
            settings: the order, and how far it looks ahead.
            sizes: told of every row's.
        """
        self._sizes = sizes
        self._ahead = settings.order_window
        self.bind(settings.workers)
        self._large_in_flight = 0
        self._window: Window | None = None
        if settings.order == "smallest":
            self._window = Smallest()
        elif settings.order == "mixed":
            self._window = Mixed(sizes.is_large, lambda: self._large_in_flight < self._most_large)

    def bind(self, workers: int) -> None:
        """So many rows may be in flight from now on."""
        self._most_large = workers - kept(workers)

    async def rows(self, rows: Iterable[Row]) -> AsyncIterator[Stamped]:
        """Every row with its stamp; of a manifest of any length no more is held than the window."""
        window = self._window
        async for batch in stamped(rows):
            if window is None:
                for row in batch:
                    yield row
                continue
            for row in batch:
                self._sizes.note(bytes_of(row[2]))
            for row in batch:
                window.add(row)
            while len(window) >= self._ahead:
                yield window.take()
        while window:
            yield window.take()

    @contextmanager
    def in_flight(self, stamp: Stamp) -> Iterator[None]:
        """A row of this stamp is under way for as long as the block lasts."""
        is_large = self._sizes.is_large(bytes_of(stamp))
        self._large_in_flight += is_large
        try:
            yield
        finally:
            self._large_in_flight -= is_large


def kept(places: int) -> int:
    """How many of several places are kept from one kind of file for the other: a quarter, where there are two."""
    return max(1, places // 4) if places > 1 else 0
