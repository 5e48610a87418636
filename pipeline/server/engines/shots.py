"""Where one shot ends and the next begins: hard cuts. For dissolves and fades see `evidence.fades`."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from statistics import median

import numpy as np

from pipeline.server.engines.looks import Look

# Pictures on either side that say what is usual there: a cut stands out, fast motion does not.
_AROUND = 8
# A flash is over within so many pictures: what was there before is back, so neither of its ends is a cut.
_FLASH = 3
_TIMES_USUAL = 2.5
# Steps between pictures: mean difference from 0 to 255, and the share of the picture whose colour has another name.
_FAINTEST, _CLEAR, _CLEAR_COLOURS = 6.0, 12.0, 0.35


@dataclass(frozen=True, slots=True)
class _Step:
    look: Look
    difference: float
    colour_shift: float


def mark_cuts(looks: Iterable[Look], *, sparse: bool) -> Iterator[tuple[Look, float]]:
    """Each look with how surely a new shot begins there, from 0 (none does) to 1; with the first one none ever does.

    Holds a few pictures in memory. `sparse` says that they are seconds apart, so that neighbours tell nothing.
    """
    window: deque[_Step | None] = deque(maxlen=2 * _AROUND + 1)
    for step in chain(repeat(None, _AROUND), _steps(looks), repeat(None, _AROUND)):
        window.append(step)
        centre = window[_AROUND] if len(window) > 2 * _AROUND else None
        if centre is not None:
            is_cut = _stands_out(centre) if sparse else _is_cut(window, centre)
            yield centre.look, _sureness(centre) if is_cut else 0.0


def _steps(looks: Iterable[Look]) -> Iterator[_Step]:
    before: Look | None = None
    for look in looks:
        yield _Step(look, 0.0, 0.0) if before is None else _Step(look, _difference(before, look), _shift(before, look))
        before = look


def _difference(one: Look, other: Look) -> float:
    return float(np.abs(one.blocks - other.blocks).mean())


def _shift(one: Look, other: Look) -> float:
    return float(np.abs(one.colours - other.colours).sum() / (one.colours.sum() + other.colours.sum()))


def _sureness(step: _Step) -> float:
    """Twice what is asked for leaves no doubt."""
    return min(1.0, max(step.difference / _CLEAR, step.colour_shift / _CLEAR_COLOURS) / 2)


def _stands_out(step: _Step) -> bool:
    return step.difference > _CLEAR or (step.difference > _FAINTEST and step.colour_shift > _CLEAR_COLOURS)


def _is_cut(window: deque[_Step | None], centre: _Step) -> bool:
    if not _stands_out(centre):
        return False
    others = [step.difference for step in window if step is not None and step is not centre]
    if others and centre.difference < _TIMES_USUAL * median(others):
        return False
    before = [step.look for index in range(_AROUND - _FLASH, _AROUND) if (step := window[index]) is not None]
    after = [step.look for index in range(_AROUND, _AROUND + _FLASH) if (step := window[index]) is not None]
    return all(_difference(one, other) > centre.difference / 2 for one in before for other in after)
