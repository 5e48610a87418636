"""What a file is: one with pictures, or with sound alone."""

import math
from pathlib import Path

from av.container import InputContainer
from av.stream import Disposition

from pipeline.server.engines.evidence.timeline import Media
from pipeline.server.inspect import (
    MOST_POINTS,
    MediaRejected,
    open_media,
    read_facts,
    sound_stream,
    to_the_end,
    whole_s,
)

_LONGEST_S, _FARTHEST_S = 7 * 24 * 3600.0, 1e9


def read_media(path: Path) -> Media:
    """What the file says of itself. Raises MediaRejected if there is nothing in it to see or to hear."""
    with open_media(path) as container:
        # there is no codec context where there is no decoder, whatever the types say
        streams = len([stream for stream in container.streams.audio if stream.codec_context])
        pictured = [
            stream
            for stream in container.streams.video
            if stream.codec_context and not stream.disposition & Disposition.attached_pic
        ]
        if not pictured:
            return _sound_alone(container, streams)
        width, height = pictured[0].codec_context.width, pictured[0].codec_context.height
    if width * height > MOST_POINTS:
        raise MediaRejected(
            "video_resolution_too_high", f"Pictures of {width}x{height} points are too large to decode."
        )
    facts = read_facts(path)
    return Media(
        duration_s=facts.duration_s,
        start_s=facts.start_s,
        width=facts.width,
        height=facts.height,
        fps=facts.fps,
        rotation=facts.rotation,
        video_codec=facts.video_codec,
        audio_codec=facts.audio_codec,
        audio_streams=streams,
    )


def _sound_alone(container: InputContainer, streams: int) -> Media:
    stream = sound_stream(container)
    if stream is None:
        raise MediaRejected("video_file_broken", "The file holds neither pictures nor sound that can be decoded.")
    start_s = float((stream.start_time or 0) * (stream.time_base or 1))
    duration_s = whole_s(container, start_s) or _walked_s(container) - start_s
    if not 0 < duration_s <= _LONGEST_S or abs(start_s) > _FARTHEST_S:
        raise MediaRejected("video_file_broken", f"The file claims to last {duration_s:.0f} s.")
    return Media(
        duration_s=round(duration_s, 3),
        start_s=round(start_s, 3),
        width=None,
        height=None,
        fps=None,
        rotation=0,
        video_codec=None,
        audio_codec=stream.codec_context.name,
        audio_streams=streams,
    )


def _walked_s(container: InputContainer) -> float:
    """Where the packets end, for headers that do not say."""
    end_s = -math.inf
    for packet in to_the_end(container.demux(audio=0)):
        if packet.pts is not None and packet.time_base is not None:
            end_s = max(end_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    return end_s
