"""From `uploaded` to `analyzed`: ask for the analysis once, look until it is there, keep the answer unparsed."""

import time
from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog

from pipeline.client import Platform
from pipeline.config import RunSettings
from pipeline.errors import AssetGone, RetriesExhausted, SourceRejected, TaskFailed, UnexpectedResponse, VideoError
from pipeline.jobs import Job, State
from pipeline.ledger import Ledger
from pipeline.models import Task
from pipeline.steps.drawing import Drawing
from pipeline.steps.landing import Landing
from pipeline.steps.media import Media, about, medium_of

log = structlog.get_logger()

# Task-condition codes after which the platform says to submit again (twelvelabs 1.3.6).
RESUBMIT = frozenset({"batch_expired", "batch_processing_timeout", "request_canceled_or_timed_out"})


@dataclass(frozen=True, slots=True)
class Tasks:
    """The steps of an asynchronous analysis and what they share."""

    platform: Platform
    ledger: Ledger
    settings: RunSettings
    landing: Landing
    media: Media
    drawing: Drawing

    async def submit(self, job: Job) -> Job:
        """Create the task, once.

        The intent is durable before the request leaves; a submission that may have left is looked for before it is
        sent again.

        Raises:
            RetriesExhausted, PauseRun, FatalError: the platform did not say; nothing is known to be spent.
        """
        if job.intent and (task := await self._look(job)) is not None:
            return _submitted(job, task)
        return await self.media.ask_of(job, self.create_once)

    async def create_once(self, job: Job) -> Job:
        """What `submit` does of a job whose asset is ready and whose submission cannot have left before."""
        request = await self.media.request_of(job)
        await self.drawing.admit(job)
        if not job.intent:
            job = replace(job, attempt=job.attempt + 1, intent=True)
        await self.ledger.save(job)
        try:
            with self.landing.strip():
                task = await self.platform.tasks.create(
                    request.medium,
                    request.asked,
                    custom_id=job.key,
                    idempotency_key=job.idempotency_key,
                    pictures=request.pictures,
                    answered=self._answered(job),
                )
        except (RetriesExhausted, UnexpectedResponse) as error:
            return job.failed(about(job, error))  # the intent stays: the request may have been carried out
        except (AssetGone, SourceRejected):
            raise
        except VideoError as error:
            return replace(job, intent=False).failed(about(job, error))
        return _submitted(job, task)

    async def poll(self, job: Job) -> Job:
        """Wait for the task's end.

        Raises:
            VideoError: the answer could not be had; the job stays `submitted`, so that a retry looks again before it
            pays again.
        """
        assert job.task_id is not None
        began = time.monotonic()
        try:
            task = await self.platform.watch.task_done(
                job.task_id,
                asset_id=job.asset_id,
                custom_id=job.key,
                video_minutes=_minutes(job),
                submitted_at=job.submitted_at or datetime.now(UTC),
            )
        except TaskFailed as error:
            if error.status != 404 and error.code != "resource_not_exist":
                raise  # it may well be there: a retry looks again
            missing = TaskFailed(f"{error.message}; `pipeline retry` asks, and pays, again", code="task_missing")
            return job.to(State.UPLOADED, task_id=None, batch_id=None).failed(about(job, missing))
        job = replace(job, wait_s=round(job.wait_s + (_platform_wait(task) or time.monotonic() - began), 3))
        return concluded(job, task, RESUBMIT, self.settings.max_resubmissions)

    async def _look(self, job: Job) -> Task | None:
        return await self.platform.tasks.look(medium_of(job), job.key, self._answered(job))

    def _answered(self, job: Job) -> frozenset[str]:
        """Tasks whose answers are kept already: a job that is asked again must not take one of them for the new one."""
        return self.ledger.answered(job.key) if job.reasks else frozenset()


def _submitted(job: Job, task: Task) -> Job:
    return job.to(State.SUBMITTED, task_id=task.id, submitted_at=datetime.now(UTC), intent=False)


def concluded(job: Job, task: Task, resubmit: Container[str], max_resubmissions: int) -> Job:
    """What becomes of a job whose task has ended.

    Args:
        job: submitted.
        task: ended, whichever way.
        resubmit: codes after which it is submitted again.
        max_resubmissions: how often.
    """
    if task.status == "ready":
        return job.to(State.ANALYZED, raw=task.raw, task_id=task.id)
    unsubmitted = job.to(State.UPLOADED, task_id=None, batch_id=None)
    if task.error_code in resubmit and job.attempt - job.reasks < max_resubmissions:
        log.warning("task.resubmitted", source=job.source, task_id=task.id, code=task.error_code)
        return unsubmitted
    return unsubmitted.failed(_ended_badly(job, task))


def _minutes(job: Job) -> float | None:
    """The length that is analysed."""
    seconds = job.recipe.window_s(job.duration_s)
    return None if seconds is None else seconds / 60


def _platform_wait(task: Task) -> float | None:
    """Seconds between creation and end by the platform's own clock."""
    if task.created_at is None or task.completed_at is None:
        return None
    return (task.completed_at - task.created_at).total_seconds()


def _ended_badly(job: Job, task: Task) -> TaskFailed:
    said = task.error_message or "the platform gave no reason"
    return TaskFailed(
        f"{job.source}: the analysis {task.id} ended {task.status}: {said}",
        code=task.error_code or f"task_{task.status}",
    )
