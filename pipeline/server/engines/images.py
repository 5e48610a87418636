"""Still pictures: read, whatever they are called."""

import av
from av.video.frame import VideoFrame

from pipeline.server.engines.contract import EngineError, EngineImage
from pipeline.server.inspect import MOST_POINTS

# Readers of single pictures, chosen by content: by name FFmpeg would take "%d" for a sequence of files.
_FORMATS = {
    b"\x89PNG": "png_pipe",
    b"\xff\xd8\xff": "jpeg_pipe",
    b"GIF8": "gif",
    b"BM": "bmp_pipe",
    b"RIFF": "webp_pipe",
}


def first_frame(image: EngineImage) -> tuple[VideoFrame, str, int]:
    """The picture as it is, its codec's name and the size of its file.

    Raises:
        EngineError: the file is not there or cannot be read as a picture.
    """
    try:
        return *_decode_first(image), image.path.stat().st_size
    except (OSError, av.FFmpegError) as exc:
        raise EngineError(f"The image {image.name} cannot be read: {exc.strerror}.") from exc


def _decode_first(image: EngineImage) -> tuple[VideoFrame, str]:
    with image.path.open("rb") as file:
        head = file.read(4)
        file.seek(0)
        form = next((form for magic, form in _FORMATS.items() if head.startswith(magic)), None)
        if form is None:
            raise EngineError(f"The image {image.name} cannot be read: it is no JPEG, PNG, WebP, GIF or BMP.")
        with av.open(file, "r", format=form, options={"max_pixels": str(MOST_POINTS)}) as container:
            container.streams.video[0].codec_context.options = {"max_pixels": str(MOST_POINTS)}
            for frame in container.decode(video=0):
                return frame, container.streams.video[0].codec_context.name
    raise EngineError(f"The image {image.name} cannot be read: it holds no picture.")
