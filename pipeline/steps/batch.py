"""From `uploaded` to `analyzed` by the platform's batches: join · collect."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import anyio

from pipeline.client import Platform
from pipeline.client.failures import gravest_failure
from pipeline.client.requests import batch_item
from pipeline.config import BatchSettings, RunSettings
from pipeline.errors import RetriesExhausted, TaskFailed, VideoError
from pipeline.jobs import Job, State
from pipeline.ledger import Ledger
from pipeline.steps.collecting import Collector
from pipeline.steps.drawing import Drawing
from pipeline.steps.gathering import Gathering, Seat, Slots
from pipeline.steps.landing import Landing
from pipeline.steps.media import Media
from pipeline.steps.packing import Parcel, batch_problem
from pipeline.steps.sending import Sender, submitted
from pipeline.steps.task import Tasks
from pipeline.steps.traces import Traces


class Batches:
    """The steps of an analysis in a batch. They work within `open`."""

    def __init__(
        self,
        platform: Platform,
        ledger: Ledger,
        scope: str,
        run: RunSettings,
        settings: BatchSettings,
        landing: Landing,
        media: Media,
        drawing: Drawing,
        tasks: Tasks,
        longest_s: float | None = None,
    ) -> None:
        """Prepare; nothing is sent before `open`.

        Args:
            platform: that is asked.
            ledger: of the run.
            scope: of the run's jobs.
            run: settings of that name, as the next one.
            settings: what a batch may hold, and how it is watched.
            landing: sees what is on its way through.
            media: looks after what is asked of.
            drawing: on the account.
            tasks: the way of what lasts longer than `longest_s`, and of items whose batch cannot tell.
            longest_s: the longest part of a video that travels in a batch; None is no bound.
        """
        self._platform = platform
        self._ledger = ledger
        self._run = run
        self._settings = settings
        self._landing = landing
        self._media = media
        self._drawing = drawing
        self._tasks = tasks
        self._longest_s = longest_s
        self._slots = Slots(settings.max_active)
        self._traces = Traces(platform, ledger, settings, scope)
        self._sender = Sender(platform, ledger, settings, landing, self._slots)
        self._gathering = Gathering(settings, self._slots, self._sender.send)
        self._collector: Collector | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Send and watch batches until the block ends; what is on its way then is seen through, as the landing says."""
        with gravest_failure():
            async with anyio.create_task_group() as group:
                self._collector = Collector(
                    self._platform,
                    self._ledger,
                    self._settings,
                    self._run.max_resubmissions,
                    self._slots,
                    self._drawing,
                    group,
                )
                group.start_soon(self._gathering.run, group)
                try:
                    yield
                finally:
                    group.cancel_scope.cancel()

    def wake(self, batch_id: str) -> bool:
        """Look at a batch now, because something is said of it; False where nobody waits for it."""
        return self._collector is not None and self._collector.wake(batch_id)

    async def submit(self, job: Job) -> Job:
        """Travel in a batch, once; a submission that may have left is looked for before it is sent again.

        Raises:
            RetriesExhausted, PauseRun, FatalError: the platform did not say; nothing is known to be spent.
        """
        if job.intent and (trace := await self._trace(job)) is not None:
            return submitted(job, *trace)
        return await self._media.ask_of(job, self._join)

    async def poll(self, job: Job) -> Job:
        """Wait for what becomes of the item.

        Raises:
            VideoError: the answer could not be had; the job stays `submitted`, so that a retry looks again before it
            pays again.
        """
        assert self._collector is not None, "batches are not open"
        answered = await self._collector.wait(job) if job.batch_id is not None else None
        if answered is not None:
            return answered
        if job.task_id is None:
            return job.to(State.UPLOADED, batch_id=None).failed(
                TaskFailed(
                    f"{job.source}: batch {job.batch_id} is gone, or does not hold this video; `pipeline retry` asks "
                    "again",
                    code="batch_item_missing",
                )
            )
        return await self._tasks.poll(job)

    async def _join(self, job: Job) -> Job:
        if problem := batch_problem(job.recipe):
            return job.failed(TaskFailed(f"{job.source}: {problem}", code="delivery_unfit"))
        if job.asset_id is None:  # an earlier run was to send it inside its question
            return job.to(State.ACCEPTED)
        if self._longest_s is not None and (job.recipe.window_s(job.duration_s) or 0) > self._longest_s:
            return await self._tasks.create_once(replace(job, delivery="task"))
        request = await self._media.request_of(job)
        await self._drawing.admit(job, requests=0)
        asked = request.asked
        parcel = Parcel(job.key, asked.model, asked.analysis_mode, job.duration_s or 0.0)
        seat = Seat(job, parcel, batch_item(asked, request.medium, job.key, request.pictures))
        self._gathering.join(seat)
        return await seat.taken(self._landing)

    async def _trace(self, job: Job) -> tuple[str, str] | None:
        answered = self._ledger.answered(job.key) if job.reasks else frozenset[str]()
        try:
            return await self._traces.of(job, answered)
        except VideoError as error:
            raise RetriesExhausted(
                f"{job.source}: a batch with it may have been created, but that cannot be looked up: {error.message}; "
                "run again later",
                code=error.code,
            ) from error
