"""What an account may draw in a minute, an hour and a day: windows that roll, so that they fit in windows of any kind.

Pure: times come from outside, in epoch seconds, because what an earlier run has drawn counts as well.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from pipeline.models import Draw, Drawn

Unit = Literal["requests", "minutes", "tokens"]

# Fractions that are added and taken away again leave a little over.
CRUMB = 1e-9


def amount(draw: Draw, unit: Unit) -> float:
    """What a draw takes of one unit."""
    value: float = getattr(draw, unit)
    return value


@dataclass(slots=True)
class Window:
    """One dimension: never more than `most` of `unit` in any stretch of `length_s`.

    An amount larger than `most` is let through where the window is empty, because it would never fit otherwise. A draw
    whose request has not left yet stays inside until it has: when it will is not known.
    """

    unit: Unit
    most: float
    length_s: float
    _inside: deque[Drawn] = field(default_factory=deque)
    _used: float = 0.0

    def used(self, now: float) -> float:
        while self._inside and now - self._inside[0].at >= self.length_s:
            self._used -= amount(self._inside.popleft().draw, self.unit)
        if not self._inside:
            self._used = 0.0
        return self._used

    def add(self, drawn: Drawn) -> None:
        place = len(self._inside)
        while place and self._inside[place - 1].at > drawn.at:  # what others drew is told of late
            place -= 1
        self._inside.insert(place, drawn)
        self._used += amount(drawn.draw, self.unit)

    def remove(self, drawn: Drawn) -> bool:
        """Take a draw back; False where it is not inside any more."""
        for place in range(len(self._inside) - 1, -1, -1):
            if self._inside[place] is drawn:
                del self._inside[place]
                self._used -= amount(drawn.draw, self.unit)
                return True
        return False

    def change(self, drawn: Drawn, instead: Drawn) -> None:
        """A draw, which may be over already, takes another amount, or leaves at another time, than was thought."""
        if self.remove(drawn):
            self.add(instead)

    def wait_s(self, wanted: float, now: float, *, besides: float = 0) -> float:
        """Seconds until there is room for an amount.

        Args:
            wanted: of this window's unit.
            now: epoch seconds.
            besides: what is drawn right now, and stays for a whole length.
        """
        if wanted <= 0:
            return 0.0
        used = self.used(now) + besides
        if self._fits(wanted, used):
            return 0.0
        for drawn in self._inside:
            used -= amount(drawn.draw, self.unit)
            if self._fits(wanted, used):
                return min(drawn.at, now) + self.length_s - now
        return self.length_s

    def _fits(self, wanted: float, used: float) -> bool:
        return used + wanted <= self.most + CRUMB or (wanted > self.most > 0 and used <= CRUMB)


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a draw has to wait, and for which window; no time and None where it may go at once."""

    seconds: float
    window: Window | None


AT_ONCE = Wait(0.0, None)


class Windows:
    """All dimensions of one endpoint class together: a draw goes where every one of them has room."""

    def __init__(self, windows: Iterable[Window]) -> None:
        self.windows: Sequence[Window] = tuple(windows)

    def wait(self, wanted: Draw, now: float) -> Wait:
        """How long this draw has to wait."""
        waits = (Wait(window.wait_s(amount(wanted, window.unit), now), window) for window in self.windows)
        return max((wait for wait in waits if wait.seconds > 0), key=lambda wait: wait.seconds, default=AT_ONCE)

    def delays(self, first: Draw, wait_s: float, other: Draw, now: float) -> bool:
        """Whether `first`, which has to wait for `wait_s`, would wait longer if `other` were drawn now."""
        return any(
            window.wait_s(amount(first, window.unit), now, besides=amount(other, window.unit)) > wait_s
            for window in self.windows
            if window.length_s > wait_s  # of a shorter one it is gone by then
        )

    def add(self, drawn: Drawn) -> None:
        for window in self.windows:
            window.add(drawn)

    def change(self, drawn: Drawn, instead: Drawn) -> None:
        """More is known of a draw: when it left, or what its answer took."""
        for window in self.windows:
            window.change(drawn, instead)

    def remove(self, drawn: Drawn) -> None:
        """A draw was none: its request never left."""
        for window in self.windows:
            window.remove(drawn)

    def unexplained(self, unit: Unit, remaining: float, reset_s: float, now: float) -> Drawn | None:
        """What others have drawn, where the platform says that less is left than is known here.

        The platform does not say which window it speaks of. Where one of those in which that moment lies has as little
        left, nothing has to be explained; else it is taken for the one that needs the least of it, and the draw for one
        that leaves it when the platform says that there is room again.

        Args:
            unit: what the platform counts.
            remaining: how much of it is left, in whole units.
            reset_s: seconds until the window begins anew.
            now: epoch seconds.
        """
        candidates = [window for window in self.windows if window.unit == unit and window.length_s >= reset_s]
        surplus = {window.length_s: window.most - window.used(now) - remaining for window in candidates}
        if not surplus or min(surplus.values()) <= 1:
            return None
        length_s = min(surplus, key=lambda length_s: surplus[length_s])
        nothing = Draw(requests=0)
        return Drawn(now + reset_s - length_s, replace(nothing, **{unit: surplus[length_s]}))
