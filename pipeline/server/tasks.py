"""`/analyze/tasks`: create, retrieve, list, cancel, delete."""

import hashlib
from typing import get_args

from aiohttp import web

from pipeline.config import ServerSettings
from pipeline.server import paging, windows
from pipeline.server.analyses import Analyses
from pipeline.server.files import Files, Writing
from pipeline.server.limits import Limits
from pipeline.server.pictures import Pictures
from pipeline.server.problems import ApiError, answer, invalid, not_found
from pipeline.server.rules import check
from pipeline.server.schemas import AnalysisMode, CreateTask, read, task_detail, task_listed
from pipeline.server.sources import Source, Sources
from pipeline.server.store import Store
from pipeline.server.store.tasks import Earlier, Key, NewTask, Task, TaskFilter, TaskStatus

MODES = frozenset(get_args(AnalysisMode))


class Tasks:
    """The handlers."""

    def __init__(
        self,
        settings: ServerSettings,
        store: Store,
        files: Files,
        analyses: Analyses,
        sources: Sources,
        pictures: Pictures,
        limits: Limits,
    ) -> None:
        self._limits = limits
        self._settings = settings
        self._store = store
        self._files = files
        self._analyses = analyses
        self._sources = sources
        self._pictures = pictures

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/analyze/tasks", self.create),
            web.get("/analyze/tasks", self.list),
            web.get("/analyze/tasks/{task_id}", self.retrieve),
            web.delete("/analyze/tasks/{task_id}", self.delete),
            web.post("/analyze/tasks/{task_id}/cancel", self.cancel),
        ]

    async def create(self, request: web.Request) -> web.Response:
        """202 with the task's id. The same Idempotency-Key gets the same answer and makes no second task."""
        wanted = await read(request, CreateTask)
        key = await self._key(request)
        # what was taken once is not judged again: its asset may be gone by now
        if key is not None and (earlier := self._store.tasks.earlier(key)):
            return self._again(earlier)
        question = check(self._settings, wanted, "task")
        source = self._sources.find(wanted.video, has_images=wanted.image is not None, missing=400)
        inline = source is not None and source.inline is not None
        windows.check(self._settings, question, source.span if source else None, "task", inline=inline)
        with await self._pictures.gather(question.media) as pictures:
            if source is not None and source.span is not None:  # of others the length is not known yet
                self._limits.take_video(windows.analysed_minutes(question, source.span), len(question.definitions) or 1)
            task = question.task(source, custom_id=wanted.custom_id)
            pictures.attach(task.id)
        if earlier := self._add(task, source, key):
            return self._again(earlier)
        self._analyses.submit(task.id)
        return answer({"task_id": task.id, "status": "queued"}, 202)

    def _add(self, task: NewTask, source: Source | None, key: Key | None) -> Earlier | None:
        """Remember a task with what came along; nothing of it stays where it is not new or the disk is full."""
        earlier, is_added = None, False
        try:
            if source is not None and source.inline is not None:
                with Writing(self._files.task_media(task.id)) as writing:
                    writing.take(source.inline)
            earlier = self._store.tasks.add(task, key)
            is_added = earlier is None
        finally:
            if not is_added:
                self._files.forget_task(task.id)
        return earlier

    def _again(self, earlier: Earlier) -> web.Response:
        if not earlier.is_same_request and self._settings.idempotency_conflict == "refuse":
            raise ApiError(409, "idempotency_key_reused", "The Idempotency-Key was used with another request.")
        return answer({"task_id": earlier.task_id, "status": "queued"}, 202)

    async def _key(self, request: web.Request) -> Key | None:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return None
        if not 1 <= len(key) <= 255:
            raise invalid("The Idempotency-Key header must have 1 to 255 characters.")
        digest = hashlib.sha256(await request.read()).hexdigest()
        return Key(key, digest, self._settings.idempotency_ttl_s)

    async def list(self, request: web.Request) -> web.Response:
        page = paging.requested(request, self._settings)
        query = request.query
        wanted = TaskFilter(
            query.get("status"), query.get("video_url"), query.get("asset_id"), query.get("analysis_mode")
        )
        if wanted.status is not None and wanted.status not in get_args(TaskStatus):
            raise invalid(f"The status parameter must be one of {', '.join(get_args(TaskStatus))}.")
        if wanted.analysis_mode is not None and wanted.analysis_mode not in MODES:
            raise invalid(f"The analysis_mode parameter must be one of {', '.join(sorted(MODES))}.")
        tasks, total = self._store.tasks.page(page, wanted)
        with_result = self._settings.list_results
        shown = [task_listed(task, self._store.webhooks.of(task.id), with_result=with_result) for task in tasks]
        return answer(page.wrap(shown, total))

    async def retrieve(self, request: web.Request) -> web.Response:
        task = self._get(request)
        return answer(task_detail(task, self._store.webhooks.of(task.id)))

    async def delete(self, request: web.Request) -> web.Response:
        task = self._get(request)
        if task.status == "processing":
            raise ApiError(409, "task_processing", f"The task {task.id} is being processed.")
        self._store.tasks.delete(task.id)
        self._analyses.stop(task.id)
        return web.Response(status=200)

    async def cancel(self, request: web.Request) -> web.Response:
        """200 also where it was canceled before; what is under way for it stops at once."""
        task = self._get(request)
        if task.batch_id is not None:
            raise invalid(f"The task {task.id} belongs to the batch {task.batch_id}; cancel the batch.")
        if task.status in {"ready", "failed"}:
            raise ApiError(409, f"task_{task.status}", f"The task {task.id} is {task.status} already.")
        self._analyses.end(task.id, "canceled", code="user_canceled", message="The task was canceled by the user.")
        return answer({"task_id": task.id, "status": "canceled"})

    def _get(self, request: web.Request) -> Task:
        task_id = request.match_info["task_id"]
        task = self._store.tasks.get(task_id)
        if task is None:
            raise not_found("task", task_id)
        return task
