"""From `accepted` to `uploaded`: find the content on the platform, or bring it there."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import PurePath

import structlog

from pipeline.client import Platform
from pipeline.client.upload_session import UploadSession
from pipeline.config import UploadSettings
from pipeline.errors import FatalError, PauseRun, SourceRejected, UploadExpired
from pipeline.jobs import Job, State
from pipeline.ledger import Ledger
from pipeline.models import Draw, OpenUpload, shown
from pipeline.steps.checks import Checks
from pipeline.steps.landing import Landing
from pipeline.steps.lanes import Lanes

log = structlog.get_logger()

# A session lives for 24 hours; more than this many expired ones for one video in one run are no accident.
SESSIONS = 3


@dataclass(frozen=True, slots=True)
class Uploads:
    """The upload steps and what they share.

    Attributes:
        on_bytes: told of every block of media that left.
        stopped_by: why the run begins nothing more; None while it does.
    """

    platform: Platform
    ledger: Ledger
    settings: UploadSettings
    files: Lanes
    landing: Landing
    checks: Checks
    on_bytes: Callable[[int], None]
    stopped_by: Callable[[], PauseRun | FatalError | None]
    # Sessions that this process opened, with their first chunk URLs, which are secrets and stay in memory.
    _fresh: dict[str, UploadSession] = field(default_factory=dict)
    _expired: Counter[str] = field(default_factory=Counter)

    async def begin(self, job: Job) -> Job:
        """Reuse what the platform holds; otherwise a URL or small file becomes an asset at once, a large one a session.

        What travels inside its question, and a URL that is handed over with it, needs no asset. A held asset is
        believed here and verified where it is used, before the analysis is asked for.

        Raises:
            SourceUnreadable, UploadRejected, SourceRejected: this video cannot be uploaded, or not be asked what is
                asked.
        """
        if job.recipe.images is not None:
            return job.to(State.UPLOADED)  # no video: its images are looked after when it is asked
        if job.path is None:
            return await self._begin_url(job)
        assert job.stamp is not None
        header = await self.checks.look(job)
        if (reused := self._reused(job)) is not None:
            return reused
        if job.stamp.size_bytes > self.settings.max_bytes:
            raise SourceRejected(
                f"{job.source}: {job.stamp.size_bytes:,} bytes are more than the platform takes "
                f"({self.settings.max_bytes:,}); split or re-encode the file",
                code="video_filesize_too_large",
            )
        if job.stamp.size_bytes <= self.settings.inline_max_bytes:
            return job.to(State.UPLOADED, duration_s=header.duration_s)
        async with self.files.hold(job.stamp.size_bytes), self.platform.flow.video():
            self._begin_nothing_late()
            if job.stamp.size_bytes <= self.settings.direct_max_bytes:
                return await self._send_whole(job)
            return await self._open(job)

    def _begin_nothing_late(self) -> None:
        """Whoever waited for its turn while the run was stopped stays where it is: hundreds may have waited."""
        if (reason := self.stopped_by()) is not None:
            raise reason

    def _reused(self, job: Job) -> Job | None:
        """The job with what the platform holds of its content already."""
        held = self.ledger.held_asset(job.recipe.scope, job.content)
        if held is None:
            return None
        if held.asset_id:
            return job.to(State.UPLOADED, asset_id=held.asset_id, duration_s=held.duration_s, reused_asset=True)
        return job.to(State.OPENED, upload=held.upload)

    async def _begin_url(self, job: Job) -> Job:
        is_direct = self.settings.url_sources == "direct"
        if not is_direct and (reused := self._reused(job)) is not None:
            return reused
        await self.checks.look(job)
        return job.to(State.UPLOADED) if is_direct else await self._hand_over_url(job)

    async def send_chunks(self, job: Job) -> Job:
        """Send the chunks that the platform still misses.

        Raises:
            SourceUnreadable, UploadRejected: this video cannot be uploaded.
        """
        held = self.ledger.held_asset(job.recipe.scope, job.content)
        if held and held.asset_id:
            return job.to(State.UPLOADED, asset_id=held.asset_id, duration_s=held.duration_s, reused_asset=True)
        assert job.path is not None
        assert job.stamp is not None
        assert job.upload is not None
        sent = _Meter(self.on_bytes)
        session = self._fresh.pop(job.key, None) or UploadSession(
            job.upload.upload_id, job.upload.asset_id, job.stamp.size_bytes, job.upload.chunk_bytes, job.upload.headers
        )
        try:
            async with self.files.hold(job.stamp.size_bytes), self.platform.flow.video():
                self._begin_nothing_late()
                asset_id = await self.platform.uploads.send(session, job.path, job.stamp, on_bytes=sent)
        except UploadExpired:
            log.warning("upload.expired", source=job.source, upload_id=session.upload_id)
            self._expired[job.key] += 1
            if self._expired[job.key] > SESSIONS:
                raise
            await self.ledger.forget_asset(job.recipe.scope, job.content, None)
            return job.to(State.ACCEPTED, upload=None)
        return job.to(State.UPLOADED, asset_id=asset_id, **sent.facts(job))

    async def _hand_over_url(self, job: Job) -> Job:
        async with self.platform.creations.drawn(Draw(), job.content):
            with self.landing.strip():
                asset = await self.platform.assets.create_url(job.source, content_hash=job.content)
        return job.to(State.UPLOADED, asset_id=asset.id)

    async def _send_whole(self, job: Job) -> Job:
        assert job.path is not None
        assert job.stamp is not None
        sent = _Meter(self.on_bytes)
        async with self.platform.creations.drawn(Draw(), job.content):
            asset = await self.platform.assets.create_direct(
                job.path, job.stamp, filename=_filename(job.path), content_hash=job.content, on_bytes=sent
            )
        return job.to(State.UPLOADED, asset_id=asset.id, **sent.facts(job))

    async def _open(self, job: Job) -> Job:
        assert job.path is not None
        assert job.stamp is not None
        with self.landing.strip():
            session = await self.platform.uploads.open(
                _filename(job.path), job.stamp.size_bytes, content_hash=job.content
            )
        self._fresh[job.key] = session
        return job.to(State.OPENED, upload=_to_keep(session))


def _to_keep(session: UploadSession) -> OpenUpload:
    return OpenUpload(session.upload_id, session.asset_id, session.chunk_bytes, dict(session.upload_headers))


class _Meter:
    """Counts bytes and seconds of one upload and passes the bytes on."""

    def __init__(self, on_bytes: Callable[[int], None]) -> None:
        self._on_bytes = on_bytes
        self._bytes = 0
        self._began = time.monotonic()

    def __call__(self, count: int) -> None:
        self._bytes += count
        self._on_bytes(count)

    def facts(self, job: Job) -> dict[str, float]:
        return {
            "upload_bytes": job.upload_bytes + self._bytes,
            "upload_s": round(job.upload_s + time.monotonic() - self._began, 3),
        }


def _filename(path: str) -> str:
    """The name the platform shows, within its 255 characters; the end is kept because it carries the suffix."""
    return shown(PurePath(path).name)[-255:]


def without_asset(job: Job) -> Job:
    """The job as if its content had never been uploaded."""
    return replace(job, asset_id=None, upload=None, reused_asset=False, intent=False)
