"""`POST /analyze`: one question, answered while the client waits, whole or as a stream of NDJSON."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from aiohttp import web
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectSendStream

from pipeline.config import ServerSettings
from pipeline.server import windows
from pipeline.server.analyses import told, warning
from pipeline.server.answering import Answering
from pipeline.server.engines import Answer, OnPiece
from pipeline.server.faults import Faults
from pipeline.server.fetching import FetchFailed
from pipeline.server.files import Files, Writing
from pipeline.server.limits import Limits
from pipeline.server.lines import Lines
from pipeline.server.noting import Footage
from pipeline.server.pictures import Pictures
from pipeline.server.problems import ApiError, answer, invalid
from pipeline.server.rules import Question, check
from pipeline.server.schemas import AnalyzeNow, read
from pipeline.server.sources import Source, Sources
from pipeline.server.workers import JobRejected, WorkerCrashed

# how soon the place of a client that has left is free for the next
LOOK_FOR_CLIENT_S = 0.1


class Sync:
    """The handler."""

    def __init__(
        self,
        settings: ServerSettings,
        files: Files,
        answering: Answering,
        sources: Sources,
        pictures: Pictures,
        faults: Faults,
        limits: Limits,
    ) -> None:
        self._limits = limits
        self._settings = settings
        self._files = files
        self._answering = answering
        self._sources = sources
        self._pictures = pictures
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/analyze", self.analyze)]

    async def analyze(self, request: web.Request) -> web.StreamResponse:
        """The answer as JSON, or in pieces, which is the default: as they come where the engine can, else at last."""
        wanted = await read(request, AnalyzeNow)
        question = check(self._settings, wanted, "sync")
        source = self._sources.find(wanted.video, has_images=wanted.image is not None, missing=404)
        self._check_times(question, source)
        if source is not None and source.span is not None:  # of others the length is not known yet
            self._limits.take_video(windows.analysed_minutes(question, source.span))
        if wanted.stream is not False:
            return await self._stream(request, question, source)
        async with _while_there(request):
            return answer(_whole(await self._ask(question, source)))

    def _check_times(self, question: Question, source: Source | None) -> None:
        windows.check(self._settings, question, source.span if source else None, "sync")

    async def _stream(self, request: web.Request, question: Question, source: Source | None) -> web.StreamResponse:
        """What is refused or fails before the first piece is answered as it would be without a stream."""
        lines = Lines(request, self._settings.stream_piece_seconds, self._faults.cut_after(request))
        send, receive = anyio.create_memory_object_stream[str | Answer | ApiError](float("inf"))
        async with _while_there(request) as group, receive:
            group.start_soon(self._ask_into, send, question, source)
            async for news in receive:
                await lines.tell(news)
        return lines.response

    async def _ask_into(
        self, send: MemoryObjectSendStream[str | Answer | ApiError], question: Question, source: Source | None
    ) -> None:
        """Pieces, if any, and then the answer or why there is none."""
        with send:
            try:
                send.send_nowait(await self._ask(question, source, send.send_nowait))
            except ApiError as error:
                send.send_nowait(error)

    async def _ask(self, question: Question, source: Source | None, on_piece: OnPiece | None = None) -> Answer:
        with await self._pictures.gather(question.media, missing=404) as pictures:
            path = self._files.incoming()
            try:
                video = await self._video(question, source, path)
                asset_id = source.asset_id if source else None
                notes = self._files.notes(asset_id) if asset_id else None
                return await self._answering.answer(question, video, pictures.paths, _begun, notes, on_piece)
            except (FetchFailed, JobRejected) as verdict:
                raise invalid(str(verdict)) from verdict
            except WorkerCrashed as crash:
                raise ApiError(500, "internal_server_error", f"The analysis broke off: {crash}.") from crash
            finally:
                path.unlink(missing_ok=True)

    async def _video(self, question: Question, source: Source | None, path: Path) -> Footage | None:
        """The video; one that is not an asset is brought to `path` and looked at."""
        if source is None:
            return None
        if source.asset_id is not None:
            return Footage(self._files.media(source.asset_id), source.span.duration_s if source.span else 0)
        if source.inline is not None:
            with Writing(path) as writing:
                writing.take(source.inline)
        span = await self._answering.look(source.url, path, _begun)
        windows.check(self._settings, question, span, "sync")
        return Footage(path, span.duration_s)


def _whole(found: Answer) -> dict[str, object]:
    body: dict[str, object] = {"id": str(uuid.uuid4()), "data": found.text, **told(found)}
    if error := warning(found):
        body["error"] = error
    return body


@asynccontextmanager
async def _while_there(request: web.Request) -> AsyncIterator[TaskGroup]:
    """Give the work up, and the group's, when the client hangs up: nobody would read the answer.

    Raises:
        ConnectionResetError: it did.
    """
    with anyio.CancelScope() as scope:
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(_watch, request, scope)
                yield group
                group.cancel_scope.cancel()
        except ExceptionGroup as failures:
            # the watch raises nothing: it is what the block raised, or its work
            raise failures.exceptions[0] from None
    if scope.cancelled_caught:
        raise ConnectionResetError("the client hung up")


async def _watch(request: web.Request, scope: anyio.CancelScope) -> None:
    while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110 - no event tells of it
        await anyio.sleep(LOOK_FOR_CLIENT_S)
    scope.cancel()


def _begun() -> None:
    """Nobody asks when the work begins."""
