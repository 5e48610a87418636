"""Who may draw on the account next: the queue before its windows, shared by everything that asks for analyses."""

import math
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import anyio
import structlog

from pipeline.client.books import Book, Memory
from pipeline.client.valve import Valve
from pipeline.client.windows import CRUMB, Unit, Wait, Window, Windows
from pipeline.errors import LimitReached, QuotaExhausted
from pipeline.models import NOT_YET, Draw, Drawn

# How many of those behind the first are looked at for one that fits where the first does not, leaving out those that
# take no less than one that does not fit either.
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
    refused: QuotaExhausted | None = None
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
        lifetime_minutes: float | None = None,
        valve: Valve | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open the account.

        Args:
            name: of the endpoint class, for messages.
            windows: its dimensions; none is no limit.
            max_wait_s: a longer wait pauses the run instead.
            book: where draws are remembered.
            lifetime_minutes: of video, in the life of the account; None is no end.
            valve: nobody is admitted while it is shut; None is never.
            clock: epoch seconds.
        """
        self._name = name
        self._lengths = _lengths(windows)
        self._max_wait_s = max_wait_s
        self._ends_at = math.inf
        self._book: Book = book or Memory()
        self._lifetime_minutes = math.inf if lifetime_minutes is None else lifetime_minutes
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
        return bool(self._lengths) or math.isfinite(self._lifetime_minutes)

    @property
    def keeps_books(self) -> bool:
        """Whether what becomes of a question is to be told: limits may have been taken off while it was under way."""
        return self.is_limited or bool(self._by_key)

    def end_by(self, moment_s: float) -> None:
        """The run ends at this moment (epoch seconds): a wait beyond it pauses the run at once."""
        self._ends_at = moment_s

    async def admit(self, draw: Draw, key: str = "") -> None:
        """Wait until there is room in every dimension, and take it.

        Args:
            draw: with an estimate of the answer's tokens.
            key: of what it is made for. With one, the draw counts from when `leaves` is told of its request, which may
                have to wait for its pace; until then its place is kept. `settle` or `release` ends it.

        Raises:
            LimitReached: that would take longer than a run should wait.
            QuotaExhausted: the account has not so many minutes left in its life.
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
            if waiting in self._queue:
                self._queue.remove(waiting)
            self._wake_first()

    @asynccontextmanager
    async def drawn(self, draw: Draw, key: str) -> AsyncIterator[None]:
        """`admit` what has no answer to wait for, for the time of its request.

        Raises:
            LimitReached: as `admit`.
        """
        await self.admit(draw, key)
        try:
            yield
        finally:
            self.release(key)

    async def _until_admitted(self, waiting: _Waiting) -> None:
        while not waiting.admitted:
            if (refusal := waiting.refused or self._closed) is not None:
                raise refusal
            if self._valve.is_shut:
                await self._valve.wait()
                continue  # somebody else may have let this one in
            waiting.news = anyio.Event()
            with anyio.move_on_after(self._let_in(waiting)):
                await waiting.news.wait()

    def leaves(self, keys: Collection[str]) -> None:
        """The request that these draws were made for leaves now, perhaps not for the first time."""
        known = [key for key in keys if key in self._by_key]
        if not known:
            return
        now = self._clock()
        for key in known:
            drawn = self._by_key[key]
            self._by_key[key] = replace(drawn, at=now)
            self._windows.change(drawn, self._by_key[key])
        self._book.left(known, now)
        self._wake_first()

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
        self._book.settle(key, tokens)
        drawn = self._by_key.pop(key, None)
        if drawn is None:  # an earlier run drew it
            return
        self._windows.change(drawn, replace(drawn, draw=replace(drawn.draw, tokens=tokens)))
        self._wake_first()

    def release(self, key: str) -> None:
        """Nothing more will be known of what was drawn for a key: it stays as it was estimated, if it left at all."""
        drawn = self._by_key.pop(key, None)
        if drawn is None:
            return
        if drawn.at == NOT_YET:
            self._windows.remove(drawn)
            self._book.forget(key)
        self._wake_first()

    def unbilled(self, key: str) -> None:
        """What was drawn for a key came to nothing, and is not billed: the account's life is no shorter for it."""
        drawn = self._by_key.get(key)
        if drawn is None or drawn.at != NOT_YET:
            self._book.unbilled(key)
        self.release(key)

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
                if self._refuses(self._queue[0]):
                    continue
                now = self._clock()
                wait = self._windows.wait(self._queue[0].draw, now)
                if wait.seconds > 0:
                    self._let_by(wait, now)
                    self._check(wait)
                    return wait.seconds + A_LITTLE_S if self._queue[0] is caller else math.inf
                self._take(self._queue[0], now)
        return math.inf

    def _let_by(self, wait: Wait, now: float) -> None:
        first = least = self._queue[0].draw
        looks = 0
        for waiting in self._queue[1:]:
            if _covers(waiting.draw, least):
                continue
            if (looks := looks + 1) > LOOK_BEHIND:
                return
            fits = self._windows.wait(waiting.draw, now).seconds <= 0 and waiting.draw.minutes <= self._left_minutes()
            if fits and not self._windows.delays(first, wait.seconds, waiting.draw, now):
                self._take(waiting, now)
            else:
                least = waiting.draw

    def _left_minutes(self) -> float:
        if math.isinf(self._lifetime_minutes):
            return math.inf
        return max(0.0, self._lifetime_minutes - self._book.lifetime_minutes()) + CRUMB

    def _refuses(self, waiting: _Waiting) -> bool:
        """Send away what would pass the end of the account's minutes; smaller ones may still fit."""
        wanted, left = waiting.draw.minutes, self._left_minutes()
        if wanted <= left:
            return False
        waiting.refused = QuotaExhausted(
            f"{left:,.1f} of the account's {self._lifetime_minutes:,g} lifetime minutes are left by this program's "
            f"count, and the next video takes {wanted:,.1f}; the platform counts whatever else uses the account, too. "
            "Add a payment method there and set limits.tier to tier1, or set limits.lifetime_minutes to what the "
            "account really has; then run the same command again",
            code="lifetime_minutes_reached",
        )
        self._queue.remove(waiting)
        waiting.news.set()
        return True

    def _take(self, waiting: _Waiting, now: float) -> None:
        drawn = Drawn(now, waiting.draw, waiting.key)
        self._book.add(drawn)  # as if it left at once: whoever is killed before it leaves has drawn this once too much
        if waiting.key:
            drawn = self._by_key[waiting.key] = replace(drawn, at=NOT_YET)
        self._windows.add(drawn)
        self._queue.remove(waiting)
        waiting.admitted = True
        waiting.news.set()

    def _check(self, wait: Wait) -> None:
        assert wait.window is not None
        window = wait.window
        told = f"{window.most:,g} {WORDS[window.unit]} in {window.length_s / 60:,.4g} min"
        resume_at = datetime.now(UTC) + timedelta(seconds=wait.seconds)
        left_s = self._ends_at - self._clock()
        if wait.seconds > min(self._max_wait_s, left_s) and not self._may_shrink():
            self._closed = LimitReached(
                f"{self._name}: the account's limit of {told} leaves no room for {wait.seconds / 60:,.0f} min"
                f"{', and run.until comes before' if wait.seconds > left_s else ''}; run the same command again then",
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
        latest = {drawn.key: drawn for drawn in others}
        for drawn in others:
            if drawn is latest[drawn.key] and (mine := self._by_key.get(drawn.key)) is not None:
                self._by_key[drawn.key] = mine
                self._windows.add(mine)
            else:
                self._windows.add(drawn)


def _covers(one: Draw, other: Draw) -> bool:
    """Whether the one takes no less than the other in any dimension."""
    return one.minutes >= other.minutes and one.tokens >= other.tokens and one.requests >= other.requests


def _lengths(windows: Sequence[Window]) -> list[tuple[Unit, float, float]]:
    return [(window.unit, window.most, window.length_s) for window in windows]
