"""A film is a list of scenes; this draws their pictures, makes their sound and encodes both as H.264 and AAC."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Literal

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from .font import text_mask

Picture = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Motion = Literal["still", "drift", "rush"]

PALETTE: dict[str, tuple[int, int, int]] = {
    "black": (0, 0, 0),
    "white": (240, 240, 240),
    "grey": (128, 128, 128),
    "red": (200, 30, 30),
    "orange": (240, 140, 20),
    "yellow": (235, 215, 40),
    "green": (40, 150, 50),
    "cyan": (40, 200, 210),
    "blue": (35, 70, 190),
    "purple": (125, 40, 165),
}
SAMPLE_RATE = 44_100


@dataclass(frozen=True, slots=True)
class Scene:
    """One shot.

    Attributes:
        seconds: how long; rounded to whole frames.
        colour: the ground, a name of `PALETTE`.
        second: the colour of what moves on it (or of what lies on it, in a still scene).
        motion: "still"; "drift", a disc crosses the picture slowly; "rush", broad stripes race over all of it.
        title: letters in the middle of the picture.
        level_dbfs: RMS level of the tone in dB below full scale; None is silence.
        tone_hz: pitch of the tone.
    """

    seconds: float
    colour: str
    second: str | None = None
    motion: Motion = "still"
    title: str = ""
    level_dbfs: float | None = None
    tone_hz: float = 440.0


@dataclass(frozen=True, slots=True)
class Film:
    """A video file to be: its scenes in order. `sound` False leaves the audio stream out altogether."""

    name: str
    scenes: tuple[Scene, ...]
    width: int = 640
    height: int = 360
    fps: int = 25
    sound: bool = True
    pictures: bool = True

    def frames_of(self, scene: Scene) -> int:
        return max(1, round(scene.seconds * self.fps))


def encode(film: Film, path: Path) -> None:
    """Write the film to `path` as MP4, whole or not at all."""
    partial = path.with_name(path.name + ".part")
    with av.open(str(partial), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        video = _video_stream(container, film) if film.pictures else None
        audio = _audio_stream(container) if film.sound else None
        if video is not None:
            _write_pictures(container, video, film)
        if audio is not None:
            _write_sound(container, audio, film)
    partial.replace(path)


def draw(film: Film, scene: Scene, at_s: float) -> Picture:
    """The picture of `scene` at `at_s` seconds after its beginning: the planes of yuv420p, one below the other."""
    layers = [(_figure(film, scene.motion, at_s), scene.second)] if scene.second else []
    if scene.title:
        layers.append((_letters(film, scene.title), "white"))
    return np.concatenate([_plane(film, scene, layers, index) for index in range(3)]).reshape(-1, film.width)


def _plane(film: Film, scene: Scene, layers: list[tuple[Mask, str]], index: int) -> Picture:
    """One flattened plane: luma at full size, chroma (index 1 and 2) at half of it each way."""
    step = 2 if index else 1
    plane = np.full((film.height // step, film.width // step), to_yuv(scene.colour)[index])
    for mask, colour in layers:
        plane = np.where(mask[::step, ::step], to_yuv(colour)[index], plane)
    return plane.ravel()


def _figure(film: Film, motion: Motion, at_s: float) -> Mask:
    x = np.arange(film.width)[None, :]
    y = np.arange(film.height)[:, None]
    if motion == "rush":
        stripe = film.width // 8
        return np.broadcast_to((x + round(at_s * film.width / 2)) // stripe % 2 == 0, (film.height, film.width))
    radius = min(film.width, film.height) // 4
    room = film.width - 2 * radius
    way = round(at_s * film.width / 8) % (2 * room) if motion == "drift" else room // 2
    centre = radius + min(way, 2 * room - way)  # there and back again: a jump would be a cut
    return (x - centre) ** 2 + (y - film.height // 2) ** 2 < radius**2


def _letters(film: Film, title: str) -> Mask:
    """Where the title is, centred in the picture."""
    mask = text_mask(title, film.width * 3 // 4)
    top, left = (film.height - mask.shape[0]) // 2, (film.width - mask.shape[1]) // 2
    return np.pad(mask, ((top, film.height - top - mask.shape[0]), (left, film.width - left - mask.shape[1])))


@cache
def to_yuv(name: str) -> npt.NDArray[np.uint8]:
    """A colour of the palette in BT.601, limited range: what a player assumes for pictures of this size."""
    red, green, blue = PALETTE[name]
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    parts = (16 + luma * 219 / 255, 128 + (blue - luma) / 1.772 * 224 / 255, 128 + (red - luma) / 1.402 * 224 / 255)
    return np.array(parts).round().astype(np.uint8)


def _video_stream(container: OutputContainer, film: Film) -> VideoStream:
    stream = container.add_stream("libx264", rate=film.fps, options={"preset": "superfast", "crf": "26"})
    stream.width, stream.height, stream.pix_fmt = film.width, film.height, "yuv420p"
    stream.codec_context.thread_count = 1  # the same bytes whatever the number of cores
    return stream


def _audio_stream(container: OutputContainer) -> AudioStream:
    return container.add_stream("aac", rate=SAMPLE_RATE, layout="mono", bit_rate=48_000)


def _write_pictures(container: OutputContainer, stream: VideoStream, film: Film) -> None:
    for number, picture in enumerate(_pictures(film)):
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, film.fps)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _pictures(film: Film) -> Iterator[Picture]:
    for scene in film.scenes:
        first = draw(film, scene, 0.0)
        for number in range(film.frames_of(scene)):
            yield first if scene.motion == "still" else draw(film, scene, number / film.fps)


def _write_sound(container: OutputContainer, stream: AudioStream, film: Film) -> None:
    position = 0
    for samples in _sound(film):
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, position, Fraction(1, SAMPLE_RATE)
        position += samples.size
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _sound(film: Film) -> Iterator[npt.NDArray[np.float32]]:
    for scene in film.scenes:
        count = round(film.frames_of(scene) / film.fps * SAMPLE_RATE)
        if scene.level_dbfs is None:
            yield np.zeros(count, np.float32)
            continue
        peak = math.sqrt(2) * 10 ** (scene.level_dbfs / 20)
        yield (peak * np.sin(2 * np.pi * scene.tone_hz * np.arange(count) / SAMPLE_RATE)).astype(np.float32)
