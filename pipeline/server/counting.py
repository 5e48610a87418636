"""Windows that count: requests, minutes of video, tokens."""

import math
from collections import deque
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Room:
    """Whether an amount fits into a window now. `reset_s`: the time until it does, or until the window begins anew."""

    fits: bool
    used: float
    reset_s: float


class Window(Protocol):
    """Counts amounts.

    The law: whoever adds only what fits never has more than `limit` in a window; an amount larger than the limit fits
    where nothing else is in it, because it would never fit otherwise.
    """

    limit: float
    length_s: float

    def room(self, amount: float, now: float) -> Room:
        """Look, without adding."""
        ...

    def add(self, amount: float, now: float) -> None:
        """Count an amount, whether it fits or not."""
        ...


class FixedWindow:
    """Begins with what is counted first, ends `length_s` later, all at once."""

    def __init__(self, limit: float, length_s: float) -> None:
        self.limit = limit
        self.length_s = length_s
        self._began = -math.inf
        self._used = 0.0

    def room(self, amount: float, now: float) -> Room:
        if now - self._began >= self.length_s:
            return Room(_fits(amount, 0, self.limit), 0, self.length_s)
        return Room(_fits(amount, self._used, self.limit), self._used, self._began + self.length_s - now)

    def add(self, amount: float, now: float) -> None:
        if now - self._began >= self.length_s:
            self._began, self._used = now, 0
        self._used += amount


class RollingWindow:
    """Every amount counts for `length_s` from when it was added."""

    def __init__(self, limit: float, length_s: float) -> None:
        self.limit = limit
        self.length_s = length_s
        self._added: deque[tuple[float, float]] = deque()
        self._used = 0.0

    def room(self, amount: float, now: float) -> Room:
        self._forget(now)
        if _fits(amount, self._used, self.limit):
            oldest = self._added[0][0] if self._added else now
            return Room(fits=True, used=self._used, reset_s=oldest + self.length_s - now)
        used, frees_at = self._used, now + self.length_s
        for added_at, part in self._added:
            used, frees_at = used - part, added_at + self.length_s
            if _fits(amount, used, self.limit):
                break
        return Room(fits=False, used=self._used, reset_s=frees_at - now)

    def add(self, amount: float, now: float) -> None:
        self._forget(now)
        self._added.append((now, amount))
        self._used += amount

    def _forget(self, now: float) -> None:
        while self._added and now - self._added[0][0] >= self.length_s:
            self._used -= self._added.popleft()[1]
        if not self._added:
            self._used = 0.0  # what adding and taking fractions left over


def _fits(amount: float, used: float, limit: float) -> bool:
    return used + amount <= limit + 1e-9 or (0 < limit < amount and used <= 1e-9)
