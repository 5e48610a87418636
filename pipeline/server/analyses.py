"""What happens to a task after its creation: `queued`, `pending`, `processing`, and how it ends."""

import uuid
from functools import partial

import anyio
import orjson

from pipeline.config import ServerSettings
from pipeline.server.engines import ENGINES, Answer, EngineRequest
from pipeline.server.faults import Faults, Outcome
from pipeline.server.fetching import Fetcher, FetchFailed
from pipeline.server.files import Files
from pipeline.server.inspect import inspect
from pipeline.server.store import Store
from pipeline.server.store.tasks import Task
from pipeline.server.windows import Span, is_too_long, problem
from pipeline.server.workers import JobRejected, WorkerCrashed, WorkerPool


class AnalysisFailed(Exception):
    """The reason of a failed task, one sentence for people."""


class Analyses:
    """Takes queued tasks to the engine, a bounded number at once; the rest stays `queued`, oldest first."""

    def __init__(
        self,
        settings: ServerSettings,
        store: Store,
        files: Files,
        pool: WorkerPool,
        fetcher: Fetcher,
        faults: Faults,
    ) -> None:
        self._settings = settings
        self._store = store
        self._files = files
        self._pool = pool
        self._fetcher = fetcher
        self._faults = faults
        self._engine = ENGINES[settings.engine]
        self._send, self._receive = anyio.create_memory_object_stream[str](float("inf"))

    def submit(self, task_id: str) -> None:
        """Have a task done when its turn comes."""
        self._send.send_nowait(task_id)

    def close(self) -> None:
        """Take no more."""
        self._send.close()
        self._receive.close()

    async def run(self) -> None:
        """Work for ever; what a former process left unfinished is done again, first."""
        for task_id in self._store.tasks.unfinished():
            self.submit(task_id)
        async with anyio.create_task_group() as group:
            for _ in range(self._settings.analysis_concurrency):
                group.start_soon(self._work)

    async def _work(self) -> None:
        async for task_id in self._receive:
            task = self._store.tasks.get(task_id)
            if task is not None:
                await self._analyze(task)

    async def _analyze(self, task: Task) -> None:
        self._store.tasks.pending(task.id)
        await anyio.sleep(self._settings.pending_seconds)
        outcome = self._faults.take_outcome(task.custom_id)
        try:
            if outcome is not None:
                self._end_as_told(task, outcome)
                return
            self._finish(task, await self._answer(task))
        except (AnalysisFailed, FetchFailed, JobRejected) as failure:
            self._fail(task, str(failure))
        except WorkerCrashed as crash:
            self._fail(task, f"The analysis broke off: {crash}.")
        finally:
            self._files.task_media(task.id).unlink(missing_ok=True)

    async def _answer(self, task: Task) -> Answer:
        if self._settings.analysis_seconds:
            self._begin(task)
            await anyio.sleep(self._settings.analysis_seconds)
        if task.asset_id is not None:
            asset = self._store.assets.get(task.asset_id)
            if asset is None:
                raise AnalysisFailed("The asset was deleted before the analysis began.")
            path, video = self._files.media(asset.id), Span(asset.clock_start or 0, asset.duration or 0)
        else:
            path, video = self._files.task_media(task.id), await self._prepare(task)
        if is_too_long(self._settings, task.start_time, task.end_time, video):
            raise AnalysisFailed("Video duration exceeds maximum allowed duration")
        limit = task.max_tokens or self._settings.max_tokens_default
        question = EngineRequest(path, task.prompt, limit, task.start_time, task.end_time)
        return await self._pool.run(partial(self._begin, task, video.duration_s), self._engine, question)

    async def _prepare(self, task: Task) -> Span:
        """Bring a video that is not an asset onto the disk, and look at it."""
        path = self._files.task_media(task.id)
        if task.video_url is not None:
            await self._fetcher.fetch(task.video_url, path)
        facts = await self._pool.run(partial(self._begin, task), inspect, path)
        video = Span(facts.start_s, facts.duration_s)
        if reason := problem(self._settings, task.start_time, task.end_time, video):
            raise AnalysisFailed(reason)
        return video

    def _begin(self, task: Task, duration: float | None = None) -> None:
        if not self._store.tasks.processing(task.id, duration):
            raise AnalysisFailed("The task was deleted.")

    def _finish(self, task: Task, answer: Answer) -> None:
        result = {
            "generation_id": str(uuid.uuid4()),
            "data": answer.text,
            "finish_reason": answer.finish_reason,
            "usage": {"output_tokens": answer.output_tokens, "input_tokens": answer.input_tokens},
        }
        warning = _json({"message": answer.warning}) if answer.warning else None
        self._store.tasks.end(task.id, "ready", _json(result), warning)

    def _fail(self, task: Task, reason: str) -> None:
        self._store.tasks.end(task.id, "failed", error=_json({"message": reason}))

    def _end_as_told(self, task: Task, outcome: Outcome) -> None:
        error = {"message": outcome.message, **({"code": outcome.code} if outcome.code else {})}
        self._store.tasks.end(task.id, outcome.status, error=_json(error))


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
