"""Before `accepted`: which content a row has, by a look-up where its file is as it was, else by reading it."""

import anyio

from pipeline.errors import SourceUnreadable
from pipeline.ledger import Ledger
from pipeline.media.identity import Stamp, content_identity
from pipeline.media.pictures import identity_of_set, read_images, recipe_of_images, url_content
from pipeline.models import FileStamp, Identity, Recipe, Video


class Identities:
    """Contents of rows, as far as the ledger knows them, and by reading."""

    def __init__(self, ledger: Ledger, reading: anyio.CapacityLimiter) -> None:
        """Open them.

        Args:
            ledger: remembers files that were read before.
            reading: how many are read at once.
        """
        self._ledger = ledger
        self._reading = reading

    def with_known_images(self, video: Video, recipe: Recipe, stamp: Stamp) -> Recipe:
        """The recipe with the row's images in it, where the content of every one is known."""
        if not isinstance(stamp, tuple):
            return recipe
        contents = [
            self._ledger.known_content(image.path, seen) if image.path and seen else url_content(image.source)
            for image, seen in zip(video.images, stamp, strict=True)
        ]
        known = [content for content in contents if content is not None]
        return recipe_of_images(recipe, video.images, known, stamp) if len(known) == len(contents) else recipe

    def known(self, video: Video, recipe: Recipe, stamp: Stamp) -> str | None:
        """The content of a row that needs no reading; None where it does."""
        if recipe.images is not None:
            return identity_of_set(recipe.images)
        if video.images:
            return None
        if video.path is None:
            return f"url:{video.source}"
        return self._ledger.known_content(video.path, stamp) if isinstance(stamp, FileStamp) else None

    async def read(self, video: Video, recipe: Recipe, stamp: Stamp, content: str | None) -> tuple[Recipe, Identity]:
        """The identity of a row, and its recipe with its images.

        Raises:
            SourceUnreadable: the file, or one of the images, cannot be read.
        """
        if isinstance(stamp, SourceUnreadable):
            raise stamp
        if isinstance(stamp, tuple):
            if content is None:
                recipe = await read_images(recipe, video.images, self._reading)
            assert recipe.images is not None
            return recipe, Identity(identity_of_set(recipe.images), None)
        if content is not None:
            return recipe, Identity(content, stamp)
        return recipe, await content_identity(video, stamp, self._reading)
