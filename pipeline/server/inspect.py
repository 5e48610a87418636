"""Media validation: what an uploaded file is, or why the platform will not take it.

Limits, codes and the shape of `technical_metadata`: TwelveLabs API reference, July 2026, and twelvelabs 1.3.6.
"""

import errno
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from pipeline.server import memory

# Containers with a time line. Play lists and scripts (hls, concat, ...) stay out: they would open other files.
FORMATS = "mov,matroska,webm,avi,mpegts,mpeg,flv,ogg,asf,mxf,gxf,nut,rm,wtv,dv,wav,mp3,aac,flac"
# A last group of pictures longer than this is walked, but not decoded, nor walked for ever.
_MOST_PACKETS = 1_000_000
_MOST_PICTURES = 300
# No video lasts longer or begins later; beyond this, times no longer fit the arithmetic of the reader.
_LONGEST_S, _FARTHEST_S = 7 * 24 * 3600.0, 1e9
# A file of more streams takes more memory and time to open than it may; ordinary ones have a handful.
_MOST_STREAMS = 500
# A picture of more points than this costs gigabytes to decode; the platform itself takes 11 million. FFmpeg refuses
# larger ones wherever in the file they come.
MOST_POINTS = 40_000_000
# What decoders say of a damaged part: all but the first are old or outside ones' ways to say so.
DAMAGE = (av.error.InvalidDataError, av.error.PermissionError, av.error.ExternalError, av.error.UndefinedError)
# The end that is found and the end that is promised rarely agree exactly; more than this missing is a loss.
_LOSS_S = 0.5
_LOSS_SHARE = 0.01

P = TypeVar("P")


class MediaRejected(Exception):
    """The file is not usable media. `code` is the platform's error code, `message` one sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)  # both, or the exception cannot travel out of a worker process
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """What the platform accepts. Sides are pixels; which of them is the height does not matter."""

    min_duration_s: float = 1.0
    min_side: int = 360
    max_long_side: int = 5184
    max_short_side: int = 2160
    max_aspect: float = 2.4


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What a video file is. Width and height are as displayed, rotation applied; `bitrate` is bits per second.

    `start_s` is the time of the first picture on the file's own clock, rarely anything but 0.
    """

    duration_s: float
    width: int
    height: int
    fps: float
    video_codec: str
    audio_codec: str | None
    bitrate: int
    container: str
    size_bytes: int
    start_s: float = 0.0
    rotation: int = 0
    pixel_format: str = ""
    audio_sample_rate: int | None = None
    audio_channels: int | None = None

    def technical_metadata(self) -> dict[str, object]:
        """The `technical_metadata` object of an asset's details; fields that do not apply are left out."""
        fields = {
            "file_size_bytes": self.size_bytes,
            "file_container_format": self.container,
            "video_codec": self.video_codec,
            "video_width": self.width,
            "video_height": self.height,
            "video_fps": self.fps,
            "video_duration_seconds": self.duration_s,
            "video_bitrate_bps": self.bitrate,
            "audio_codec": self.audio_codec,
            "audio_sample_rate": self.audio_sample_rate,
            "audio_channels": self.audio_channels,
            "has_audio": self.audio_codec is not None,
            "storage_aspect_ratio": round(self.width / self.height, 4),
            "video_streams": [
                {
                    "codec": self.video_codec,
                    "width": self.width,
                    "height": self.height,
                    "fps": self.fps,
                    "duration_seconds": self.duration_s,
                    "rotation": self.rotation,
                    "pixel_format": self.pixel_format,
                }
            ],
        }
        return {name: value for name, value in fields.items() if value is not None}


