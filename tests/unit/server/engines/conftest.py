"""Videos whose content is known, for the engine to look at."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from scripts.sample_videos.film import PALETTE, encode
from scripts.sample_videos.films import FILMS

TimedPicture = tuple[float, np.ndarray]
WriteStill = Callable[..., Path]


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample videos."""
    folder = tmp_path_factory.mktemp("samples")
    for film in FILMS:
        encode(film, folder / film.name)
    return folder


def encode_pictures(
    path: Path, pictures: Iterable[TimedPicture], codec: str = "libx264", pixels: str = "yuv420p"
) -> Path:
    """A video of RGB pictures of 360x360, each with the time at which it is shown."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, width=360, height=360, pix_fmt=pixels)
        for at_s, picture in pictures:
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = round(at_s * 25), Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def write_video(tmp_path: Path) -> Callable[..., Path]:
    """Encode RGB pictures, each with the time at which it is shown (whole 25ths of a second), in any codec."""

    def write(
        pictures: Iterable[TimedPicture], name: str = "made.mp4", codec: str = "libx264", pixels: str = "yuv420p"
    ) -> Path:
        return encode_pictures(tmp_path / name, pictures, codec, pixels)

    return write


@pytest.fixture(scope="session")
def write_still(tmp_path_factory: pytest.TempPathFactory) -> WriteStill:
    """Encode one picture: of a colour of the palette, or the one that a video shows at a time."""
    folder = tmp_path_factory.mktemp("stills")

    def write(shown: str | Path, at_s: float = 0.0, codec: str = "png", size: tuple[int, int] = (640, 480)) -> Path:
        plain = np.full((*size[::-1], 3), PALETTE[shown] if isinstance(shown, str) else 0, np.uint8)
        frame = av.VideoFrame.from_ndarray(plain, format="rgb24")
        if isinstance(shown, Path):
            with av.open(str(shown)) as film:
                frame = next(frame for frame in film.decode(video=0) if frame.time >= at_s)
        name = shown if isinstance(shown, str) else f"{shown.stem}-{at_s}"
        path = folder / f"{name}-{size[0]}.{codec}"
        pixels = {"mjpeg": "yuvj420p", "png": "rgb24", "bmp": "bgr24", "gif": "rgb8", "libwebp": "yuv420p"}[codec]
        with av.open(str(path), "w", format="gif" if codec == "gif" else "image2") as container:
            stream = container.add_stream(codec, rate=1)
            stream.width, stream.height, stream.pix_fmt = *size, pixels
            container.mux(stream.encode(frame.reformat(*size, format=pixels)))
            container.mux(stream.encode(None))
        return path

    return write
