"""What a question is asked of, looked after before it is used: the asset is there and ready, or it is brought again."""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import anyio.to_thread
import structlog

from pipeline.client import Platform
from pipeline.client.requests import Pictures
from pipeline.errors import AssetGone, SourceRejected, SourceUnreadable, VideoError
from pipeline.jobs import Job, State
from pipeline.ledger import Ledger
from pipeline.media.pictures import content_of_bytes
from pipeline.models import AnalysisRequest, Medium
from pipeline.modes import MODES
from pipeline.steps.pictures import PictureDesk
from pipeline.steps.upload import without_asset

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Request:
    """Everything that one question consists of.

    Attributes:
        pictures: where the platform finds each image of the question, by content identity.
    """

    medium: Medium
    asked: AnalysisRequest
    pictures: Pictures


@dataclass(frozen=True, slots=True)
class Media:
    """What every way of asking needs of the platform and the ledger before it asks."""

    platform: Platform
    ledger: Ledger
    desk: PictureDesk

    async def ask_of(self, job: Job, ask: Callable[[Job], Awaitable[Job]]) -> Job:
        """Ask once the job's asset is ready; one that is gone, or not taken, sends the job back to where it began.

        Args:
            job: uploaded.
            ask: gets the job with its duration, as far as the platform tells it.
        """
        try:
            if job.asset_id is not None:
                asset = await self.platform.watch.asset_ready(job.asset_id, with_duration=job.duration_s is None)
                job = replace(job, duration_s=job.duration_s or asset.duration_s)
            return await ask(job)
        except AssetGone as error:
            if self.desk.needed(job) and await self._has_video(job):
                await self.desk.review(job)
                return replace(job, attempt=job.attempt + 1)  # an image was missed: asked anew, with its next asset
            log.warning("asset.gone", source=job.source, asset_id=job.asset_id)
            uploaded_again = without_asset(job).to(State.ACCEPTED)
            await self._forget(job)
            return uploaded_again if job.reused_asset else uploaded_again.failed(about(job, error))
        except SourceRejected as error:
            await self._forget(job)
            return without_asset(job).to(State.ACCEPTED).failed(about(job, error))

    async def request_of(self, job: Job) -> Request:
        """What to send for this job, once every image of it is where the platform finds it.

        Raises:
            SourceUnreadable, UploadRejected, SourceRejected: an image of it, or a file that is to travel inside it,
                cannot be had; the message names it.
        """
        asked = MODES[job.recipe.mode].build_request(job.recipe)
        pictures = await self.desk.available(job, asked)
        medium = medium_of(job)
        if medium == Medium() and job.recipe.images is None:
            medium = Medium(base64=await anyio.to_thread.run_sync(_content, job))
        return Request(medium, asked, pictures)

    async def _has_video(self, job: Job) -> bool:
        """Whether the platform holds all that a job asks of besides images."""
        try:
            if job.asset_id is not None:
                await self.platform.assets.retrieve(job.asset_id)
        except AssetGone:
            return False
        return True

    async def _forget(self, job: Job) -> None:
        if job.asset_id is not None:
            await self.ledger.forget_asset(job.recipe.scope, job.content, job.asset_id)


def medium_of(job: Job) -> Medium:
    """By what name the platform finds what a job is about, in a request and among its tasks; images, and a file that
    travels inside its question, have none.
    """
    if job.asset_id is None and job.path is None and job.recipe.images is None:
        return Medium(url=job.source)
    return Medium(asset_id=job.asset_id)


def _content(job: Job) -> str:
    """A file in base64, if it still is what the job is about. Blocks."""
    assert job.path is not None
    assert job.stamp is not None
    try:
        data = Path(job.path).read_bytes()
    except OSError as error:
        raise SourceUnreadable(
            f"cannot read {job.source}: {error.strerror or error}; restore the file", code="file_unreadable"
        ) from error
    if content_of_bytes(data) != job.content:
        raise SourceUnreadable(
            f"{job.source} changed since it was looked at; run again once nothing writes to it", code="file_changed"
        )
    return base64.b64encode(data).decode()


def about(job: Job, error: VideoError) -> VideoError:
    """The same error, naming the video."""
    if job.source not in error.message:
        error.message = f"{job.source}: {error.message}"
    return error
