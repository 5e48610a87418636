"""Pictures as they are compared with reference pictures, kept small: half a kilobyte each."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pipeline.server.engines.evidence.timeline import Glimpse
from pipeline.server.engines.likeness import Sketch
from pipeline.server.engines.looks import Look

# A picture is kept where it differs by so much from the last one that was, from 0 to 255, but no sooner than this.
_CLEARLY, _SOONEST_S, _LATEST_S = 6.0, 0.25, 10.0
# On the whole no more than one in this time is kept, 1.3 MB an hour, though so many may be kept as soon as they come.
# Once half of those are spent, they are for pictures that are quite other ones: shots, rather than what moves in them.
_MEAN_S, _MOST_SPARE, _QUITE = 2.0, 120.0, 18.0
# The raster of a thumbnail, which is as coarse in both ways.
_ROWS, _COLUMNS = 9, 16


@dataclass(slots=True)
class Gallery:
    """Looks on while a window is watched."""

    glimpses: list[Glimpse] = field(default_factory=list)
    _last: Look | None = None
    _spare: float = _MOST_SPARE

    def watch(self, looks: Iterable[Look]) -> Iterator[Look]:
        """Hand every look on, having kept some."""
        for look in looks:
            if self._is_news(look):
                self._spare, self._last = self._spare_at(look.at_s) - 1, look
                self.glimpses.append(_glimpse(look))
            yield look

    def _is_news(self, look: Look) -> bool:
        if self._last is None:
            return True
        waited_s, spare = look.at_s - self._last.at_s, self._spare_at(look.at_s)
        if waited_s < _SOONEST_S or spare < 1:
            return False
        least = _CLEARLY if spare > _MOST_SPARE / 2 or waited_s >= _MEAN_S else _QUITE
        return waited_s >= _LATEST_S or float(np.abs(look.blocks - self._last.blocks).mean()) > least

    def _spare_at(self, at_s: float) -> float:
        """How many may be kept at once: one more for every `_MEAN_S` that passed."""
        waited_s = 0.0 if self._last is None else at_s - self._last.at_s
        return min(_MOST_SPARE, self._spare + waited_s / _MEAN_S)


def sketch_of(glimpse: Glimpse) -> Sketch:
    """What it was made of, to the precision that was kept."""
    blocks = np.frombuffer(b64decode(glimpse.blocks), np.uint8).reshape(_ROWS, _COLUMNS, 3)
    counts = np.frombuffer(b64decode(glimpse.colours), np.uint8)
    return Sketch(blocks.astype(np.float32), counts.astype(np.int64))


def coarse(sketch: Sketch) -> Sketch:
    """A sketch with the raster of a glimpse, to be compared with one."""
    return Sketch(_coarse(sketch.blocks), sketch.colours)


def _glimpse(look: Look) -> Glimpse:
    shares = look.colours / max(1, int(look.colours.sum()))
    return Glimpse(
        at_s=look.at_s,
        blocks=b64encode(np.rint(_coarse(look.blocks)).astype(np.uint8).tobytes()).decode(),
        colours=b64encode(np.rint(shares * 255).astype(np.uint8).tobytes()).decode(),
    )


def _coarse(blocks: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    rows, columns, parts = blocks.shape
    squares = blocks.reshape(_ROWS, rows // _ROWS, _COLUMNS, columns // _COLUMNS, parts)
    return np.asarray(squares.mean((1, 3)), np.float32)
