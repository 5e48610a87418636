"""Budgets: when a request may leave. One per endpoint class, plus a door that one caller closes for all."""

import math
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import random
from types import MappingProxyType
from typing import Literal

import anyio
import structlog

from pipeline.client.account import Account
from pipeline.client.books import Book, Memory
from pipeline.client.clock import loop_time
from pipeline.client.flow import tell
from pipeline.client.levels import Level, Move, Steps
from pipeline.client.pace import Pace
from pipeline.client.refusals import Left
from pipeline.client.retry import backoff_s
from pipeline.client.valve import Valve
from pipeline.client.windows import Unit, Window
from pipeline.config import LimitSettings, RateName, RetrySettings
from pipeline.errors import LimitReached

ClassName = Literal["analyze", "upload"]
Books = Mapping[ClassName, Book]
NO_BOOKS: Books = MappingProxyType({})

# Those who waited leave over a time that grows with their number, so that a door that opens makes no stampede.
SPREAD_EACH_S = 0.05
SPREAD_MAX_S = 5.0
# How many submissions are on their way at first: one where limits are known, for they may be wrong; some where nothing
# says that there are any.
FIRST_LIMITED = 1
FIRST_UNLIMITED = 8
# A pause that grows by less than this is the same pause, and not worth a second event.
SAME_PAUSE_S = 1.0
# A wait of any length is kept, but a date can only tell it up to the year 9999: beyond a century it tells a century.
CENTURY = timedelta(days=36_525)

log = structlog.get_logger()


class Gate:
    """A door that one caller closes for everyone until a moment."""

    def __init__(self, name: str, max_wait_s: float = math.inf) -> None:
        self._name = name
        self._max_wait_s = max_wait_s
        self._ends_at = math.inf
        self._opens_at = 0.0
        self._waiting = 0

    @property
    def is_closed(self) -> bool:
        return self._opens_at > loop_time()

    def end_by(self, moment_s: float) -> None:
        """The run ends at this moment (epoch seconds): nobody begins a wait beyond it."""
        self._ends_at = moment_s

    def close(self, wait_s: float, *, why: str) -> None:
        """Keep everyone waiting for `wait_s` seconds from now; a shorter wait than the present one changes nothing."""
        now = loop_time()
        opens_at = now + wait_s
        gained_s = opens_at - max(self._opens_at, now)
        is_news = not self.is_closed or gained_s > SAME_PAUSE_S
        self._opens_at = max(self._opens_at, opens_at)
        if is_news:
            resume_at = _from_now(wait_s).isoformat()
            log.warning("requests.paused", of=self._name, why=why, wait_s=round(wait_s, 3), resume_at=resume_at)

    async def wait(self) -> None:
        """Return once the door is open.

        Raises:
            LimitReached: it stays closed for longer than a run should wait.
        """
        if not self.is_closed:
            return
        if (wait_s := self._opens_at - loop_time()) > min(self._max_wait_s, self._ends_at - time.time()):
            raise LimitReached(
                f"{self._name}: the platform takes no more requests for {wait_s / 60:,.0f} min; run the same command "
                "again then",
                resume_at=_from_now(wait_s),
            )
        self._waiting += 1
        try:
            while self.is_closed:
                await anyio.sleep(self._opens_at - loop_time())
                await anyio.sleep(random() * min(self._waiting * SPREAD_EACH_S, SPREAD_MAX_S))
        finally:
            self._waiting -= 1


def _from_now(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=min(seconds, CENTURY.total_seconds()))


@dataclass(frozen=True, slots=True)
class Departure:
    """One request that has left, by which its answer is booked."""

    budget: "Budget"
    ticket: int

    def refused(self, wait_s: float | None) -> None:
        """The platform said 429, and perhaps for how long."""
        self.budget.refused(wait_s, self.ticket)

    def accepted(self, left: Iterable[Left] = ()) -> None:
        """The platform took it, and told what is left."""
        self.budget.accepted(left)


class Budget:
    """The requests of one endpoint class: paced by a rate, paused for all by one refusal."""

    def __init__(
        self,
        name: str,
        per_minute: float | None,
        retry: RetrySettings,
        *,
        max_wait_s: float = math.inf,
        account: Account | None = None,
        level: Level | None = None,
        valve: Valve | None = None,
    ) -> None:
        """Open a budget.

        Args:
            name: of the endpoint class.
            per_minute: requests, at even intervals; None is no pace.
            retry: how a pause grows where the platform names no time.
            max_wait_s: a longer pause ends the run for now.
            account: the longer dimensions.
            level: how many requests may be on their way; None is any number.
            valve: shut while the run is paused; None is never.
        """
        self.account = account or Account(name, (), max_wait_s=max_wait_s)
        self.pace = Pace(per_minute)
        self.level = level
        self._gate = Gate(name, max_wait_s)
        self._valve = valve or Valve()
        self._retry = retry
        self._refusals = 0
        self._steps = None if level is None else Steps(level)
        self._under_way = anyio.CapacityLimiter(math.inf if level is None else level.now)

    @asynccontextmanager
    async def passage(self) -> AsyncIterator[Departure]:
        """Wait until one more request may be sent; it is on its way for as long as the block lasts.

        Few are on their way at once where limits are known or met, so that a limit that is stricter than was thought
        refuses one request and not all that had left with it.
        """
        async with self._under_way:
            yield await self.leave()

    async def leave(self) -> Departure:
        """Wait for the pace and for the end of every pause.

        Raises:
            LimitReached: a pause lasts longer than a run should wait.
            PauseRun, FatalError: the run stopped while it was paused.
        """
        while True:
            await self._valve.wait()
            await self._gate.wait()
            await self.pace.wait()
            if not (self._gate.is_closed or self._valve.is_shut):  # it closed while this caller stood in line
                return Departure(self, 0 if self.level is None else self.level.ticket)

    def end_by(self, moment_s: float) -> None:
        """The run ends at this moment (epoch seconds)."""
        self._gate.end_by(moment_s)
        self.account.end_by(moment_s)

    def refused(self, wait_s: float | None, ticket: int) -> None:
        """The platform said 429: pause for as long as it asked, else longer with every refusal in a row."""
        if not self._gate.is_closed:
            self._refusals += 1
        if self._steps is not None:
            self._heed(self._steps.refused(ticket, "too many requests"))
        if wait_s is None:
            wait_s = backoff_s(self._refusals + 1, base_s=self._retry.base_s, max_s=self._retry.max_s, dice=1)
        self._gate.close(max(wait_s, self._retry.base_s), why="too many requests")

    def accepted(self, left: Iterable[Left] = ()) -> None:
        """The platform took a request, and told what is left; nothing left closes the door until there is."""
        self._refusals = 0
        if self._steps is not None:
            self._heed(self._steps.taken(is_wanted=self._under_way.statistics().tasks_waiting > 0))
        for dimension in left:
            self.account.told(dimension.unit, dimension.remaining, dimension.reset_s)
            if dimension.unit == "requests" and dimension.remaining <= 0 and dimension.reset_s > 0:
                self._gate.close(dimension.reset_s, why="the platform says that its limit is used up")

    def _heed(self, move: Move | None) -> None:
        if move is not None:
            self._under_way.total_tokens = move.after
            tell("submissions", move)


