"""Ordinary media that are awkward: the timeline tells what is in them, at the times of the file's own clock."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.server.engines.evidence.gather import gather
from pipeline.server.engines.evidence.timeline import Timeline
from pipeline.server.inspect import MediaLimits, inspect

from .odd import BLUE, GREEN, HDR, RED, plain, pq, tone, write

TINY = MediaLimits(min_duration_s=0, min_side=16)
TWO = [plain(RED)] * 25 + [plain(GREEN)] * 25


def seen(path: Path) -> Timeline:
    """The shots alone, of a file that the platform takes."""
    inspect(path, TINY)
    return gather(path, tracks=("visuals",))


def shots(path: Path) -> list[tuple[float, str]]:
    """When each shot begins, to within a tenth, and its colour."""
    return [(pytest.approx(shot.start_s, abs=0.11), shot.colours[0][0]) for shot in seen(path).shots]


def loud(timeline: Timeline) -> list[tuple[float, float]]:
    """Where there is any sound."""
    parts: list[tuple[float, float]] = []
    for each in timeline.sounds:
        if each.kind != "silence":
            begins = parts.pop()[0] if parts and parts[-1][1] == each.start_s else each.start_s
            parts.append((begins, each.end_s))
    return [(pytest.approx(start_s, abs=0.15), pytest.approx(end_s, abs=0.15)) for start_s, end_s in parts]


def test_variable_frame_rate(tmp_path: Path) -> None:
    """Shots are timed by when pictures are shown, not by their number."""
    times_s = [0.0, 0.04, 0.5, 1.5, 1.54, 1.58, 1.62, 1.7, 2.5]
    pictures = [plain(RED)] * 3 + [plain(BLUE)] * 6
    assert shots(write(tmp_path / "vfr.mp4", pictures, times_s=times_s)) == [(0.0, "red"), (1.5, "blue")]


@pytest.mark.parametrize("name", ["late.mkv", "late.ts"])
def test_a_clock_that_does_not_begin_at_zero(tmp_path: Path, name: str) -> None:
    """Times are those of the file's own clock, of pictures as of sound."""
    codec, sound = ("mpeg2video", "mp2") if name.endswith("ts") else ("libx264", "aac")
    quiet_then_loud = np.concatenate([np.zeros((1, 48_000), np.float32), tone(1, 48_000)], 1)
    sounds = [(quiet_then_loud, 48_000, "mono")]
    path = write(tmp_path / name, TWO, codec=codec, sounds=sounds, sound_codec=sound, start_s=30.0)
    begun_s = seen(path).start_s
    assert begun_s == pytest.approx(30.0, abs=2.0)  # a transport stream adds the delay of its buffer
    assert shots(path) == [(begun_s, "red"), (begun_s + 1, "green")]
    assert loud(gather(path, tracks=("sounds",))) == [(begun_s + 1, begun_s + 2)]


@pytest.mark.parametrize(("degrees", "numbers"), [(90, (0, 1, -1, 0)), (180, (-1, 0, 0, -1)), (270, (0, -1, 1, 0))])
def test_rotation(tmp_path: Path, degrees: int, numbers: tuple[int, int, int, int]) -> None:
    """A picture that players turn is as wide as it is shown."""
    path = write(tmp_path / "turned.mp4", TWO)
    made = bytearray(path.read_bytes())
    a, b, c, d = (number << 16 for number in numbers)
    at = made.index(b"tkhd") + 44
    made[at : at + 36] = b"".join(each.to_bytes(4, "big", signed=True) for each in (a, b, 0, c, d, 0, 0, 0, 1 << 30))
    path.write_bytes(made)
    timeline = seen(path)
    assert timeline.media.rotation == degrees
    assert (timeline.media.width, timeline.media.height) == ((64, 48) if degrees == 180 else (48, 64))
    assert [shot.colours[0][0] for shot in timeline.shots] == ["red", "green"]


