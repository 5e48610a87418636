"""Whether two pictures show the same view: moved a little, lit otherwise, or with something laid over it."""

import numpy as np
import numpy.typing as npt

from pipeline.server.engines.looks import Look

Raster = npt.NDArray[np.float32]

# Bars beside a picture are darker than this in both; levels go from 0 to 255.
_BAR = 12.0
# What a block changes by where something new is shown: so many levels, and so much of the mean over all blocks.
_LEAST, _LEAST_OF_MEAN = 2.0, 0.2
# A title, a picture in the picture or somebody who passes by covers less than this of it.
_NEW_SHARE = 0.45
# Edges are what stands out from so many blocks around, stronger than this many levels of noise.
_AROUND, _EDGE_NOISE = 3, 3.0
# Edges have something to say above this strength, and are the same ones where they agree so well.
_FAINT, _AGREE = 0.08, 0.5
_LUMA = np.array((0.299, 0.587, 0.114), np.float32)


def difference(one: Look, other: Look) -> float:
    """Mean difference from 0 to 255."""
    return float(np.abs(one.blocks - other.blocks).mean())


def is_new_view(one: Look, other: Look, *, reach: tuple[int, int] = (3, 6)) -> bool:
    """Most of the picture is another, and its edges are not the same ones up to `reach` blocks (down, across) away."""
    box = _without_bars(one.blocks, other.blocks)
    before, after = one.blocks[box], other.blocks[box]
    changed = np.abs(before - after).mean(2)
    share = float((changed > max(_LEAST, _LEAST_OF_MEAN * float(changed.mean()))).mean())
    return share >= _NEW_SHARE and agreement(before @ _LUMA, after @ _LUMA, reach) < _AGREE


def _without_bars(one: Raster, other: Raster) -> tuple[slice, slice]:
    lit = (np.maximum(one, other).max(2) > _BAR).nonzero()
    if lit[0].size == 0:
        return slice(None), slice(None)
    return slice(lit[0].min(), lit[0].max() + 1), slice(lit[1].min(), lit[1].max() + 1)


def agreement(one: Raster, other: Raster, reach: tuple[int, int]) -> float:
    """How well the edges of one agree with those of the other where they agree best, from -1 to 1; 0 without edges."""
    before, after = _edges(one), _edges(other)
    if min(float(np.abs(before).mean()), float(np.abs(after).mean())) < _FAINT:
        return 0.0
    return max(
        _correlation(before, after, down, across)
        for down in range(-min(reach[0], before.shape[0] // 3), min(reach[0], before.shape[0] // 3) + 1)
        for across in range(-min(reach[1], before.shape[1] // 3), min(reach[1], before.shape[1] // 3) + 1)
    )


def _edges(luma: Raster) -> Raster:
    """What stands out from its surroundings, by as much whatever the light."""
    detail = luma - _mean_around(luma)
    strength = np.sqrt(_mean_around(detail**2))
    return np.asarray(detail / (strength + _EDGE_NOISE), np.float32)


def _mean_around(values: Raster) -> Raster:
    """The mean over squares of blocks around each, those at the borders counted again."""
    padded = np.pad(values, _AROUND, mode="reflect") if min(values.shape) > _AROUND else np.pad(values, _AROUND, "edge")
    side = 2 * _AROUND + 1
    sums = np.pad(padded.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    total = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return np.asarray(total / side**2, np.float32)


def _correlation(one: Raster, other: Raster, down: int, across: int) -> float:
    rows, columns = one.shape
    first = one[max(0, down) : rows + min(0, down), max(0, across) : columns + min(0, across)].ravel()
    second = other[max(0, -down) : rows + min(0, -down), max(0, -across) : columns + min(0, -across)].ravel()
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second) + 1e-6))
