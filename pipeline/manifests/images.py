"""The images of a row: what is analysed in place of a video. Numbers and names: twelvelabs 1.3.6."""

import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pipeline.models import PictureSource

SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"))
_ENDINGS = tuple(SUFFIXES)
_LONGEST_SUFFIX = max(map(len, SUFFIXES))
MOST = 20
NAME = re.compile(r"[A-Za-z0-9_]+\Z")
ALONE = "image"  # what an image is called that a row names as its source


def is_image(source: object) -> bool:
    """Whether a path or URL names an image, by its suffix."""
    if not isinstance(source, str):
        return False
    is_url = source[:8].lower().startswith(("http://", "https://"))
    if not is_url and not source[-_LONGEST_SUFFIX:].lower().endswith(_ENDINGS):
        return False  # as nearly all of a long list: taking each path apart took a fifth of the time of its check
    path = urlsplit(source).path if is_url else source
    return os.path.splitext(path)[1].lower() in SUFFIXES  # noqa: PTH122 - names may be any text


def alone(source: str, path: str | None) -> tuple[PictureSource, ...]:
    """The images of a row that names just this source: none where it is a video."""
    return (PictureSource(ALONE, source, path),) if is_image(source) else ()


def named(images: dict[str, str] | list[str]) -> dict[str, str]:
    """Sources by name; those of a list are called image1, image2 and so on."""
    return images if isinstance(images, dict) else {f"image{number}": one for number, one in enumerate(images, 1)}


def names_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of a good row's images; none where it names a video."""
    if row.get("images") is not None:
        return tuple(named(row["images"]))
    return (ALONE,) if is_image(row["source"]) else ()


def label_of(images: tuple[PictureSource, ...]) -> str:
    """What the outputs call a row of images."""
    if len(images) == 1 and images[0].name == ALONE:
        return images[0].source
    return ", ".join(f"{image.name}={image.source}" for image in images)
