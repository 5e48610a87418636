"""When a picture is worth reading: reading costs a hundred times what looking costs.

Four times a second the edges of a small grey picture are compared with those of the one that was read last. Letters
have edges that stand still whatever moves behind them, so what calls for a reading is a cluster of edges that has
come since and stands still now. A line whose edges have gone, with none in their place, is gone, which needs no
reading. Between two readings there is a wait, which grows while readings find nothing new.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

# Where the grey jumps from one point to the next: up (1), down (-1) or not.
Edges = npt.NDArray[np.int8]
Blocks = npt.NDArray[np.bool_]
Box = tuple[float, float, float, float]

# What is read so close to an edge of the picture may go on beyond it.
EDGE = 0.03

_EVERY_S = 0.24
_WIDTH, _HEIGHT, _BLOCK = 320, 180, 10
_ROWS, _COLUMNS, _MARGIN = _HEIGHT // _BLOCK, _WIDTH // _BLOCK, 2
# A jump of so much of 255 is an edge; so many make a block that may be part of a letter; so many blocks may be a word.
_JUMP, _EDGES, _WORD = 36, 4, 3
# A line is another when no more than so many of its edges are left, and gone when there are not even others.
_LEFT = 0.4
_SHORTEST_WAIT_S, _LONGEST_WAIT_S = 0.5, 2.0
# What runs along is read this often: most of what was on screen has gone by.
_RUNNING_S = 8.0


@dataclass(frozen=True, slots=True)
class Glance:
    """What looking at a picture has shown: which lines are gone, by their places, and whether to read it; if so, since
    when it has been as it is.
    """

    gone: tuple[int, ...]
    reads: bool
    since_s: float


@dataclass(frozen=True, slots=True)
class Told:
    """A line that was read: where it is, and whether it changes all the time, as tickers and timecodes do."""

    box: Box
    restless: bool


@dataclass(slots=True)
class _Region:
    points: Blocks
    restless: bool
    gone: bool = False


@dataclass(slots=True)
class Gate:
    """Looks at every picture, in order."""

    _shrink: VideoReformatter = field(default_factory=VideoReformatter)
    _before_s: float = -1e9
    _read_s: float = -1e9
    _due_s: float | None = None
    _wait_s: float = _SHORTEST_WAIT_S
    _before: Edges | None = None
    _read: Edges = field(default_factory=lambda: np.zeros((_HEIGHT, _WIDTH), np.int8))
    _regions: list[_Region] = field(default_factory=list)

    def look(self, at_s: float, frame: VideoFrame) -> Glance | None:
        """Look at a picture; None where it is too early to. `tell` has to follow where it is to be read."""
        if at_s - self._before_s < _EVERY_S:
            return None
        edges = _edges(self._shrink, frame)
        before, before_s, self._before, self._before_s = self._before, self._before_s, edges, at_s
        if before is None:
            return None
        fresh = (edges == before) & (edges != 0) & (edges != self._read)
        gone = self._close(edges, fresh)
        if self._calls(fresh):
            self._due_s = before_s if self._due_s is None else self._due_s
        else:
            self._due_s = None
        runs = any(region.restless for region in self._regions) and at_s - self._read_s >= _RUNNING_S
        reads = runs or (self._due_s is not None and at_s - self._read_s >= self._wait_s)
        glance = Glance(gone, reads, at_s if self._due_s is None else self._due_s)
        if reads:
            self._read, self._read_s, self._due_s = edges, at_s, None
        return glance

    def tell(self, lines: Sequence[Told], *, news: bool) -> None:
        """What the reading has found, and whether any line of it was new."""
        self._regions = [_Region(_inside(line), line.restless) for line in lines]
        self._wait_s = _SHORTEST_WAIT_S if news else min(_LONGEST_WAIT_S, 2 * self._wait_s)

    def _close(self, edges: Edges, fresh: Blocks) -> tuple[int, ...]:
        """The lines that are gone; from now on their places are known as they are."""
        gone = []
        for place, region in enumerate(self._regions):
            if (
                region.gone
                or region.restless
                or self._is_left(region, edges)
                or _blocks(fresh & region.points) >= _WORD
            ):
                continue
            region.gone = True
            gone.append(place)
            self._read = np.where(region.points, edges, self._read)
        return tuple(gone)

    def _is_left(self, region: _Region, edges: Edges) -> bool:
        were = region.points & (self._read != 0)
        return int((were & (edges == self._read)).sum()) > _LEFT * int(were.sum())

    def _calls(self, fresh: Blocks) -> bool:
        """Whether something is there that was not there when it was last read, together as a word is."""
        for region in self._regions:
            if region.restless:
                fresh = fresh & ~region.points
        rows = _full(fresh).sum(1)
        return int((rows[1:] + rows[:-1]).max()) >= _WORD


def _blocks(points: Blocks) -> int:
    """In how many blocks there are enough of them."""
    return int(_full(points).sum())


def _full(points: Blocks) -> Blocks:
    return np.asarray(points.reshape(_ROWS, _BLOCK, _COLUMNS, _BLOCK).sum((1, 3)) >= _EDGES)


def _inside(line: Told) -> Blocks:
    left, top, right, bottom = line.box
    if line.restless and (left < EDGE or right > 1 - EDGE):
        left, right = 0.0, 1.0  # what runs along fills the whole row, whatever part of it was read
    points = np.zeros((_HEIGHT, _WIDTH), np.bool_)
    points[int(top * _HEIGHT) : int(bottom * _HEIGHT) + _MARGIN, int(left * _WIDTH) : int(right * _WIDTH) + _MARGIN] = (
        True
    )
    return points


def _edges(shrink: VideoReformatter, frame: VideoFrame) -> Edges:
    small = shrink.reformat(frame, _WIDTH, _HEIGHT, "gray", interpolation=Interpolation.AREA, threads=1)
    grey = np.asarray(small.to_ndarray(), np.int16)
    steps = np.diff(grey, axis=1, prepend=grey[:, :1])
    return np.where(np.abs(steps) > _JUMP, np.sign(steps), 0).astype(np.int8)
