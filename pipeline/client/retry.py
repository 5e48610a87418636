"""The backoff schedule, pure, and the loop that obeys it. Nobody else catches TransientError."""

from collections.abc import Awaitable, Callable
from random import random
from typing import Protocol, TypeVar

import anyio
import structlog

from pipeline.client.clock import loop_time
from pipeline.config import RetrySettings
from pipeline.errors import (
    ConnectionFailed,
    GatewayUnavailable,
    PlatformUnreachable,
    RateLimited,
    RetriesExhausted,
    TransientError,
)

T = TypeVar("T")
# 2^60 seconds is past every bound; larger powers only risk an overflow.
MAX_POWER = 60
# Signs that the platform is away for everybody; a 500 in contrast is an answer to one request.
ABSENCE = (ConnectionFailed, GatewayUnavailable)

log = structlog.get_logger()


class Health(Protocol):
    """What the loop has to know of the other side: its name, and when it last answered anyone (loop time)."""

    name: str
    answered_at: float | None


def backoff_s(failures: int, *, base_s: float, max_s: float, dice: float) -> float:
    """Seconds to wait after so many failures in a row: full jitter, that is anything below a ceiling that doubles.

    Args:
        failures: 1 after the first failure.
        base_s: the ceiling after the first failure.
        max_s: the highest ceiling.
        dice: a random number from 0 to 1.
    """
    return dice * min(max_s, base_s * 2.0 ** min(failures - 1, MAX_POWER))


async def persist(
    attempt: Callable[[], Awaitable[T]],
    *,
    doing: str,
    health: Health,
    settings: RetrySettings,
    rescue: Callable[[], Awaitable[T | None]] | None = None,
) -> T:
    """Attempt until it succeeds, fails for good, or the ceiling is reached.

    A refusal for rate is never counted: the budget that the attempt passes through does the waiting. While the other
    side answers nobody, an outage is waited for instead of failing one video after the other.

    Args:
        attempt: sends the request once.
        doing: for messages and logs, e.g. `creating the task`; free of secrets and presigned URLs.
        health: whether the other side answers others.
        settings: the ceilings.
        rescue: after a failure that may have been a success, looks for what was done before it is asked for again.

    Raises:
        RetriesExhausted: as often as allowed, while the platform answered others.
        PlatformUnreachable: nothing was answered for `outage_s` seconds, or nothing ever.
    """
    streak = _Streak(doing, health, settings)
    while True:
        try:
            return await attempt()
        except RateLimited as error:
            streak.refused(error)
            continue
        except TransientError as error:
            wait_s = streak.failed(error)
            is_ambiguous = error.ambiguous
        await anyio.sleep(wait_s)
        if is_ambiguous and rescue is not None and (found := await rescue()) is not None:
            return found


class _Streak:
    """The failures of one request in a row, and when they are enough."""

    def __init__(self, doing: str, health: Health, settings: RetrySettings) -> None:
        self._doing = doing
        self._health = health
        self._settings = settings
        self._began = loop_time()
        self._failed_at = self._began
        self._failures = 0
        self._counted = 0

    def refused(self, error: RateLimited) -> None:
        """Raise where the platform only refuses, and never says until when."""
        refused_s = loop_time() - self._began
        if error.retry_after_s is None and refused_s >= self._settings.outage_s:
            raise PlatformUnreachable(
                f"{self._doing}: {self._health.name} refused every request for {refused_s:.0f} s and does not say when "
                "to come back; run again later",
                code=error.code,
            ) from error

    def failed(self, error: TransientError) -> float:
        """Seconds to wait before the next attempt; raises where there should be none."""
        self._failures += 1
        if isinstance(error, ABSENCE) and not self._others_are_answered():
            self._check_outage(error)
        else:
            self._counted += 1
        if self._counted >= self._settings.attempts:
            raise RetriesExhausted(
                f"{self._doing}: gave up after {self._failures} attempts; last: {error.message}", code=error.code
            ) from error
        self._failed_at = loop_time()
        wait_s = backoff_s(self._failures, base_s=self._settings.base_s, max_s=self._settings.max_s, dice=random())
        wait_s = max(wait_s, error.retry_after_s or 0)
        log.info(
            "request.retried", doing=self._doing, code=error.code, failures=self._failures, wait_s=round(wait_s, 3)
        )
        return wait_s

    def _others_are_answered(self) -> bool:
        """Whether anyone has been answered since this request failed before."""
        return self._health.answered_at is not None and self._health.answered_at > self._failed_at

    def _check_outage(self, error: TransientError) -> None:
        """Raise where it has lasted too long; an address that never answered is not waited for like one that did."""
        if self._failures < self._settings.attempts:
            return
        answered_at = self._health.answered_at
        if answered_at is None:
            raise PlatformUnreachable(
                f"{self._doing}: {self._health.name} has not answered once ({error.message}); check platform.base_url "
                "and the network"
            ) from error
        silent_s = loop_time() - max(answered_at, self._began)
        if silent_s >= self._settings.outage_s:
            raise PlatformUnreachable(
                f"{self._doing}: {self._health.name} has not answered anything for {silent_s:.0f} s ({error.message}); "
                "run again once it is back"
            ) from error
