"""`/analyze/tasks`: create, retrieve, list, delete."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Literal, get_args

from aiohttp import web

from pipeline.config import ServerSettings
from pipeline.server import paging
from pipeline.server.analyses import Analyses
from pipeline.server.engines.tokens import count_tokens
from pipeline.server.files import Files, Writing
from pipeline.server.problems import ApiError, answer, invalid, missing, not_found, unsupported
from pipeline.server.schemas import (
    CreateTask,
    VideoByAsset,
    VideoByUrl,
    VideoInline,
    parse_url,
    read,
    task_detail,
    task_listed,
)
from pipeline.server.store import Store
from pipeline.server.store.assets import new_id
from pipeline.server.store.tasks import Key, NewTask, Task, TaskFilter, TaskStatus
from pipeline.server.windows import Span, problem

MODES = {"general", "time_based_metadata"}
UNSUPPORTED = ("image", "prompt_v2", "response_format", "min_segment_duration", "max_segment_duration")
INLINE_MAX_BYTES = 30 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """Where a task's video is; `inline` is the video itself."""

    kind: Literal["asset_id", "url", "base64_string"]
    asset_id: str | None = None
    url: str | None = None
    span: Span | None = None
    inline: bytes | None = None


class Tasks:
    """The handlers."""

    def __init__(self, settings: ServerSettings, store: Store, files: Files, analyses: Analyses) -> None:
        self._settings = settings
        self._store = store
        self._files = files
        self._analyses = analyses

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/analyze/tasks", self.create),
            web.get("/analyze/tasks", self.list),
            web.get("/analyze/tasks/{task_id}", self.retrieve),
            web.delete("/analyze/tasks/{task_id}", self.delete),
        ]

    async def create(self, request: web.Request) -> web.Response:
        """202 with the task's id. The same Idempotency-Key gets the same answer and makes no second task."""
        wanted = await read(request, CreateTask)
        prompt = self._check(wanted)
        source = self._source(wanted)
        if reason := problem(self._settings, wanted.start_time, wanted.end_time, source.span):
            raise invalid(reason)
        task = _new_task(wanted, prompt, source, wanted.model_name or self._settings.models[0])
        if source.inline is not None:
            with Writing(self._files.task_media(task.id)) as writing:
                writing.take(source.inline)
        earlier = self._store.tasks.add(task, await self._key(request))
        if earlier is None:
            self._analyses.submit(task.id)
            return answer({"task_id": task.id, "status": "queued"}, 202)
        self._files.task_media(task.id).unlink(missing_ok=True)
        if not earlier.is_same_request and self._settings.idempotency_conflict == "refuse":
            raise ApiError(409, "idempotency_key_reused", "The Idempotency-Key was used with another request.")
        return answer({"task_id": earlier.task_id, "status": "queued"}, 202)

    def _check(self, wanted: CreateTask) -> str:
        for name in UNSUPPORTED:
            if getattr(wanted, name) is not None:
                raise unsupported(name)
        if wanted.analysis_mode == "time_based_metadata":
            raise invalid("The analysis_mode time_based_metadata is not supported by the embedded platform.")
        if wanted.model_name is not None and wanted.model_name not in self._settings.models:
            raise invalid(f"The model_name parameter must be one of {', '.join(self._settings.models)}.")
        if wanted.prompt is None:
            raise missing("prompt")
        if not wanted.prompt.strip():
            raise invalid("The prompt parameter must not be empty.")
        self._check_tokens(wanted, wanted.prompt)
        return wanted.prompt

    def _check_tokens(self, wanted: CreateTask, prompt: str) -> None:
        low, high = self._settings.max_tokens_min, self._settings.max_tokens_max
        if wanted.max_tokens == "unlimited":
            raise invalid("The max_tokens value unlimited belongs to analysis_mode time_based_metadata.")
        if wanted.max_tokens is not None and not low <= wanted.max_tokens <= high:
            raise invalid(f"The max_tokens parameter must be between {low} and {high}.")
        if count_tokens(prompt) > self._settings.context_tokens:
            raise ApiError(400, "token_limit_exceeded", "The prompt is longer than the model's context window.")

    def _source(self, wanted: CreateTask) -> Source:
        match wanted.video:
            case VideoByAsset(asset_id=asset_id):
                return self._asset_source(asset_id)
            case VideoByUrl(url=url):
                return Source("url", url=parse_url(url))
            case VideoInline(base64_string=text):
                return Source("base64_string", inline=_decode(text))
            case None:
                raise missing("video")

    def _asset_source(self, asset_id: str) -> Source:
        asset = self._store.assets.get(asset_id)
        # an inaccessible video is a 400 here, unlike a missing asset elsewhere
        if asset is None:
            raise not_found("asset", asset_id, 400)
        if asset.status == "processing":
            raise ApiError(400, "video_not_ready", f"The asset {asset_id} is still being processed.")
        if asset.status == "failed":
            raise invalid(f"The asset {asset_id} has failed: {asset.error}")
        return Source("asset_id", asset_id=asset_id, span=Span(asset.clock_start or 0, asset.duration or 0))

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
        return answer(page.wrap([task_listed(task, with_result=with_result) for task in tasks], total))

    async def retrieve(self, request: web.Request) -> web.Response:
        return answer(task_detail(self._get(request)))

    async def delete(self, request: web.Request) -> web.Response:
        task = self._get(request)
        if task.status == "processing":
            raise ApiError(409, "task_processing", f"The task {task.id} is being processed.")
        self._store.tasks.delete(task.id)
        self._files.task_media(task.id).unlink(missing_ok=True)
        return web.Response(status=200)

    def _get(self, request: web.Request) -> Task:
        task_id = request.match_info["task_id"]
        task = self._store.tasks.get(task_id)
        if task is None:
            raise not_found("task", task_id)
        return task


def _new_task(wanted: CreateTask, prompt: str, source: Source, model: str) -> NewTask:
    return NewTask(
        id=new_id(),
        custom_id=wanted.custom_id,
        source=source.kind,
        asset_id=source.asset_id,
        video_url=source.url,
        model=model,
        prompt=prompt,
        temperature=wanted.temperature,
        max_tokens=wanted.max_tokens if isinstance(wanted.max_tokens, int) else None,
        start_time=wanted.start_time,
        end_time=wanted.end_time,
        duration=source.span.duration_s if source.span else None,
    )


def _decode(text: str) -> bytes:
    if len(text) > INLINE_MAX_BYTES * 4 / 3 + 4:
        raise ApiError(400, "video_filesize_too_large", f"An inline video takes at most {INLINE_MAX_BYTES:,} bytes.")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise invalid(f"The base64_string parameter is not valid base64: {error}.") from error
