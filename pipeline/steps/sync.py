"""From `uploaded` to `analyzed` in one request: ask, and keep the answer unparsed. What is lost on the way is lost."""

import time
from dataclasses import dataclass, replace

import anyio

from pipeline.client import Platform
from pipeline.client.analyses import REMEDY, Flight, OnText
from pipeline.config import SyncSettings
from pipeline.errors import (
    AnswerLost,
    AssetGone,
    FatalError,
    PauseRun,
    PipelineError,
    SourceRejected,
    TaskFailed,
    VideoError,
)
from pipeline.jobs import ForbiddenTransition, Job, State
from pipeline.ledger import Ledger
from pipeline.steps.drawing import Drawing
from pipeline.steps.landing import Landing
from pipeline.steps.media import Media, Request, about
from pipeline.steps.one_request import TOO_LONG, length_problem, sync_problem


@dataclass(frozen=True, slots=True)
class Sync:
    """The step of an analysis in one request, and what it needs.

    Attributes:
        on_text: told each piece of an answer as it arrives; None where nobody listens.
    """

    platform: Platform
    ledger: Ledger
    settings: SyncSettings
    landing: Landing
    media: Media
    drawing: Drawing
    on_text: OnText | None = None

    async def submit(self, job: Job) -> Job:
        """Ask and have the answer.

        The intent is durable before the request leaves, and taken back by a refusal. A job that has one already was
        asked by a process that is gone; its answer cannot be looked up, so it fails rather than be paid twice.

        Raises:
            PauseRun, FatalError: the platform refused; nothing is spent.
        """
        if job.intent:
            return replace(job, intent=False).failed(
                AnswerLost(f"{job.source}: a run ended while the platform was answering; {REMEDY}")
            )
        return await self.media.ask_of(job, self._ask_once)

    async def poll(self, job: Job) -> Job:
        """Never called: what is asked in this way is answered at once."""
        raise ForbiddenTransition(f"job {job.key}: delivery sync leaves nothing to wait for")

    async def _ask_once(self, job: Job) -> Job:
        if problem := sync_problem(job.recipe):
            return job.failed(TaskFailed(f"{job.source}: {problem}", code="delivery_unfit"))
        if too_long := length_problem(job.source, job.duration_s, self.settings):
            return job.failed(too_long)
        request = await self.media.request_of(job)
        await self.drawing.admit(job)
        job = replace(job, attempt=job.attempt + 1, intent=True)
        await self.ledger.save(job)
        began = time.monotonic()
        try:
            raw = await self._land(job, request)
        except (AssetGone, SourceRejected) as error:
            if error.code == TOO_LONG:  # there is nothing wrong with the asset
                return replace(job, intent=False).failed(about(job, error))
            raise
        except VideoError as error:
            return replace(job, intent=False).failed(about(job, error))
        waited_s = round(job.wait_s + time.monotonic() - began, 3)
        return job.to(State.ANALYZED, raw=raw, intent=False, wait_s=waited_s)

    async def _land(self, job: Job, request: Request) -> str:
        """The answer; where none comes because the run ends, the intent stays only if one may have been given."""
        flight = Flight(job.key)
        try:
            with self.landing.strip():
                return await self._send(request, flight)
        except (PauseRun, FatalError, anyio.get_cancelled_exc_class()) as error:
            if isinstance(error, PipelineError) or not flight.is_out:
                with anyio.CancelScope(shield=True):
                    await self.ledger.save(replace(job, intent=False))
            raise

    async def _send(self, request: Request, flight: Flight) -> str:
        questions, patience_s = self.platform.questions, self.settings.patience_s
        if self.on_text is None and not self.settings.stream:
            return await questions.whole(
                request.medium, request.asked, pictures=request.pictures, patience_s=patience_s, flight=flight
            )
        return await questions.stream(
            request.medium,
            request.asked,
            pictures=request.pictures,
            patience_s=patience_s,
            flight=flight,
            on_text=self.on_text or _unheard,
        )


def _unheard(text: str) -> None:
    """Nobody listens."""