class Line:
    """Whether the other side answers at all, so that an outage is told from one request that goes wrong."""

    def __init__(self, name: str, retry: RetrySettings) -> None:
        self.name = name
        self.gate = Gate(name)
        self.answered_at: float | None = None
        self._retry = retry
        self._dead_calls = 0

    def answered(self) -> None:
        self.answered_at = loop_time()
        self._dead_calls = 0

    def dead(self, why: str) -> None:
        """Nobody picked up: nobody else needs to try for a moment."""
        if self.gate.is_closed:
            return
        self._dead_calls += 1
        self.gate.close(
            backoff_s(self._dead_calls, base_s=self._retry.base_s, max_s=self._retry.max_s, dice=1), why=why
        )


def windows_of(limits: LimitSettings, name: ClassName) -> list[Window]:
    """The dimensions of an endpoint class."""
    minute_s, hour_s, day_s = (length_s + limits.slack_s for length_s in (limits.minute_s, limits.hour_s, limits.day_s))
    dimensions: dict[ClassName, list[tuple[Unit, RateName, float]]] = {
        "analyze": [
            ("requests", "analyze_per_minute", minute_s),
            ("requests", "analyze_per_day", day_s),
            ("minutes", "video_minutes_per_hour", hour_s),
            ("minutes", "video_minutes_per_day", day_s),
            ("tokens", "output_tokens_per_minute", minute_s),
            ("tokens", "output_tokens_per_day", day_s),
        ],
        "upload": [("requests", "upload_per_minute", minute_s), ("requests", "upload_per_day", day_s)],
    }
    rates = ((unit, limits.rate(rate), length_s) for unit, rate, length_s in dimensions[name])
    return [Window(unit, most, length_s) for unit, most, length_s in rates if most is not None]


class Limits:
    """Every budget of one platform. Chunks, their reports and deletions have no documented rate.

    Attributes:
        now: the limits that hold.
        valve: what is new waits while it is shut: analyses, uploads, and each chunk of those under way.
    """

    def __init__(self, limits: LimitSettings, retry: RetrySettings, books: Books = NO_BOOKS) -> None:
        self.now = limits
        self.valve = Valve()

        def budget(name: ClassName, level: Level | None = None) -> Budget:
            account = Account(
                name,
                windows_of(limits, name),
                max_wait_s=limits.max_wait_s,
                book=books.get(name) or Memory(limits.minute_s, limits.day_s),
                lifetime_minutes=limits.effective_lifetime_minutes if name == "analyze" else None,
                valve=self.valve,
            )
            return Budget(
                name,
                _pace_of(limits, name),
                retry,
                max_wait_s=limits.max_wait_s,
                account=account,
                level=level,
                valve=self.valve,
            )

        first = FIRST_LIMITED if windows_of(limits, "analyze") else FIRST_UNLIMITED
        self.submissions = Level(first, limits.submissions_least, limits.submissions)
        self.analyze = budget("analyze", self.submissions)
        self.upload = budget("upload")  # they are long and many at once: how many is for the flow to find
        self.read = Budget("read", limits.read_per_minute, retry, max_wait_s=limits.max_wait_s)
        self.other = Budget("other", None, retry)
        self.chunks = Budget("chunks", None, retry, valve=self.valve)

    def end_by(self, moment: datetime) -> None:
        """The run ends at this moment: a wait beyond it pauses the run at once."""
        for budget in (self.analyze, self.upload, self.read, self.other, self.chunks):
            budget.end_by(moment.timestamp())

    def change(self, limits: LimitSettings) -> None:
        """Other rates from now on; what was drawn stays drawn."""
        self.now = limits
        budgets: dict[ClassName, Budget] = {"analyze": self.analyze, "upload": self.upload}
        for name, budget in budgets.items():
            budget.account.change(windows_of(limits, name))
            budget.pace.change(_pace_of(limits, name))
        self.read.pace.change(limits.read_per_minute)


def _pace_of(limits: LimitSettings, name: ClassName) -> float | None:
    """Requests in a real minute; None is no pace."""
    rate = limits.rate("analyze_per_minute" if name == "analyze" else "upload_per_minute")
    return None if rate is None else rate * 60 / limits.minute_s
