"""How loud a file is, twenty times a second."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

from pipeline.server.engines.decode import seek
from pipeline.server.engines.wording import SILENT_DBFS
from pipeline.server.inspect import DAMAGE, to_the_end

Levels = npt.NDArray[np.float64]

BIN_S = 0.05
FLOOR_DBFS = -90.0
_SHORTEST_SILENCE_S = 0.5


@dataclass(frozen=True, slots=True)
class Sound:
    """The mean square of all channels in bins of `BIN_S` seconds from `start_s` on; full scale is 1.

    The last bin may reach beyond `end_s`.
    """

    start_s: float
    end_s: float
    energy: Levels

    def level_dbfs(self, start_s: float, end_s: float) -> float:
        """RMS level of a passage in dB below full scale, never under `FLOOR_DBFS`."""
        # Only bins that lie wholly inside, where there are any: a neighbour's sound does not count.
        first = math.ceil((start_s - self.start_s) / BIN_S - 1e-3)
        last = max(first + 1, math.floor((end_s - self.start_s) / BIN_S + 1e-3))
        part = self.energy[first:last]
        return _dbfs(float(part.mean())) if part.size else FLOOR_DBFS

    def silences(self) -> tuple[tuple[float, float], ...]:
        """Passages of at least half a second under `SILENT_DBFS`, as (start, end) in seconds."""
        silent = np.concatenate(([False], self.energy < 10 ** (SILENT_DBFS / 10), [False]))
        edges = np.flatnonzero(silent[1:] != silent[:-1]).reshape(-1, 2)
        return tuple(
            (self.start_s + float(first) * BIN_S, self.start_s + float(last) * BIN_S)
            for first, last in edges
            if (last - first) * BIN_S >= _SHORTEST_SILENCE_S
        )


def heard(
    container: InputContainer, stream: AudioStream, start_s: float, end_s: float
) -> Iterator[tuple[float, AudioFrame]]:
    """The frames of sound in the window, each with its time; the first ones may begin a little before it."""
    seek(container, start_s)
    for frame in _frames(container, stream):
        if frame.time is None:
            continue
        if frame.time >= end_s:
            break
        yield frame.time, frame


class LevelMeter:
    """Gathers the levels of a window from frames that come one by one."""

    def __init__(self, start_s: float, end_s: float) -> None:
        bins = math.ceil((end_s - start_s) / BIN_S - 1e-6)
        self._start_s, self._end_s = start_s, end_s
        self._energy, self._samples = np.zeros(bins), np.zeros(bins)

    def add(self, at_s: float, frame: AudioFrame) -> None:
        """Take in a frame; what of it lies outside the window is left out."""
        _add(frame, at_s - self._start_s, self._energy, self._samples)

    def sound(self) -> Sound:
        """What was heard. Where nothing came, there is silence."""
        return Sound(self._start_s, self._end_s, self._energy / np.maximum(self._samples, 1))


def _frames(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    for packet in to_the_end(container.demux(stream)):
        try:
            yield from packet.decode()
        except DAMAGE:
            continue  # a damaged part: its bins stay empty


def _add(frame: AudioFrame, at_s: float, energy: Levels, samples: Levels) -> None:
    """Add the power of each sample of a frame that begins `at_s` seconds into the window to the bin it falls in."""
    power = _power(frame)
    bins = np.floor((at_s + np.arange(power.size) / frame.sample_rate) / BIN_S).astype(np.intp)
    inside = (bins >= 0) & (bins < energy.size) & np.isfinite(power)
    if not inside.all():
        bins, power = bins[inside], power[inside]
    if bins.size:
        span = slice(int(bins[0]), int(bins[-1]) + 1)
        energy[span] += np.bincount(bins - bins[0], power)
        samples[span] += np.bincount(bins - bins[0])


def _power(frame: AudioFrame) -> Levels:
    """The mean square over the channels, sample by sample; full scale is 1."""
    raw = frame.to_ndarray()
    values: Levels = raw.astype(np.float64)
    if raw.dtype == np.uint8:
        values = values / 128 - 1
    elif raw.dtype.kind == "i":
        values = values / 2 ** (8 * raw.itemsize - 1)
    if frame.format.is_packed:
        values = values.reshape(-1, len(frame.layout.channels)).T
    power: Levels = np.square(values).mean(axis=0)
    return power


def _dbfs(mean_square: float) -> float:
    return max(FLOOR_DBFS, 10 * math.log10(mean_square)) if mean_square > 0 else FLOOR_DBFS
