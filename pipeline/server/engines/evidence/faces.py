"""Faces that look into the camera, found by dlib's frontal face detector, whose model is part of its code.

Measured on pictures of 640 points on the longer side: of faces that are 75 points high and more 115 of 118 are found,
of those from 60 to 75 points 13 of 39, and none that is smaller or in profile. All 142 that were found are faces; in
586 pictures without any, none was found.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from pipeline.server.engines.decode import upright
from pipeline.server.engines.evidence.gate import Box
from pipeline.server.engines.evidence.timeline import Faces, Shot

# A search takes 22 ms of CPU in a picture of so many points on its longer side, and four times that in a double one.
_SIDE, _SHORTEST_SIDE = 640, 80
# A picture is glanced at so often. It is searched where it has changed since the last search and some time has passed;
# at once where it has other light and shade, wherever they are, as another shot has. Both are mean differences of small
# grey pictures, from 0 to 255, of the second those of their points from dark to bright. In the long run no more than
# one picture in some seconds is searched, though so many may be as soon as they come.
_GLANCE_S, _WAIT_S = 0.5, 3.0
_CHANGED, _OTHER = 1.5, 8.0
_MEAN_S, _MOST_SPARE = 2.0, 8.0
_GLANCE_WIDTH, _GLANCE_HEIGHT = 32, 18
# The detector's own scores: a face scores more than 0. One that scores less than this has to be found twice.
_SURE = 0.3
# How much of two boxes is in both where they are of one face.
_SAME = 0.3

_Grey = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Face:
    """A face in one picture; its box in shares of the picture as displayed."""

    box: Box
    score: float


@dataclass(frozen=True, slots=True)
class Search:
    at_s: float
    faces: tuple[Face, ...]


@dataclass(slots=True)
class FaceFinder:
    """Looks on while the pictures of a window go by, and searches some."""

    _shrink: VideoReformatter = field(default_factory=VideoReformatter)
    _searches: list[Search] = field(default_factory=list)
    _glanced_s: float = -1e9
    _searched: _Grey | None = None
    _spare: float = _MOST_SPARE

    def watch(self, frames: Iterable[tuple[float, VideoFrame]]) -> Iterator[tuple[float, VideoFrame]]:
        """Hand every picture on, having looked at it."""
        for at_s, frame in frames:
            if at_s - self._glanced_s >= _GLANCE_S:
                self._glance(at_s, frame)
            yield at_s, frame

    def found(self, shots: Sequence[Shot]) -> tuple[Faces, ...]:
        """Where in each shot there are faces."""
        ends = [shot.end_s for shot in shots]
        numbers = np.searchsorted(ends, [search.at_s for search in self._searches], side="right")
        parted = groupby(zip(numbers, self._searches, strict=True), key=lambda pair: int(pair[0]))
        return tuple(
            faces
            for number, pairs in parted
            if number < len(shots)
            for faces in faces_in(shots[number], [search for _, search in pairs])
        )

    def _glance(self, at_s: float, frame: VideoFrame) -> None:
        self._glanced_s = at_s
        small = _grey(self._shrink, frame, _GLANCE_WIDTH, _GLANCE_HEIGHT)
        waited_s = at_s - self._searches[-1].at_s if self._searches else _WAIT_S
        spare = min(_MOST_SPARE, self._spare + waited_s / _MEAN_S)
        if self._is_news(small, waited_s) and spare >= 1:
            self._searched, self._spare = small, spare - 1
            self._searches.append(Search(at_s, self._search(frame)))

    def _is_news(self, small: _Grey, waited_s: float) -> bool:
        if self._searched is None:
            return True
        if waited_s >= _WAIT_S:
            return _apart(small, self._searched) > _CHANGED
        return _apart(np.sort(small, axis=None), np.sort(self._searched, axis=None)) > _OTHER

    def _search(self, frame: VideoFrame) -> tuple[Face, ...]:
        scale = min(1.0, _SIDE / max(frame.width, frame.height))
        width, height = round(frame.width * scale), round(frame.height * scale)
        if min(width, height) < _SHORTEST_SIDE:
            return ()
        picture = upright(_grey(self._shrink, frame, width, height), frame)
        boxes, scores, _ = _detector().run(picture, 0, 0.0)
        tall, wide = picture.shape
        return tuple(Face(_shares(box, wide, tall), float(score)) for box, score in zip(boxes, scores, strict=True))


@cache
def _detector() -> Any:
    """Unpacked once in a process, which takes half a second of CPU."""
    import dlib

    return dlib.get_frontal_face_detector()


def _grey(shrink: VideoReformatter, frame: VideoFrame, width: int, height: int) -> _Grey:
    small = shrink.reformat(frame, width, height, "gray", interpolation=Interpolation.FAST_BILINEAR, threads=1)
    return np.asarray(small.to_ndarray(), np.uint8)


def _apart(one: _Grey, other: _Grey) -> float:
    return float(np.abs(one.astype(np.int16) - other).mean())


def _shares(box: Any, width: int, height: int) -> Box:
    return (
        round(max(0.0, box.left() / width), 4),
        round(max(0.0, box.top() / height), 4),
        round(min(1.0, box.right() / width), 4),
        round(min(1.0, box.bottom() / height), 4),
    )


def faces_in(shot: Shot, searches: Sequence[Search]) -> Iterator[Faces]:
    """The passages of one shot: a search stands for the time until halfway to the next one, or to the shot's end."""
    times_s = [search.at_s for search in searches]
    middles_s = [(before + after) / 2 for before, after in pairwise(times_s)]
    starts_s, ends_s = [shot.start_s, *middles_s], [*middles_s, shot.end_s]
    kept = [_kept(searches, place) for place in range(len(searches))]
    for has_faces, group in groupby(range(len(searches)), key=lambda place: bool(kept[place])):
        places = list(group)
        if has_faces:
            inside = [kept[place] for place in places]
            yield _faces(starts_s[places[0]], ends_s[places[-1]], inside)


def _kept(searches: Sequence[Search], place: int) -> list[Face]:
    """The faces of one search that are sure, or are found where they are by the search before or after."""
    beside = [face for near in searches[max(0, place - 1) : place] for face in near.faces]
    beside += [face for near in searches[place + 1 : place + 2] for face in near.faces]
    return [
        face
        for face in searches[place].faces
        if face.score >= _SURE or any(_overlap(face.box, other.box) >= _SAME for other in beside)
    ]


def _faces(start_s: float, end_s: float, found: Sequence[Sequence[Face]]) -> Faces:
    most = max(found, key=len)
    largest = max((face for faces in found for face in faces), key=lambda face: _area(face.box))
    best = max(face.score for faces in found for face in faces)
    return Faces(start_s, end_s, round(min(0.98, 0.9 + best / 10), 3), len(most), largest.box)


def _overlap(one: Box, other: Box) -> float:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    tall = min(one[3], other[3]) - max(one[1], other[1])
    both = max(0.0, wide) * max(0.0, tall)
    return both / (_area(one) + _area(other) - both)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
