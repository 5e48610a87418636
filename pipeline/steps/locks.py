"""A lock per name."""

from contextlib import AbstractAsyncContextManager

import anyio


class KeyedLocks:
    """A lock per name, gone when nobody holds or awaits it."""

    def __init__(self) -> None:
        self._locks: dict[str, anyio.Lock] = {}

    def hold(self, name: str) -> AbstractAsyncContextManager[None]:
        """Hold the lock of this name for the length of the body."""
        lock = self._locks.setdefault(name, anyio.Lock())
        return _Held(self._locks, name, lock)


class _Held(AbstractAsyncContextManager[None]):
    def __init__(self, locks: dict[str, anyio.Lock], name: str, lock: anyio.Lock) -> None:
        self._locks = locks
        self._name = name
        self._lock = lock

    async def __aenter__(self) -> None:
        await self._lock.acquire()

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()
        if not self._lock.locked():
            self._locks.pop(self._name, None)
