"""`POST /analyze`: one question, answered while the client waits, whole or as a stream of NDJSON."""

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import orjson
from aiohttp import web

from pipeline.config import ServerSettings
from pipeline.server import windows
from pipeline.server.analyses import told, warning
from pipeline.server.answering import Answering, Footage
from pipeline.server.engines import Answer
from pipeline.server.faults import Faults, hang_up
from pipeline.server.fetching import FetchFailed
from pipeline.server.files import Files, Writing
from pipeline.server.limits import RATE_HEADERS, Limits
from pipeline.server.pictures import Pictures
from pipeline.server.problems import ApiError, answer, invalid
from pipeline.server.rules import Question, check
from pipeline.server.schemas import AnalyzeNow, read
from pipeline.server.sources import Source, Sources
from pipeline.server.workers import JobRejected, WorkerCrashed

# the platform promises no size; small ones show a reader that depends on where they end
PIECE_CHARACTERS = 24
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
        """The answer as JSON, or in pieces, which is the default. The engine has finished before anything is sent."""
        wanted = await read(request, AnalyzeNow)
        question = check(self._settings, wanted, "sync")
        source = self._sources.find(wanted.video, has_images=wanted.image is not None, missing=404)
        self._check_times(question, source)
        if source is not None and source.span is not None:  # of others the length is not known yet
            self._limits.take_video(windows.analysed_minutes(question, source.span))
        async with _while_there(request):
            found = await self._ask(question, source)
        if wanted.stream is False:
            return answer(_whole(found))
        return await self._stream(request, found)

    def _check_times(self, question: Question, source: Source | None) -> None:
        windows.check(self._settings, question, source.span if source else None, "sync")

    async def _ask(self, question: Question, source: Source | None) -> Answer:
        with await self._pictures.gather(question.media, missing=404) as pictures:
            path = self._files.incoming()
            try:
                video = await self._video(question, source, path)
                asset_id = source.asset_id if source else None
                notes = self._files.notes(asset_id) if asset_id else None
                return await self._answering.answer(question, video, pictures.paths, _begun, notes)
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

    async def _stream(self, request: web.Request, found: Answer) -> web.StreamResponse:
        cut = self._faults.cut_after(request)
        response = web.StreamResponse(headers=request.get(RATE_HEADERS))
        response.content_type = "application/x-ndjson"
        response.enable_chunked_encoding()
        await response.prepare(request)
        for number, event in enumerate(_events(found)):
            if number == cut:
                return hang_up(request)
            if event["event_type"] == "text_generation":
                await anyio.sleep(self._settings.stream_piece_seconds)
            await response.write(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE))
        await response.write_eof()
        return response


def _whole(found: Answer) -> dict[str, object]:
    body: dict[str, object] = {"id": str(uuid.uuid4()), "data": found.text, **told(found)}
    if error := warning(found):
        body["error"] = error
    return body


def _events(found: Answer) -> Iterator[dict[str, object]]:
    generation = {"generation_id": str(uuid.uuid4())}
    yield {"event_type": "stream_start", "metadata": generation}
    for begin in range(0, len(found.text), PIECE_CHARACTERS):
        yield {"event_type": "text_generation", "text": found.text[begin : begin + PIECE_CHARACTERS]}
    facts = told(found)
    end: dict[str, object] = {
        "event_type": "stream_end",
        "finish_reason": facts["finish_reason"],
        "metadata": {**generation, "usage": facts["usage"]},
    }
    if error := warning(found):
        end["error"] = error
    yield end


@asynccontextmanager
async def _while_there(request: web.Request) -> AsyncIterator[None]:
    """Give the work up when the client hangs up: nobody would read the answer.

    Raises:
        ConnectionResetError: it did.
    """
    with anyio.CancelScope() as scope:
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(_watch, request, scope)
                yield
                group.cancel_scope.cancel()
        except ExceptionGroup as failures:
            # the watch raises nothing: it is what the block raised
            raise failures.exceptions[0] from None
    if scope.cancelled_caught:
        raise ConnectionResetError("the client hung up")


async def _watch(request: web.Request, scope: anyio.CancelScope) -> None:
    while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110 - no event tells of it
        await anyio.sleep(LOOK_FOR_CLIENT_S)
    scope.cancel()


def _begun() -> None:
    """Nobody asks when the work begins."""
