"""What kind of sound is heard when: silence, speech, music, or something else."""

from collections.abc import Sequence
from itertools import groupby
from statistics import fmean

import numpy as np
import numpy.typing as npt

from pipeline.server.engines.evidence.levels import BIN_S, Sound
from pipeline.server.engines.evidence.texture import GRAIN_S
from pipeline.server.engines.evidence.timeline import SoundKind, SoundPassage
from pipeline.server.engines.evidence.voice import Spoken

# A shorter run between others is the end of a word or of a chord, not a sound of its own.
_SHORTEST = int(0.5 / BIN_S)
_MUSIC = 0.5

Run = tuple[SoundKind, int, int]


def classify(
    sound: Sound, spoken: Sequence[Spoken] | None, music: npt.NDArray[np.float64] | None
) -> tuple[SoundPassage, ...]:
    """The whole window, cut into passages of one kind. `spoken` and `music` are None where nothing tells them."""
    kinds: list[SoundKind] = ["sound"] * len(sound.energy)
    if spoken is not None and music is not None:
        grains = np.minimum((np.arange(len(kinds)) * BIN_S / GRAIN_S).astype(np.intp), len(music) - 1)
        kinds = ["music" if sure >= _MUSIC else "other" for sure in music[grains]]
    _lay(kinds, "silence", sound.silences(), sound.start_s)
    _lay(kinds, "speech", [(each.start_s, each.end_s) for each in spoken or ()], sound.start_s)
    runs = _settled(_runs(kinds))
    return tuple(_passage(sound, run, spoken or (), music) for run in runs)


def _lay(kinds: list[SoundKind], kind: SoundKind, parts: Sequence[tuple[float, float]], start_s: float) -> None:
    for first_s, last_s in parts:
        first, last = max(0, round((first_s - start_s) / BIN_S)), min(len(kinds), round((last_s - start_s) / BIN_S))
        kinds[first:last] = [kind] * (last - first)


def _runs(kinds: Sequence[SoundKind]) -> list[Run]:
    runs: list[Run] = []
    for kind, same in groupby(kinds):
        first = runs[-1][2] if runs else 0
        runs.append((kind, first, first + sum(1 for _ in same)))
    return runs


def _settled(runs: Sequence[Run]) -> list[Run]:
    """Short runs of what is neither speech nor silence go to the neighbour that fits; like neighbours are joined."""
    settled: list[Run] = []
    for place, (kind, first, last) in enumerate(runs):
        after = runs[place + 1][0] if place + 1 < len(runs) else None
        before = settled[-1] if settled else None
        is_fleeting = kind not in ("speech", "silence") and last - first < _SHORTEST
        sets_in = before is None or (before[0] == "silence" and after is not None)
        fitting = (after if after == "speech" or sets_in else before and before[0]) if is_fleeting else kind
        if before is not None and before[0] == fitting:
            settled[-1] = (before[0], before[1], last)
        else:
            settled.append((fitting or kind, first, last))
    return settled


def _passage(sound: Sound, run: Run, spoken: Sequence[Spoken], music: npt.NDArray[np.float64] | None) -> SoundPassage:
    kind, first, last = run
    start_s, end_s = sound.start_s + first * BIN_S, sound.start_s + last * BIN_S
    return SoundPassage(
        start_s=max(round(start_s, 2), sound.start_s),
        end_s=min(round(end_s, 2), sound.end_s),
        confidence=round(_confidence(kind, run, (start_s, end_s), spoken, music), 3),
        kind=kind,
        level_dbfs=round(sound.level_dbfs(start_s, end_s), 1),
    )


def _confidence(
    kind: SoundKind,
    run: Run,
    part: tuple[float, float],
    spoken: Sequence[Spoken],
    music: npt.NDArray[np.float64] | None,
) -> float:
    if kind == "speech":
        inside = [each.probability for each in spoken if each.start_s < part[1] and each.end_s > part[0]]
        return fmean(inside) if inside else 0.5
    if kind in ("silence", "sound") or music is None:
        return 1.0
    grains = music[int(run[1] * BIN_S / GRAIN_S) : int(run[2] * BIN_S / GRAIN_S) + 1]
    sureness = float(grains.mean()) if grains.size else 0.5
    return sureness if kind == "music" else 1 - sureness
