"""Names of colours, and how much of a picture each of them covers."""

from functools import cache

import numpy as np
import numpy.typing as npt

from pipeline.server.engines.decode import Thumb

NAMES = ("black", "grey", "white", "red", "orange", "brown", "yellow", "green", "cyan", "blue", "purple", "pink")

Counts = npt.NDArray[np.int64]
Parts = npt.NDArray[np.float64]

# Colours are looked up with this many bits of red, green and blue each.
_BITS = 5
# Hue in degrees: up to which angle each name reaches; past the last one it is red again.
_HUES = (
    (14, "red"),
    (44, "orange"),
    (70, "yellow"),
    (165, "green"),
    (198, "cyan"),
    (260, "blue"),
    (300, "purple"),
    (345, "pink"),
)
# Less than any difference of two colours, so that nothing is divided by 0.
_LEAST = 1e-9

_place = NAMES.index
_BY_HUE = np.array([_place(name) for _, name in _HUES] + [_place("red")], np.uint8)


def count_colours(thumb: Thumb) -> Counts:
    """How many points of the thumbnail have each colour of `NAMES`."""
    coarse = thumb >> (8 - _BITS)
    cells = (coarse[..., 0].astype(np.uint16) << 2 * _BITS) | (coarse[..., 1].astype(np.uint16) << _BITS)
    return np.bincount(_table().take(cells | coarse[..., 2]).ravel(), minlength=len(NAMES))


def name_colours(points: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """The place in `NAMES` of each of many colours: points x RGB, its parts from 0 to 1."""
    value, low = points.max(1), points.min(1)
    spread = value - low
    saturation = spread / np.maximum(value, _LEAST)
    name = _BY_HUE[np.searchsorted([limit for limit, _ in _HUES], _hues(points, value, spread), side="right")]
    name[(name == _place("orange")) & (value < 0.6)] = _place("brown")
    name[(name == _place("red")) & (saturation < 0.5) & (value > 0.7)] = _place("pink")
    pale = (saturation < 0.18) | (spread < 0.08)
    name[pale] = np.where(value > 0.82, _place("white"), _place("grey"))[pale]
    name[value < 0.16] = _place("black")
    return name


def _hues(points: npt.NDArray[np.float64], value: Parts, spread: Parts) -> Parts:
    """In degrees; of what has none, something."""
    red, green, blue = points.T
    spread = np.maximum(spread, _LEAST)
    of_red = ((green - blue) / spread) % 6
    of_others = np.where(value == green, (blue - red) / spread + 2, (red - green) / spread + 4)
    return np.asarray(60 * np.where(value == red, of_red, of_others), np.float64)


@cache
def _table() -> npt.NDArray[np.uint8]:
    levels = (np.arange(2**_BITS) + 0.5) / 2**_BITS
    return name_colours(np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(-1, 3))
