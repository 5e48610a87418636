"""Pictures of a high dynamic range or of wider colours, as an ordinary screen shows them.

Their codes stand for other light than those of BT.709, so that names of colours and brightness would be wrong. Each
code becomes light, in multiples of the white of ordinary pictures; the red, green and blue of BT.2020 become those of
BT.709; what is brighter than white is pressed together below it; and light becomes a code again.
"""

from functools import cache

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

Points = npt.NDArray[np.uint8]
_Light = npt.NDArray[np.float32]

# ITU-T H.273: colour primaries, and transfer characteristics.
_BT709, _BT2020 = 1, 9
_PQ, _HLG = 16, 18

# The white of a page or of a title, in nits: ITU-R BT.2408, 2.2. Of HLG it is meant for a screen of 1000 nits.
_WHITE_NITS, _SCREEN_NITS = 203.0, 1000.0
# From light to code and back on an ordinary screen: ITU-R BT.1886.
_GAMMA = 2.4
# From the primaries of BT.2020 to those of BT.709, both in light: the inverse of ITU-R BT.2087, 2.2.
_TO_BT709 = np.array(((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)), np.float32)
# Light up to here stays as it is; white itself comes to 0.93, and what is brighter between that and 1.
_KNEE = 0.8
# Light is looked up by its square root, which is about as fine in the dark as a code is.
_BRIGHTEST, _STEPS = 5.0, 2048


def as_shown(points: Points, frame: VideoFrame, *, blue_first: bool = False) -> Points:
    """What an ordinary screen shows of `points`, height x width x RGB made of `frame` without a change of light.

    Most pictures are made for such a screen: they are handed back as they are.
    """
    high = frame.color_trc in (_PQ, _HLG)
    wide = frame.color_primaries == _BT2020 or (high and frame.color_primaries != _BT709)
    if not (high or wide):
        return points
    light = _light(int(frame.color_trc) if high else _BT709).take(points)
    if wide:
        matrix = _TO_BT709[::-1, ::-1] if blue_first else _TO_BT709
        light = np.clip(light @ matrix.T, 0.0, _BRIGHTEST)
    places = np.sqrt(np.minimum(light, _BRIGHTEST) * np.float32((_STEPS - 1) ** 2 / _BRIGHTEST))
    return _codes(pressed=high).take(places.astype(np.uint16))


@cache
def _light(transfer: int) -> _Light:
    """The light of each code, where 1 is the white of ordinary pictures."""
    code = np.arange(256) / 255
    if transfer == _PQ:
        return np.asarray(_pq_nits(code) / _WHITE_NITS, np.float32)
    if transfer == _HLG:
        # BT.2100: the gamma of a screen of 1000 nits is 1.2. It is for the luminance, here for each colour by itself:
        # the same where it is grey, and a little brighter where it is not.
        return np.asarray(_SCREEN_NITS * _hlg_scene(code) ** 1.2 / _WHITE_NITS, np.float32)
    return np.asarray(code**_GAMMA, np.float32)


def _pq_nits(code: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """BT.2100, table 4: the EOTF of PQ."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    root = code ** (1 / m2)
    return np.asarray(10_000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1))


def _hlg_scene(code: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """BT.2100, table 5: the inverse of the OETF of HLG, from 0 to 1."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)


@cache
def _codes(*, pressed: bool) -> Points:
    """The code of each light by its place, `_BRIGHTEST` at the end."""
    light = np.linspace(0, 1, _STEPS) ** 2 * _BRIGHTEST
    if pressed:
        above = 1 - np.exp(-np.maximum(light - _KNEE, 0) / (1 - _KNEE))
        light = np.minimum(light, _KNEE) + (1 - _KNEE) * above
    return np.rint(255 * np.minimum(light, 1) ** (1 / _GAMMA)).astype(np.uint8)
