"""Headers of files, and windows held against them."""

import json
import os
from pathlib import Path

import pytest

from pipeline.media.probe import Prober, beyond_end
from pipeline.models import Header, Recipe
from scripts.sample_videos.odd import tiny_video

pytestmark = pytest.mark.anyio


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A second of video."""
    path = tmp_path / "film.mp4"
    path.write_bytes(tiny_video(1))
    return path


async def test_a_header_tells_length_and_size(film: Path) -> None:
    """Of any name that a file may have, a line break and bytes that are no text included."""
    odd = os.fsdecode(os.fsencode(film.with_name("odd\n")) + b"\xff.mp4")
    film.rename(odd)
    async with Prober(10) as prober:
        header = await prober.header(odd)
    assert header.duration_s == pytest.approx(1, abs=0.1)
    assert header.width
    assert header.height


async def test_what_is_no_video_has_no_header(film: Path, tmp_path: Path) -> None:
    """Neither text nor a file that is gone says anything, and the next file is read all the same."""
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    async with Prober(10) as prober:
        assert await prober.header(str(text)) == Header()
        assert await prober.header(str(tmp_path / "gone.mp4")) == Header()
        assert (await prober.header(str(film))).duration_s


async def test_a_file_that_hangs_or_crashes_its_reader_is_unknown(film: Path, tmp_path: Path) -> None:
    """Reading never takes longer than it may, and a crash costs the one answer only."""
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    async with Prober(0.3) as prober:
        assert await prober.header(str(pipe)) == Header()
    async with Prober(10) as prober:
        assert (await prober.header(str(film))).duration_s
        assert prober._process is not None
        prober._process.kill()
        await prober._process.wait()
        assert await prober.header(str(film)) == Header()
        assert (await prober.header(str(film))).duration_s
        last = prober._process
    assert last.returncode is not None


WITHIN: list[dict[str, float]] = [
    {},
    {"start_time_s": 0, "end_time_s": 61.5},
    {"start_time_s": 61.4},
    {"end_time_s": 61.6},
]
BEYOND: list[tuple[dict[str, float], str]] = [
    ({"start_time_s": 61.5}, "start_time 61.5 s"),
    ({"start_time_s": 70, "end_time_s": 80}, "start_time 70 s"),
    ({"start_time_s": 10, "end_time_s": 61.7}, "end_time 61.7 s"),
]


@pytest.mark.parametrize("window", WITHIN)
def test_a_window_within_the_video_passes(window: dict[str, float]) -> None:
    """The end itself is within, as far as containers round."""
    assert beyond_end("v.mp4", Recipe("local", "m", "what?", **window), Header(0, 61.5)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(("window", "told"), BEYOND)
def test_a_window_beyond_the_end_is_told_with_both_numbers(window: dict[str, float], told: str) -> None:
    """The message names the video, the moment, and where the video ends."""
    error = beyond_end("v.mp4", Recipe("local", "m", "what?", **window), Header(0, 61.5))  # type: ignore[arg-type]
    assert error is not None
    assert error.code == "window_beyond_end"
    assert f"v.mp4: {told} is beyond the video's end at 61.500 s" in error.message


def test_the_time_ranges_of_segments_are_windows_too() -> None:
    """The message names the definition that reaches beyond the end."""
    ranges = [{"start_time": 0, "end_time": 10}, {"start_time": 20, "end_time": 70}]
    definitions = json.dumps([{"id": "plain"}, {"id": "goal", "time_ranges": ranges}])
    recipe = Recipe("local", "m", mode="segments", segment_definitions=definitions)
    assert beyond_end("v.mp4", recipe, Header(0, 70)) is None
    error = beyond_end("v.mp4", recipe, Header(0, 61.5))
    assert error is not None
    assert "end_time 70 s of the segment definition goal is beyond the video's end at 61.500 s" in error.message


def test_windows_are_told_by_the_files_own_clock() -> None:
    """A video that begins at ten seconds ends ten seconds later than it is long; one of unknown length has no end."""
    recipe = Recipe("local", "m", "what?", start_time_s=65, end_time_s=70)
    assert beyond_end("v.mp4", recipe, Header(10, 61.5)) is None
    assert beyond_end("v.mp4", recipe, Header()) is None
