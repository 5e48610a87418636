"""Requests one at a time at even intervals, which may change while others wait."""

import anyio

from pipeline.client.clock import loop_time


class Pace:
    """So many a minute: a bucket of them would let almost twice as many through in the first one."""

    def __init__(self, per_minute: float | None) -> None:
        self._interval_s = _interval_s(per_minute)
        self._left_at: float | None = None
        self._line = anyio.Lock()
        self._news = anyio.Event()

    def change(self, per_minute: float | None) -> None:
        """Other intervals from now on, for those who wait as well."""
        self._interval_s = _interval_s(per_minute)
        self._news.set()

    async def wait(self) -> None:
        """Return when one more may leave."""
        if not self._interval_s:
            return
        async with self._line:  # in the order of asking
            while (wait_s := self._wait_s()) > 0:
                self._news = anyio.Event()
                with anyio.move_on_after(wait_s):
                    await self._news.wait()
            self._left_at = loop_time()

    def _wait_s(self) -> float:
        return 0.0 if self._left_at is None else self._left_at + self._interval_s - loop_time()


def _interval_s(per_minute: float | None) -> float:
    return 60 / per_minute if per_minute else 0.0
