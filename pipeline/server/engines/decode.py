"""Pictures of a window of a file, one after the other, whole or as thumbnails: no more than two are in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter

from pipeline.server.engines.light import as_shown
from pipeline.server.inspect import DAMAGE, open_media, to_the_end, video_stream

THUMB_WIDTH, THUMB_HEIGHT = 128, 72

Thumb = npt.NDArray[np.uint8]


class Effort(Enum):
    """Which pictures are decoded; the value is FFmpeg's name for what is skipped.

    Measured on 1280x720 at 30 pictures a second: 2.9 s of CPU for a minute of video with every picture, 1.7 s without
    those that no other picture refers to.
    """

    EVERY = "DEFAULT"
    REFERENCED = "NONREF"


_BT709, _UNSPECIFIED, _BT2020 = 1, 2, (9, 10)  # colour spaces, ITU-T H.273


@dataclass(frozen=True, slots=True)
class Picture:
    """A thumbnail, height x width x RGB, and when it is shown: seconds on the file's own clock."""

    at_s: float
    thumb: Thumb


def pictures(path: Path, start_s: float, end_s: float) -> Iterator[Picture]:
    """The pictures shown from `start_s` up to `end_s`, the one already on show at `start_s` first.

    Parts that are damaged are passed over.

    Raises:
        MediaRejected: the file cannot be read.
    """
    shrink = VideoReformatter()
    for at_s, frame in shown(path, start_s, end_s, Effort.REFERENCED):
        yield Picture(at_s, thumb(shrink, frame))


def shown(
    path: Path, start_s: float, end_s: float, effort: Effort, *, rough: bool = False
) -> Iterator[tuple[float, VideoFrame]]:
    """The same pictures whole, as they were decoded, each with its time. Those whose time runs back are left out.

    Rough ones are decoded without smoothing the edges of blocks, which is a fifth of the work. What is left of them
    drifts until the next key frame: nothing for whoever reads small letters, but thumbnails hardly show it.
    """
    on_show: VideoFrame | None = None
    latest_s = start_s
    with open_media(path) as container:
        for frame in frames_from(container, start_s, effort, rough=rough):
            if frame.time >= end_s:
                break
            if frame.time <= start_s:
                on_show = frame
                continue
            if on_show is not None:
                yield start_s, on_show
                on_show = None
            if frame.time > latest_s:
                yield frame.time, frame
                latest_s = frame.time
        if on_show is not None:
            yield start_s, on_show


def frames_from(
    container: InputContainer, start_s: float, effort: Effort, *, rough: bool = False
) -> Iterator[VideoFrame]:
    """The pictures that have a time and can be decoded, from a little before `start_s` on."""
    stream = video_stream(container)
    stream.codec_context.skip_frame = effort.value
    if rough:
        stream.codec_context.options |= {"skip_loop_filter": "all"}
    seek(container, start_s)
    for packet in to_the_end(container.demux(stream)):
        try:
            yield from (frame for frame in packet.decode() if frame.pts is not None)
        except DAMAGE:
            continue


def seek(container: InputContainer, start_s: float) -> None:
    """Go to the last key frame up to `start_s` where the container has an index; others are read from the start."""
    if start_s > 0 and container.format.name.startswith(("mov", "matroska")):
        container.seek(int(start_s * av.time_base))


def thumb(shrink: VideoReformatter, frame: VideoFrame) -> Thumb:
    """The picture reduced to `THUMB_WIDTH` x `THUMB_HEIGHT` points, as an ordinary screen shows it."""
    # Fast bilinear costs next to nothing beside decoding; area averaging as much as a third of it.
    small = shrink.reformat(
        frame,
        THUMB_WIDTH,
        THUMB_HEIGHT,
        "rgb24",
        src_colorspace=_colour_space(frame),
        interpolation=Interpolation.FAST_BILINEAR,
        threads=1,  # waking others up costs more than so small a picture
    )
    return as_shown(np.asarray(small.to_ndarray(), np.uint8), frame)


def upright(points: npt.NDArray[np.uint8], frame: VideoFrame) -> npt.NDArray[np.uint8]:
    """What was made of a picture, turned as players turn the picture."""
    return np.ascontiguousarray(np.rot90(points, round(frame.rotation / 90)))


def _colour_space(frame: VideoFrame) -> Colorspace:
    """What is named of BT.2020 and BT.709, and else what players assume: BT.709 of high definition, BT.601 below it."""
    if frame.colorspace in _BT2020:
        return Colorspace.BT2020
    high_definition = min(frame.width, frame.height) >= 720
    if frame.colorspace == _BT709 or (frame.colorspace == _UNSPECIFIED and high_definition):
        return Colorspace.ITU709
    return Colorspace.ITU601
