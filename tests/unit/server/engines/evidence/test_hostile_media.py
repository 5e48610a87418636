"""Media made to do harm: each ends in a sentence or in a timeline, in bounded time and memory."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.server.engines.contract import EngineError, EngineImage
from pipeline.server.engines.evidence.gather import gather
from pipeline.server.engines.images import first_frame
from pipeline.server.inspect import MediaLimits, MediaRejected, inspect
from pipeline.server.stills import inspect_still
from pipeline.server.workers import Caps, JobRejected, WorkerCrashed, WorkerPool

from . import hostile
from .odd import plain, tone, write

TINY = MediaLimits(min_duration_s=0, min_side=16)


def refused(path: Path, reason: str) -> None:
    """Both the platform and the engine by itself refuse a file for the same reason."""
    with pytest.raises(MediaRejected, match=reason):
        inspect(path, TINY)
    with pytest.raises(EngineError, match=reason):
        gather(path, tracks=("visuals",))


@pytest.mark.anyio
async def test_a_frame_bomb(tmp_path: Path) -> None:
    """A small file that unpacks to hours of work is ended when the time for its length has passed.

    At upload few of its pictures are looked at, and its end is found to be none.
    """
    bomb = hostile.frame_bomb(tmp_path / "bomb.webm")
    assert bomb.stat().st_size < 3_000_000
    with pytest.raises(MediaRejected):
        inspect(bomb, TINY)
    async with WorkerPool(1, tmp_path / "log", Caps(1024, 1, 0.1)) as pool:
        with pytest.raises(WorkerCrashed, match=re.escape("longer than 1.33333 s for 13.3 minutes of video")):
            await pool.run_about(800, lambda: None, gather, bomb, None, None, ("visuals",))


def test_a_gif_of_a_hundred_thousand_pictures(tmp_path: Path) -> None:
    """Of an animation the first picture is looked at; as a video it is refused."""
    gif = hostile.long_gif(tmp_path / "long.gif")
    assert inspect_still(gif, 10_000).width == 64
    refused(gif, "cannot be read")


@pytest.mark.anyio
async def test_stills_of_absurd_size(tmp_path: Path) -> None:
    """A picture of a few bytes that unpacks to a gigabyte is refused before it is unpacked, by whoever looks at it."""
    gif = hostile.wide_gif(tmp_path / "wide.gif")
    async with WorkerPool(1, tmp_path / "log", Caps(256, 30)) as pool:
        with pytest.raises(JobRejected, match="of at most 11,000,000 pixels"):
            await pool.run(lambda: None, inspect_still, gif, 11_000_000)
        with pytest.raises(JobRejected, match="image wide cannot be read"):
            await pool.run(lambda: None, first_frame, EngineImage("wide", gif))


def test_a_webp_of_a_hundred_thousand_pictures(tmp_path: Path) -> None:
    """It is refused by what its beginning says."""
    with pytest.raises(MediaRejected, match="cannot be read"):
        inspect_still(hostile.moving_webp(tmp_path / "moving.webp"), 10_000)


@pytest.mark.parametrize("name", ["absurd.avi", "absurd.mkv"])
def test_pictures_of_absurd_size(tmp_path: Path, name: str) -> None:
    """Pictures that claim nine hundred million points are refused, not unpacked."""
    refused(hostile.absurd_jpeg(tmp_path / name), "cannot be read")


def test_pictures_that_grow(tmp_path: Path) -> None:
    """Pictures that become of absurd size in the middle of a file are refused there."""
    refused(hostile.growing(tmp_path / "growing.webm"), "cannot be read")


def test_thousands_of_streams(tmp_path: Path) -> None:
    """A file of more streams than anybody needs is refused before they are looked into."""
    refused(hostile.many_streams(tmp_path / "streams.mp4"), "more than 500 streams")


def test_times_that_jump(tmp_path: Path) -> None:
    """Where the clock jumps by an hour and back, pictures are told as far as time runs on."""
    timeline = gather(hostile.jumping(tmp_path / "jumping.ts"), tracks=("visuals",))
    starts = [shot.start_s for shot in timeline.shots]
    assert starts == sorted(starts)
    assert timeline.end_s - timeline.start_s == pytest.approx(3601, abs=1)


def test_sound_whose_times_jump(tmp_path: Path) -> None:
    """Sound is told in order of its times, wherever in the file it stands."""
    path, sound = tmp_path / "sound.ts", [(tone(1, 48_000), 48_000, "mono")]
    takes = [write(path, sounds=sound, sound_codec="mp2", start_s=at_s).read_bytes() for at_s in (5, 60, 20)]
    path.write_bytes(b"".join(takes))
    sounds = gather(path, tracks=("sounds",)).sounds
    assert [each.kind == "silence" for each in sounds] == [False, True, False, True, False]
    assert all(one.end_s == other.start_s for one, other in pairwise(sounds))


def test_times_that_jump_by_days(tmp_path: Path) -> None:
    """A file whose times span more than a day is not watched."""
    path = hostile.jumping(tmp_path / "jumping.ts", (0, 25 * 86_401, 50))
    with pytest.raises(EngineError, match="longer than a day"):
        gather(path, tracks=("visuals",))


def test_a_file_that_is_cut_off(tmp_path: Path) -> None:
    """The platform refuses what is cut off; of what is there the engine tells."""
    path = hostile.truncated(tmp_path / "cut.mkv")
    with pytest.raises(MediaRejected, match="cut off"):
        inspect(path, TINY)
    assert gather(path, tracks=("visuals",)).shots


def test_lengths_that_lie(tmp_path: Path) -> None:
    """A second of video that claims to last for an hour, for ages or for ever is refused, or found to last a second."""
    with pytest.raises(MediaRejected, match=r"of the 3600\.0 s it promises"):
        inspect(hostile.lying(tmp_path / "hour.mkv", 3600), TINY)
    refused(hostile.lying(tmp_path / "ages.mkv", 3e9), "claims to begin at 0 s and to last 3000000000 s")
    for endless in (float("inf"), float("nan")):
        assert inspect(hostile.lying(tmp_path / "ever.mkv", endless), TINY).duration_s == pytest.approx(1, abs=0.1)


def test_sound_that_is_broken_in_between(tmp_path: Path) -> None:
    """It is passed over, whatever the decoder calls it, and what comes after is heard."""
    whole = write(tmp_path / "whole.mp4", sounds=[(tone(4, 48_000), 48_000, "mono")], sound_codec="aac")
    broken = hostile.broken_aac(whole, tmp_path / "broken.mp4", range(60, 120))
    sounds = gather(broken, tracks=("sounds",)).sounds
    assert [each.kind == "silence" for each in sounds] == [False, True, False]


def test_recordings_that_were_joined(tmp_path: Path) -> None:
    """Where one ends and the next begins packets are counted anew: that is no end that was cut off."""
    path = hostile.jumping(tmp_path / "joined.ts", (0, 50, 100, 0))
    assert inspect(path, TINY).duration_s == pytest.approx(5, abs=0.1)


def test_a_stream_that_turns_up_late(tmp_path: Path) -> None:
    """Streams that begin later than the file is looked into when it is opened take nothing down."""
    film = write(
        tmp_path / "film.flv",
        [plain((90, 90, 10 * (number % 20))) for number in range(250)],
        sounds=[(tone(1, 44_100), 44_100, "mono")],
        sound_codec="aac",
    )
    assert inspect(hostile.late_sound(film), TINY).duration_s == pytest.approx(10, abs=0.1)
    assert gather(film, tracks=("visuals",)).end_s == pytest.approx(10, abs=0.3)


def test_sound_ends_with_the_window(tmp_path: Path) -> None:
    """Levels are those of twentieths of a second, the last of which may reach beyond the end."""
    timeline = gather(write(tmp_path / "tone.wav", sounds=[(tone(1.02, 48_000), 48_000, "mono")]), tracks=("sounds",))
    assert (timeline.sounds[-1].end_s, timeline.end_s) == (1.02, 1.02)
