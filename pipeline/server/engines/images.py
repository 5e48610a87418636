"""Still pictures: read, whatever they are called."""

from av.video.frame import VideoFrame

from pipeline.server.engines.contract import EngineError, EngineImage
from pipeline.server.inspect import MediaRejected
from pipeline.server.stills import first_picture


def first_frame(image: EngineImage) -> tuple[VideoFrame, str, int]:
    """The picture as it is, its codec's name and the size of its file.

    Raises:
        EngineError: the file is not there or cannot be read as a picture.
    """
    try:
        return *first_picture(image.path), image.path.stat().st_size
    except OSError as exc:
        raise EngineError(f"The image {image.name} cannot be read: {exc.strerror}.") from exc
    except MediaRejected as exc:
        raise EngineError(f"The image {image.name} cannot be read: {exc.message}") from exc
