"""Who may draw on the account next: the queue before its windows, shared by everything that asks for analyses."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice

import anyio
import structlog

from pipeline.client.books import Book, Memory
from pipeline.client.valve import Valve
from pipeline.client.windows import Unit, Wait, Window, Windows
from pipeline.errors import LimitReached
from pipeline.models import Draw, Drawn

# How many of those behind the first are looked at for one that fits where the first does not.
LOOK_BEHIND = 32
# Moments are compared as fractions: who wakes a little late is not told to wait for no time at all.
A_LITTLE_S = 0.001
WORDS: dict[Unit, str] = {"requests": "requests", "minutes": "minutes of video", "tokens": "output tokens"}
# What a pause of this many seconds or more is worth a line in the log.
WORTH_TELLING_S = 5.0

log = structlog.get_logger()


@dataclass(eq=False, slots=True)
class _Waiting:
    draw: Draw
    key: str
    admitted: bool = False
    news: anyio.Event = field(default_factory=anyio.Event)


class Account:
    """One endpoint class of one account, in every dimension that is longer than a moment.

    First come, first served, but who is behind may go first where that delays nobody: a long video that waits for
    minutes does not keep short ones waiting, nor do they ever keep it.
    """

    def __init__(
        self,
        name: str,
        windows: Sequence[Window],
        *,
        max_wait_s: float,
        book: Book | None = None,
        valve: Valve | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open the account.

        Args:
            name: of the endpoint class, for messages.
            windows: its dimensions; none is no limit.
            max_wait_s: a longer wait pauses the run instead.
            book: where draws are remembered.
            valve: nobody is admitted while it is shut; None is never.
            clock: epoch seconds.
        """
        self._name = name
        self._lengths = _lengths(windows)
        self._max_wait_s = max_wait_s
        self._book: Book = book or Memory()
        self._valve = valve or Valve()
        self._clock = clock
        self._windows = Windows(windows)
        self._queue: list[_Waiting] = []
        self._by_key: dict[str, Drawn] = {}
        self._closed: LimitReached | None = None
        self._told_of = datetime.min.replace(tzinfo=UTC)

    @property
    def is_limited(self) -> bool:
        """Whether anything is counted at all."""
        return bool(self._lengths)

    async def admit(self, draw: Draw, key: str = "") -> None:
        """Wait until there is room in every dimension, and take it.

        Args:
            draw: with an estimate of the answer's tokens.
            key: of the job that it is made for, by which `settle` finds it.

        Raises:
            LimitReached: that would take longer than a run should wait.
            PauseRun, FatalError: the run stopped while it was paused.
        """
        await self._valve.wait()
        if not self.is_limited:
            with self._book.turn():  # there may be a limit later
                self._book.add(Drawn(self._clock(), draw, key))
            return
        waiting = _Waiting(draw, key)
        self._queue.append(waiting)
        try:
            await self._until_admitted(waiting)
        finally:
            if not waiting.admitted:
                self._queue.remove(waiting)
            self._wake_first()

    async def _until_admitted(self, waiting: _Waiting) -> None:
        while not waiting.admitted:
            if self._closed is not None:
                raise self._closed
            if self._valve.is_shut:
                await self._valve.wait()
                continue  # somebody else may have let this one in
            waiting.news = anyio.Event()
            with anyio.move_on_after(self._let_in(waiting)):
                await waiting.news.wait()

    def change(self, windows: Sequence[Window]) -> None:
        """Other dimensions from now on; what was drawn in them, and for whom answers are awaited, stays known.

        Args:
            windows: in place of those before; none is no limit.
        """
        with self._book.turn():
            drawn = self._book.remembered()
        self._lengths = _lengths(windows)
        self._read_again(drawn)
        self._wake_first()

    def settle(self, key: str, tokens: float) -> None:
        """The answer of a job is there: its real tokens take the place of the estimate."""
        drawn = self._by_key.pop(key, None)
        if drawn is None:
            return
        self._windows.settle(drawn, tokens)
        self._book.settle(key, tokens)
        self._wake_first()

    def release(self, key: str) -> None:
        """Nothing more will be known of what was drawn for a job: it stays as it was estimated."""
        if self._by_key.pop(key, None) is not None:
            self._wake_first()

    def told(self, unit: Unit, remaining: float, reset_s: float) -> None:
        """The platform says how much is left: where that is less than is known here, others have drawn, too."""
        now = self._clock()
        unexplained = self._windows.unexplained(unit, remaining, reset_s, now)
        if unexplained is not None:
            log.info("limits.corrected", of=self._name, unit=unit, remaining=remaining, reset_s=round(reset_s, 1))
            with self._book.turn():
                self._book.add(unexplained)
            self._windows.add(unexplained)

    def _let_in(self, caller: _Waiting) -> float:
        """Admit whoever may go now; how long the caller should sleep: without end where somebody else is first."""
        with self._book.turn() as others:
            if others is not None:
                self._read_again(others)
            while self._queue:
                now = self._clock()
                wait = self._windows.wait(self._queue[0].draw, now)
                if wait.seconds > 0:
                    self._let_by(wait, now)
                    self._check(wait)
                    return wait.seconds + A_LITTLE_S if self._queue[0] is caller else math.inf
                self._take(self._queue[0], now)
        return math.inf

    def _let_by(self, wait: Wait, now: float) -> None:
        first = self._queue[0].draw
        for waiting in list(islice(self._queue, 1, LOOK_BEHIND)):
            if self._windows.wait(waiting.draw, now).seconds > 0:
                continue
            if not self._windows.delays(first, wait.seconds, waiting.draw, now):
                self._take(waiting, now)

    def _take(self, waiting: _Waiting, now: float) -> None:
        drawn = Drawn(now, waiting.draw, waiting.key)
        self._book.add(drawn)
        self._windows.add(drawn)
        if waiting.key:
            self._by_key[waiting.key] = drawn
        self._queue.remove(waiting)
        waiting.admitted = True
        waiting.news.set()

    def _check(self, wait: Wait) -> None:
        assert wait.window is not None
        window = wait.window
        told = f"{window.most:,g} {WORDS[window.unit]} in {window.length_s / 60:,.4g} min"
        resume_at = datetime.now(UTC) + timedelta(seconds=wait.seconds)
        if wait.seconds > self._max_wait_s and not self._may_shrink():
            self._closed = LimitReached(
                f"{self._name}: the account's limit of {told} leaves no room for {wait.seconds / 60:,.0f} min; "
                "run the same command again then",
                resume_at=resume_at,
            )
            for waiting in self._queue:
                waiting.news.set()
        elif wait.seconds >= WORTH_TELLING_S and (resume_at - self._told_of).total_seconds() >= WORTH_TELLING_S:
            self._told_of = resume_at
            log.info(
                "limits.waiting",
                of=self._name,
                why=told,
                wait_s=round(wait.seconds, 1),
                resume_at=resume_at.isoformat(timespec="seconds"),
            )

    def _may_shrink(self) -> bool:
        """Whether answers are awaited that may take less than was thought: each of them is a reason to look again."""
        return any(drawn.draw.tokens for drawn in self._by_key.values())

    def _wake_first(self) -> None:
        """Whoever is first looks again, and then when its own time comes."""
        if self._queue:
            self._queue[0].news.set()

    def _read_again(self, others: Sequence[Drawn]) -> None:
        self._windows = Windows(Window(unit, most, length_s) for unit, most, length_s in self._lengths)
        for drawn in others:
            self._windows.add(drawn)
            if drawn.key in self._by_key:
                self._by_key[drawn.key] = drawn


def _lengths(windows: Sequence[Window]) -> list[tuple[Unit, float, float]]:
    return [(window.unit, window.most, window.length_s) for window in windows]
