"""How much one picture is like another: by where which colours are, not by what is to be seen in it.

A likeness is a number from 0 to 1: the mean of how near the colours are place by place, how far light and dark run
alike, and how much of the colours the pictures have in common. The same picture, scaled or coded anew, has 0.95 and
more; pictures that have nothing to do with each other rarely pass 0.5.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pipeline.server.engines.colours import Counts
from pipeline.server.engines.looks import Look

# Pictures are compared this often, and whenever one differs clearly from the last that was.
_EVERY_S = 0.5
_CLEARLY = 6.0
# Blocks that differ by this much on average, from 0 to 255, have nothing in common.
_FAR = 96.0
# A picture whose blocks differ less than this from each other is of one colour.
_FLAT = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """A picture to compare with: mean colours of a coarse raster, and points by colour name."""

    blocks: npt.NDArray[np.float32]
    colours: Counts


def alike(one: Sketch | Look, other: Sketch | Look) -> float:
    """The likeness of two pictures."""
    near = max(0.0, 1.0 - float(np.abs(one.blocks - other.blocks).mean()) / _FAR)
    shares = [counts / max(1, int(counts.sum())) for counts in (one.colours, other.colours)]
    return (near + _run_alike(one, other, near) + float(np.minimum(*shares).sum())) / 3


def _run_alike(one: Sketch | Look, other: Sketch | Look, flat_likeness: float) -> float:
    """The correlation of the two rasters; of pictures that are both of one colour, how near those are."""
    centred = [sketch.blocks - sketch.blocks.mean((0, 1)) for sketch in (one, other)]
    spreads = [float(np.sqrt(np.square(blocks).mean())) for blocks in centred]
    if max(spreads) < _FLAT:
        return flat_likeness
    if min(spreads) < _FLAT:
        return 0.0
    return max(0.0, float((centred[0] * centred[1]).mean()) / (spreads[0] * spreads[1]))


@dataclass(slots=True)
class Comparison:
    """The likeness of a video's pictures to each of `sketches`, while the looks go by."""

    sketches: tuple[Sketch, ...] = ()
    _seen: list[tuple[float, tuple[float, ...]]] = field(default_factory=list)

    def watch(self, looks: Iterable[Look]) -> Iterator[Look]:
        """The looks, unchanged."""
        last: Look | None = None
        for look in looks:
            if self.sketches and _is_news(last, look):
                last = look
                self._seen.append((look.at_s, tuple(alike(sketch, look) for sketch in self.sketches)))
            yield look

    def best(self, sketch: int, start_s: float, end_s: float) -> tuple[float, float]:
        """(likeness, when) of the picture in a part of the video that is most like a sketch; the first of equals.

        A part in which no picture was compared has the likeness of the last one before.
        """
        first, last = (bisect_left(self._seen, at_s, key=lambda seen: seen[0]) for at_s in (start_s, end_s))
        inside = self._seen[max(0, min(first, last - 1)) : max(1, last)]
        likeness, at_s = max(((likes[sketch], -at_s) for at_s, likes in inside), default=(0.0, -start_s))
        return likeness, -at_s


def _is_news(last: Look | None, look: Look) -> bool:
    if last is None or look.at_s - last.at_s >= _EVERY_S:
        return True
    return float(np.abs(look.blocks - last.blocks).mean()) > _CLEARLY
