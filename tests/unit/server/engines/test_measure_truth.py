"""The engine's measurements against what the sample videos are known to hold."""

from pathlib import Path

import pytest
from pipeline.server.engines.measure import Measured, measure

from pipeline.server.engines.decode import Effort
from scripts.sample_videos.films import FILMS, NIGHT_TRAIN
from scripts.sample_videos.truth import Truth, truth

NEAR_S = 0.2


@pytest.fixture(params=FILMS, ids=lambda film: film.name)
def known(request: pytest.FixtureRequest, samples: Path) -> tuple[Measured, Truth]:
    return measure(samples / request.param.name), truth(request.param)


def test_shots_begin_and_end_where_they_do(known: tuple[Measured, Truth]) -> None:
    """Every shot is found, and none besides, within a fifth of a second."""
    measured, facts = known
    found = [(shot.start_s, shot.end_s) for shot in measured.shots]
    assert found == [pytest.approx((shot["start_s"], shot["end_s"]), abs=NEAR_S) for shot in facts["shots"]]


def test_colours_are_named_as_painted(known: tuple[Measured, Truth]) -> None:
    """The colours of a shot are named, the largest first, and no others."""
    measured, facts = known
    for shot, painted in zip(measured.shots, facts["shots"], strict=True):
        named = [name for name, share in shot.colours if share >= 0.06]
        if len(painted["colours"]) == 2 and painted["motion"] == "rush":
            assert sorted(named) == sorted(painted["colours"])  # stripes share the picture half and half
        else:
            assert named == painted["colours"]


def test_motion_is_told_from_stillness(known: tuple[Measured, Truth]) -> None:
    """A still shot has no motion, a drifting disc little, racing stripes much."""
    bounds = {"still": (0.0, 0.0005), "drift": (0.005, 0.15), "rush": (0.3, 1.0)}
    measured, facts = known
    for shot, painted in zip(measured.shots, facts["shots"], strict=True):
        low, high = bounds[painted["motion"]]
        assert shot.motion is not None
        assert low <= shot.motion <= high


def test_loudness_is_that_of_the_tone(known: tuple[Measured, Truth]) -> None:
    """A shot's level is the tone's within a decibel, and silence is far below any tone."""
    measured, facts = known
    for shot, played in zip(measured.shots, facts["shots"], strict=True):
        assert shot.level_dbfs is not None
        if played["level_dbfs"] is None:
            assert shot.level_dbfs < -55
        else:
            assert shot.level_dbfs == pytest.approx(played["level_dbfs"], abs=1.0)


def test_black_and_silent_passages_are_found(known: tuple[Measured, Truth]) -> None:
    """Black and silent passages are found where they are, and nowhere else."""
    measured, facts = known
    for found, made in ((measured.black, facts["black"]), (measured.silent, facts["silent"])):
        assert list(found) == [pytest.approx((part["start_s"], part["end_s"]), abs=NEAR_S) for part in made]


def test_still_passages_are_the_still_shots(known: tuple[Measured, Truth]) -> None:
    """A passage stands still where a shot of a second or more does and is not black."""
    measured, facts = known
    still = [
        (shot["start_s"], shot["end_s"])
        for shot in facts["shots"]
        if shot["motion"] == "still" and shot["end_s"] - shot["start_s"] >= 1 and shot["level_dbfs"] is not None
    ]
    # The titled card of a film may be silent, the black passage always is.
    still += [(t["start_s"], t["end_s"]) for t in facts["titles"] if (t["start_s"], t["end_s"]) not in still]
    assert measured.still is not None
    assert list(measured.still) == [pytest.approx(part, abs=NEAR_S) for part in sorted(still)]


def test_the_window_is_kept(samples: Path) -> None:
    """Only the window is measured, in times of the whole file."""
    measured = measure(samples / NIGHT_TRAIN.name, 3.0, 8.0)
    assert [(shot.start_s, shot.end_s) for shot in measured.shots] == [
        pytest.approx(part, abs=0.05) for part in ((3.0, 5.0), (5.0, 7.0), (7.0, 8.0))
    ]
    assert measured.silent == (pytest.approx((5.0, 8.0), abs=0.1),)
    assert measured.black == (pytest.approx((5.0, 7.0), abs=0.1),)


def test_a_short_window_is_watched_whole(samples: Path) -> None:
    """Every picture of a short window is decoded."""
    assert measure(samples / NIGHT_TRAIN.name).effort is Effort.EVERY
