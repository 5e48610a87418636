"""Videos whose content is known, for the engine to look at."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from scripts.sample_videos.film import encode
from scripts.sample_videos.films import FILMS

TimedPicture = tuple[float, np.ndarray]


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample videos."""
    folder = tmp_path_factory.mktemp("samples")
    for film in FILMS:
        encode(film, folder / film.name)
    return folder


@pytest.fixture
def write_video(tmp_path: Path) -> Callable[..., Path]:
    """Encode RGB pictures, each with the time at which it is shown (whole 25ths of a second), in any codec."""

    def write(
        pictures: Iterable[TimedPicture], name: str = "made.mp4", codec: str = "libx264", pixels: str = "yuv420p"
    ) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=25, width=360, height=360, pix_fmt=pixels)
            for at_s, picture in pictures:
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = round(at_s * 25), Fraction(1, 25)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return write
