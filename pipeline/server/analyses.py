"""What happens to a task after its creation: `queued`, `pending`, `processing`, and how it ends."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Literal

import anyio
import orjson

from pipeline.config import ServerSettings
from pipeline.server import windows
from pipeline.server.answering import Answering
from pipeline.server.engines import Answer
from pipeline.server.faults import Faults
from pipeline.server.fetching import FetchFailed
from pipeline.server.files import Files
from pipeline.server.noting import Footage
from pipeline.server.pictures import Pictures
from pipeline.server.problems import ApiError
from pipeline.server.rules import Question
from pipeline.server.sources import Span
from pipeline.server.store import Store
from pipeline.server.store.tasks import Task
from pipeline.server.workers import JobRejected, WorkerCrashed

Listener = Callable[[Task], None]


class AnalysisFailed(Exception):
    """The reason of a failed task, one sentence for people."""


class AssetUnavailable(AnalysisFailed):
    """The video is gone; the platform has a code for that, of items of batches alone."""


class Analyses:
    """Takes queued tasks to the engine, a bounded number at once; the rest stays `queued`, oldest first."""

    def __init__(
        self,
        settings: ServerSettings,
        store: Store,
        files: Files,
        answering: Answering,
        pictures: Pictures,
        faults: Faults,
    ) -> None:
        self._settings = settings
        self._store = store
        self._files = files
        self._answering = answering
        self._pictures = pictures
        self._faults = faults
        self._listeners: list[Listener] = []
        self._running: dict[str, anyio.CancelScope] = {}
        self._send, self._receive = anyio.create_memory_object_stream[str](float("inf"))

    def listen(self, callback: Listener) -> None:
        """Have every end of a task made known, right after it is remembered; `callback` neither blocks nor raises."""
        self._listeners.append(callback)

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

    def end(
        self, task_id: str, status: Literal["failed", "canceled"], *, message: str, code: str | None = None
    ) -> bool:
        """Let a task end now, and its place become free; False if it was deleted or had ended already."""
        error = {"message": message, **({"code": code} if code else {})}
        if not self._end(task_id, status, error=error):
            return False
        self._halt(task_id)
        return True

    def stop(self, task_id: str) -> None:
        """Drop what is under way for a task that was deleted, and what came along with it."""
        self._files.forget_task(task_id)
        self._halt(task_id)

    def _halt(self, task_id: str) -> None:
        if scope := self._running.get(task_id):
            scope.cancel()

    async def _work(self) -> None:
        async for task_id in self._receive:
            task = self._store.tasks.get(task_id)
            # it may have been deleted or canceled while it waited, or be at work because it was submitted twice
            if task is None or task.status != "queued" or task_id in self._running:
                continue
            with anyio.CancelScope() as scope:
                self._running[task_id] = scope
                try:
                    await self._analyze(task)
                finally:
                    del self._running[task_id]

    async def _analyze(self, task: Task) -> None:
        self._store.tasks.pending(task.id)
        await anyio.sleep(self._settings.pending_seconds)
        outcome = self._faults.take_outcome(task.custom_id)
        try:
            if outcome is not None:
                self.end(task.id, outcome.status, message=outcome.message, code=outcome.code)
                return
            self._finish(task, await self._answer(task))
        except AssetUnavailable as failure:
            self.end(task.id, "failed", message=str(failure), code="asset_unavailable" if task.batch_id else None)
        except (AnalysisFailed, FetchFailed, JobRejected) as failure:
            self._fail(task, str(failure))
        except ApiError as problem:
            self._fail(task, problem.message)
        except WorkerCrashed as crash:
            self._fail(task, f"The analysis broke off: {crash}.")

    async def _answer(self, task: Task) -> Answer:
        question = Question.of_task(task)
        video = await self._video(task, question)
        pictures = self._pictures.of_task(task.id, question.media)
        if any(not picture.exists() for picture in pictures):
            raise AnalysisFailed("An image was deleted before the analysis began.")
        notes = self._files.notes(task.asset_id) if task.asset_id else None
        begin = partial(self._begin, task, video.duration_s if video else None)
        return await self._answering.answer(question, video, pictures, begin, notes, asked_at=task.created_at)

    async def _video(self, task: Task, question: Question) -> Footage | None:
        """The video, looked at and found fit for the question; None where there is none."""
        if task.source is None:
            return None
        if task.asset_id is None:
            path = self._files.task_media(task.id)
            span = await self._answering.look(task.video_url, path, partial(self._begin, task))
        else:
            asset = self._store.assets.get(task.asset_id)
            if asset is None:
                raise AssetUnavailable("The asset was deleted before the analysis began.")
            path, span = self._files.media(asset.id), Span(asset.clock_start or 0, asset.duration or 0)
        windows.check(self._settings, question, span, "task", inline=task.source == "base64_string")
        return Footage(path, span.duration_s)

    def _begin(self, task: Task, duration: float | None = None) -> None:
        if not self._store.tasks.processing(task.id, duration):
            raise AnalysisFailed("The task was deleted.")

    def _finish(self, task: Task, answer: Answer) -> None:
        result = {"generation_id": str(uuid.uuid4()), "data": answer.text, **told(answer)}
        self._end(task.id, "ready", result, warning(answer))

    def _fail(self, task: Task, reason: str) -> None:
        self._end(task.id, "failed", error={"message": reason})

    def _end(
        self,
        task_id: str,
        status: Literal["ready", "failed", "canceled"],
        result: dict[str, object] | None = None,
        error: dict[str, str] | None = None,
    ) -> bool:
        is_news = self._store.tasks.end(task_id, status, _json(result), _json(error))
        self._files.forget_task(task_id)
        if is_news:
            task = self._store.tasks.get(task_id)
            assert task is not None
            for listener in self._listeners:
                listener(task)
        return is_news


def told(answer: Answer) -> dict[str, object]:
    """What an answer says of itself, the same wherever it is given."""
    return {
        "finish_reason": answer.finish_reason,
        "usage": {"output_tokens": answer.output_tokens, "input_tokens": answer.input_tokens},
    }


def warning(answer: Answer) -> dict[str, str] | None:
    """The `error` object of an answer that is there, but not as it was wanted."""
    return {"message": answer.warning} if answer.warning else None


def _json(value: object | None) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