def inspect(path: Path, limits: MediaLimits | None = None) -> MediaFacts:
    """Read what the file says of itself and check it against its first and its last pictures.

    Blocking: call it in a thread or a worker process. The work does not grow with the file: the header, one picture,
    then the last group of pictures.

    Raises:
        MediaRejected: video_file_broken, video_duration_too_short, video_resolution_too_low,
            video_resolution_too_high or video_resolution_invalid_aspect_ratio.
    """
    limits = limits or MediaLimits()
    with open_media(path) as container:
        stream = video_stream(container)
        _check_size(stream.codec_context.width, stream.codec_context.height, limits)
        facts = _facts(container, stream, path.stat().st_size)
        _check_end(container, stream)
    if facts.duration_s < limits.min_duration_s:
        raise MediaRejected(
            "video_duration_too_short",
            f"The video lasts {facts.duration_s:.2f} s; at least {limits.min_duration_s:g} s are needed.",
        )
    return facts


def read_facts(path: Path) -> MediaFacts:
    """What the file says of itself, without checking that it is whole. Raises MediaRejected if it says nothing."""
    with open_media(path) as container:
        return _facts(container, video_stream(container), path.stat().st_size)


@contextmanager
def open_media(path: Path) -> Iterator[InputContainer]:
    """The file, opened for reading; whatever FFmpeg finds wrong with it while it is open is a MediaRejected.

    Raises:
        MemoryError: there is so little left that what FFmpeg finds wrong may be that.
    """
    try:
        with _opened(path) as container:
            try:
                yield container
            except av.FFmpegError as exc:
                if memory.is_short():  # FFmpeg calls most of a file invalid that it has no memory for
                    raise MemoryError(str(exc)) from exc
                raise
    except av.FFmpegError as exc:
        # some readers and decoders return -1, which means nothing, and is told as if it were a matter of permission
        reason = "it is damaged" if exc.errno == errno.EPERM else exc.strerror
        raise _broken(f"The file cannot be read as video: {reason}.") from exc


def _opened(path: Path) -> InputContainer:
    options = {"format_whitelist": FORMATS, "max_streams": str(_MOST_STREAMS), "max_pixels": str(MOST_POINTS)}
    try:
        # what stands before a colon in a relative path would be taken for a protocol
        return av.open(str(path.absolute()), options=options, metadata_errors="replace")
    except av.error.MemoryError:
        if memory.is_short():
            raise
        # what FFmpeg says of too many streams; nothing that is larger was decoded yet
        raise _broken(f"The file has more than {_MOST_STREAMS} streams, or a header that does not fit.") from None


def to_the_end(packets: Iterator[P]) -> Iterator[P]:
    """Packets without what PyAV raises after the last one where streams turned up on the way, as they do in FLV."""
    with suppress(IndexError):
        yield from packets


def video_stream(container: InputContainer) -> VideoStream:
    """The first stream of moving pictures that can be decoded; a cover picture is none. Raises MediaRejected."""
    for stream in container.streams.video:
        # There is no codec context where there is no decoder, whatever the types say.
        if stream.codec_context and not stream.disposition & Disposition.attached_pic:
            stream.codec_context.thread_count = 1  # the pool that calls is the parallelism
            stream.codec_context.options = {"max_pixels": str(MOST_POINTS)}
            return stream
    raise _broken("The file has no video stream that can be decoded.")


def sound_stream(container: InputContainer) -> AudioStream | None:
    """The first stream of sound that can be decoded."""
    return next((stream for stream in container.streams.audio if stream.codec_context), None)


def _broken(message: str) -> MediaRejected:
    return MediaRejected("video_file_broken", message)


def _check_size(width: int, height: int, limits: MediaLimits) -> None:
    short, long = sorted((width, height))
    size = f"The video is {width}x{height} pixels"
    if short < limits.min_side:
        raise MediaRejected(
            "video_resolution_too_low", f"{size}; at least {limits.min_side}x{limits.min_side} are needed."
        )
    if long > limits.max_long_side or short > limits.max_short_side:
        raise MediaRejected(
            "video_resolution_too_high", f"{size}; at most {limits.max_long_side}x{limits.max_short_side} are taken."
        )
    if long / short > limits.max_aspect:
        raise MediaRejected(
            "video_resolution_invalid_aspect_ratio",
            f"{size}; the longer side may be at most {limits.max_aspect:g} times the shorter.",
        )


