"""The evidence against what the sample videos are known to hold."""

from pathlib import Path

import pytest

from pipeline.server.engines.evidence.gather import gather
from pipeline.server.engines.evidence.timeline import Timeline
from scripts.sample_videos.films import FILMS, NIGHT_TRAIN
from scripts.sample_videos.truth import Truth, truth

NEAR_S = 0.2


@pytest.fixture(scope="module", params=FILMS, ids=lambda film: film.name)
def known(request: pytest.FixtureRequest, samples: Path) -> tuple[Timeline, Truth]:
    return gather(samples / request.param.name, tracks=("visuals", "sounds")), truth(request.param)


def test_shots_begin_and_end_where_they_do(known: tuple[Timeline, Truth]) -> None:
    """Every shot is found, and none besides, within a fifth of a second."""
    timeline, facts = known
    found = [(shot.start_s, shot.end_s) for shot in timeline.shots]
    assert found == [pytest.approx((shot["start_s"], shot["end_s"]), abs=NEAR_S) for shot in facts["shots"]]


def test_colours_are_named_as_painted(known: tuple[Timeline, Truth]) -> None:
    """The colours of a shot are named, the largest first, and no others."""
    timeline, facts = known
    for shot, painted in zip(timeline.shots, facts["shots"], strict=True):
        named = [name for name, share in shot.colours if share >= 0.06]
        if len(painted["colours"]) == 2 and painted["motion"] == "rush":
            assert sorted(named) == sorted(painted["colours"])  # stripes share the picture half and half
        else:
            assert named == painted["colours"]


def test_motion_is_told_from_stillness(known: tuple[Timeline, Truth]) -> None:
    """A still shot has no motion, a drifting disc little, racing stripes much."""
    bounds = {"still": (0.0, 0.0005), "drift": (0.005, 0.15), "rush": (0.3, 1.0)}
    timeline, facts = known
    for shot, painted in zip(timeline.shots, facts["shots"], strict=True):
        low, high = bounds[painted["motion"]]
        assert shot.motion is not None
        assert low <= shot.motion <= high


def test_loudness_is_that_of_the_tones(known: tuple[Timeline, Truth]) -> None:
    """What sounds is as loud as the tones are, within a decibel, and silence is far below any of them."""
    timeline, facts = known
    tones = [shot["level_dbfs"] for shot in facts["shots"] if shot["level_dbfs"] is not None]
    for part in timeline.sounds:
        if part.kind == "silence":
            assert part.level_dbfs < -55
        else:
            assert min(tones) - 1 <= part.level_dbfs <= max(tones) + 1


def test_black_and_silent_passages_are_found(known: tuple[Timeline, Truth]) -> None:
    """Black and silent passages are found where they are, and nowhere else."""
    timeline, facts = known
    silent = [part for part in timeline.sounds if part.kind == "silence"]
    for found, made in ((timeline.black, facts["black"]), (silent, facts["silent"])):
        assert [(part.start_s, part.end_s) for part in found] == [
            pytest.approx((part["start_s"], part["end_s"]), abs=NEAR_S) for part in made
        ]


def test_still_passages_are_the_still_shots(known: tuple[Timeline, Truth]) -> None:
    """A passage stands still where a shot of a second or more does and is not black."""
    timeline, facts = known
    still = [
        (shot["start_s"], shot["end_s"])
        for shot in facts["shots"]
        if shot["motion"] == "still" and shot["end_s"] - shot["start_s"] >= 1 and shot["level_dbfs"] is not None
    ]
    # The titled card of a film may be silent, the black passage always is.
    still += [(t["start_s"], t["end_s"]) for t in facts["titles"] if (t["start_s"], t["end_s"]) not in still]
    assert [(part.start_s, part.end_s) for part in timeline.still] == [
        pytest.approx(part, abs=NEAR_S) for part in sorted(still)
    ]


def test_the_window_is_kept(samples: Path) -> None:
    """Only the window is observed, in times of the whole file."""
    timeline = gather(samples / NIGHT_TRAIN.name, 3.0, 8.0, ("visuals", "sounds"))
    assert [(shot.start_s, shot.end_s) for shot in timeline.shots] == [
        pytest.approx(part, abs=0.05) for part in ((3.0, 5.0), (5.0, 7.0), (7.0, 8.0))
    ]
    (silence,) = (part for part in timeline.sounds if part.kind == "silence")
    assert (silence.start_s, silence.end_s) == pytest.approx((5.0, 8.0), abs=0.1)
    (black,) = timeline.black
    assert (black.start_s, black.end_s) == pytest.approx((5.0, 7.0), abs=0.1)
