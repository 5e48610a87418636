"""Media for tests: tiny valid videos in any number, and files that a platform has to refuse."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from .film import Film, Scene, encode


def tiny_video(seed: int = 0, *, seconds: float = 1.0, width: int = 360, height: int = 360) -> bytes:
    """A valid video of a few kilobytes; each seed gives other bytes, after the first at no cost.

    The seed travels in a `free` box at the end, which every reader of MP4 passes over.
    """
    payload = f"seed {seed}".encode()
    box = (8 + len(payload)).to_bytes(4, "big") + b"free" + payload
    return _tiny(seconds, width, height) + box


def write_tiny_videos(folder: Path, count: int) -> list[Path]:
    """`count` valid videos of distinct content in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"tiny-{seed:05}.mp4" for seed in range(count)]
    for seed, path in enumerate(paths):
        path.write_bytes(tiny_video(seed))
    return paths


def film_bytes(film: Film) -> bytes:
    """The film as the bytes of an MP4 file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        encode(film, path)
        return path.read_bytes()


def truncated() -> bytes:
    """The first half of a video whose header comes first, so that it opens and then ends too early."""
    whole = _busy()
    return whole[: len(whole) // 2]


def headless() -> bytes:
    """The second half of a video: pictures without the header that says how to read them."""
    whole = _busy()
    return whole[len(whole) // 2 :]


def text() -> bytes:
    return b"This is a shopping list, not a video.\n" * 40


def empty() -> bytes:
    return b""


def audio_only() -> bytes:
    return film_bytes(Film("audio.mp4", (Scene(2.0, "black", level_dbfs=-20),), pictures=False))


def too_small() -> bytes:
    return tiny_video(width=90, height=90)


def one_picture() -> bytes:
    return film_bytes(Film("one.mp4", (Scene(0.04, "blue"),), width=360, sound=False))


def too_wide() -> bytes:
    return tiny_video(width=1200, height=360)


BROKEN: dict[str, Callable[[], bytes]] = {
    "truncated.mp4": truncated,
    "headless.mp4": headless,
    "text.mp4": text,
    "empty.mp4": empty,
    "audio only.mp4": audio_only,
    "90x90.mp4": too_small,
    "one picture.mp4": one_picture,
    "too wide.mp4": too_wide,
}


def write_broken(folder: Path) -> list[Path]:
    """One file of each kind in `BROKEN`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in BROKEN.items():
        (folder / name).write_bytes(make())
    return [folder / name for name in BROKEN]


@cache
def _tiny(seconds: float, width: int, height: int) -> bytes:
    scene = Scene(seconds, "blue", second="yellow")
    return film_bytes(Film("tiny.mp4", (scene,), width=width, height=height, fps=10, sound=False))


@cache
def _busy() -> bytes:
    scenes = (Scene(2.0, "red", second="white", motion="rush"), Scene(2.0, "green", second="black", motion="rush"))
    return film_bytes(Film("busy.mp4", scenes, width=360))