def _facts(container: InputContainer, stream: VideoStream, size_bytes: int) -> MediaFacts:
    codec = stream.codec_context
    audio = sound_stream(container)
    rotation = _rotation(container, stream)
    width, height = (codec.height, codec.width) if rotation % 180 else (codec.width, codec.height)
    start_s, duration_s = _start_s(stream), _promised_s(container, stream) or _measured_s(container, stream)
    if not 0 <= duration_s <= _LONGEST_S or abs(start_s) > _FARTHEST_S:
        raise _broken(f"The file claims to begin at {start_s:.0f} s and to last {duration_s:.0f} s.")
    return MediaFacts(
        duration_s=round(duration_s, 3),
        width=width,
        height=height,
        fps=round(float(stream.average_rate or stream.guessed_rate or 0), 3),
        video_codec=codec.name,
        audio_codec=audio.codec_context.name if audio else None,
        bitrate=container.bit_rate or 0,
        container=container.format.name,
        size_bytes=size_bytes,
        start_s=round(start_s, 3),
        rotation=rotation,
        pixel_format=codec.pix_fmt or "",
        audio_sample_rate=audio.codec_context.sample_rate if audio else None,
        audio_channels=audio.codec_context.channels if audio else None,
    )


def _rotation(container: InputContainer, stream: VideoStream) -> int:
    """Degrees clockwise by which players turn the picture. Read off the first one, which has to decode."""
    for packet in islice(to_the_end(container.demux(stream)), _MOST_PICTURES):
        for frame in packet.decode():
            return -frame.rotation % 360
    raise _broken("The file's video stream holds no picture that can be decoded.")


def _promised_s(container: InputContainer, stream: VideoStream) -> float | None:
    """What the header says the pictures last."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return whole_s(container, _start_s(stream))


def whole_s(container: InputContainer, start_s: float) -> float | None:
    """What the header says the file lasts that begins at `start_s`. Matroska's counts from zero wherever that is."""
    if not container.duration:
        return None
    told_s = container.duration / av.time_base
    counts_from_zero = container.format.name.startswith("matroska") and 0 < start_s < told_s
    return told_s - start_s if counts_from_zero else told_s


def _measured_s(container: InputContainer, stream: VideoStream) -> float:
    """What they last by their packets, where the header is silent (live recordings)."""
    container.seek(0)
    return max(0.0, _end_s(container, stream) - _start_s(stream))


def _start_s(stream: VideoStream) -> float:
    return float((stream.start_time or 0) * (stream.time_base or 1))


def _check_end(container: InputContainer, stream: VideoStream) -> None:
    """The file reaches the end that its header promises, and the last pictures can be decoded."""
    promised_s = _promised_s(container, stream)
    if promised_s is None:
        return
    promised_end_s = _start_s(stream) + promised_s
    latest_s = promised_end_s - max(_LOSS_S, _LOSS_SHARE * promised_s)
    container.seek(int(promised_end_s * av.time_base))
    if _end_s(container, stream) >= latest_s:
        return
    container.seek(0)  # without an index a seek may miss: the file is walked before it is condemned
    if _end_s(container, stream) < latest_s:
        raise _broken(f"The file is cut off: of the {promised_s:.1f} s it promises the end is missing.")


def _end_s(container: InputContainer, stream: VideoStream) -> float:
    """Where the packets end, read from here on; decodes the pictures on the way."""
    # A header that gives one length for the whole file means the longest of its streams, which may be the sound.
    streams = [stream] if stream.duration is not None else [stream, *container.streams.audio]
    end_s, decoded, is_cut = -math.inf, 0, {}
    for packet in islice(to_the_end(container.demux(*streams)), _MOST_PACKETS):
        if packet.size:  # one of no bytes comes after the last
            is_cut[packet.stream.index] = packet.is_corrupt
        if packet.stream is stream and not packet.is_corrupt and decoded < _MOST_PICTURES:
            decoded += len(packet.decode())
        if packet.pts is not None and packet.time_base is not None:
            end_s = max(end_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    if any(is_cut.values()):
        raise _broken("The file is cut off: its last pictures are incomplete.")
    return end_s
