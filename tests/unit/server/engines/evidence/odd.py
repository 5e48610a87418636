"""Media that are not as most are, and harmless: tiny, with a content that is known."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RED, GREEN, BLUE = (200, 30, 30), (40, 150, 50), (30, 40, 190)
Colour = tuple[int, int, int]


def plain(colour: Colour, width: int = 64, height: int = 48) -> np.ndarray:
    """A picture of one colour."""
    return np.full((height, width, 3), colour, np.uint8)


def tone(seconds: float, rate: int, level: float = 0.2, channels: int = 1) -> np.ndarray:
    """A tone of 400 Hz, channels x samples."""
    wave = level * np.sin(2 * np.pi * 400 * np.arange(round(seconds * rate)) / rate)
    return np.tile(wave.astype(np.float32), (channels, 1))


def write(
    path: Path,
    pictures: Sequence[np.ndarray] = (),
    *,
    times_s: Sequence[float] | None = None,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    options: dict[str, str] | None = None,
    sounds: Sequence[tuple[np.ndarray, int, str]] = (),
    sound_codec: str = "pcm_s16le",
    start_s: float = 0.0,
) -> Path:
    """Encode RGB pictures, 25 a second or at the times given, and streams of sound: (samples, rate, layout)."""
    with av.open(str(path), "w") as container:
        video = None
        if pictures:
            height, width = pictures[0].shape[:2]
            video = container.add_stream(codec, rate=25, width=width, height=height, pix_fmt=pixels)
            video.options = options or {}
            video.codec_context.time_base = Fraction(1, 1000 if codec != "mpeg2video" else 25)
        streams = [container.add_stream(sound_codec, rate=rate, layout=layout) for _, rate, layout in sounds]
        for number, picture in enumerate(pictures):
            at_s = start_s + (times_s[number] if times_s else number / 25)
            _show(container, video, picture, at_s)
        if video is not None:
            container.mux(video.encode(None))
        for stream, (samples, rate, layout) in zip(streams, sounds, strict=True):
            _sound(container, stream, samples, rate, layout, start_s)
    return path


def _show(container: av.container.OutputContainer, stream: av.VideoStream, picture: np.ndarray, at_s: float) -> None:
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24" if picture.dtype == np.uint8 else "rgb48le")
    frame.pts, frame.time_base = round(at_s * 1000), Fraction(1, 1000)
    container.mux(stream.encode(frame))


def _sound(
    container: av.container.OutputContainer,
    stream: av.AudioStream,
    samples: np.ndarray,
    rate: int,
    layout: str,
    start_s: float,
) -> None:
    step = rate // 10
    for first in range(0, samples.shape[1], step):
        part = np.ascontiguousarray(samples[:, first : first + step])
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
        frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
        frame.pts = round(start_s * rate) + first
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def pq(red: float, green: float, blue: float, width: int = 64, height: int = 48) -> np.ndarray:
    """A picture of one colour of so many nits in BT.2020, in PQ (SMPTE ST 2084), 16 bits deep."""
    light = (np.array([red, green, blue]) / 10_000) ** 0.1593017578125
    code = ((0.8359375 + 18.8515625 * light) / (1 + 18.6875 * light)) ** 78.84375
    return np.full((height, width, 3), code * 65_535, np.uint16)


HDR = {"color_trc": "smpte2084", "colorspace": "bt2020nc", "color_primaries": "bt2020"}
