"""Segments: where in a video is what a definition describes, from what was seen, read and heard."""

from dataclasses import replace
from itertools import pairwise

import pytest

from pipeline.server.engines.answers.occasions import find
from pipeline.server.engines.answers.references import References
from pipeline.server.engines.evidence.timeline import Timeline
from pipeline.server.engines.segments import Stretch

from .harbour import HARBOUR, SILENT, WITHOUT_EXTRA, line, said, shot

SHOTS = [(0, 20), (20, 40), (40, 50), (50, 60)]


def found(description: str, timeline: Timeline = HARBOUR) -> tuple[list[Stretch], str]:
    """The stretches, and the warning that goes with them."""
    answer = find({"id": "wanted", "description": description}, timeline, References((), timeline))
    return list(answer.stretches), answer.warning or ""


@pytest.mark.parametrize(
    ("description", "stretches"),
    [
        ("Every shot of the video", SHOTS),
        ("Scenes", SHOTS),
        ("Passages with music", [(20, 40)]),
        ("When it is silent", [(0, 5)]),
        ("When the picture is black", [(19.5, 20)]),
        ("Where the picture stands still", [(41, 49)]),
        ("Green shots", [(20, 40)]),
        ("The dark scenes", [(20, 40), (50, 60)]),
        ("Bright scenes", [(40, 50)]),
        ("Titles on screen", [(1, 5), (20.5, 25)]),
        ("News ticker", [(30, 40)]),
        ("Fades and dissolves", [(19.6, 20.4)]),
        ("Sudden sounds", [(20, 40), (45, 45.2)]),
        ("Green shots with music", [(20, 40)]),
    ],
)
def test_what_was_observed_makes_segments(description: str, stretches: list[Stretch]) -> None:
    """A kind of evidence that is described has its passages; two kinds at once have what they share."""
    answer, warning = found(description)
    assert answer == [pytest.approx(each) for each in stretches]
    assert warning == ""


@pytest.mark.parametrize(
    ("description", "stretches"),
    [
        ("Where ferries are mentioned", [(20.5, 33.2)]),
        ("When somebody talks about the ferry", [(26, 33.2)]),
        ("A title about ferries", [(20.5, 25)]),
        ("Scenes about the ferry", [(20, 40)]),
        ("Somebody says good night", [(42, 44)]),
    ],
)
def test_what_is_said_or_written_makes_segments(description: str, stretches: list[Stretch]) -> None:
    """The words of a description are looked for in speech, in text on screen, or in what it names of them."""
    answer, warning = found(description)
    assert answer == [pytest.approx(each) for each in stretches]
    assert warning == ""


def test_occasions_close_together_are_one() -> None:
    """What is said within two seconds belongs together, what comes later does not."""
    speech = (said(0, "the budget is here"), said(3, "a budget for all"), said(20, "budget again"))
    timeline = replace(HARBOUR, text=(), speech=speech)
    assert found("Mentions of the budget", timeline)[0] == [pytest.approx((0, 4.6)), pytest.approx((20, 20.8))]


def test_parts_of_a_video_begin_where_much_changes() -> None:
    """Chapters follow fades, titles and speech, and cover the video without a gap."""
    chapters, warning = found("The chapters of the video")
    assert (chapters[0][0], chapters[-1][1], warning) == (0, 60, "")
    assert all(one[1] == other[0] for one, other in pairwise(chapters))
    assert any(start_s == 20 for start_s, _ in chapters)


@pytest.mark.parametrize(
    ("description", "reason"),
    [
        ("Moments in which a dog barks", "objects are not recognised"),
        ("Close-ups of the zebra crossing", "wanted describes cannot be determined"),
        ("Scenes in the kitchen", "wanted describes cannot be determined"),
    ],
)
def test_what_cannot_be_determined_has_the_shots(description: str, reason: str) -> None:
    """Nobody is told that it is there: a warning says that the segments are the shots."""
    answer, warning = found(description)
    assert answer == SHOTS
    assert reason in warning


def test_what_was_looked_for_in_vain_has_no_segments() -> None:
    """Words that nobody said or wrote, and tracks that are not there, have none, with the reason."""
    assert found("Where somebody mentions the volcano") == (
        [],
        "Nothing like volcano was read on screen or heard: wanted has no segments.",
    )
    assert "no sound stream" in found("Somebody talks about the island", SILENT)[1]
    assert "no sound stream" in found("Passages of music", SILENT)[1]
    assert "not installed" in found("Titles on screen", WITHOUT_EXTRA)[1]


def test_segments_of_one_definition_never_overlap() -> None:
    """Also where lines stand beside one another on screen."""
    texts = (line(0, 10, "harbour news"), line(5, 15, "harbour map"), line(14, 16, "harbour"))
    timeline = replace(HARBOUR, text=texts, shots=(shot(0, 60),))
    for description in ("Titles", "Text about the harbour", "harbour"):
        stretches, _ = found(description, timeline)
        assert stretches
        assert all(one[1] <= other[0] for one, other in pairwise(stretches))
