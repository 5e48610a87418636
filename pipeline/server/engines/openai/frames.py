"""Which moments of a video a model is shown, and the pictures as JPEG."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange

from pipeline.server.engines.contract import EngineError
from pipeline.server.engines.decode import Effort, frames_from, pictures, upright
from pipeline.server.engines.light import as_shown
from pipeline.server.engines.looks import look_at
from pipeline.server.engines.shots import mark_cuts
from pipeline.server.engines.watch import Passage, watch
from pipeline.server.inspect import MediaRejected, open_media

# FFmpeg's scale of JPEG quality, from 2 (best) to 31; at 4 titles stay sharp.
_QUALITY = "4"


@dataclass(frozen=True, slots=True)
class Shown:
    """One frame, and when it is on show: seconds on the file's own clock."""

    at_s: float
    jpeg: bytes


def sample(path: Path, window: Passage, most: int, every_s: float, pixels: int) -> list[Shown]:
    """Frames of a window, chosen by its shots.

    Raises:
        EngineError: the file cannot be read, or the window holds no picture.
    """
    try:
        scenes = watch(mark_cuts(look_at(pictures(path, *window))), *window).scenes
        moments = choose([(scene.start_s, scene.end_s) for scene in scenes], most, every_s)
        shown = [Shown(at_s, to_jpeg(frame, pixels)) for at_s, frame in _frames_at(path, moments)]
    except MediaRejected as exc:
        raise EngineError(exc.message) from exc
    if not shown:
        raise EngineError(f"No picture could be decoded between {window[0]:.1f} s and {window[1]:.1f} s.")
    return shown


def choose(shots: Sequence[Passage], most: int, every_s: float) -> list[float]:
    """The middle of each shot, and what is left over to the shots whose frames are farthest apart.

    Where there are more shots than frames, shots are passed over evenly.
    """
    if len(shots) > most:
        shots = [shots[(2 * number + 1) * len(shots) // (2 * most)] for number in range(most)]
    counts = [1] * len(shots)
    lengths = [end_s - start_s for start_s, end_s in shots]
    for _ in range(most - len(shots)):
        gaps = [length / (count + 1) for length, count in zip(lengths, counts, strict=True)]
        widest = max(range(len(gaps)), key=gaps.__getitem__, default=None)
        if widest is None or gaps[widest] < every_s:
            break
        counts[widest] += 1
    return [
        start_s + (end_s - start_s) * (number + 0.5) / count
        for (start_s, end_s), count in zip(shots, counts, strict=True)
        for number in range(count)
    ]


def _frames_at(path: Path, moments: Sequence[float]) -> Iterator[tuple[float, VideoFrame]]:
    """The frame on show at each moment. Files without an index are read through once, others moment by moment."""
    with open_media(path) as container:
        is_indexed = container.format.name.startswith(("mov", "matroska"))
    for group in [[moment] for moment in moments] if is_indexed else [list(moments)]:
        yield from _walk(path, group)


def _walk(path: Path, moments: list[float]) -> Iterator[tuple[float, VideoFrame]]:
    waiting = list(moments)
    on_show: VideoFrame | None = None
    with open_media(path) as container:
        for frame in frames_from(container, moments[0] if moments else 0.0, Effort.EVERY):
            while waiting and frame.time > waiting[0]:
                yield waiting.pop(0), on_show or frame
            if not waiting:
                return
            on_show = frame
        if on_show is not None:
            yield from ((moment, on_show) for moment in waiting)


def to_jpeg(frame: VideoFrame, most_pixels: int) -> bytes:
    """The picture upright, made smaller where it has more pixels than that."""
    shrink = min(1.0, sqrt(most_pixels / (frame.width * frame.height)))
    # a side of a JPEG is even here: colours are stored at half the size
    width, height = (max(2, int(side * shrink) // 2 * 2) for side in (frame.width, frame.height))
    points = as_shown(np.asarray(frame.reformat(width, height, "rgb24").to_ndarray(), np.uint8), frame)
    turned = VideoFrame.from_ndarray(upright(points, frame), "rgb24")
    ready = turned.reformat(format="yuvj420p", dst_color_range=ColorRange.JPEG)
    encoder = av.CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = turned.width, turned.height, "yuvj420p"
    encoder.time_base = Fraction(1, 1)
    encoder.options = {"qmin": _QUALITY, "qmax": _QUALITY}
    ready.pts = 0
    return b"".join(bytes(packet) for packet in (*encoder.encode(ready), *encoder.encode(None)))
