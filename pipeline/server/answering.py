"""One question put to the engine: shared by tasks and by `POST /analyze`."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio

from pipeline.config import ServerSettings
from pipeline.server.engines import (
    Answer,
    EngineImage,
    EngineRequest,
    OnPiece,
    SegmentQuestion,
    engine_of,
    keeps_notes,
    senses_of,
    streaming_engine_of,
)
from pipeline.server.engines.answers.listen import listen
from pipeline.server.engines.evidence.timeline import Utterance
from pipeline.server.fetching import Fetcher
from pipeline.server.inspect import inspect
from pipeline.server.limits import Limits
from pipeline.server.noting import Footage, Noting, with_its_file
from pipeline.server.rules import Question, answer_tokens
from pipeline.server.schemas import Ask
from pipeline.server.sources import Span
from pipeline.server.workers import JobRejected, WorkerPool

Begin = Callable[[], None]


class Answering:
    """Runs the engine in its worker processes. `begin` is called whenever a worker takes up a piece of the work."""

    def __init__(self, settings: ServerSettings, pool: WorkerPool, fetcher: Fetcher, limits: Limits) -> None:
        self._settings = settings
        self._limits = limits
        self._pool = pool
        self._fetcher = fetcher
        self._engine = engine_of(settings)
        self._streaming = streaming_engine_of(settings)
        self._senses = senses_of(settings)
        self._noting = Noting(pool)

    async def look(self, url: str | None, path: Path, begin: Begin) -> Span:
        """Look at a video that is not an asset; with a URL it is brought to `path` first.

        Raises:
            FetchFailed: the URL gave no file.
            JobRejected, WorkerCrashed: see WorkerPool.
        """
        if url is not None:
            await self._fetcher.fetch(url, path)
        facts = await self._pool.run(begin, inspect, path)
        return Span(facts.start_s, facts.duration_s)

    async def answer(
        self,
        question: Question,
        video: Footage | None,
        pictures: Sequence[Path],
        begin: Begin,
        notes: Path | None = None,
        on_piece: OnPiece | None = None,
        asked_at: float | None = None,
    ) -> Answer:
        """Ask the engine. What is not noted of an asset yet is observed before, for all who ask at once, see `Noting`.

        Where the engine can, `on_piece` is told pieces of the text as they come, see `StreamingEngine`.

        It may take as long as the whole of the video needs: without an index a window is read from the start, and
        what is noted is of the whole.

        Raises:
            JobRejected, WorkerCrashed: see WorkerPool.
        """
        if self._settings.analysis_seconds:
            begin()
            await anyio.sleep(self._settings.analysis_seconds)
        request = engine_request(self._settings, question, video.path if video else None, pictures)
        with ExitStack() as stack:
            if video is not None and notes is not None and keeps_notes(self._settings):
                stack.enter_context(with_its_file(video.path, notes))
                request = replace(request, notes=notes)
                await self._observe(video, request, begin, asked_at)
            answer = await self._run(video.duration_s if video else 0, begin, request, on_piece)
        self._limits.count_tokens(answer.output_tokens)
        return answer

    async def _observe(self, video: Footage, request: EngineRequest, begin: Begin, asked_at: float | None) -> None:
        """Raises as `answer`, except where a model of one's own can be shown frames all the same."""
        try:
            await self._noting.see(video, request, self._senses, begin, asked_at)
        except JobRejected:
            if self._settings.engine != "openai":
                raise

    async def _run(self, video_s: float, begin: Begin, request: EngineRequest, on_piece: OnPiece | None) -> Answer:
        if on_piece is None or self._streaming is None:
            return await self._pool.run_about(video_s, begin, self._engine, request)
        return await self._pool.run_in_pieces(on_piece, video_s, begin, self._streaming, request)

    async def listen(self, video: Footage, notes: Path) -> tuple[Utterance, ...]:
        """What is spoken in an asset, see `pipeline.server.engines.answers.listen`.

        Raises:
            JobRejected, WorkerCrashed: see WorkerPool.
        """
        request = EngineRequest(video.path, "", None, notes=notes)
        with with_its_file(video.path, notes):
            await self._noting.see(video, request, self._senses.hearing, _begun)
            return await self._pool.run_about(video.duration_s, _begun, listen, video.path, notes, self._senses)


def engine_request(
    settings: ServerSettings, question: Question, path: Path | None, pictures: Sequence[Path]
) -> EngineRequest:
    """The question in the engine's words; `pictures` are the files of its media, in their order."""
    ask = question.ask
    names = [name for name, _ in question.named_media]
    return EngineRequest(
        path=path,
        prompt=ask.prompt_v2.input_text if ask.prompt_v2 else ask.prompt or "",
        max_tokens=answer_tokens(settings, ask),
        start_s=ask.start_time,
        end_s=ask.end_time,
        images=tuple(EngineImage(name, file) for name, file in zip(names, pictures, strict=True)),
        json_schema=ask.response_format.json_schema if ask.response_format else None,
        segments=_segments(question) if question.mode == "time_based_metadata" else None,
        temperature=ask.temperature,
    )


def _begun() -> None:
    """Nobody asks when listening begins."""


def _segments(question: Question) -> SegmentQuestion:
    ask: Ask = question.ask
    assert ask.response_format is not None
    definitions: list[dict[str, Any]] = [
        definition.model_dump(exclude_none=True, exclude={"media_sources": {"__all__": {"base64_string"}}})
        for definition in question.definitions
    ]
    return SegmentQuestion(
        definitions=tuple(definitions),
        time_format=ask.response_format.segment_time_format or "seconds",
        min_duration_s=ask.min_segment_duration,
        max_duration_s=ask.max_segment_duration,
    )
