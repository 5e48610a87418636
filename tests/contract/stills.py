"""Still images, encoded."""

import base64
import io

import av
import numpy as np

PIXELS = {"mjpeg": "yuvj420p", "png": "rgb24", "bmp": "bgr24", "gif": "rgb8", "libwebp": "yuv420p"}
CONTAINERS = {"mjpeg": "mjpeg", "png": "image2pipe", "bmp": "image2pipe", "gif": "gif", "libwebp": "webp"}


def still(codec: str = "png", width: int = 64, height: int = 48) -> bytes:
    """One image, grey."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=CONTAINERS[codec]) as container:
        stream = container.add_stream(codec, rate=1)
        stream.width, stream.height, stream.pix_fmt = width, height, PIXELS[codec]
        picture = av.VideoFrame.from_ndarray(np.full((height, width, 3), 128, np.uint8), "rgb24")
        container.mux(stream.encode(picture.reformat(format=PIXELS[codec])))
        container.mux(stream.encode())
    return buffer.getvalue()


def inline(data: bytes) -> str:
    """Base64."""
    return base64.b64encode(data).decode()
