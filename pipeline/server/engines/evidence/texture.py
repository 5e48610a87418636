"""Whether what sounds is music: several tones at once or one after the other, each held for a while."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pipeline.server.engines.evidence.pcm import RATE, Block, Pcm

# Spectra of 128 milliseconds, 32 apart, told about in grains of half a second.
_WINDOW, _HOP = 2048, 512
GRAIN_S = 0.5
# Tones between the strings of a guitar and the highest keys of a piano.
_LOWEST_HZ, _HIGHEST_HZ = 100.0, 4000.0
# A tone stands out so far from what is around it, is not so much softer than the loudest, and lasts so many spectra.
_AROUND, _STANDS_OUT_DB, _SOFTEST_DB, _LASTS = 12, 9.0, 30.0, 4
# Music has so much of its power in tones, of so many names (C, C sharp, ...), within a few grains.
_TONAL, _NAMES, _NEAR = 0.35, 4, 2

Spectrum = npt.NDArray[np.float64]

_HZ = np.fft.rfftfreq(_WINDOW, 1 / RATE)
_FIRST, _LAST = int(np.searchsorted(_HZ, _LOWEST_HZ)), int(np.searchsorted(_HZ, _HIGHEST_HZ))
_NAME = np.round(12 * np.log2(_HZ[_FIRST:_LAST] / 440)).astype(np.int64) % 12
_TAPER = np.hanning(_WINDOW)


@dataclass(slots=True)
class Texture:
    """Blocks of a window go in; what each grain of it is like can be asked for at the end."""

    start_s: float
    end_s: float
    _rest: Block | None = None
    _held: list[npt.NDArray[np.bool_]] = field(default_factory=list)
    _tonal: Spectrum = field(init=False)
    _count: Spectrum = field(init=False)
    _names: npt.NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        grains = int((self.end_s - self.start_s) / GRAIN_S) + 1
        self._tonal, self._count = np.zeros(grains), np.zeros(grains)
        self._names = np.zeros((grains, 12), np.bool_)

    def push(self, block: Block) -> None:
        """Take in a block."""
        at_s, samples = block.at_s, block.samples
        if self._rest is not None and abs(self._rest.at_s + self._rest.samples.size / RATE - at_s) < _HOP / RATE:
            at_s, samples = self._rest.at_s, np.concatenate((self._rest.samples, samples))
        else:
            self._held.clear()
        first = 0
        while first + _WINDOW <= samples.size:
            self._take(at_s + (first + _WINDOW / 2) / RATE, samples[first : first + _WINDOW])
            first += _HOP
        self._rest = Block(at_s + first / RATE, samples[first:])

    def music(self) -> Spectrum:
        """How sure it is, from 0 to 1, that each grain is music; 0.5 is where it begins to be."""
        tonal = _smoothed(self._tonal) / np.maximum(_smoothed(self._count), 1)
        names = np.zeros(len(tonal), np.int64)
        for name in range(12):
            names += _smoothed(self._names[:, name].astype(np.float64)) > 0
        sureness = np.minimum(1.0, tonal / _TONAL / 2)
        return np.where(names >= _NAMES, sureness, np.minimum(sureness, 0.4))

    def _take(self, at_s: float, samples: Pcm) -> None:
        grain = int((at_s - self.start_s) / GRAIN_S)
        if not 0 <= grain < len(self._count):
            return
        power = np.abs(np.fft.rfft(samples * _TAPER))[_FIRST - _AROUND : _LAST + _AROUND] ** 2 + 1e-3
        peaks = _peaks(power)
        lasting = peaks.copy()
        for earlier in self._held:
            lasting &= earlier
        lasting &= len(self._held) == _LASTS - 1
        self._held = [*self._held[-(_LASTS - 2) :], _widened(peaks)]
        inside = power[_AROUND:-_AROUND]
        self._count[grain] += 1
        self._tonal[grain] += float(inside[_widened(lasting)].sum() / inside.sum())
        self._names[grain, _NAME[lasting]] = True


def _peaks(power: Spectrum) -> npt.NDArray[np.bool_]:
    """Which points of the spectrum are tops that stand out, without the `_AROUND` points at either end."""
    level = 10 * np.log10(power)
    sums = np.concatenate(([0.0], np.cumsum(level)))
    around = (sums[2 * _AROUND + 1 :] - sums[: -2 * _AROUND - 1]) / (2 * _AROUND + 1)
    inside = level[_AROUND:-_AROUND]
    is_top = (inside >= level[_AROUND - 1 : -_AROUND - 1]) & (inside >= level[_AROUND + 1 : len(level) - _AROUND + 1])
    tops: npt.NDArray[np.bool_] = is_top & (inside > around + _STANDS_OUT_DB) & (inside > inside.max() - _SOFTEST_DB)
    return tops


def _widened(points: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    wide = points.copy()
    wide[1:] |= points[:-1]
    wide[:-1] |= points[1:]
    return wide


def _smoothed(values: Spectrum) -> Spectrum:
    """Sums over the grains near each."""
    return np.convolve(values, np.ones(2 * _NEAR + 1), "same")[: len(values)]
