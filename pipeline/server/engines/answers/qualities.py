"""Measurements as labels and truths: how bright, how loud, how much moves, which colours and which shape."""

import math
from collections.abc import Iterable

from pipeline.server.engines import wording
from pipeline.server.engines.colours import NAMES
from pipeline.server.engines.evidence.levels import FLOOR_DBFS

_LARGEST_OF_RATIO = 21


def picture_labels(brightness: float, motion: float | None) -> dict[str, str]:
    """How bright it is and how much moves, in words; of motion that was not measured, nothing."""
    moving = {} if motion is None else {"motion": wording.word(wording.MOTION, motion)}
    return {"brightness": wording.word(wording.BRIGHTNESS, brightness), **moving}


def sound_labels(level_dbfs: float | None) -> dict[str, str]:
    """How loud it is in a word; None stands for no sound stream."""
    return {"loudness": "no sound stream" if level_dbfs is None else wording.word(wording.LOUDNESS, level_dbfs)}


def picture_truths(brightness: float, colours: tuple[tuple[str, float], ...], motion: float | None) -> dict[str, bool]:
    """Whether a picture is black, dark, moving, green, ..."""
    moving = {} if motion is None else {"moving": motion >= wording.STIRS, "still": motion < wording.STIRS}
    return {
        "black": dict(colours).get("black", 0.0) >= wording.ALL,
        "dark": brightness < wording.DARK,
        "bright": brightness >= wording.BRIGHT,
        **moving,
        **colour_truths(colours),
    }


def sound_truths(level_dbfs: float | None) -> dict[str, bool]:
    """Whether it is silent, loud, ...; None stands for no sound stream."""
    level = FLOOR_DBFS if level_dbfs is None else level_dbfs
    return {
        "silent": level < wording.SILENT_DBFS,
        "sound": level >= wording.SILENT_DBFS,
        "quiet": level < wording.QUIET_DBFS,
        "loud": level >= wording.LOUD_DBFS,
    }


def colour_truths(colours: Iterable[tuple[str, float]]) -> dict[str, bool]:
    shares = dict(colours)
    return {name: name in shares for name in NAMES if name != "black"}


def shape_labels(width: int, height: int) -> dict[str, str]:
    """The size of a picture and its shape, in words."""
    said = "square" if width == height else "portrait" if height > width else "landscape"
    return {"resolution": f"{width}x{height}", "aspect": _ratio(width, height), "orientation": said}


def _ratio(width: int, height: int) -> str:
    """In small whole numbers as 16:9, where they are small."""
    common = math.gcd(width, height)
    is_small = max(width, height) / common <= _LARGEST_OF_RATIO
    return f"{width // common}:{height // common}" if is_small else f"{width / height:.2f}:1"


def shape_truths(width: int, height: int) -> dict[str, bool]:
    """Which shape a picture has."""
    upright, lying = height > width, width > height
    shapes = {"portrait": upright, "landscape": lying, "square": width == height}
    return {**shapes, "vertical": upright, "horizontal": lying}
