"""How a stretch looks and how loud it is: its shots and its sounds, each for as long as it lasts."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

from pipeline.server.engines.evidence.levels import FLOOR_DBFS
from pipeline.server.engines.evidence.timeline import Shot, SoundPassage

# A colour that covers less is not told of a shot, nor of a stretch.
_LEAST_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Looks:
    """As of a shot, on average; `motion` is None where no shot is long enough to tell."""

    brightness: float
    contrast: float
    motion: float | None
    colours: tuple[tuple[str, float], ...]


def looks_of(shots: Sequence[Shot]) -> Looks | None:
    """None where there are no pictures."""
    length_s = sum(shot.end_s - shot.start_s for shot in shots)
    if length_s <= 0:
        return None
    weights = [(shot, (shot.end_s - shot.start_s) / length_s) for shot in shots]
    moving = [(shot.motion, weight) for shot, weight in weights if shot.motion is not None]
    told = sum(weight for _, weight in moving)
    return Looks(
        brightness=sum(shot.brightness * weight for shot, weight in weights),
        contrast=sum(shot.contrast * weight for shot, weight in weights),
        motion=sum(motion * weight for motion, weight in moving) / told if told else None,
        colours=_colours(weights),
    )


def _colours(weights: Sequence[tuple[Shot, float]]) -> tuple[tuple[str, float], ...]:
    shares: dict[str, float] = {}
    for shot, weight in weights:
        for name, share in shot.colours:
            shares[name] = shares.get(name, 0.0) + share * weight
    told = ((name, share) for name, share in shares.items() if share >= _LEAST_SHARE or len(weights) == 1)
    return tuple(sorted(told, key=lambda pair: (-pair[1], pair[0])))


def level_dbfs(sounds: Sequence[SoundPassage]) -> float | None:
    """The mean level in dB below full scale; None where nothing was heard at all."""
    length_s = sum(sound.end_s - sound.start_s for sound in sounds)
    if length_s <= 0:
        return None
    energy = sum((sound.end_s - sound.start_s) * 10 ** (sound.level_dbfs / 10) for sound in sounds) / length_s
    return max(FLOOR_DBFS, 10 * log10(energy)) if energy > 0 else FLOOR_DBFS
