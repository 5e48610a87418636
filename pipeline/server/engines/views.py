"""Whether two pictures show the same view: moved a little, lit otherwise, or with something laid over it."""

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

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
# From one picture to the next a view may have moved by this share of its height and width.
_REACH = 0.2
# The picture is divided so often each way, into parts of so many blocks at least. A part shows the same edges where
# they are so strong and agree so well; the view is the same where so many parts do: few of them have a logo.
_PARTS, _PART, _FAINT, _AGREE, _SAME_SHARE = 4, 4, 0.1, 0.5, 0.45
# How far apart red, green and blue are where there is a hue, and how well those of the same hue agree.
_LEAST_HUE, _SAME_HUE = 20.0, 0.5
_TINY = 1e-9
_LUMA = np.array((0.299, 0.587, 0.114), np.float32)


def difference(one: Look, other: Look) -> float:
    """Mean difference from 0 to 255."""
    return float(np.abs(one.blocks - other.blocks).mean())


def is_new_view(one: Look, other: Look) -> bool:
    """Whether most of the picture is another, and not the earlier one that moved or is lit otherwise."""
    box = _without_bars(one.blocks, other.blocks)
    before, after = one.blocks[box], other.blocks[box]
    changed = np.abs(before - after).mean(2)
    share = float((changed > max(_LEAST, _LEAST_OF_MEAN * float(changed.mean()))).mean())
    return share >= _NEW_SHARE and not _is_same(before, after)


def _without_bars(one: Raster, other: Raster) -> tuple[slice, slice]:
    lit = (np.maximum(one, other).max(2) > _BAR).nonzero()
    if lit[0].size == 0:
        return slice(None), slice(None)
    return slice(lit[0].min(), lit[0].max() + 1), slice(lit[1].min(), lit[1].max() + 1)


def _is_same(before: Raster, after: Raster) -> bool:
    """Whether the edges are the same ones, and the hues, once one is moved to where it agrees best with the other."""
    one, other = _edges(before @ _LUMA), _edges(after @ _LUMA)
    way = _best_way(one, other)
    if _agreeing(*_moved(one, other, *way)) < _SAME_SHARE:
        return False
    return _turned(*_moved(before, after, *way)) < _NEW_SHARE


def _edges(luma: Raster) -> Raster:
    """What stands out from its surroundings, by as much whatever the light."""
    detail = luma - _mean_around(luma)
    strength = np.sqrt(np.maximum(_mean_around(detail**2), 0))
    return np.asarray(detail / (strength + _EDGE_NOISE), np.float32)


def _mean_around(values: Raster) -> Raster:
    """The mean over the square around each block; blocks at the border count again beyond it."""
    side = 2 * _AROUND + 1
    padded = np.pad(np.pad(values, _AROUND, "edge").cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    total = padded[side:, side:] - padded[:-side, side:] - padded[side:, :-side] + padded[:-side, :-side]
    return np.asarray(total / side**2, np.float32)


def _moved(one: Raster, other: Raster, down: int, across: int) -> tuple[Raster, Raster]:
    """What two pictures have in common where one of them is moved so far down and across."""
    rows, columns = one.shape[:2]
    return (
        one[max(0, down) : rows + min(0, down), max(0, across) : columns + min(0, across)],
        other[max(0, -down) : rows + min(0, -down), max(0, -across) : columns + min(0, -across)],
    )


def _best_way(one: Raster, other: Raster) -> tuple[int, int]:
    """How far down and across they agree best, as `_moved` takes it: all ways at once, in a third of the time."""
    down, across = (int(_REACH * side) for side in one.shape)
    margins, everywhere = ((down, down), (across, across)), np.ones_like(one)

    def sums(first: Raster, second: Raster) -> Raster:
        """Of the products of what the two have in common."""
        return np.asarray(np.einsum("ijrc,rc->ij", sliding_window_view(np.pad(second, margins), one.shape), first))

    strengths = np.sqrt(sums(one**2, everywhere) * sums(everywhere, other**2) + _TINY)
    agreement = (sums(one, other) / strengths)[::-1, ::-1]
    row, column = np.unravel_index(agreement.argmax(), agreement.shape)
    return int(row) - down, int(column) - across


def _agreeing(one: Raster, other: Raster) -> float:
    products, ones, others = (_by_parts(values) for values in (one * other, one**2, other**2))
    return float((products > np.maximum(_AGREE * np.sqrt(ones * others), _FAINT**2)).mean())


def _by_parts(values: Raster) -> Raster:
    """Means over each of the parts that the picture is divided into."""
    rows, columns = (
        np.linspace(0, side, max(1, min(_PARTS, side // _PART)) + 1).astype(np.intp) for side in values.shape
    )
    sums = np.add.reduceat(np.add.reduceat(values, rows[:-1], 0), columns[:-1], 1)
    return np.asarray(sums / np.outer(np.diff(rows), np.diff(columns)), np.float32)


def _turned(one: Raster, other: Raster) -> float:
    """The share of the blocks that have a hue before and quite another one after."""
    before, after = one - one.mean(2, keepdims=True), other - other.mean(2, keepdims=True)
    strengths = np.linalg.norm(before, axis=2), np.linalg.norm(after, axis=2)
    turned = (before * after).sum(2) < _SAME_HUE * strengths[0] * strengths[1]
    return float((turned & (np.minimum(*strengths) > _LEAST_HUE)).mean())
