"""Images of questions, where the platform finds them: a URL as it is, a small file inside the question, a larger one as
an asset that is uploaded once.
"""

import base64
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath

import anyio
import anyio.to_thread
import structlog

from pipeline.client import Platform
from pipeline.client.requests import Pictures, pictures_of
from pipeline.config import UploadSettings
from pipeline.errors import AssetGone, SourceRejected, SourceUnreadable, UploadRejected
from pipeline.jobs import Job
from pipeline.ledger import Ledger
from pipeline.media.identity import hash_file, stamp_of
from pipeline.media.pictures import BY_URL, content_of_bytes
from pipeline.media.stills import HEAD_BYTES, filename_of
from pipeline.models import AnalysisRequest, FileStamp, Picture, shown
from pipeline.modes import MODES
from pipeline.steps.locks import KeyedLocks

log = structlog.get_logger()

# What one job misses more often than this in one run is missing for a reason.
REVIEWS = 3


@dataclass(frozen=True, slots=True)
class PictureDesk:
    """Makes the images of questions available.

    Attributes:
        settings: up to which size an image travels inside the question.
        on_bytes: told of every block of media that left.
    """

    platform: Platform
    ledger: Ledger
    settings: UploadSettings
    on_bytes: Callable[[int], None]
    _locks: KeyedLocks = field(default_factory=KeyedLocks)
    _ready: dict[tuple[str, str], str] = field(default_factory=dict)  # asset ids found ready in this run
    _reviews: Counter[str] = field(default_factory=Counter)

    async def available(self, job: Job, asked: AnalysisRequest) -> Pictures:
        """Where the platform finds each image of a question, by content identity.

        Raises:
            SourceUnreadable: its file is gone, or has other content by now.
            UploadRejected, SourceRejected: the platform will not take it.
            RetriesExhausted: it could not be brought there.
        """
        found: dict[str, Mapping[str, str]] = {}
        for picture in pictures_of(asked):
            if picture.content not in found:
                found[picture.content] = await self._place(job.recipe.scope, picture)
        return found

    def needed(self, job: Job) -> list[Picture]:
        """The images of a job's question."""
        return list(pictures_of(MODES[job.recipe.mode].build_request(job.recipe)))

    async def review(self, job: Job) -> None:
        """Look which images of a job the platform still holds; one that is gone is uploaded anew when next needed.

        Raises:
            UploadRejected: that was called for too often.
        """
        self._reviews[job.key] += 1
        if self._reviews[job.key] > REVIEWS:
            raise UploadRejected(
                f"{job.source}: an asset that this question needs was gone {REVIEWS} times; find out what deletes it, "
                "then `pipeline retry`",
                code="picture_gone",
            )
        for picture in self.needed(job):
            if asset_id := self._ready.get((job.recipe.scope, picture.content)):
                try:
                    await self.platform.assets.retrieve(asset_id)
                except AssetGone:
                    await self._forget(job.recipe.scope, picture, asset_id)

    async def _place(self, scope: str, picture: Picture) -> Mapping[str, str]:
        if picture.content.startswith(BY_URL):
            return {"url": picture.content.removeprefix(BY_URL)}
        if asset_id := self._ready.get((scope, picture.content)):
            return {"asset_id": asset_id}
        async with self._locks.hold(f"{scope} {picture.content}"):
            if asset_id := self._ready.get((scope, picture.content)):  # whoever had the lock before brought it
                return {"asset_id": asset_id}
            if asset_id := await self._held(scope, picture):
                return {"asset_id": asset_id}
            path = self._path(picture)
            if (data := await anyio.to_thread.run_sync(self._small, path, picture)) is not None:
                return {"base64_string": base64.b64encode(data).decode()}
            return {"asset_id": await self._upload(scope, path, picture)}

    async def _held(self, scope: str, picture: Picture) -> str | None:
        """The asset of an earlier run, or of a run that ended while it was processed, where it is still there."""
        held = self.ledger.held_asset(scope, picture.content)
        if held is None or held.asset_id is None:
            return None
        try:
            return await self._settled(scope, picture, held.asset_id)
        except AssetGone:
            await self._forget(scope, picture, held.asset_id)
            return None

    async def _upload(self, scope: str, path: str, picture: Picture) -> str:
        stamp, filename = await anyio.to_thread.run_sync(_unchanged, path, picture)
        try:
            asset = await self.platform.assets.create_direct(
                path,
                stamp,
                filename=filename,
                content_hash=picture.content,
                on_bytes=self.on_bytes,
            )
            await self.ledger.hold_asset(scope, picture.content, asset.id)
            return await self._settled(scope, picture, asset.id)
        except (AssetGone, SourceRejected) as error:  # of the image: of a video they would have that uploaded again
            raise UploadRejected(f"the image {shown(path)}: {error.message}", code=error.code) from error

    async def _settled(self, scope: str, picture: Picture, asset_id: str) -> str:
        """Wait until an asset is ready; one that the platform refuses is forgotten."""
        try:
            await self.platform.watch.asset_ready(asset_id)
        except SourceRejected as error:
            await self.ledger.forget_asset(scope, picture.content, asset_id)
            raise UploadRejected(f"the image {picture.name}: {error.message}", code=error.code) from error
        self._ready[scope, picture.content] = asset_id
        return asset_id

    async def _forget(self, scope: str, picture: Picture, asset_id: str) -> None:
        log.warning("picture.gone", name=picture.name, asset_id=asset_id)
        if self._ready.get((scope, picture.content)) == asset_id:
            del self._ready[scope, picture.content]
        await self.ledger.forget_asset(scope, picture.content, asset_id)

    def _path(self, picture: Picture) -> str:
        if (path := self.ledger.picture(picture.content)) is None:
            raise SourceUnreadable(
                f"the image {picture.name} ({picture.content}): no file of this content is known; run with the "
                "configuration or manifest that names it",
                code="file_missing",
            )
        return path

    def _small(self, path: str, picture: Picture) -> bytes | None:
        """The content of a file that is small enough to travel inside the question. Blocks."""
        if stamp_of(path).size_bytes > self.settings.inline_image_bytes:
            return None
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise _unreadable(path, error) from error
        _refuse_other(path, picture, content_of_bytes(data))
        return data


def _unchanged(path: str, picture: Picture) -> tuple[FileStamp, str]:
    """The stamp of a file that has the content it is asked for with, and what to call it. Blocks."""
    stamp = stamp_of(path)
    _refuse_other(path, picture, hash_file(path, stamp))
    try:
        with Path(path).open("rb") as file:
            return stamp, filename_of(shown(PurePath(path).name), file.read(HEAD_BYTES))
    except OSError as error:
        raise _unreadable(path, error) from error


def _refuse_other(path: str, picture: Picture, content: str) -> None:
    if content != picture.content:
        raise SourceUnreadable(
            f"the image {picture.name}, {shown(path)}, has other content than when it was asked with; restore it, or "
            "run again to ask with the new one",
            code="file_changed",
        )


def _unreadable(path: str, error: OSError) -> SourceUnreadable:
    why = error.strerror or error
    return SourceUnreadable(f"cannot read {shown(path)}: {why}; restore the image", code="file_unreadable")
