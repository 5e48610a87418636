"""The engine on videos that are not as most are."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pipeline.server.engines.measure import measure

from pipeline.server.engines.contract import EngineError
from pipeline.server.engines.decode import Effort, choose_effort, pictures
from pipeline.server.engines.looks import look_at
from pipeline.server.engines.shots import mark_cuts
from scripts.sample_videos.film import PALETTE, Film, Scene, encode

WriteVideo = Callable[..., Path]


def card(colour: str) -> np.ndarray:
    return np.full((360, 360, 3), PALETTE[colour], np.uint8)


def cards(*colours: str, each: int = 25) -> Iterator[tuple[float, np.ndarray]]:
    for number in range(len(colours) * each):
        yield number / 25, card(colours[number // each])


def starts(path: Path) -> list[float]:
    return [pytest.approx(shot.start_s, abs=0.06) for shot in measure(path).shots]


def test_no_sound_stream(write_video: WriteVideo) -> None:
    """Without a sound stream no level is told, which is not the same as silence."""
    measured = measure(write_video(cards("red", "green")))
    assert measured.level_dbfs is None
    assert measured.silent == ()
    assert [shot.level_dbfs for shot in measured.shots] == [None, None]


def test_sound_that_ends_early(tmp_path: Path, write_video: WriteVideo) -> None:
    """Where the sound is over before the pictures are, there is silence."""
    film = Film("quiet.mp4", (Scene(1.0, "red", level_dbfs=-20), Scene(2.0, "green")), width=360)
    encode(film, tmp_path / film.name)
    assert measure(tmp_path / film.name).silent == (pytest.approx((1.0, 3.0), abs=0.1),)


def test_variable_frame_rate(write_video: WriteVideo) -> None:
    """Shots are timed by the clock of the pictures, not by their number."""
    times = [0.0, 0.52, 1.52, 1.6, 3.0, 3.04, 3.08, 4.0, 5.0]
    video = write_video((at_s, card("red" if at_s < 3 else "blue")) for at_s in times)
    assert starts(video) == [0.0, 3.0]


def test_a_window_between_two_pictures(write_video: WriteVideo) -> None:
    """A window in which no picture begins shows the one that is still on."""
    video = write_video((at_s, card(colour)) for at_s, colour in ((0.0, "red"), (1.0, "blue"), (4.0, "green")))
    measured = measure(video, 2.0, 3.0)
    assert [shot.colours[0][0] for shot in measured.shots] == ["blue"]
    assert (measured.shots[0].start_s, measured.shots[0].end_s) == (2.0, 3.0)


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
    measured = measure(write_video(cards("orange", "cyan", "purple"), name, codec, pixels))
    assert [shot.colours[0][0] for shot in measured.shots] == ["orange", "cyan", "purple"]
    assert measured.shots[1].start_s - measured.start_s == pytest.approx(1.0, abs=0.06)


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

    measured = measure(write_video(shown()))
    assert [pytest.approx(shot.start_s, abs=0.06) for shot in measured.shots] == [0.0, 1.0]
    assert all(shot.motion is not None and shot.motion > 0.15 for shot in measured.shots)
    assert measured.still == ()


def test_a_slow_fade_is_no_cut(write_video: WriteVideo) -> None:
    """A picture that grows dark over a second and a half is one shot."""
    video = write_video((n / 25, (card("yellow") * (1 - n / 38)).astype(np.uint8)) for n in range(38))
    assert starts(video) == [0.0]


def test_black_at_the_end(write_video: WriteVideo) -> None:
    """A black passage that lasts to the end ends there."""
    assert measure(write_video(cards("red", "black"))).black == (pytest.approx((1.0, 2.0), abs=0.06),)


def test_key_frames_alone(write_video: WriteVideo) -> None:
    """Key frames are enough to find the cuts of a long video, for which an encoder starts a new group."""
    random = np.random.default_rng(3)
    scenes = [random.integers(0, 255, (12, 12, 3), np.uint8).repeat(30, 0).repeat(30, 1) for _ in range(3)]
    video = write_video((n / 25, scenes[n // 50]) for n in range(150))
    looks = look_at(pictures(video, 0.0, 6.0, Effort.KEY))
    cuts = [look.at_s for look, is_cut in mark_cuts(looks, sparse=True) if is_cut]
    assert cuts == [pytest.approx(2.0, abs=0.06), pytest.approx(4.0, abs=0.06)]


def test_effort_falls_with_length(write_video: WriteVideo) -> None:
    """Short windows are decoded whole, longer ones in part, and key frames serve only where there are enough."""
    video = write_video(cards("red", "green"))
    assert choose_effort(video, 0.0, 300.0) is Effort.EVERY
    assert choose_effort(video, 0.0, 1800.0) is Effort.REFERENCED
    assert choose_effort(video, 0.0, 7200.0) is Effort.REFERENCED  # two key frames for two hours are too few


def test_damage_is_passed_over(write_video: WriteVideo) -> None:
    """A damaged part in the middle costs its pictures, not the answer."""
    video = write_video(cards("red", "green", "blue"))
    whole = bytearray(video.read_bytes())
    middle = whole.index(b"mdat") + (len(whole) - whole.index(b"mdat")) // 3
    whole[middle : middle + 40] = bytes(40)
    video.write_bytes(whole)
    assert measure(video).shots[0].colours[0][0] == "red"


@pytest.mark.parametrize("window", [(9.0, 12.0), (1.0, 1.0)])
def test_a_window_outside_the_video(write_video: WriteVideo, window: tuple[float, float]) -> None:
    """A window that holds nothing of the video is refused with a sentence that names it."""
    with pytest.raises(EngineError, match=f"from {window[0]:.1f} s"):
        measure(write_video(cards("red", "green")), *window)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    """A file that is no video is refused, and so is one that is not there."""
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    for path in (text, tmp_path / "missing.mp4"):
        with pytest.raises(EngineError, match="cannot be read"):
            measure(path)
