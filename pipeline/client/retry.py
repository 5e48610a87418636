"""The backoff schedule, pure, and the loop that obeys it. Nobody else catches TransientError."""

from collections.abc import Awaitable, Callable
from random import random
from typing import Protocol, TypeVar

import anyio
import structlog

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
    began = anyio.current_time()
    failures = 0
    while True:
        try:
            return await attempt()
        except TransientError as error:
            failures += not isinstance(error, RateLimited)
            _give_up(error, failures, began, doing, health, settings)
            if isinstance(error, RateLimited):  # the pause of its budget is the wait, and has been told as one
                continue
            wait_s = _wait_s(error, failures, settings)
            log.info("request.retried", doing=doing, code=error.code, failures=failures, wait_s=round(wait_s, 3))
            is_ambiguous = error.ambiguous
        await anyio.sleep(wait_s)
        if is_ambiguous and rescue is not None and (found := await rescue()) is not None:
            return found


def _wait_s(error: TransientError, failures: int, settings: RetrySettings) -> float:
    wait_s = backoff_s(failures, base_s=settings.base_s, max_s=settings.max_s, dice=random())
    return max(wait_s, error.retry_after_s or 0)


def _give_up(
    error: TransientError, failures: int, began: float, doing: str, health: Health, settings: RetrySettings
) -> None:
    """Raise where going on makes no sense."""
    now = anyio.current_time()
    if isinstance(error, RateLimited):
        if error.retry_after_s is None and now - began >= settings.outage_s:
            raise PlatformUnreachable(
                f"{doing}: {health.name} refused every request for {now - began:.0f} s and does not say when to come "
                "back; run again later",
                code=error.code,
            ) from error
        return
    if failures < settings.attempts:
        return
    last_answer = health.answered_at
    if not isinstance(error, ABSENCE) or (last_answer is not None and last_answer > began):
        raise RetriesExhausted(f"{doing}: gave up after {failures} attempts; last: {error.message}", code=error.code)
    if last_answer is None:
        raise PlatformUnreachable(
            f"{doing}: {health.name} has not answered once ({error.message}); check platform.base_url and the network"
        ) from error
    if now - last_answer >= settings.outage_s:
        raise PlatformUnreachable(
            f"{doing}: {health.name} has not answered anything for {now - last_answer:.0f} s ({error.message}); "
            "run again once it is back"
        ) from error
