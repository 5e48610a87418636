"""Budgets: when a request may leave. One per endpoint class, plus a door that one caller closes for all."""

from datetime import UTC, datetime, timedelta
from random import random

import anyio
import structlog
from aiolimiter import AsyncLimiter

from pipeline.client.clock import loop_time
from pipeline.client.retry import backoff_s
from pipeline.config import LimitSettings, RetrySettings

# Those who waited leave over a time that grows with their number, so that a door that opens makes no stampede.
SPREAD_EACH_S = 0.05
SPREAD_MAX_S = 5.0
# A pause that grows by less than this is the same pause, and not worth a second event.
SAME_PAUSE_S = 1.0
# A wait of any length is kept, but a date can only tell it up to the year 9999: beyond a century it tells a century.
CENTURY = timedelta(days=36_525)

log = structlog.get_logger()


class Gate:
    """A door that one caller closes for everyone until a moment."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._opens_at = 0.0
        self._waiting = 0

    @property
    def is_closed(self) -> bool:
        return self._opens_at > loop_time()

    def close(self, wait_s: float, *, why: str) -> None:
        """Keep everyone waiting for `wait_s` seconds from now; a shorter wait than the present one changes nothing."""
        now = loop_time()
        opens_at = now + wait_s
        gained_s = opens_at - max(self._opens_at, now)
        is_news = not self.is_closed or gained_s > SAME_PAUSE_S
        self._opens_at = max(self._opens_at, opens_at)
        if is_news:
            resume_at = datetime.now(UTC) + timedelta(seconds=min(wait_s, CENTURY.total_seconds()))
            log.warning(
                "requests.paused", of=self._name, why=why, wait_s=round(wait_s, 3), resume_at=resume_at.isoformat()
            )

    async def wait(self) -> None:
        """Return once the door is open."""
        if not self.is_closed:
            return
        self._waiting += 1
        try:
            while self.is_closed:
                await anyio.sleep(self._opens_at - loop_time())
                await anyio.sleep(random() * min(self._waiting * SPREAD_EACH_S, SPREAD_MAX_S))
        finally:
            self._waiting -= 1


class Budget:
    """The requests of one endpoint class: paced by a rate, paused for all by one refusal."""

    def __init__(self, name: str, per_minute: float | None, retry: RetrySettings) -> None:
        self._gate = Gate(name)
        self._retry = retry
        self._refusals = 0
        # One at a time at even intervals: a bucket of per_minute would let almost twice the rate through at first.
        self._limiter = AsyncLimiter(1, 60 / per_minute) if per_minute else None

    async def leave(self) -> None:
        """Wait until one more request may be sent."""
        await self._gate.wait()
        if self._limiter is None:
            return
        await self._limiter.acquire()
        while self._gate.is_closed:  # it closed while this caller stood in line
            await self._gate.wait()
            await self._limiter.acquire()

    def refused(self, wait_s: float | None) -> None:
        """The platform said 429: pause for as long as it asked, else longer with every refusal in a row."""
        if not self._gate.is_closed:
            self._refusals += 1
        if wait_s is None:
            wait_s = backoff_s(self._refusals + 1, base_s=self._retry.base_s, max_s=self._retry.max_s, dice=1)
        self._gate.close(max(wait_s, self._retry.base_s), why="too many requests")

    def accepted(self, used_up_for_s: float | None) -> None:
        """The platform took a request; with `used_up_for_s` it added that this was the last one for so many seconds."""
        self._refusals = 0
        if used_up_for_s:
            self._gate.close(used_up_for_s, why="the platform says that its limit is used up")


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


class Limits:
    """Every budget of one platform. Chunks, their reports and deletions have no documented rate."""

    def __init__(self, limits: LimitSettings, retry: RetrySettings) -> None:
        self.analyze = Budget("analyze", limits.analyze_per_minute, retry)
        self.upload = Budget("upload", limits.upload_per_minute, retry)
        self.read = Budget("read", limits.read_per_minute, retry)
        self.other = Budget("other", None, retry)
        self.chunks = Budget("chunks", None, retry)
