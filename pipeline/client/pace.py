"""Requests one at a time at even intervals, which may change while others wait."""

import anyio
from aiolimiter import AsyncLimiter


class Pace:
    """So many a minute, one at a time: a bucket of them would let almost twice as many through in the first one."""

    def __init__(self, per_minute: float | None) -> None:
        self._limiter = _limiter(per_minute)
        self._line = anyio.Lock()
        self._waiting: anyio.CancelScope | None = None

    def change(self, per_minute: float | None) -> None:
        """Other intervals from now on, for those who wait as well."""
        self._limiter = _limiter(per_minute)
        if self._waiting is not None:
            self._waiting.cancel()

    async def wait(self) -> None:
        """Return when one more may leave."""
        async with self._line:  # in the order of asking
            while (limiter := self._limiter) is not None:
                with anyio.CancelScope() as self._waiting:
                    await limiter.acquire()
                    return


def _limiter(per_minute: float | None) -> AsyncLimiter | None:
    return AsyncLimiter(1, 60 / per_minute) if per_minute else None
