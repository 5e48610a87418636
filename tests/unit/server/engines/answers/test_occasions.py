"""Segments: where in a video is what a definition describes, from what was seen, read and heard."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.server.engines.answers.occasions import find
from pipeline.server.engines.answers.references import References
from pipeline.server.engines.evidence.timeline import Timeline
from pipeline.server.engines.stretches import Stretch, common

from .harbour import HARBOUR, HEARD_ONLY, SILENT, WITHOUT_EXTRA, babble, line, said, shot, sound

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
        ("Sudden sounds", [(45, 45.2)]),
        ("Loud passages", [(20, 40), (45, 45.2)]),
        ("The ticker at the bottom of the picture", [(30, 40)]),
        ("Music or titles", [(1, 5), (20, 40)]),
        ("Every topic discussed", [(0, 20), (20, 40), (40, 60)]),
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
        ("Dark shots where ferries are mentioned", [(20, 40)]),
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
    ("description", "stretches", "reason"),
    [
        ("Moments in which a dog barks", [], "objects are not recognised"),
        ("Close-ups of the zebra crossing", [], "wanted describes cannot be determined: it has no segments."),
        ("Commercial breaks and advertisements", [], "What is an advertisement cannot be determined"),
        ("A player scores a goal", [], "What anybody does cannot be determined"),
        ("Scenes in the kitchen", SHOTS, "cannot be determined: its segments are the shots of the video."),
        ("Sections about cooking with people", [], "Nothing like cooking was read on screen or heard"),
    ],
)
def test_what_cannot_be_determined_has_no_segments(description: str, stretches: list[Stretch], reason: str) -> None:
    """Nobody is told that it is there; where shots are described, a warning says that the segments are all of them."""
    answer, warning = found(description)
    assert answer == stretches
    assert reason in warning


def test_what_stays_throughout_is_no_segment() -> None:
    """A ticker with a word of the description would make a segment of the whole video."""
    timeline = replace(HARBOUR, text=(line(0, 60, "breaking news: the island votes", "ticker"),))
    assert found("The island", timeline)[0] == [(26, pytest.approx(33.2))]
    assert found("Commercial breaks", timeline)[0] == []
    assert found("The ticker about the island", timeline)[0] == [(0, 60)]


@pytest.mark.parametrize(
    ("description", "stretches"),
    [
        ("Music playing without speech", [(20, 22), (25, 26), (33.2, 40)]),
        ("Speech without music", [(6, 8.4), (42, 44)]),
        ("Shots without speech", [(50, 60)]),
        ("Speech, except for music and titles", [(6, 8.4), (42, 44)]),
        ("Parts without music", [(0, 20), (40, 60)]),
        ("Everything except the music", [(0, 20), (40, 60)]),
    ],
)
def test_what_is_not_to_be_there_is_taken_away(description: str, stretches: list[Stretch]) -> None:
    """Of passages the time of it, of shots those in which it is."""
    answer, warning = found(description)
    assert answer == [pytest.approx(each) for each in stretches]
    assert warning == ""


def test_what_is_not_to_be_there_and_cannot_be_determined_is_said() -> None:
    """Without people: nobody knows."""
    stretches, warning = found("Music without people")
    assert stretches == [(20, 40)]
    assert warning == "Not all that wanted describes had a part in the choice of its segments."


def test_words_that_nobody_looked_for_are_not_taken_for_absent() -> None:
    """Where neither text nor speech was looked for, shots without a word are those of which nobody knows."""
    stretches, warning = found("Shots without the word budget", replace(HARBOUR, text=None, speech=None))
    assert stretches == SHOTS
    assert warning.startswith("Not all that wanted describes")


@pytest.mark.parametrize("description", ["No music", "When nobody speaks"])
def test_that_a_no_was_not_heeded_is_said(description: str) -> None:
    """It stands for too much to be followed, so that whoever reads the segments has to know."""
    assert found(description)[1].startswith("Not all that wanted describes")


@pytest.mark.parametrize(
    ("description", "stretches"),
    [
        ("The first 10 seconds", [(0, 10)]),
        ("The last five seconds of the video", [(55, 60)]),
        ("The first and last 5 seconds", [(0, 5), (55, 60)]),
        ("The second half", [(30, 60)]),
        ("Music between 0:25 and 0:50", [(25, 40)]),
        ("Every 25 seconds", [(0, 25), (25, 50), (50, 60)]),
        ("Thirty-second windows", [(0, 30), (30, 60)]),
    ],
)
def test_times_that_are_described_are_kept_to(description: str, stretches: list[Stretch]) -> None:
    """They are the segments, or what is described beside is looked for in them."""
    assert found(description) == (stretches, "")


def test_no_sliver_is_left_between_passages() -> None:
    """Where something ends two milliseconds before the next begins, nobody means what lies between."""
    close = replace(HARBOUR, speech=(babble(0, 20),), sounds=(sound(20.002, 60, "music"),))
    assert found("without music or speech", close)[0] == []


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


def test_what_is_there_but_never_at_once_has_no_segments() -> None:
    """Two kinds without an "and" or "or" between them are meant at once."""
    assert found("Black frames with still pictures") == (
        [],
        "Nowhere are there black passages and still passages at once: wanted has no segments.",
    )
    assert found("Bright shots where winter is mentioned")[0] == []
    assert len(found("Black frames and still pictures")[0]) == 2


def test_what_of_a_description_had_no_part_in_the_choice_is_said() -> None:
    """Who speaks is not known, so that all speech is found, with a warning."""
    stretches, warning = found("The speaker talks")
    assert len(stretches) == 4
    assert warning.endswith("Who speaks cannot be determined: voices are not told apart.")


def test_the_id_speaks_where_the_description_says_nothing() -> None:
    """An id such as "black_frames" is read as words."""
    definition = {"id": "black_frames", "description": "Find all of these"}
    assert list(find(definition, HARBOUR, References((), HARBOUR)).stretches) == [(19.5, 20)]


def test_sound_alone_has_no_shots() -> None:
    """Where there are no pictures, scenes that cannot be determined are the whole."""
    stretches, warning = found("Cooking scenes", HEARD_ONLY)
    assert stretches == [(0, 60)]
    assert warning.endswith("its segments are the whole of it.")


def test_a_fade_at_the_beginning_lies_inside() -> None:
    """Nothing begins before the window does."""
    assert found("fades", replace(HARBOUR, shots=(shot(0, 60, entered="fade"),)))[0] == [(0, 0.4)]


WORDS = (
    "black still silence music speech speaks title text ticker logo fade sudden loud dark bright green motion scenes"
    " shots chapters topics ferry winter harbour penguins dog and or in with without about mentioned segment the"
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(WORDS.split()), min_size=1, max_size=6), st.sampled_from([HARBOUR, SILENT, HEARD_ONLY]))
def test_segments_are_in_order_inside_and_never_overlap(words: list[str], timeline: Timeline) -> None:
    """Whatever is described."""
    stretches, _ = found(" ".join(words), timeline)
    assert all(timeline.start_s <= start_s < end_s <= timeline.end_s for start_s, end_s in stretches)
    assert all(one[1] <= other[0] for one, other in pairwise(stretches))


SPANS = st.lists(st.integers(0, 40), unique=True, max_size=10).map(lambda edges: list(pairwise(sorted(edges)))[::2])


@settings(max_examples=40, deadline=None)
@given(SPANS, SPANS)
def test_what_lies_in_both(one: list[Stretch], other: list[Stretch]) -> None:
    """The same as of each with each."""
    each = sorted((max(a, x), min(b, y)) for a, b in one for x, y in other if max(a, x) < min(b, y))
    assert common(one, other) == each


@pytest.mark.parametrize(
    ("description", "stretches"),
    [("Close-ups of a person", [(40, 48), (50, 52)]), ("Faces in red shots", [(40, 48)])],
)
def test_faces_make_segments(description: str, stretches: list[Stretch]) -> None:
    """With the warning that people without such a face have none."""
    answer, warning = found(description)
    assert answer == stretches
    assert "people are told of only where" in warning
    assert "dlib-bin is not installed" in found(description, WITHOUT_EXTRA)[1]