def test_high_dynamic_range(tmp_path: Path) -> None:
    """Ten bits in PQ and BT.2020: cuts are where they are, and colours are those of an ordinary screen."""
    pictures = [pq(203, 203, 203)] * 25 + [pq(120, 5, 5)] * 25 + [pq(0, 0, 0)] * 25
    timeline = seen(write(tmp_path / "hdr.mkv", pictures, codec="libx265", pixels="yuv420p10le", options=HDR))
    assert [shot.start_s for shot in timeline.shots] == pytest.approx([0, 1, 2], abs=0.11)
    assert [shot.colours[0][0] for shot in timeline.shots] == ["white", "red", "black"]


def test_interlaced(tmp_path: Path) -> None:
    """Fields that are shown one after the other are decoded as pictures."""
    options = {"flags": "+ildct+ilme", "x264-params": "tff=1"}
    assert shots(write(tmp_path / "fields.mkv", TWO, options=options)) == [(0.0, "red"), (1.0, "green")]


@pytest.mark.parametrize(("size", "pixels"), [((65, 49), "yuv444p"), ((64, 1080), "yuv420p"), ((17, 33), "yuv444p")])
def test_odd_dimensions(tmp_path: Path, size: tuple[int, int], pixels: str) -> None:
    """Sides that are odd, or far apart, are as good as others."""
    pictures = [plain(RED, *size)] * 25 + [plain(GREEN, *size)] * 25
    path = write(tmp_path / "odd.mkv", pictures, pixels=pixels)
    assert [shot.colours[0][0] for shot in gather(path, tracks=("visuals",)).shots] == ["red", "green"]


def test_one_picture(tmp_path: Path) -> None:
    """A video of one picture is one shot."""
    timeline = seen(write(tmp_path / "one.mp4", [plain(BLUE)]))
    assert [shot.colours[0][0] for shot in timeline.shots] == ["blue"]
    assert 0 < timeline.end_s <= 0.1


def test_no_sound(tmp_path: Path) -> None:
    """Without sound there are no tracks of sound, which is not the same as silence."""
    timeline = gather(write(tmp_path / "mute.mp4", TWO), tracks=("visuals", "sounds"))
    assert (timeline.sounds, timeline.loudness, timeline.media.audio_streams) == (None, None, 0)


def test_sound_alone(tmp_path: Path) -> None:
    """Without pictures there are no tracks of pictures."""
    path = write(tmp_path / "sound.wav", sounds=[(tone(1, 16_000), 16_000, "mono")])
    timeline = gather(path, tracks=("visuals", "sounds"))
    assert (timeline.shots, timeline.media.width) == (None, None)
    assert loud(timeline) == [(0.0, 1.0)]


def test_several_streams_of_sound(tmp_path: Path) -> None:
    """The first stream of sound is listened to, and it is told how many there are."""
    sounds = [(tone(1, 16_000), 16_000, "mono"), (0 * tone(1, 16_000), 16_000, "mono")]
    timeline = gather(write(tmp_path / "dub.mkv", TWO[:25], sounds=sounds), tracks=("sounds",))
    assert timeline.media.audio_streams == 2
    assert loud(timeline) == [(0.0, 1.0)]


@pytest.mark.parametrize(
    ("rate", "channels", "layout"), [(8_000, 1, "mono"), (96_000, 2, "stereo"), (48_000, 6, "5.1")]
)
def test_any_rate_and_number_of_channels(tmp_path: Path, rate: int, channels: int, layout: str) -> None:
    """The same tone is as long and about as loud at any rate, in any number of channels."""
    path = write(tmp_path / "sound.mkv", sounds=[(tone(1, rate, channels=channels), rate, layout)])
    timeline = gather(path, tracks=("sounds",))
    assert loud(timeline) == [(0.0, 1.0)]
    assert timeline.sounds[0].level_dbfs == pytest.approx(-17, abs=1)
