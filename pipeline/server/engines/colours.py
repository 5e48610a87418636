"""Names of colours, and how much of a picture each of them covers."""

from functools import cache

import numpy as np
import numpy.typing as npt

from pipeline.server.engines.decode import Thumb

NAMES = ("black", "grey", "white", "red", "orange", "brown", "yellow", "green", "cyan", "blue", "purple", "pink")

Counts = npt.NDArray[np.int64]

# Colours are looked up with this many bits of red, green and blue each.
_BITS = 5
# Hue in degrees: up to which angle each name reaches; past the last one it is red again.
_HUES = ((14, "red"), (44, "orange"), (70, "yellow"), (165, "green"), (198, "cyan"), (260, "blue"), (300, "purple"))
_PINK_UP_TO = 345


def count_colours(thumb: Thumb) -> Counts:
    """How many points of the thumbnail have each colour of `NAMES`."""
    coarse = thumb >> (8 - _BITS)
    cells = (coarse[..., 0].astype(np.uint16) << 2 * _BITS) | (coarse[..., 1].astype(np.uint16) << _BITS)
    return np.bincount(_table().take(cells | coarse[..., 2]).ravel(), minlength=len(NAMES))


def name_colour(red: float, green: float, blue: float) -> str:
    """The name of one colour, its parts from 0 to 1."""
    value, low = max(red, green, blue), min(red, green, blue)
    if value < 0.16:
        return "black"
    saturation = (value - low) / value
    if saturation < 0.18 or value - low < 0.08:
        return "white" if value > 0.82 else "grey"
    hue = _hue(red, green, blue)
    name = next((name for limit, name in _HUES if hue < limit), "pink" if hue < _PINK_UP_TO else "red")
    if name == "orange" and value < 0.6:
        return "brown"
    return "pink" if name == "red" and saturation < 0.5 and value > 0.7 else name


def _hue(red: float, green: float, blue: float) -> float:
    value, low = max(red, green, blue), min(red, green, blue)
    spread = value - low
    if value == red:
        return 60 * (((green - blue) / spread) % 6)
    if value == green:
        return 60 * ((blue - red) / spread + 2)
    return 60 * ((red - green) / spread + 4)


@cache
def _table() -> npt.NDArray[np.uint8]:
    levels = [(step + 0.5) / 2**_BITS for step in range(2**_BITS)]
    return np.array(
        [NAMES.index(name_colour(red, green, blue)) for red in levels for green in levels for blue in levels], np.uint8
    )
