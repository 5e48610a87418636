"""What a still image is, and whether the platform takes it. Formats and limits: twelvelabs 1.3.6."""

import io
import mimetypes
from dataclasses import dataclass

from pipeline.config.section import MIB

# Readers of single pictures and the suffixes of their files, chosen by content: a file's name says little of it.
FORMATS = {
    b"\x89PNG": ("png_pipe", ".png"),
    b"\xff\xd8\xff": ("jpeg_pipe", ".jpg"),
    b"GIF8": ("gif", ".gif"),
    b"BM": ("bmp_pipe", ".bmp"),
    b"RIFF": ("webp_pipe", ".webp"),
}
HEAD_BYTES = 4
# A picture beyond this is taken at its header's word: unpacked it would take hundreds of megabytes.
MOST_DECODED_PIXELS = 50_000_000


class Unusable(Exception):
    """Why bytes are no image that the platform takes, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the platform takes: bytes of a file, and pixels in all (None where no limit is documented)."""

    bytes: int
    pixels: int | None


REFERENCE = Limits(32 * MIB, None)  # an image that a question refers to
SUBJECT = Limits(20 * MIB, 16_777_216)  # an image that is analysed itself


def check_still(data: bytes, limits: Limits) -> None:
    """Decode an image, the first picture of an animation. Blocks; a megapixel takes about ten milliseconds.

    Raises:
        Unusable: it is too large, in another format, or broken.
    """
    if len(data) > limits.bytes:
        raise too_large(len(data), limits)
    if (form := _format(data)) is None:
        raise Unusable("it is no JPEG, PNG, WebP, GIF or BMP; convert it to one of them")
    import av

    try:
        with av.open(io.BytesIO(data), "r", format=form[0]) as container:
            stream = container.streams.video[0]
            width, height = stream.codec_context.width, stream.codec_context.height
            _check_pixels(width, height, limits)
            if width * height <= MOST_DECODED_PIXELS:
                frame = next(container.decode(stream))
                _check_pixels(frame.width, frame.height, limits)
    except (av.FFmpegError, StopIteration, IndexError) as error:
        raise Unusable("it cannot be read as an image, it may be cut off; restore or export it again") from error


def filename_of(name: str, head: bytes) -> str:
    """The name with a suffix that says which kind of image it is: the platform goes by it.

    Args:
        name: of the file.
        head: its first HEAD_BYTES or more.
    """
    form = _format(head)
    guessed = mimetypes.guess_type(name)[0]
    return name if form is None or guessed == mimetypes.guess_type(f"x{form[1]}")[0] else f"{name}{form[1]}"


def _format(head: bytes) -> tuple[str, str] | None:
    return next((form for magic, form in FORMATS.items() if head.startswith(magic)), None)


def too_large(size_bytes: int, limits: Limits) -> Unusable:
    return Unusable(f"it has {size_bytes:,} bytes, the platform takes {limits.bytes:,}; make it smaller")


def _check_pixels(width: int, height: int, limits: Limits) -> None:
    if limits.pixels is not None and width * height > limits.pixels:
        raise Unusable(f"it has {width}x{height} pixels, the platform takes {limits.pixels:,} in all; make it smaller")
