"""Whether what sounds is music: several tones at once or one after the other, each held for a while."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

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
Points = npt.NDArray[np.bool_]

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
    _held: Points = field(init=False)
    _tonal: Spectrum = field(init=False)
    _count: Spectrum = field(init=False)
    _names: Points = field(init=False)

    def __post_init__(self) -> None:
        grains = int((self.end_s - self.start_s) / GRAIN_S) + 1
        self._tonal, self._count = np.zeros(grains), np.zeros(grains)
        self._names = np.zeros((grains, 12), np.bool_)
        self._forget()

    def push(self, block: Block) -> None:
        """Take in a block."""
        at_s, samples = block.at_s, block.samples
        if self._rest is not None and abs(self._rest.at_s + self._rest.samples.size / RATE - at_s) < _HOP / RATE:
            at_s, samples = self._rest.at_s, np.concatenate((self._rest.samples, samples))
        else:
            self._forget()
        windows = max(0, (samples.size - _WINDOW) // _HOP + 1)
        if windows:
            middles_s = at_s + (np.arange(windows) * _HOP + _WINDOW / 2) / RATE
            self._take(middles_s, sliding_window_view(samples, _WINDOW)[::_HOP])
        self._rest = Block(at_s + windows * _HOP / RATE, samples[windows * _HOP :])

    def _forget(self) -> None:
        """Nothing was heard before what comes now."""
        self._held = np.zeros((_LASTS - 1, _LAST - _FIRST), np.bool_)

    def music(self) -> Spectrum:
        """How sure it is, from 0 to 1, that each grain is music; 0.5 is where it begins to be."""
        tonal = _smoothed(self._tonal) / np.maximum(_smoothed(self._count), 1)
        names = np.zeros(len(tonal), np.int64)
        for name in range(12):
            names += _smoothed(self._names[:, name].astype(np.float64)) > 0
        sureness = np.minimum(1.0, tonal / _TONAL / 2)
        return np.where(names >= _NAMES, sureness, np.minimum(sureness, 0.4))

    def _take(self, middles_s: Spectrum, windows: Pcm) -> None:
        """Take in windows that follow one another, given the middle of each."""
        grains = ((middles_s - self.start_s) / GRAIN_S).astype(np.int64)
        inside = (middles_s >= self.start_s) & (grains < len(self._count))
        grains, windows = grains[inside], windows[inside]
        if not grains.size:
            return
        power = np.abs(np.fft.rfft(windows * _TAPER))[:, _FIRST - _AROUND : _LAST + _AROUND] ** 2 + 1e-3
        lasting = self._lasting(_peaks(power))
        power = power[:, _AROUND:-_AROUND]
        np.add.at(self._count, grains, 1)
        np.add.at(self._tonal, grains, (power * _widened(lasting)).sum(1) / power.sum(1))
        rows, points = np.nonzero(lasting)
        self._names[grains[rows], _NAME[points]] = True

    def _lasting(self, peaks: Points) -> Points:
        """Of the peaks of each spectrum those that were near in each of the ones before it."""
        wide = np.concatenate((self._held, _widened(peaks)))
        self._held = wide[-(_LASTS - 1) :]
        for back in range(1, _LASTS):
            peaks = peaks & wide[_LASTS - 1 - back : len(wide) - back]
        return peaks


def _peaks(power: Spectrum) -> Points:
    """Which points of each spectrum are tops that stand out, without the `_AROUND` points at either end."""
    level = 10 * np.log10(power)
    sums = np.pad(np.cumsum(level, axis=1), ((0, 0), (1, 0)))
    around = (sums[:, 2 * _AROUND + 1 :] - sums[:, : -2 * _AROUND - 1]) / (2 * _AROUND + 1)
    inside = level[:, _AROUND:-_AROUND]
    before, after = level[:, _AROUND - 1 : -_AROUND - 1], level[:, _AROUND + 1 : level.shape[1] - _AROUND + 1]
    tops: Points = (inside >= before) & (inside >= after) & (inside > around + _STANDS_OUT_DB)
    tops &= inside > inside.max(1, keepdims=True) - _SOFTEST_DB
    return tops


def _widened(points: Points) -> Points:
    wide = points.copy()
    wide[:, 1:] |= points[:, :-1]
    wide[:, :-1] |= points[:, 1:]
    return wide


def _smoothed(values: Spectrum) -> Spectrum:
    """Sums over the grains near each."""
    return np.convolve(values, np.ones(2 * _NEAR + 1), "same")[: len(values)]
