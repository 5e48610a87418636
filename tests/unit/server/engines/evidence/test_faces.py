"""Faces that look into the camera, found with times and places: faces drawn here, which the detector takes for ones.

How often real faces are found, and how seldom others, was measured on photographs, see `faces`.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from pipeline.server.engines.evidence.faces import Face, Search, faces_in
from pipeline.server.engines.evidence.gather import gather
from pipeline.server.engines.evidence.timeline import Shot

from .odd import write

GROUND = 90
BOX = (0.4, 0.2, 0.6, 0.5)


def face(side: int) -> np.ndarray:
    """A drawn face, side x side, grey."""
    down, across = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    picture = np.full((side, side), float(GROUND))

    def blob(x: float, y: float, wide: float, tall: float, level: float, soft: float) -> None:
        share = np.clip((1 - np.hypot((across - x) / wide, (down - y) / tall)) / soft, 0, 1)
        picture[:] = picture * (1 - share) + level * share

    blob(0, -0.08, 0.74, 0.95, 50, 0.15)  # hair
    blob(0, 0.05, 0.62, 0.82, 200, 0.15)  # skin
    for x in (-0.27, 0.27):
        blob(x, -0.28, 0.2, 0.05, 80, 0.5)
        blob(x, -0.1, 0.17, 0.1, 150, 0.6)
        blob(x, -0.1, 0.12, 0.055, 235, 0.4)
        blob(x, -0.1, 0.055, 0.06, 30, 0.3)
        blob(x * 0.3, 0.24, 0.05, 0.04, 120, 0.6)
    blob(0, 0.1, 0.05, 0.2, 225, 0.9)
    blob(0, 0.47, 0.25, 0.07, 110, 0.4)  # lips
    return picture.astype(np.uint8)


def scene(*lefts: int, side: int = 160, shift: int = 0) -> np.ndarray:
    """A picture with a face at each of these places."""
    picture = np.full((360, 640), GROUND + shift, np.uint8)
    for left in lefts:
        picture[80 : 80 + side, left : left + side] = face(side)
    return np.repeat(picture[..., None], 3, 2)


def shot(start_s: float, end_s: float) -> Shot:
    return Shot(start_s, end_s, 1.0, "cut", 0.0, (("grey", 1.0),), 0.5, 0.1, 0.0, start_s)


def searches(*found: tuple[float, ...]) -> list[Search]:
    """One every three seconds, with faces of these scores at one place."""
    return [Search(3.0 * number, tuple(Face(BOX, score) for score in scores)) for number, scores in enumerate(found)]


def test_faces_of_a_video(tmp_path: Path) -> None:
    """Each shot with faces has a passage that says when, where and how many; others have none, and it is said so."""
    pictures = [scene(shift=80)] * 10 + [scene(100)] * 10 + [scene(50, 400, shift=30)] * 10
    times_s = [number / 5 for number in range(30)]
    timeline = gather(write(tmp_path / "faces.mp4", pictures, times_s=times_s), tracks=("visuals",))
    assert [(faces.start_s, faces.end_s, faces.most) for faces in timeline.faces or ()] == [
        (pytest.approx(2, abs=0.1), pytest.approx(4, abs=0.1), 1),
        (pytest.approx(4, abs=0.1), pytest.approx(6, abs=0.25), 2),
    ]
    left, top, right, bottom = timeline.faces[0].box
    assert (left + right) / 2 == pytest.approx((100 + 80) / 640, abs=0.03)
    assert (top + bottom) / 2 == pytest.approx((80 + 80) / 360, abs=0.06)
    assert all(earlier.end_s <= later.start_s for earlier, later in pairwise(timeline.faces))
    assert timeline.missing == ()


def test_no_faces(tmp_path: Path) -> None:
    """What was looked for in vain is there and empty; of a track that was not asked for nothing is said."""
    path = write(tmp_path / "plain.mp4", [scene()] * 5)
    assert gather(path, tracks=("visuals",)).faces == ()
    assert gather(path, tracks=("sounds",)).faces is None


def test_what_is_not_sure_is_found_twice_or_not_told() -> None:
    """A low score needs another at the same place in the search before or after; a high one does not."""
    assert list(faces_in(shot(0, 9), searches((0.1,), (), (0.1,)))) == []
    (twice,) = faces_in(shot(0, 9), searches((0.1,), (0.2,), ()))
    assert (twice.start_s, twice.end_s, twice.most) == (0, 4.5, 1)
    (sure,) = faces_in(shot(0, 9), searches((), (), (1.5,)))
    assert (sure.start_s, sure.end_s) == (4.5, 9)
    assert sure.confidence > twice.confidence > 0.9
