"""Where one shot passes gradually into the next by a dissolve.

A picture in the middle of a dissolve is a mixture of the pictures at its ends, in the proportion of the time gone by.
Nothing else that happens in films is: what moves is at a place of its own in between, a cut has no between, and what
changes all the time does not begin and end. Fades by way of black are simpler: see `blackness`.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pipeline.server.engines.evidence.blackness import Blackness, Fade
from pipeline.server.engines.looks import Look
from pipeline.server.engines.views import is_new_view

Raster = npt.NDArray[np.float32]

# Pictures are compared this far apart, as rasters so coarse that what moves a little stays where it is.
_STEP_S = 0.079
_ROWS, _COLUMNS = 6, 8
_LENGTHS_S = (0.32, 0.45, 0.6, 0.8, 1.0, 1.25, 1.5, 1.8, 2.2)
# Before and after a transition it has to be calm for so long.
_CALM_S = 0.33
_HELD_S = _LENGTHS_S[-1] + 2 * _CALM_S + 0.5
# Mean difference of the ends, from 0 to 255; how far proportions may be off; what may be there that is no mixture.
_LEAST_CHANGE, _MOST_SKEW, _MOST_ALIEN = 7.0, 0.12, 0.3
# How fast it may change before or after, and both added, measured against how fast it changes in between.
_MOST_PACE, _MOST_PACES = 1.3, 1.5
_BLACK = 14.0


@dataclass(slots=True)
class FadeFinder:
    """Looks on while a window is watched; holds a few seconds of looks."""

    _held: deque[tuple[float, Raster]] = field(default_factory=deque)
    _looks: deque[Look] = field(default_factory=deque)
    _best: list[Fade] = field(default_factory=list)
    _blackness: Blackness = field(default_factory=Blackness)

    def watch(self, looks: Iterable[Look]) -> Iterator[Look]:
        """Hand every look on, having looked at it."""
        for look in looks:
            self._blackness.see(look)
            if not self._held or look.at_s - self._held[-1][0] >= _STEP_S:
                self._looks.append(look)
                self._see(look.at_s, _raster(look))
            yield look

    def found(self) -> tuple[Fade, ...]:
        """All fades and dissolves of what was watched, in order."""
        fades = self._blackness.fades()
        mixed = [each for each in self._best if not any(_overlap(each, fade) for fade in fades)]
        return tuple(sorted([*fades, *mixed], key=lambda each: each.start_s))

    def _see(self, at_s: float, raster: Raster) -> None:
        self._held.append((at_s, raster))
        while at_s - self._held[0][0] > _HELD_S:
            self._held.popleft()
            self._looks.popleft()
        times = np.array([time for time, _ in self._held])
        rasters = np.stack([each for _, each in self._held])
        for fade in _ending_before(times, rasters):
            self._keep(fade)

    def _keep(self, fade: Fade) -> None:
        """Of candidates that overlap, the one with the greatest and purest change is kept."""
        rivals = [each for each in self._best[-4:] if each.end_s > fade.start_s + _STEP_S]
        if any(_worth(rival) >= _worth(fade) for rival in rivals) or not self._leads_elsewhere(fade):
            return
        for rival in rivals:
            self._best.remove(rival)
        self._best.append(fade)

    def _leads_elsewhere(self, fade: Fade) -> bool:
        """What moves or is lit otherwise may pass for a mixture, but the same view is left."""
        one, other = (next(look for look in self._looks if look.at_s == at_s) for at_s in (fade.start_s, fade.end_s))
        return is_new_view(one, other)


def _overlap(one: Fade, other: Fade) -> bool:
    return one.start_s < other.end_s and other.start_s < one.end_s


def _worth(fade: Fade) -> float:
    return fade.change * (0.5 + fade.confidence)


def _raster(look: Look) -> Raster:
    rows, columns, parts = look.blocks.shape
    squares = look.blocks.reshape(_ROWS, rows // _ROWS, _COLUMNS, columns // _COLUMNS, parts)
    return np.asarray(squares.mean((1, 3)).ravel(), np.float32)


def _ending_before(times: npt.NDArray[np.float64], rasters: Raster) -> Iterator[Fade]:
    """Candidates that ended as long ago as it has to have been calm since."""
    last = int(np.searchsorted(times, times[-1] - _CALM_S, side="right")) - 1
    firsts = np.searchsorted(times, times[last] - np.array(_LENGTHS_S))
    # Mostly nothing changes, which is seen of all lengths at once.
    changes = np.abs(rasters[firsts] - rasters[last]).mean(1) >= _LEAST_CHANGE
    for length_s, first, changed in zip(_LENGTHS_S, firsts.tolist(), changes.tolist(), strict=True):
        if first == 0 and times[last] - times[first] < length_s - _STEP_S:
            return
        if changed and last - first >= 3 and (fade := _mixture(times, rasters, first, last)):
            yield fade


def _mixture(times: npt.NDArray[np.float64], rasters: Raster, first: int, last: int) -> Fade | None:
    """What lies between two pictures as a transition, if it is one."""
    one, other = rasters[first], rasters[last]
    way = other - one
    change = float(np.abs(way).mean())
    if change < _LEAST_CHANGE or min(one.max(), other.max()) < _BLACK:
        return None
    gone = rasters[first : last + 1] - one
    length = float(way @ way)
    shares = gone @ way / length
    due = (times[first : last + 1] - times[first]) / (times[last] - times[first])
    skew = float(np.abs(shares - due).max())
    if skew > _MOST_SKEW:
        return None
    alien = float(np.sqrt(((gone - shares[:, None] * way) ** 2).sum(1) / length)[1:-1].mean())
    if alien > _MOST_ALIEN:
        return None
    pace = 1 / (times[last] - times[first])
    before = int(np.searchsorted(times, times[first] - _CALM_S))
    if before == first:
        return None  # nobody saw what was there before
    paces = [
        _pace(times, rasters, *span) / float(np.linalg.norm(way)) / pace
        for span in ((before, first), (last, len(times) - 1))
    ]
    if max(paces) > _MOST_PACE or sum(paces) > _MOST_PACES:
        return None
    return Fade(
        start_s=float(times[first]),
        end_s=float(times[last]),
        middle_s=float((times[first] + times[last]) / 2),
        kind="dissolve",
        confidence=round(1 - skew / _MOST_SKEW / 4 - alien / _MOST_ALIEN / 4, 3),
        change=change,
    )


def _pace(times: npt.NDArray[np.float64], rasters: Raster, first: int, last: int) -> float:
    """How much changes in a second from one picture to the other."""
    return float(np.linalg.norm(rasters[last] - rasters[first]) / (times[last] - times[first]))
