"""Uploads on their way: how many videos and how many chunks at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import structlog

from pipeline.client.clock import loop_time
from pipeline.client.levels import Climb, Level, Move, Round
from pipeline.client.valve import Valve
from pipeline.config import UploadSettings

log = structlog.get_logger()

# So many videos take turns before there are two chunks on their way for each of them.
VIDEOS_FIRST = 4


class Flow:
    """One level for both: a chunk is what the link carries, and a video without one on its way would only hold a place.

    A small file is one chunk. So two chunks a video, and never more videos than chunks: short of chunks, those that
    are under way end sooner than if all of them shared.
    """

    def __init__(self, settings: UploadSettings, valve: Valve) -> None:
        self._climb = Climb(Level(settings.chunks_first, settings.chunks_least, settings.chunks))
        self._least_chunks = settings.chunks_least
        self._most_videos = settings.files
        self._valve = valve
        self._round = Round()
        self._bodies = anyio.CapacityLimiter(self.chunks)
        self._videos = anyio.CapacityLimiter(self.videos)

    @property
    def chunks(self) -> int:
        """How many chunks may be on their way now."""
        return self._climb.level.now

    @property
    def most_chunks(self) -> int:
        return self._climb.level.most

    @property
    def videos(self) -> int:
        """How many videos may upload now."""
        return min(self._most_videos, self.chunks, max(VIDEOS_FIRST, self.chunks // 2))

    @property
    def most_videos(self) -> int:
        return self._most_videos

    @asynccontextmanager
    async def video(self) -> AsyncIterator[None]:
        """Wait for a place among the videos that upload; it is held for as long as the block lasts.

        Raises:
            PauseRun, FatalError: the run stopped while uploads were paused.
        """
        async with self._place(self._videos):
            await self._valve.wait()
            yield

    @asynccontextmanager
    async def body(self) -> AsyncIterator[int]:
        """Wait for a place among the chunks on their way; the ticket to bring back with its trouble."""
        async with self._place(self._bodies):
            yield self._climb.level.ticket

    def moved(self, count: int) -> None:
        """Bytes of a body left."""
        self._round.moved(count)

    def ended(self) -> None:
        """A body is through, and its place still taken."""
        if (carried := self._round.ended_one(loop_time(), self.chunks)) is not None:
            self._heed(self._climb.ended(carried))

    def failed(self, ticket: int, why: str) -> None:
        """A body that left with this ticket met trouble that says: too much at once, or a link that is no more."""
        self._heed(self._climb.cut(ticket, why))

    def bind(self, videos: int, chunks: int) -> None:
        """Other bounds: at most so many videos and so many chunks."""
        self._most_videos = videos
        self._heed(self._climb.bind(min(self._least_chunks, chunks), chunks, "told to"))
        self._apply()

    @asynccontextmanager
    async def _place(self, places: anyio.CapacityLimiter) -> AsyncIterator[None]:
        await places.acquire()
        try:
            self._note()
            yield
        finally:
            places.release()
            self._note()

    def _note(self) -> None:
        shares = self._bodies.borrowed_tokens / self.chunks, self._videos.borrowed_tokens / self.videos
        self._round.note(loop_time(), max(shares))

    def _heed(self, move: Move | None) -> None:
        if move is not None:
            self._apply()
            tell("uploads", move, videos=self.videos)

    def _apply(self) -> None:
        self._round.begin(loop_time())
        self._bodies.total_tokens = self.chunks
        self._videos.total_tokens = self.videos


def tell(of: str, move: Move, **more: int) -> None:
    """One event for a move."""
    log.info("concurrency.changed", of=of, why=move.why, **{"from": move.before, "to": move.after}, **more)
