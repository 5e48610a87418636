"""The images that a question refers to: brought here, looked at, and kept until it is answered."""

import os
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.config import ServerSettings
from pipeline.server.fetching import Fetcher, FetchFailed
from pipeline.server.files import Files, Writing
from pipeline.server.problems import ApiError, invalid
from pipeline.server.schemas import ImageInput, Picture, parse_url
from pipeline.server.sources import decode, ready_asset
from pipeline.server.stills import inspect_still
from pipeline.server.store import Store
from pipeline.server.workers import JobRejected, WorkerCrashed, WorkerPool


class Gathered:
    """Images that were found good; what was brought for them is removed when the `with` block ends.

    Attributes:
        paths: the file of each, in the order of the question's media.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._brought: list[Path] = []
        self.paths: list[Path] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for path in self._brought:
            path.unlink(missing_ok=True)

    def incoming(self) -> Path:
        """A file for the next image that has to be brought here."""
        path = self._files.incoming()
        self._brought.append(path)
        return path

    def attach(self, task_id: str) -> None:
        """Let a task have the images for as long as it lives; an asset's stay with the asset."""
        for number, path in enumerate(self._brought):
            os.link(path, self._files.task_picture(task_id, number))


class Pictures:
    """Brings images here and looks at them, while the request that names them waits."""

    def __init__(
        self, settings: ServerSettings, store: Store, files: Files, pool: WorkerPool, fetcher: Fetcher
    ) -> None:
        self._settings = settings
        self._store = store
        self._files = files
        self._pool = pool
        self._fetcher = fetcher

    async def gather(self, media: Sequence[Picture], *, missing: int = 400) -> Gathered:
        """All images of a question.

        Raises:
            ApiError: 400; an image cannot be had, or is not what the platform takes. `missing` where there is no
                such asset.
        """
        gathered = Gathered(self._files)
        try:
            for picture in media:
                gathered.paths.append(await self._bring(picture, gathered, missing))
        except BaseException as error:
            gathered.__exit__(type(error), error, None)
            raise
        return gathered

    async def _bring(self, picture: Picture, gathered: Gathered, missing: int) -> Path:
        most = self._settings.image_max_bytes if isinstance(picture, ImageInput) else self._settings.reference_max_bytes
        try:
            path = await self._path(picture, gathered, missing, most)
            if path.stat().st_size > most:
                raise invalid(f"The image {picture.name} is larger than {most:,} bytes.")
            await self._pool.run(_begun, inspect_still, path, self._settings.image_max_pixels)
        except (FetchFailed, JobRejected) as verdict:
            raise invalid(f"The image {picture.name} cannot be used: {verdict}") from verdict
        except WorkerCrashed as crash:
            raise ApiError(
                500, "internal_server_error", f"The image {picture.name} could not be looked at: {crash}."
            ) from crash
        return path

    async def _path(self, picture: Picture, gathered: Gathered, missing: int, most: int) -> Path:
        if picture.asset_id is not None:
            asset = ready_asset(self._store, picture.asset_id, missing=missing, not_ready=400)
            return self._files.media(asset.id)
        path = gathered.incoming()
        if picture.url is not None:
            url = parse_url(picture.url, name=f"url of the image {picture.name}", schemes=self._settings.image_schemes)
            await self._fetcher.fetch(url, path, max_bytes=most)
        elif picture.base64_string is not None:
            with Writing(path) as writing:
                writing.take(decode(picture.base64_string, most, f"base64_string of the image {picture.name}"))
        return path

    def of_task(self, task_id: str, media: Sequence[Picture]) -> list[Path]:
        """The files of a task's images, in order; an asset may have been deleted meanwhile."""
        brought = count()
        return [
            self._files.task_picture(task_id, next(brought))
            if picture.asset_id is None
            else self._files.media(picture.asset_id)
            for picture in media
        ]


def _begun() -> None:
    """Nobody asks when a look begins."""
