"""How much one picture is like another: by where which colours are, not by what is to be seen in it.

A likeness is a number from 0 to 1: the mean of how near the colours are place by place, how far light and dark run
alike, and how much of the colours the pictures have in common. The same picture, scaled or coded anew, has 0.95 and
more; pictures that have nothing to do with each other rarely pass 0.5.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.server.engines.colours import Counts

# Blocks that differ by this much on average, from 0 to 255, have nothing in common.
_FAR = 96.0
# A picture whose blocks differ less than this from each other is of one colour.
_FLAT = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """A picture to compare with: mean colours of a coarse raster, and points by colour name."""

    blocks: npt.NDArray[np.float32]
    colours: Counts


def alike(one: Sketch, other: Sketch) -> float:
    """The likeness of two pictures."""
    near = max(0.0, 1.0 - float(np.abs(one.blocks - other.blocks).mean()) / _FAR)
    shares = [counts / max(1, int(counts.sum())) for counts in (one.colours, other.colours)]
    return (near + _run_alike(one, other, near) + float(np.minimum(*shares).sum())) / 3


def _run_alike(one: Sketch, other: Sketch, flat_likeness: float) -> float:
    """The correlation of the two rasters; of pictures that are both of one colour, how near those are."""
    centred = [sketch.blocks - sketch.blocks.mean((0, 1)) for sketch in (one, other)]
    spreads = [float(np.sqrt(np.square(blocks).mean())) for blocks in centred]
    if max(spreads) < _FLAT:
        return flat_likeness
    if min(spreads) < _FLAT:
        return 0.0
    return max(0.0, float((centred[0] * centred[1]).mean()) / (spreads[0] * spreads[1]))
