"""Still images by what somebody calls them: a path is read and looked at, a URL stands for itself."""

import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from anyio import CapacityLimiter, to_thread
from blake3 import blake3

from pipeline.errors import ConfigError, SourceUnreadable
from pipeline.media.identity import stamp_of
from pipeline.media.stills import REFERENCE, SUBJECT, Limits, Unusable, check_still, too_large
from pipeline.models import FileStamp, Picture, PictureSource, Recipe, Whereabouts, shown

URL = re.compile(r"https?://[^\s/?#][^\s]*\Z", re.IGNORECASE)
SCHEME = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
BY_URL = "url:"


class Gallery:
    """The reference images that were asked for so far: each is read once, however many rows ask for it.

    Worker threads may share it.
    """

    def __init__(self) -> None:
        self._found: dict[str, Whereabouts] = {}

    def content_of(self, source: str, base: str) -> str:
        """The content identity of an image, `blake3:<hex>` or `url:<url>`. Blocks.

        Args:
            source: a path, or an http(s) URL.
            base: the absolute folder that a relative path is relative to.

        Raises:
            ConfigError: it cannot be read, or is not what the platform takes; names it and the remedy.
        """
        if SCHEME.match(source):
            if URL.match(source):
                return url_content(source)
            raise ConfigError(f"the image {source!r} is neither a path nor a complete http(s) URL; write one of them")
        if not source.strip() or "\0" in source:
            raise ConfigError(f"the image {source!r} is no path; name a file or a URL")
        path = os.path.abspath(os.path.join(base, source))  # noqa: PTH100, PTH118 - `..` taken out, links not followed
        try:
            known = self._found.get(path)
            if known is None or known.stamp != stamp_of(path):
                known = self._found[path] = read_picture(path, REFERENCE)
        except SourceUnreadable as error:
            raise ConfigError(error.message, code=error.code) from error
        return known.content

    def whereabouts(self, contents: Sequence[str]) -> tuple[Whereabouts, ...]:
        """Where those of these contents lie that are files."""
        by_content = {one.content: one for one in list(self._found.values())}
        return tuple(by_content[content] for content in dict.fromkeys(contents) if content in by_content)


async def read_images(recipe: Recipe, images: Sequence[PictureSource], threads: CapacityLimiter) -> Recipe:
    """The recipe with the images that are analysed in it; files are read in a worker thread.

    Raises:
        SourceUnreadable: as `read_picture`.
    """
    found = [
        None if image.path is None else await to_thread.run_sync(read_picture, image.path, SUBJECT, limiter=threads)
        for image in images
    ]
    contents = [
        url_content(image.source) if one is None else one.content for image, one in zip(images, found, strict=True)
    ]
    return recipe_of_images(recipe, images, contents, [None if one is None else one.stamp for one in found])


def recipe_of_images(
    recipe: Recipe, images: Sequence[PictureSource], contents: Sequence[str], stamps: Sequence[FileStamp | None]
) -> Recipe:
    """The recipe with these images in it, each with its content and, where it is a file, the stamp it was read with."""
    places = [
        Whereabouts(content, image.path, stamp)
        for image, content, stamp in zip(images, contents, stamps, strict=True)
        if image.path is not None and stamp is not None
    ]
    pictures = [Picture(image.name, content) for image, content in zip(images, contents, strict=True)]
    return replace(recipe, images=text_of(pictures), whereabouts=(*recipe.whereabouts, *places))


def url_content(url: str) -> str:
    """The content identity of an image that the platform fetches."""
    return f"{BY_URL}{url}"


def read_picture(path: str, limits: Limits) -> Whereabouts:
    """Read a file once: which content it has, and that it is an image the platform takes. Blocks.

    Raises:
        SourceUnreadable: it cannot be read (as `stamp_of`), or is no such image (code `image_unusable`).
    """
    stamp = stamp_of(path)
    try:
        if stamp.size_bytes > limits.bytes:
            raise too_large(stamp.size_bytes, limits)
        data = _read(path, limits.bytes + 1)
        check_still(data, limits)
    except Unusable as error:
        raise SourceUnreadable(f"cannot use the image {shown(path)}: {error}", code="image_unusable") from error
    if stamp_of(path) != stamp:
        raise SourceUnreadable(
            f"cannot read {shown(path)}: it changed while it was read; run again once nothing writes to it",
            code="file_changed",
        )
    return Whereabouts(content_of_bytes(data), path, stamp)


def _read(path: str, most_bytes: int) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(most_bytes)
    except OSError as error:
        raise SourceUnreadable(
            f"cannot read {shown(path)}: {error.strerror or error}; restore it, or let this user read it",
            code="file_unreadable",
        ) from error


def content_of_bytes(data: bytes) -> str:
    """`blake3:<hex>`, as of any file."""
    return f"blake3:{blake3(data).hexdigest()}"


def text_of(pictures: Sequence[Picture]) -> str:
    """Images as they stand in a recipe."""
    named = [{"name": picture.name, "content": picture.content} for picture in pictures]
    return json.dumps(named, separators=(",", ":"))


def identity_of_set(images: str) -> str:
    """The content identity of images that are analysed together: `images:<SHA-256 hex of their names and contents>`.

    Args:
        images: as they stand in the recipe; their order counts.
    """
    return f"images:{hashlib.sha256(images.encode()).hexdigest()}"
