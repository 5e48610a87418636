"""Fades by way of black: the picture grows dark step by step, or comes up again, or the one after the other."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from pipeline.server.engines.looks import Look

Series = npt.NDArray[np.float64]

# So dark, from 0 to 1, is a picture of which little more than what is written over it is left; and one of black alone.
_DARK, _BLACK = 0.13, 0.03
# A fade takes at least so many steps, none of them most of the way, and brings so much brightness back or away.
_FEWEST_STEPS, _LARGEST_STEP, _LEAST_CHANGE = 3, 0.5, 0.06
# From one picture to the next, noise moves the brightness by no more than this; a fade is over where it slows down.
_NOISE, _SLOW = 0.001, 0.3
_LONGEST_S = 3.0
# A longer time in black is a passage of its own: what leads into it and out of it are two fades.
_MOST_BLACK_S = 1.5


@dataclass(frozen=True, slots=True)
class Fade:
    """A gradual change from one shot to the next. `middle_s` is where the later picture begins to outweigh the other.

    A fade that only closes ends in black, one that only opens begins there; a passage through black does neither.
    """

    start_s: float
    end_s: float
    middle_s: float
    kind: Literal["dissolve", "fade"]
    confidence: float
    change: float = 0.0
    opens: bool = False
    closes: bool = False


@dataclass(slots=True)
class Blackness:
    """Remembers how bright every picture was: twenty-five megabytes for a day of 25 pictures a second."""

    _times: "array[float]" = field(default_factory=lambda: array("d"))
    _brightness: "array[float]" = field(default_factory=lambda: array("f"))

    def see(self, look: Look) -> None:
        """Take in one picture."""
        self._times.append(look.at_s)
        self._brightness.append(look.brightness)

    def fades(self) -> list[Fade]:
        """All fades, in order."""
        if not self._times:
            return []
        times, brightness = np.asarray(self._times), np.asarray(self._brightness, np.float64)
        dark = np.concatenate(([False], brightness < _DARK, [False]))
        runs = np.flatnonzero(dark[1:] != dark[:-1]).reshape(-1, 2)
        return [fade for run in runs for fade in _around(times, brightness, *_bottom(brightness, *map(int, run)))]


def _bottom(brightness: Series, first: int, end: int) -> tuple[int, int]:
    """The first and the last of the darkest pictures of a run."""
    lowest = np.flatnonzero(brightness[first:end] <= brightness[first:end].min() + 2 * _NOISE)
    return first + int(lowest[0]), first + int(lowest[-1])


def _around(times: Series, brightness: Series, first: int, last: int) -> Iterator[Fade]:
    """The fades into and out of the pictures from `first` to `last`, which are dark."""
    begun, done = _ramp(times, brightness, first, -1), _ramp(times, brightness, last, 1)
    if begun is not None and done is not None and times[last] - times[first] <= _MOST_BLACK_S:
        middle_s = float(times[first] + times[last]) / 2
        yield Fade(float(times[begun]), float(times[done]), middle_s, "fade", 1.0)
        return
    if brightness[first] > _BLACK:
        return  # half a fade says too little where it does not reach black
    if begun is not None:
        start_s, end_s = float(times[begun]), float(times[first])
        yield Fade(start_s, end_s, (start_s + end_s) / 2, "fade", 0.8, closes=True)
    if done is not None:
        start_s, end_s = float(times[last]), float(times[done])
        yield Fade(start_s, end_s, (start_s + end_s) / 2, "fade", 0.8, opens=True)


def _ramp(times: Series, brightness: Series, black: int, step: int) -> int | None:
    """Up to which picture it grows brighter and brighter on one side of black; None where it does so at once or not."""
    place = black
    while 0 <= place + step < len(times) and brightness[place + step] > brightness[place] + _NOISE:
        if abs(times[place + step] - times[black]) > _LONGEST_S:
            return None
        place += step
    span = slice(min(place, black), max(place, black) + 1)
    steps = np.abs(np.diff(brightness[span]))[::step]
    if len(steps) < _FEWEST_STEPS:
        return None
    paces = steps / np.diff(times[span])[::step]
    brisk = int(np.flatnonzero(paces >= _SLOW * np.median(paces))[-1]) + 1
    change = float(steps[:brisk].sum())
    if brisk < _FEWEST_STEPS or change < _LEAST_CHANGE or steps.max() > _LARGEST_STEP * change:
        return None
    return black + step * brisk
