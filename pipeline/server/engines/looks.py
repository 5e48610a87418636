"""Each picture reduced to the few numbers that the rest needs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.server.engines.colours import Counts, count_colours
from pipeline.server.engines.decode import Picture, Thumb

# Motion is what changes between pictures this far apart, whatever the frame rate.
MOTION_EVERY_S = 0.2
# Times come from clocks that count in ticks: two that differ by less than this are the same.
TICK_S = 0.002
# A point has changed when its red, green or blue moved by more than coding noise does.
_NOISE = 24
_BLACK_LEVEL, _BLACK_SHARE = 28, 0.98
_LUMA = np.array((0.299, 0.587, 0.114))
_BLOCK = 4


@dataclass(frozen=True, slots=True)
class Look:
    """What one picture shows.

    Attributes:
        at_s: when it is shown.
        blocks: mean colours of a coarse raster, for comparing pictures.
        colours: points of the thumbnail by colour name.
        brightness: mean, from 0 to 1.
        contrast: standard deviation of the brightness over the raster, 1 where half is black and half is white.
        is_black: nearly every point is nearly black.
        changed: share of the points that differ from the picture at `changed_since_s`; None where none was compared.
    """

    at_s: float
    blocks: npt.NDArray[np.float32]
    colours: Counts
    brightness: float
    contrast: float
    is_black: bool
    changed: float | None
    changed_since_s: float


def look_at(shown: Iterable[Picture]) -> Iterator[Look]:
    """One look for each picture, compared with an earlier one every `MOTION_EVERY_S`."""
    earlier: Picture | None = None
    for picture in shown:
        earlier = earlier or picture
        since_s, changed = earlier.at_s, None
        if picture.at_s - since_s >= MOTION_EVERY_S - TICK_S:
            changed = _changed_share(earlier.thumb, picture.thumb)
            earlier = picture
        yield _look(picture, changed, since_s)


def _look(picture: Picture, changed: float | None, since_s: float) -> Look:
    thumb = picture.thumb
    blocks = _blocks(thumb)
    luma = blocks @ _LUMA
    return Look(
        at_s=picture.at_s,
        blocks=blocks,
        colours=count_colours(thumb),
        brightness=float(luma.mean()) / 255,
        contrast=float(luma.std()) * 2 / 255,
        is_black=int(np.count_nonzero(thumb < _BLACK_LEVEL)) >= _BLACK_SHARE * thumb.size,
        changed=changed,
        changed_since_s=since_s,
    )


def _blocks(thumb: Thumb) -> npt.NDArray[np.float32]:
    """Mean colours of squares of `_BLOCK` points. One axis, then the other, whole rows at a time: ten times as fast."""
    height, width, parts = thumb.shape
    rows = thumb.reshape(height // _BLOCK, _BLOCK, width * parts).sum(1, np.uint16)
    columns = rows.reshape(height // _BLOCK, width // _BLOCK, _BLOCK, parts)
    sums = sum((columns[:, :, place] for place in range(1, _BLOCK)), columns[:, :, 0])
    means: npt.NDArray[np.float32] = sums.astype(np.float32) / _BLOCK**2
    return means


def _changed_share(one: Thumb, other: Thumb) -> float:
    moved = np.maximum(one, other) - np.minimum(one, other) > _NOISE
    points = moved[..., 0] | moved[..., 1] | moved[..., 2]
    return np.count_nonzero(points) / points.size
