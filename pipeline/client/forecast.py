"""How long an account's limits make a whole run take: greedy, over all windows at once. Pure."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipeline.client.windows import Window, amount
from pipeline.models import Draw, Drawn

# Shares of the whole that are smaller than this are none.
CRUMB = 1e-9
# What was drawn within a minute is taken for one draw, at its end.
BIN_S = 60.0
# A year of minutes, several times over; beyond it the rest is told from the binding window's rate alone.
MOST_STEPS = 200_000


@dataclass(frozen=True, slots=True)
class Forecast:
    """When the last draw can be made.

    Attributes:
        seconds: from now.
        binding: the window that alone would make it take longest; None where none makes anything wait.
    """

    seconds: float
    binding: Window | None


NO_WAIT = Forecast(0.0, None)


def forecast(
    windows: Sequence[Window], total: Draw, drawn: Sequence[Drawn] = (), now: float = 0.0, *, even_s: float = 0.0
) -> Forecast:
    """What the windows make of a total that is drawn in small parts, each as soon as every window has room for it.

    Args:
        windows: of one endpoint class; only their measures count.
        total: of the run.
        drawn: what was drawn before.
        now: epoch seconds.
        even_s: in windows of at most this length, requests leave at even intervals.
    """
    wanted = [window for window in windows if amount(total, window.unit) > 0]
    alone = [
        (max(_last_s([window], total, drawn, now), _paced_s(window, total, even_s)), window.length_s, number)
        for number, window in enumerate(wanted)
    ]
    longest_s, _, number = max(alone, default=(0.0, 0.0, 0))
    if longest_s <= 0:
        return NO_WAIT
    return Forecast(max(longest_s, _last_s(wanted, total, drawn, now)), wanted[number])


def _paced_s(window: Window, total: Draw, even_s: float) -> float:
    if window.unit != "requests" or window.length_s > even_s:
        return 0.0
    return max(0.0, total.requests - 1) / window.most * window.length_s


@dataclass(slots=True)
class _Lane:
    """One window, filled as time goes by; times are seconds from now."""

    most: float
    length_s: float
    total: float
    used: float = 0.0
    leaving: deque[tuple[float, float]] = field(default_factory=deque)

    def take(self, at: float, quantity: float) -> None:
        self.leaving.append((at + self.length_s, quantity))
        self.used += quantity

    def room(self, at: float) -> float:
        """The share of the whole that fits now."""
        while self.leaving and self.leaving[0][0] <= at:
            self.used -= self.leaving.popleft()[1]
        if not self.leaving:
            self.used = 0.0
        return (self.most - self.used) / self.total


def _last_s(windows: Sequence[Window], total: Draw, drawn: Sequence[Drawn], now: float) -> float:
    lanes = [_lane(window, total, drawn, now) for window in windows]
    left, at = 1.0, 0.0
    for _ in range(MOST_STEPS):
        rooms = [lane.room(at) for lane in lanes]
        if (share := min(left, *rooms)) > CRUMB:
            for lane in lanes:
                lane.take(at, share * lane.total)
            left -= share
        if left <= CRUMB:
            return at
        full = [lane.leaving[0][0] for lane in lanes if lane.leaving and lane.room(at) <= CRUMB]
        if not full:  # what fits at once is less than a crumb
            break
        at = max(full)
    return at + left * max(lane.total / lane.most * lane.length_s for lane in lanes)


def _lane(window: Window, total: Draw, drawn: Sequence[Drawn], now: float) -> _Lane:
    lane = _Lane(window.most, window.length_s, amount(total, window.unit))
    before = [(min(one.at, now), amount(one.draw, window.unit)) for one in drawn]  # what has not left yet does now
    for at, quantity in _binned(before, min(BIN_S, window.length_s / 60)):
        if at + window.length_s > now:
            lane.take(at - now, quantity)
    return lane


def _binned(drawn: Iterable[tuple[float, float]], bin_s: float) -> Iterable[tuple[float, float]]:
    """The moments of draws, and how much in each of them, the earliest first."""
    bins: dict[int, tuple[float, float]] = {}
    for at, quantity in drawn:
        number = int(at // bin_s)
        latest, so_far = bins.get(number, (at, 0.0))
        bins[number] = (max(latest, at), so_far + quantity)
    return [bins[number] for number in sorted(bins)]
