"""Shots and how they begin, what they look like, black and still passages."""

from itertools import repeat
from pathlib import Path

import numpy as np
import pytest

from pipeline.server.engines.evidence.gather import gather
from pipeline.server.engines.evidence.timeline import Timeline

from .conftest import Film, mixed, plain, texture

BLACK = plain((0, 0, 0))


@pytest.fixture(scope="module")
def timeline(film: Film) -> Timeline:
    """Red for 1.2 s, a cut to a texture, a dissolve of 0.8 s into another, a fade of 0.8 s by way of black into green,
    then 0.6 s of black.
    """
    red, green, one, other = plain((200, 30, 30)), plain((40, 150, 50)), texture(1), texture(2)
    pictures = [
        *repeat(red, 30),
        *repeat(one, 30),
        *(mixed(one, other, number / 20) for number in range(20)),
        *repeat(other, 30),
        *(mixed(other, BLACK, number / 10) for number in range(10)),
        *(mixed(BLACK, green, number / 10) for number in range(10)),
        *repeat(green, 25),
        *repeat(BLACK, 15),
    ]
    return gather(film("shots.mp4", pictures), tracks=("visuals",))


def test_shots_and_how_they_begin(timeline: Timeline) -> None:
    """Cuts, dissolves and fades are found where they are, and nothing else."""
    found = [(shot.start_s, shot.entered) for shot in timeline.shots]
    assert [entered for _, entered in found] == ["start", "cut", "dissolve", "fade", "cut"]
    assert [at_s for at_s, _ in found] == pytest.approx([0.0, 1.2, 2.8, 4.8, 6.2], abs=0.13)


def test_gradual_changes_last_as_long_as_they_do(timeline: Timeline) -> None:
    """How long a dissolve or a fade takes is told to a fifth of a second or two."""
    assert [shot.entered_over_s for shot in timeline.shots[2:4]] == pytest.approx([0.8, 0.8], abs=0.25)


def test_shots_follow_one_another(timeline: Timeline) -> None:
    """Each shot ends where the next begins, the first begins and the last ends with the video."""
    edges = [(shot.start_s, shot.end_s) for shot in timeline.shots]
    assert [start_s for start_s, _ in edges] == [timeline.start_s, *(end_s for _, end_s in edges[:-1])]
    assert edges[-1][1] == timeline.end_s


def test_what_shots_look_like(timeline: Timeline) -> None:
    """Colours, brightness, contrast and motion are those of the shot, not of what it is mixed with."""
    red, _, _, green, black = timeline.shots
    assert [shot.colours[0][0] for shot in (red, green, black)] == ["red", "green", "black"]
    assert red.colours[0][1] > 0.95
    assert black.brightness < 0.02 < green.brightness
    assert red.contrast < 0.05 < timeline.shots[1].contrast
    assert red.motion == 0.0


def test_a_telling_picture_of_each_shot(timeline: Timeline) -> None:
    """The picture that says most about a shot is one of its own."""
    assert all(shot.start_s <= shot.frame_s <= shot.end_s for shot in timeline.shots)


def test_black_and_still_passages(timeline: Timeline) -> None:
    """The black at the end is a passage, and so is each shot that stands still for a second."""
    assert [(part.start_s, part.end_s) for part in timeline.black] == [pytest.approx((6.2, 6.8), abs=0.13)]
    assert timeline.still[0].start_s == pytest.approx(0.0, abs=0.1)
    assert timeline.still[0].end_s == pytest.approx(1.2, abs=0.13)


def test_what_moves_is_no_dissolve(film: Film) -> None:
    """A camera that pans all the time, and a disc that crosses the picture, are one shot each."""
    wide = texture(3, width=1200)
    rows, columns = np.ogrid[:180, :320]
    discs = [plain((30, 30, 120)) for _ in range(60)]
    for number, picture in enumerate(discs):
        picture[(rows - 90) ** 2 + (columns - 40 - 4 * number) ** 2 < 900] = (230, 210, 40)
    pan = [wide[:, 6 * number : 6 * number + 320] for number in range(60)]
    timeline = gather(film("moving.mp4", [*pan, *discs]), tracks=("visuals",))
    assert [shot.entered for shot in timeline.shots] == ["start", "cut"]


def test_a_fade_in_at_the_start_is_no_shot_of_its_own(film: Film) -> None:
    """A video that comes up from black and goes down to black is one shot that says how it begins."""
    scene = texture(4)
    ramp = [mixed(BLACK, scene, number / 15) for number in range(15)]
    timeline = gather(film("in and out.mp4", [*ramp, *repeat(scene, 30), *reversed(ramp)]), tracks=("visuals",))
    assert [(shot.entered, shot.start_s) for shot in timeline.shots] == [("fade", 0.0)]


def test_times_run_as_the_pictures_do(film: Film, tmp_path: Path) -> None:
    """With pictures at uneven intervals, from a start other than zero, cuts are where they are on the file's clock."""
    times_s = [number * 0.04 for number in range(25)] + [1.0 + number * 0.1 for number in range(20)]
    pictures = [*repeat(texture(5), 25), *repeat(texture(6), 20)]
    timeline = gather(film("uneven.mkv", pictures, start_s=7.0, times_s=times_s), tracks=("visuals",))
    assert timeline.start_s == pytest.approx(7.0, abs=0.05)
    assert [shot.start_s for shot in timeline.shots] == pytest.approx([7.0, 8.0], abs=0.13)
