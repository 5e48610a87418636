"""Sudden sounds: what is much louder than the second before it, and over at once."""

from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.server.engines.evidence.levels import BIN_S, FLOOR_DBFS, Sound
from pipeline.server.engines.evidence.timeline import SoundEvent

# Measured against what is usual in the second before; below the floor nothing is usual.
_BEFORE = int(1.0 / BIN_S)
_LEAST_RISE_DB, _LEAST_LEVEL_DBFS, _USUAL_FLOOR_DBFS = 18.0, -40.0, -70.0
# It has to fall again by so much within so long.
_FALL_DB, _LONGEST = 10.0, int(0.7 / BIN_S)
# Syllables are sudden, too.
_MARGIN_S = 0.1


def sudden(sound: Sound, spoken: Sequence[tuple[float, float]]) -> tuple[SoundEvent, ...]:
    """The sudden sounds outside of the passages in which somebody speaks."""
    with np.errstate(divide="ignore"):
        levels = np.maximum(FLOOR_DBFS, 10 * np.log10(sound.energy))
    return tuple(
        event
        for event in _all(levels, sound.start_s)
        if not any(start_s - _MARGIN_S < event.start_s < end_s + _MARGIN_S for start_s, end_s in spoken)
    )


def _all(levels: np.ndarray, start_s: float) -> Iterator[SoundEvent]:
    place = 1
    while place < len(levels):
        before = levels[max(0, place - _BEFORE) : place]
        # what is usual is worked out where it matters: for each bin that took most of the time of a silent day
        is_loud = levels[place] >= _LEAST_LEVEL_DBFS and levels[place] > before.max() + _LEAST_RISE_DB / 2
        rise = float(levels[place] - max(_USUAL_FLOOR_DBFS, float(np.median(before)))) if is_loud else 0.0
        end = _end(levels, place) if rise >= _LEAST_RISE_DB else None
        if end is None:
            place += 1
            continue
        top = float(levels[place:end].max())
        yield SoundEvent(
            start_s=round(start_s + place * BIN_S, 2),
            end_s=round(start_s + end * BIN_S, 2),
            confidence=round(min(1.0, rise / (2 * _LEAST_RISE_DB)), 3),
            rise_db=round(rise, 1),
            level_dbfs=round(top, 1),
        )
        place = end


def _end(levels: np.ndarray, place: int) -> int | None:
    """Where it has fallen again; None where it goes on."""
    top = float(levels[place : place + 3].max())
    fallen = np.flatnonzero(levels[place : place + _LONGEST] < top - _FALL_DB)
    fallen = fallen[fallen > 0]
    return place + int(fallen[0]) if fallen.size else None
