"""Headers of files, and windows held against them."""

import json
import os
from pathlib import Path

import anyio
import av
import numpy as np
import psutil
import pytest
from av.stream import Disposition

from pipeline.media.probe import Prober, beyond_end
from pipeline.models import Header, Recipe
from scripts.sample_videos.odd import audio_only, tiny_video

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


async def test_what_is_no_video_says_why(film: Path, tmp_path: Path) -> None:
    """Neither text nor a file that is gone can be read, sound has no pictures, and the next file is read all the
    same.
    """
    text, sound = tmp_path / "text.mp4", tmp_path / "sound.mp4"
    text.write_text("no video")
    sound.write_bytes(audio_only())
    async with Prober(10) as prober:
        assert await prober.header(str(text)) == Header(flaw="unreadable")
        assert await prober.header(str(tmp_path / "gone.mp4")) == Header(flaw="unreadable")
        heard = await prober.header(str(sound))
        assert (heard.flaw, heard.width) == ("no_video", None)
        assert heard.duration_s == pytest.approx(2, abs=0.2)
        assert (await prober.header(str(film))).flaw is None


async def test_a_cover_picture_is_no_video(tmp_path: Path) -> None:
    """Music with a picture attached holds no moving pictures."""
    music = tmp_path / "music.mp4"
    music.write_bytes(audio_only())
    covered = tmp_path / "covered.mp4"
    picture = np.zeros((360, 360, 3), np.uint8)
    with av.open(str(music)) as given, av.open(str(covered), "w") as made:
        sound = made.add_stream_from_template(given.streams.audio[0])
        cover = made.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 360, 360, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        made.mux(cover.encode(av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuvj420p")))
        made.mux(cover.encode(None))
        for packet in given.demux(given.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = sound
                made.mux(packet)
    async with Prober(10) as prober:
        assert (await prober.header(str(covered))).flaw == "no_video"


async def test_a_file_that_hangs_or_crashes_its_reader_costs_itself_alone(film: Path, tmp_path: Path) -> None:
    """Reading never takes longer than it may, and whoever is read at the same time or next is read all the same."""
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    found: dict[str, Header] = {}

    async def read(prober: Prober, path: Path) -> None:
        found[path.name] = await prober.header(str(path))

    async with Prober(2, processes=2) as prober:
        await prober.header(str(film))  # whose process is there now
        async with anyio.create_task_group() as group:
            group.start_soon(read, prober, pipe)
            group.start_soon(read, prober, film)
        assert found["pipe.mp4"] == Header(flaw="timeout")
        assert found["film.mp4"].duration_s
    async with Prober(30, processes=1) as prober:
        async with anyio.create_task_group() as group:
            group.start_soon(read, prober, pipe)
            while not (readers := _readers()):
                await anyio.sleep(0.01)
            for reader in readers:
                reader.kill()
        assert found["pipe.mp4"] == Header(flaw="unreadable")
        assert (await prober.header(str(film))).duration_s
        (last,) = _readers()
    assert not last.is_running()


async def test_several_files_in_one_message_are_answered_in_their_order(film: Path, tmp_path: Path) -> None:
    """Also around those that hang: what comes behind them is read by the next process."""
    pipes = [tmp_path / "first.mp4", tmp_path / "second.mp4"]
    for pipe in pipes:
        os.mkfifo(pipe)
    gone = tmp_path / "gone.mp4"
    async with Prober(2, processes=1) as prober:
        await prober.header(str(film))
        paths = [film, pipes[0], gone, pipes[1], film]
        flaws = [header.flaw for header in await prober.headers([str(path) for path in paths])]
        assert await prober.headers([]) == []
    assert flaws == [None, "timeout", "unreadable", "timeout", None]


async def test_as_many_headers_are_read_at_once_as_there_are_processes(film: Path) -> None:
    """Processes are started as they are needed, never more than allowed, and end with the prober."""
    found: list[Header] = []

    async def read(prober: Prober) -> None:
        found.append(await prober.header(str(film)))

    async with Prober(30, processes=2) as prober:
        await read(prober)
        assert len(_readers()) == 1
        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(read, prober)
        assert len(_readers()) == 2
    assert _readers() == []
    assert len({header.duration_s for header in found}) == 1


def _readers() -> list[psutil.Process]:
    children = psutil.Process().children()
    return [child for child in children if any("pipeline.media.probe" in word for word in child.cmdline())]


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
