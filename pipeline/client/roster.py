"""Those who wait for news, gathered so that one request can ask for many of them."""

from collections.abc import Set as AbstractSet
from typing import Generic, TypeVar, cast

import anyio

from pipeline.client.clock import loop_time
from pipeline.client.wire import PAGE
from pipeline.errors import PipelineError

T = TypeVar("T")


class Seat(Generic[T]):
    """One who waits for news of one id.

    Attributes:
        due_at: when asking makes sense (loop time).
        since: when the waiting began, over all looks (loop time).
        is_direct: wants to ask for itself.
    """

    def __init__(self, id_: str, due_at: float, since: float, *, is_direct: bool) -> None:
        self.id = id_
        self.due_at = due_at
        self.since = since
        self.is_direct = is_direct
        self._news = anyio.Event()
        self._outcome: T | PipelineError | None = None

    def tell(self, outcome: T | PipelineError) -> None:
        """End the waiting, with news or with the error that prevents any."""
        self._outcome = outcome
        self._news.set()

    async def news(self) -> T:
        """Wait for it; raises the error that was told instead."""
        await self._news.wait()
        if isinstance(self._outcome, PipelineError):
            raise self._outcome
        return cast("T", self._outcome)


class Roster(Generic[T]):
    """Everyone who waits for one kind of news."""

    def __init__(self) -> None:
        self._seats: set[Seat[T]] = set()
        self._arrivals = 0
        self._somebody = anyio.Event()
        self._page_full = anyio.Event()

    async def wait(self, id_: str, wait_s: float, since: float, *, is_direct: bool = False) -> T:
        """What is told of `id_`, asked for `wait_s` seconds from now; raises the error that prevents any news."""
        seat = Seat[T](id_, loop_time() + wait_s, since, is_direct=is_direct)
        self._seats.add(seat)
        self._somebody.set()
        self._arrivals += 1
        if self._arrivals >= PAGE:
            self._page_full.set()
        try:
            return await seat.news()
        finally:
            self._seats.discard(seat)

    def since(self) -> dict[str, float]:
        """Everything that is waited for and not taken, and since when."""
        return {seat.id: seat.since for seat in self._seats}

    def take(self, ids: AbstractSet[str]) -> list[Seat[T]]:
        """The seats for these, due or not; whoever takes them has to tell them."""
        taken = [seat for seat in self._seats if seat.id in ids]
        self._seats.difference_update(taken)
        return taken

    async def due(self, tick_s: float) -> list[Seat[T]]:
        """Take the seats that are due, once there are any; whoever takes them has to tell them.

        They are gathered for `tick_s` seconds, or until a request's worth of newcomers has arrived.
        """
        while True:
            if not self._seats:
                self._somebody = anyio.Event()
                await self._somebody.wait()
            if self._arrivals < PAGE:
                self._page_full = anyio.Event()
                with anyio.move_on_after(tick_s):
                    await self._page_full.wait()
            self._arrivals = 0
            now = loop_time()
            if due := [seat for seat in self._seats if seat.due_at <= now]:
                self._seats.difference_update(due)
                return due
