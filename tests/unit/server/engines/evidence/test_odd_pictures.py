"""Pictures that are not as most are: what looks like a cut and is none, damage, any container and pixel format."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline.server.engines.evidence.gather import gather
from pipeline.server.engines.evidence.timeline import Timeline
from scripts.sample_videos.film import PALETTE, Film, Scene, encode

WriteVideo = Callable[..., Path]


def card(colour: str) -> np.ndarray:
    return np.full((360, 360, 3), PALETTE[colour], np.uint8)


def cards(*colours: str, each: int = 25) -> Iterator[tuple[float, np.ndarray]]:
    for number in range(len(colours) * each):
        yield number / 25, card(colours[number // each])


def seen(path: Path, *window: float) -> Timeline:
    return gather(path, *window, tracks=("visuals",))


def starts(path: Path) -> list[float]:
    return [pytest.approx(shot.start_s, abs=0.06) for shot in seen(path).shots]


def test_sound_that_ends_early(tmp_path: Path) -> None:
    """Where the sound is over before the pictures are, there is silence."""
    film = Film("quiet.mp4", (Scene(1.0, "red", level_dbfs=-20), Scene(2.0, "green")), width=360)
    encode(film, tmp_path / film.name)
    silence = gather(tmp_path / film.name, tracks=("sounds",)).sounds[-1]
    assert silence.kind == "silence"
    assert (silence.start_s, silence.end_s) == pytest.approx((1.0, 3.0), abs=0.1)


def test_a_window_between_two_pictures(write_video: WriteVideo) -> None:
    """A window in which no picture begins shows the one that is still on."""
    video = write_video((at_s, card(colour)) for at_s, colour in ((0.0, "red"), (1.0, "blue"), (4.0, "green")))
    (shot,) = seen(video, 2.0, 3.0).shots
    assert (shot.colours[0][0], shot.start_s, shot.end_s) == ("blue", 2.0, 3.0)


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("deep.mp4", "libx264", "yuv420p10le"),
        ("full.mkv", "libx264", "yuv444p"),
        ("jpeg.avi", "mjpeg", "yuvj420p"),
        ("plain.mkv", "ffv1", "bgr0"),
        ("old.ts", "mpeg2video", "yuv420p"),
    ],
)
def test_any_pixel_format_and_container(write_video: WriteVideo, name: str, codec: str, pixels: str) -> None:
    """Colours and cuts are the same whatever the container, the codec and the pixel format."""
    timeline = seen(write_video(cards("orange", "cyan", "purple"), name, codec, pixels))
    assert [shot.colours[0][0] for shot in timeline.shots] == ["orange", "cyan", "purple"]
    assert timeline.shots[1].start_s - timeline.start_s == pytest.approx(1.0, abs=0.06)


def test_a_flash_is_no_cut(write_video: WriteVideo) -> None:
    """One bright picture among others does not end a shot."""
    video = write_video((n / 25, card("white" if n == 25 else "blue")) for n in range(50))
    assert starts(video) == [0.0]


def test_noise_and_a_pan_are_no_cuts(write_video: WriteVideo) -> None:
    """Camera noise over a fast pan makes motion, not cuts; the cut among it is found."""
    random = np.random.default_rng(7)
    grounds = [random.integers(0, 255, (12, 40, 3)).repeat(30, 0).repeat(30, 1) for _ in range(2)]

    def shown() -> Iterator[tuple[float, np.ndarray]]:
        for n in range(50):
            part = grounds[n // 25][:, 6 * (n % 25) : 6 * (n % 25) + 360]
            yield n / 25, np.clip(part + random.normal(0, 8, part.shape), 0, 255).astype(np.uint8)

    timeline = seen(write_video(shown()))
    assert [pytest.approx(shot.start_s, abs=0.06) for shot in timeline.shots] == [0.0, 1.0]
    assert all(shot.motion is not None and shot.motion > 0.15 for shot in timeline.shots)
    assert timeline.still == ()


def test_a_slow_fade_is_no_cut(write_video: WriteVideo) -> None:
    """A picture that grows dark over a second and a half is one shot."""
    video = write_video((n / 25, (card("yellow") * (1 - n / 38)).astype(np.uint8)) for n in range(38))
    assert starts(video) == [0.0]


def test_damage_is_passed_over(write_video: WriteVideo) -> None:
    """A damaged part in the middle costs its pictures, not the answer."""
    video = write_video(cards("red", "green", "blue"))
    whole = bytearray(video.read_bytes())
    middle = whole.index(b"mdat") + (len(whole) - whole.index(b"mdat")) // 3
    whole[middle : middle + 40] = bytes(40)
    video.write_bytes(whole)
    assert seen(video).shots[0].colours[0][0] == "red"
