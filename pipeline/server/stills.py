"""Image validation: what a still picture is, or why the platform will not take it.

Formats and limits: twelvelabs 1.3.6.
"""

from dataclasses import dataclass
from pathlib import Path

import av
from av.video.frame import VideoFrame

from pipeline.server.inspect import MOST_POINTS, MediaRejected

# Readers of single pictures, chosen by content: a file's name says little, and "%d" in it would mean many files.
_FORMATS = {
    b"\x89PNG": "png_pipe",
    b"\xff\xd8\xff": "jpeg_pipe",
    b"GIF8": "gif",
    b"BM": "bmp_pipe",
    b"RIFF": "webp_pipe",
}


@dataclass(frozen=True, slots=True)
class StillFacts:
    """What an image is; sides are pixels."""

    codec: str
    width: int
    height: int
    size_bytes: int

    def technical_metadata(self) -> dict[str, object]:
        """The `technical_metadata` object of an asset's details, as far as it has members for images."""
        return {
            "file_size_bytes": self.size_bytes,
            "file_container_format": self.codec,
            "video_width": self.width,
            "video_height": self.height,
        }


def inspect_still(path: Path, max_pixels: int) -> StillFacts:
    """Decode an image, the first picture of an animation. Blocking: call it in a worker process.

    Raises:
        MediaRejected: parameter_invalid; it is in another format, broken, or has too many pixels.
    """
    frame, codec = first_picture(path, max_pixels)
    return StillFacts(codec, frame.width, frame.height, path.stat().st_size)


def first_picture(path: Path, max_pixels: int = MOST_POINTS) -> tuple[VideoFrame, str]:
    """The same, decoded, and the name of its codec."""
    bound = {"max_pixels": str(max(max_pixels, MOST_POINTS))}
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(0)
        form = next((form for magic, form in _FORMATS.items() if head.startswith(magic)), None)
        if form is None:
            raise _rejected("The file is no JPEG, PNG, WebP, GIF or BMP.")
        try:
            # a larger one is unpacked neither while the file is opened nor later, which would take the memory
            with av.open(file, "r", format=form, options=bound) as container:
                stream = container.streams.video[0]
                stream.codec_context.options = bound
                _check_size(stream.codec_context.width, stream.codec_context.height, max_pixels)
                frame = next(container.decode(stream))
                _check_size(frame.width, frame.height, max_pixels)
                return frame, stream.codec_context.name
        except (av.FFmpegError, StopIteration, IndexError) as error:
            raise _rejected(f"The file cannot be read as an image of at most {max_pixels:,} pixels.") from error


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise _rejected(f"The image is {width}x{height} pixels; at most {max_pixels:,} in all are taken.")


def _rejected(message: str) -> MediaRejected:
    return MediaRejected("parameter_invalid", message)
