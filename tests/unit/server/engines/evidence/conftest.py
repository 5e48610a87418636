"""Tiny media whose content is known exactly, for each track of evidence."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from scripts.sample_videos.broadcast import write_sound
from scripts.sample_videos.score import RATE

Film = Callable[..., Path]


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """Encode RGB pictures, 25 a second or at the times given, and mono sound if any, beginning at `start_s`."""
    folder = tmp_path_factory.mktemp("films")

    def make(
        name: str,
        pictures: Iterable[np.ndarray] = (),
        sound: np.ndarray | None = None,
        *,
        start_s: float = 0.0,
        streams: int = 1,
        times_s: list[float] | None = None,
    ) -> Path:
        path, shown = folder / name, list(pictures)
        with av.open(str(path), "w") as container:
            video = container.add_stream("libx264", rate=25, options={"preset": "superfast"}) if shown else None
            if video is not None:
                video.height, video.width = shown[0].shape[:2]
                video.pix_fmt, video.codec_context.time_base = "yuv420p", Fraction(1, 1000)
            audio = [container.add_stream("aac", rate=RATE, layout="mono") for _ in range(streams) if sound is not None]
            for number, picture in enumerate(shown):
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                at_s = times_s[number] if times_s else number / 25
                frame.pts, frame.time_base = round((start_s + at_s) * 1000), Fraction(1, 1000)
                container.mux(video.encode(frame))
            if video is not None:
                container.mux(video.encode(None))
            for stream in audio:
                write_sound(container, stream, sound)
        return path

    return make


def plain(colour: tuple[int, int, int], width: int = 320, height: int = 180) -> np.ndarray:
    """A picture of one colour."""
    return np.full((height, width, 3), colour, np.uint8)


def texture(seed: int, width: int = 320, height: int = 180) -> np.ndarray:
    """A picture of soft blotches."""
    coarse = np.random.default_rng(seed).integers(40, 216, (height // 30, width // 40, 3), np.uint8)
    return coarse.repeat(30, 0).repeat(40, 1)[:height, :width]


def mixed(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    """A mixture of two pictures."""
    return (one * (1 - share) + other * share).astype(np.uint8)
