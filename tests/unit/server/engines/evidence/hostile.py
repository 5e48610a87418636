"""Media made to do harm: each small on disk, and far larger in what it claims or unpacks to."""

import struct
from collections.abc import Container
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

_RATE = 25


def intra(
    path: Path, codec: str = "mjpeg", pictures: int = 25, *, start: int = 0, size: tuple[int, int] = (64, 48)
) -> bytes:
    """A film of pictures of one grey after another, the first shown at the `start`th 25th of a second."""
    with av.open(str(path), "w") as container:
        pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream = container.add_stream(codec, rate=_RATE, width=size[0], height=size[1], pix_fmt=pixels)
        for number in range(pictures):
            grey = np.full((size[1], size[0], 3), 40 + number * 6 % 200, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
            frame.pts, frame.time_base = start + number, Fraction(1, _RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path.read_bytes()


def frame_bomb(path: Path, pictures: int = 20_000, size: tuple[int, int] = (2048, 1080)) -> Path:
    """A picture that fills memory, and then thousands that say in twenty bytes that nothing has changed."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx-vp9", rate=_RATE, width=size[0], height=size[1], pix_fmt="yuv420p")
        stream.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
        frame = av.VideoFrame(*size, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([128]) * plane.buffer_size)
        made = []
        for number in range(3):
            frame.pts, frame.time_base = number, Fraction(1, _RATE)
            made += stream.encode(frame)
        made += stream.encode(None)
        container.mux(made[0])
        same = bytes(made[-1])
        for number in range(1, pictures):
            packet = av.Packet(same)
            packet.pts = packet.dts = number
            packet.time_base, packet.stream = Fraction(1, _RATE), stream
            container.mux(packet)
    return path


def long_gif(path: Path, pictures: int = 100_000) -> Path:
    """A GIF of so many pictures of one point each."""
    screen = b"GIF89a" + (64).to_bytes(2, "little") + (48).to_bytes(2, "little") + b"\x80\0\0" + b"\0\0\0\xff\xff\xff"
    picture = b"\x21\xf9\x04\0\x01\0\0\0" + b"\x2c\0\0\0\0\x01\0\x01\0\0" + b"\x02\x02\x44\x01\0"
    path.write_bytes(screen + picture * pictures + b"\x3b")
    return path


def wide_gif(path: Path, side: int = 16_000) -> Path:
    """A GIF of a few bytes with one point in a picture of so many points wide and high."""
    screen = b"GIF89a" + side.to_bytes(2, "little") * 2 + b"\x80\0\0" + b"\0\0\0\xff\xff\xff"
    path.write_bytes(screen + b"\x2c\0\0\0\0\x01\0\x01\0\0" + b"\x02\x02\x44\x01\0\x3b")
    return path


def moving_webp(path: Path, pictures: int = 100_000) -> Path:
    """An animated WebP of so many pictures, which hold nothing."""
    screen = b"VP8X" + (10).to_bytes(4, "little") + b"\x02\0\0\0" + b"\x3f\0\0" + b"\x2f\0\0"
    body = b"WEBP" + screen + b"ANIM" + (6).to_bytes(4, "little") + bytes(6)
    body += (b"ANMF" + (24).to_bytes(4, "little") + bytes(24)) * pictures
    path.write_bytes(b"RIFF" + len(body).to_bytes(4, "little") + body)
    return path


def absurd_jpeg(path: Path, side: int = 30_000) -> Path:
    """Moving JPEG whose pictures claim to be so many points wide and high."""
    made = bytearray(intra(path))
    at = made.find(b"\xff\xc0")
    while at >= 0:
        made[at + 5 : at + 9] = side.to_bytes(2, "big") * 2
        at = made.find(b"\xff\xc0", at + 4)
    path.write_bytes(made)
    return path


def growing(path: Path, side: int = 16_383) -> Path:
    """VP8 that begins small; from the second key frame on its pictures are of the largest size there is."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx", rate=_RATE, width=64, height=48, pix_fmt="yuv420p")
        stream.options = {"g": "5", "deadline": "realtime"}
        for number in range(30):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 8 * number, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, _RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    made = bytearray(path.read_bytes())
    key = b"\x9d\x01\x2a"
    at = made.find(key, made.find(key) + 1)
    while at >= 0:
        made[at + 3 : at + 7] = side.to_bytes(2, "little") * 2
        at = made.find(key, at + 4)
    path.write_bytes(made)
    return path


def many_streams(path: Path, streams: int = 3000) -> Path:
    """An MP4 file whose one track is listed so many times."""
    made = intra(path, "libx264")
    moov, trak = made.index(b"moov") - 4, made.index(b"trak") - 4
    track = made[trak : trak + int.from_bytes(made[trak : trak + 4], "big")]
    size = int.from_bytes(made[moov : moov + 4], "big") + (streams - 1) * len(track)
    path.write_bytes(
        made[:moov] + size.to_bytes(4, "big") + made[moov + 4 : trak] + track * (streams - 1) + made[trak:]
    )
    return path


def jumping(path: Path, starts: tuple[int, ...] = (0, 25 * 3600, 50, 10)) -> Path:
    """A transport stream of several takes of a second, whose clock jumps from one to the next."""
    takes = [intra(path, "mpeg2video", start=start) for start in starts]
    path.write_bytes(b"".join(takes))
    return path


def truncated(path: Path, kept: float = 0.6) -> Path:
    """A film that ends in the middle of a picture."""
    made = intra(path, "libx264", 100)
    path.write_bytes(made[: int(len(made) * kept)])
    return path


def lying(path: Path, seconds: float) -> Path:
    """A Matroska film of a second that claims to last longer."""
    made = bytearray(intra(path, "libx264"))
    at = made.index(b"\x44\x89\x88") + 3
    made[at : at + 8] = struct.pack(">d", seconds * 1000)
    path.write_bytes(made)
    return path


def broken_aac(source: Path, path: Path, numbers: Container[int]) -> Path:
    """AAC in which some packets end at once, of which the decoder says that it is not permitted."""
    with av.open(str(source)) as read, av.open(str(path), "w") as written:
        stream = written.add_stream_from_template(read.streams.audio[0])
        for number, packet in enumerate(read.demux(audio=0)):
            if packet.dts is None:
                continue
            copy = av.Packet(b"\xa0" if number in numbers else bytes(packet))
            copy.pts, copy.dts, copy.time_base, copy.stream = packet.pts, packet.dts, packet.time_base, stream
            written.mux(copy)
    return path


def late_sound(source: Path) -> Path:
    """An FLV film whose sound begins when its pictures have ended, and of whose sound the header says nothing."""
    made, tags, at = source.read_bytes(), dict[int, bytes](), 13
    while at < len(made):
        end = at + 15 + int.from_bytes(made[at + 1 : at + 4], "big")
        tags[made[at]] = tags.get(made[at], b"") + made[at:end]
        at = end
    source.write_bytes(made[:4] + b"\1" + made[5:13] + tags[18] + tags[9] + tags[8])
    return source
