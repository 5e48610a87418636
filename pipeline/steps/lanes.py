"""Places for uploads, some of them kept from one kind of file for the other."""

from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may enter, as a pure decision.

    A large file never takes the places that are kept, because it would hold them for long. Others do, as they are soon
    gone, but not while a large one waits for a place that is kept for its kind.

    Attributes:
        places: in all.
        kept: of these, for large files, and as many for all others.
    """

    places: int
    kept: int = 0

    def admits(self, *, large: bool, large_inside: int, others_inside: int, large_waiting: bool) -> bool:
        """Whether one more of its kind may enter."""
        if large_inside + others_inside >= self.places:
            return False
        if large:
            return large_inside < self.places - self.kept
        return not (large_waiting and large_inside < self.kept)


@dataclass(eq=False, slots=True)
class _Waiting:
    number: int
    large: bool
    entered: bool = False
    news: anyio.Event = field(default_factory=anyio.Event)


class Lanes:
    """First come, first served, as far as the rule admits."""

    def __init__(self, rule: Rule, is_large: Callable[[int], bool] = lambda _: False) -> None:
        self._rule = rule
        self._is_large = is_large
        self._inside = {True: 0, False: 0}  # by whether it is a large one
        self._queues: dict[bool, deque[_Waiting]] = {True: deque(), False: deque()}
        self._arrivals = 0

    def bind(self, places: int) -> None:
        """Another number of places; whoever is inside stays."""
        kept = min(self._rule.kept, places // 2)
        self._rule = Rule(places, kept)
        self._let_in()

    @asynccontextmanager
    async def hold(self, size_bytes: int) -> AsyncIterator[None]:
        """Wait for a place for a file of this size, and hold it for the length of the block."""
        self._arrivals += 1
        waiting = _Waiting(self._arrivals, self._is_large(size_bytes))
        self._queues[waiting.large].append(waiting)
        try:
            self._let_in()
            await waiting.news.wait()
            yield
        finally:
            if waiting.entered:
                self._inside[waiting.large] -= 1
            else:
                self._queues[waiting.large].remove(waiting)
            self._let_in()

    def _let_in(self) -> None:
        while heads := [queue[0] for queue in self._queues.values() if queue and self._may_enter(queue[0])]:
            first = min(heads, key=lambda waiting: waiting.number)
            self._queues[first.large].popleft()
            self._inside[first.large] += 1
            first.entered = True
            first.news.set()

    def _may_enter(self, waiting: _Waiting) -> bool:
        return self._rule.admits(
            large=waiting.large,
            large_inside=self._inside[True],
            others_inside=self._inside[False],
            large_waiting=bool(self._queues[True]),
        )
