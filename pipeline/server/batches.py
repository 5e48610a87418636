"""`/analyze/batches`: create, retrieve, list, results, cancel, delete; and how batches end and expire."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import get_args

import anyio.lowlevel
import orjson
from aiohttp import web

from pipeline.config import ServerSettings
from pipeline.server import paging, windows
from pipeline.server.analyses import Analyses
from pipeline.server.faults import Faults, hang_up
from pipeline.server.files import Files
from pipeline.server.limits import RATE_HEADERS, Limits
from pipeline.server.pictures import Gathered, Pictures
from pipeline.server.problems import ApiError, answer, invalid, not_found
from pipeline.server.rules import check
from pipeline.server.schemas import (
    AnalysisMode,
    CreateBatch,
    Picture,
    batch_created,
    batch_detail,
    batch_result,
    read,
)
from pipeline.server.sources import Source, Sources
from pipeline.server.store import Store
from pipeline.server.store.assets import new_id
from pipeline.server.store.batches import Batch, BatchStatus, NewBatch
from pipeline.server.store.tasks import NewTask, Task

# checking an item takes a fraction of a millisecond; other requests get their turn in between
CHECKED_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Item:
    """One request of a batch, found valid. `refusal` is why it fails at once, alone."""

    task: NewTask
    media: tuple[Picture, ...]
    refusal: ApiError | None
    minutes: float
    definitions: int


class Batches:
    """The handlers."""

    def __init__(
        self,
        settings: ServerSettings,
        store: Store,
        files: Files,
        analyses: Analyses,
        sources: Sources,
        pictures: Pictures,
        faults: Faults,
        limits: Limits,
    ) -> None:
        self._limits = limits
        self._settings = settings
        self._store = store
        self._files = files
        self._analyses = analyses
        self._sources = sources
        self._pictures = pictures
        self._faults = faults
        analyses.listen(self._task_ended)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/analyze/batches", self.create),
            web.get("/analyze/batches", self.list),
            web.get("/analyze/batches/{batch_id}", self.retrieve),
            web.get("/analyze/batches/{batch_id}/results", self.results),
            web.post("/analyze/batches/{batch_id}/cancel", self.cancel),
            web.delete("/analyze/batches/{batch_id}", self.delete),
        ]

    async def create(self, request: web.Request) -> web.Response:
        """201 with the ids of the batch and its tasks, or nothing is created at all."""
        wanted = await read(request, CreateBatch)
        self._check_size(wanted)
        _check_custom_ids(wanted)
        batch = NewBatch(new_id(), wanted.analysis_mode, wanted.model_name, len(wanted.requests))
        items = await self._items(wanted, self._videos(wanted), batch.id)
        with ExitStack() as stack:
            gathered = {}
            for media in {item.media for item in items}:
                gathered[media] = stack.enter_context(await self._pictures.gather(media, missing=404))
            self._check_active()
            self._limits.take_batch([(item.minutes, item.definitions) for item in items if item.refusal is None])
            # no await from here on: nothing may come between
            created = self._add(batch, items, gathered)
        self._begin(items)
        return answer(batch_created(created, [(item.task.id, item.task.custom_id) for item in items]), 201)

    def _add(self, batch: NewBatch, items: Sequence[Item], gathered: Mapping[tuple[Picture, ...], Gathered]) -> Batch:
        """Remember a batch with the images that came along; nothing of them stays where the disk is full."""
        with ExitStack() as undo:
            for item in items:
                undo.callback(self._files.forget_task, item.task.id)
                gathered[item.media].attach(item.task.id)
            created = self._store.batches.add(batch, (item.task for item in items), self._settings.batch_ttl_s)
            undo.pop_all()
        return created

    def _check_size(self, wanted: CreateBatch) -> None:
        count, most = len(wanted.requests), self._settings.batch_max_items
        if count > most:
            raise invalid(f"The requests parameter holds {count:,} requests; a batch takes at most {most:,}.")
        quick = self._settings.batch_creation_max_items
        if quick is not None and count > quick:
            raise ApiError(
                504,
                "request_canceled_or_timed_out",
                f"{count:,} requests could not be checked in time. No batch was created; send smaller ones.",
            )

    def _videos(self, wanted: CreateBatch) -> list[Source]:
        """The video of each request, ready."""
        videos = [self._sources.asset(item.video.asset_id, missing=404, not_ready=409) for item in wanted.requests]
        hours = sum(video.span.duration_s for video in videos if video.span) / 3600
        if hours > self._settings.batch_max_hours:
            most = self._settings.batch_max_hours
            raise invalid(f"The batch holds {hours:,.2f} hours of video; it may hold at most {most:,g}.")
        return videos

    async def _items(self, wanted: CreateBatch, videos: Sequence[Source], batch_id: str) -> list[Item]:
        items = []
        for number, video in enumerate(videos):
            try:
                items.append(self._item(wanted, number, video, batch_id))
            except ApiError as error:
                # what a task calls prompt_v2 is the prompt of a batch
                message = error.message.replace("prompt_v2", "prompt")
                raise ApiError(error.status, error.code, f"requests.{number}: {message}") from error
            if number % CHECKED_AT_ONCE == 0:
                await anyio.lowlevel.checkpoint()
        return items

    def _item(self, wanted: CreateBatch, number: int, video: Source, batch_id: str) -> Item:
        given = wanted.requests[number]
        question = check(self._settings, wanted.ask(given), "batch")
        refusal = None
        try:
            windows.check(self._settings, question, video.span, "batch")
        except ApiError as error:
            if error.code != windows.TOO_LONG:
                raise
            refusal = error
        task = question.task(video, custom_id=given.custom_id, batch_id=batch_id)
        minutes = windows.analysed_minutes(question, video.span) if video.span else 0
        return Item(task, question.media, refusal, minutes, len(question.definitions) or 1)

    def _check_active(self) -> None:
        most = self._settings.batch_active_max
        self.tend()
        if self._store.batches.active() >= most:
            raise ApiError(429, "too_many_requests", f"There are {most} active batches; wait until one has ended.")

    def _begin(self, items: Iterable[Item]) -> None:
        for item in items:
            if item.refusal is None:
                self._analyses.submit(item.task.id)
            else:
                self._analyses.end(item.task.id, "failed", code=item.refusal.code, message=item.refusal.message)

    async def list(self, request: web.Request) -> web.Response:
        page = paging.requested(request, self._settings)
        statuses = _filter(request, "status", get_args(BatchStatus))
        modes = _filter(request, "analysis_mode", get_args(AnalysisMode))
        self.tend()
        batches, total = self._store.batches.page(page, statuses, modes)
        return answer(page.wrap([self._detail(batch) for batch in batches], total))

    async def retrieve(self, request: web.Request) -> web.Response:
        return answer(self._detail(self._get(request)))

    def _detail(self, batch: Batch) -> dict[str, object]:
        return batch_detail(batch, self._store.webhooks.of(batch.id))

    async def results(self, request: web.Request) -> web.StreamResponse:
        """A line for each item as it stands when its line is written."""
        task_ids = self._store.batches.results(self._get(request).id, self._settings.batch_results_order)
        cut = self._faults.cut_after(request)
        response = web.StreamResponse(headers=request.get(RATE_HEADERS))
        response.content_type = "application/jsonl"
        await response.prepare(request)
        for number, task_id in enumerate(task_ids):
            if number == cut:
                return hang_up(request)
            if task := self._store.tasks.get(task_id):
                await response.write(orjson.dumps(batch_result(task), option=orjson.OPT_APPEND_NEWLINE))
        await response.write_eof()
        return response

    async def cancel(self, request: web.Request) -> web.Response:
        """202 with the batch as it is then; asked again before it has ended, it changes nothing."""
        batch = self._get(request)
        if batch.ended_at is not None:
            raise ApiError(409, f"batch_{batch.status}", f"The batch {batch.id} is {batch.status} already.")
        body = self._detail(self._store.batches.cancel(batch.id))
        self.tend()
        return answer(body, 202)

    async def delete(self, request: web.Request) -> web.Response:
        batch = self._get(request)
        if batch.ended_at is None:
            raise ApiError(409, "batch_not_terminal", f"The batch {batch.id} is {batch.status}; cancel it first.")
        self._store.batches.delete(batch.id)
        return web.Response(status=200)

    def tend(self) -> None:
        """Let what is over be over: expired batches, canceled items, batches of which nothing is left to do, old ones.

        It follows from what is remembered alone, so that what a killed process had begun is finished by the next.
        """
        batches = self._store.batches
        batches.expire()
        overdue = batches.overdue_items()
        for task_id in overdue.waiting:
            self._analyses.end(task_id, "canceled", code="batch_expired", message="The batch expired.")
        for task_id in overdue.processing:
            self._analyses.end(
                task_id,
                self._settings.batch_overdue,
                code="batch_processing_timeout",
                message="The batch expired before the analysis was done.",
            )
        for task_id in batches.canceled_items():
            self._analyses.end(task_id, "canceled", code="batch_canceled", message="The batch was canceled.")
        batches.settle()
        batches.delete_older(self._settings.batch_retention_s)

    def _task_ended(self, task: Task) -> None:
        if task.batch_id is not None:
            self._store.batches.settle()

    def _get(self, request: web.Request) -> Batch:
        self.tend()
        batch_id = request.match_info["batch_id"]
        batch = self._store.batches.get(batch_id)
        if batch is None:
            raise not_found("batch", batch_id)
        return batch


def _check_custom_ids(wanted: CreateBatch) -> None:
    counts = Counter(item.custom_id for item in wanted.requests if item.custom_id is not None)
    if twice := [custom_id for custom_id, count in counts.items() if count > 1]:
        raise invalid(f"The custom_id parameter must be unique within the batch: {', '.join(twice[:10])}.")


def _filter(request: web.Request, name: str, known: Sequence[str]) -> list[str]:
    wanted = request.query.getall(name, [])
    if not set(wanted) <= set(known):
        raise invalid(f"The {name} parameter must be one of {', '.join(known)}.")
    return wanted
