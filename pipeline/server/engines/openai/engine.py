"""One question put to a model of one's own: whole where the video is short, else in windows that are merged."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from pipeline.config.openai import OpenAISettings
from pipeline.server.engines import segments
from pipeline.server.engines.answers.observe import observe
from pipeline.server.engines.contract import Answer, EngineError, EngineRequest, OnPiece, SegmentQuestion
from pipeline.server.engines.evidence.extra import hears_or_reads
from pipeline.server.engines.evidence.senses import Senses
from pipeline.server.engines.evidence.timeline import Timeline
from pipeline.server.engines.openai import heard, messages, stretches
from pipeline.server.engines.openai.endpoint import Endpoint, Reply
from pipeline.server.engines.openai.forms import Form
from pipeline.server.engines.openai.frames import sample
from pipeline.server.engines.openai.refusals import FormRefused, TooMuch
from pipeline.server.engines.reply import to_json
from pipeline.server.engines.tokens import count_tokens
from pipeline.server.engines.watch import Passage
from pipeline.server.engines.window import window_of
from pipeline.server.inspect import MediaRejected, read_facts

T = TypeVar("T")


async def answer(settings: OpenAISettings, request: EngineRequest, senses: Senses, on_piece: OnPiece | None) -> Answer:
    """Raises EngineError, see `pipeline.server.engines.openai`."""
    async with Endpoint(settings) as endpoint:
        asking = _Asking(settings, request, endpoint, senses, on_piece)
        if request.path is None:
            return await asking.at_images()
        if request.segments is not None:
            return await asking.for_segments(request.path, request.segments)
        return await asking.at_video(request.path)


class _Asking:
    """The requests that one question takes, and what they cost."""

    def __init__(
        self,
        settings: OpenAISettings,
        request: EngineRequest,
        endpoint: Endpoint,
        senses: Senses,
        on_piece: OnPiece | None,
    ) -> None:
        self._settings = settings
        self._request = request
        self._endpoint = endpoint
        self._senses = senses
        self._on_piece = on_piece
        self._references = messages.references(settings, request)
        self._form = Form(request.json_schema) if request.json_schema is not None else None
        self._input_tokens = 0
        self._timeline: Timeline | None = None
        self._unheard: str | None = None
        # what the endpoint has refused is not asked of it again
        self._halvings = 0
        self._binds_to_forms = True
        # of one file one window at a time is decoded, so that memory stays bounded
        self._decoding = anyio.Lock()

    async def at_images(self) -> Answer:
        return await self._finish(messages.text(self._request.prompt))

    async def at_video(self, path: Path) -> Answer:
        windows = _windows(path, self._request.start_s, self._request.end_s, self._settings.window_s)
        await self._observe(path, self._request.start_s, self._request.end_s)
        if len(windows) == 1:
            return await self._finish(*await self._look(path, windows[0], self._request.prompt))
        notes = await self._each(windows, partial(self._note, path, len(windows)))
        told = messages.merging(self._request.prompt, list(zip(windows, notes, strict=True)))
        return await self._finish(messages.text(told))

    async def for_segments(self, path: Path, asked: SegmentQuestion) -> Answer:
        span = segments.span(self._request, asked)
        windows = _windows(path, *span, self._settings.window_s)
        await self._observe(path, *span)
        found = await self._each(windows, partial(self._segments_of, path, asked, len(windows)))
        spent = sum(reply.output_tokens for _, reply in found)
        limit = self._request.max_tokens
        if limit is not None and spent > limit:
            raise EngineError(
                f"The segments took {spent} tokens, more than max_tokens ({limit}); no part of them is returned. Raise"
                " max_tokens, or ask for fewer definitions, fields or minutes."
            )
        content = {}
        for definition in asked.definitions:
            parts = [(window, rows[definition["id"]]) for window, (rows, _) in zip(windows, found, strict=True)]
            content[definition["id"]] = stretches.merge(definition, asked, parts)
        return Answer(to_json(content), "stop", self._input_tokens, spent, self._unheard)

    async def _segments_of(
        self, path: Path, asked: SegmentQuestion, count: int, window: Passage, number: int
    ) -> tuple[Any, Reply]:
        shown = await self._look(path, window, messages.segments_wanted(asked), number, count)
        content, reply = await self._structured(Form(stretches.schema(asked)), shown)
        if reply.finish_reason == "length":
            raise EngineError(
                "The segments were cut off by max_tokens, or by the model's own limit; no part of them is returned."
                " Raise max_tokens, lower server.openai.window_s, or ask for fewer definitions or fields."
            )
        return content, reply

    async def _note(self, path: Path, count: int, window: Passage, number: int) -> str:
        shown = await self._look(path, window, messages.note_wanted(self._request.prompt), number, count)
        return (await self._ask(shown, self._form, self._settings.note_tokens)).text

    async def _look(
        self, path: Path, window: Passage, question: str, number: int = 1, count: int = 1
    ) -> list[messages.Part]:
        """The question, and of a window the frames and what was heard and read."""
        room = messages.most_heard(self._settings, self._request, question)
        lines = heard.told(heard.lines(self._timeline, window), room) if self._timeline else ""
        most = messages.most_frames(self._settings, self._request, question + lines)
        job = partial(sample, path, window, most, self._settings.frame_every_s, self._settings.frame_pixels)
        async with self._decoding:
            shown = await anyio.to_thread.run_sync(job)
        about = messages.about_part(window, number, count)
        said = [messages.text(each) for each in (question, about, lines) if each]
        return [*said, *messages.frames(shown)]

    async def _observe(self, path: Path, start_s: float | None, end_s: float | None) -> None:
        """Find out what is said and written, once for all windows; without it frames must do.

        What is asked about is named as the question names it, which is how it was noted beforehand.
        """
        if not (self._settings.evidence and hears_or_reads(self._senses.tracks, self._senses.whisper)):
            return
        job = partial(observe, path, self._request.notes, start_s, end_s, self._senses)
        try:
            self._timeline = await anyio.to_thread.run_sync(job)
        except Exception as error:  # noqa: BLE001 - whatever it is, the frames can still be asked about
            why = str(error) or type(error).__name__
            self._unheard = f"The model was not told what is said and written in the video: {why}"

    async def _each(self, windows: Sequence[Passage], ask: Callable[[Passage, int], Awaitable[T]]) -> list[T]:
        """What `ask` gives of each window, in order; a few at once."""
        places = anyio.CapacityLimiter(self._settings.concurrency)
        given: dict[int, T] = {}

        async def one(window: Passage, number: int) -> None:
            async with places:
                given[number] = await ask(window, number)

        try:
            async with anyio.create_task_group() as group:
                for number, window in enumerate(windows, 1):
                    group.start_soon(one, window, number)
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return [given[number] for number in sorted(given)]

    async def _finish(self, *parts: messages.Part) -> Answer:
        """The answer itself, in its form."""
        if self._form is None:
            reply = await self._ask(parts, None, self._request.max_tokens, on_piece=self._on_piece)
        else:
            content, reply = await self._structured(self._form, parts)
            if reply.finish_reason == "stop":
                reply = replace(reply, text=to_json(content))
        limit = self._request.max_tokens
        cut = f"max_tokens ({limit})" if limit else "the model's own limit"
        shortened = f"The answer was cut to fit {cut}." if reply.finish_reason == "length" else None
        warning = " ".join(filter(None, (shortened, self._unheard))) or None
        return Answer(reply.text, reply.finish_reason, self._input_tokens, reply.output_tokens, warning)

    async def _structured(self, form: Form, parts: Sequence[messages.Part]) -> tuple[Any, Reply]:
        """The content of a valid answer, asked for once more if need be; None where it was cut."""
        reply = await self._ask(parts, form, self._request.max_tokens)
        if reply.finish_reason == "length":
            return None, reply
        try:
            return form.read(reply.text), reply
        except ValueError as problem:
            repair = messages.not_valid(problem, form.schema)
        reply = await self._ask(parts, form, self._request.max_tokens, (reply.text, repair))
        if reply.finish_reason == "length":
            return None, reply
        try:
            return form.read(reply.text), reply
        except ValueError as problem:
            raise EngineError(
                f"The model gave no answer that is valid against the JSON schema, in two attempts: {problem}. Make the"
                " schema simpler, or take a model that keeps to response_format."
            ) from problem

    async def _ask(
        self,
        parts: Sequence[messages.Part],
        form: Form | None,
        max_tokens: int | None,
        repair: tuple[str, str] | None = None,
        on_piece: OnPiece | None = None,
    ) -> Reply:
        """Ask in the way that the endpoint takes: with fewer frames, or with the form in words, where it has to be.

        Raises:
            EngineError: it takes neither, or there is no usable answer.
        """
        most = messages.most_halvings(parts)
        halvings = min(self._halvings, most)
        while True:
            binds = self._binds_to_forms
            talk = self._talk(messages.halved(parts, halvings), None if binds else form, repair)
            try:
                reply = await self._endpoint.ask(self._body(talk, form if binds else None, max_tokens), on_piece)
            except TooMuch:
                if halvings == most:
                    raise
                halvings += 1
                self._halvings = max(self._halvings, halvings)
            except FormRefused:
                self._binds_to_forms = False
            else:
                return self._counted(reply, talk, max_tokens)

    def _talk(
        self, parts: Sequence[messages.Part], form: Form | None, repair: tuple[str, str] | None
    ) -> list[dict[str, Any]]:
        wanted = [] if form is None else [messages.text(messages.form_wanted(form.schema))]
        talk: list[dict[str, Any]] = [
            {"role": "system", "content": messages.RULES},
            {"role": "user", "content": [*self._references, *parts, *wanted]},
        ]
        if repair is not None:
            talk += ({"role": "assistant", "content": repair[0]}, {"role": "user", "content": repair[1]})
        return talk

    def _body(self, talk: list[dict[str, Any]], form: Form | None, max_tokens: int | None) -> dict[str, Any]:
        body: dict[str, Any] = {"model": self._settings.model, "messages": talk}
        if max_tokens is not None:
            body[self._settings.max_tokens_parameter] = max_tokens
        if self._request.temperature is not None:
            body["temperature"] = self._request.temperature
        if form is not None:
            body["response_format"] = form.response_format
        return body

    def _counted(self, reply: Reply, talk: list[dict[str, Any]], max_tokens: int | None) -> Reply:
        """With figures where the endpoint gives none."""
        self._input_tokens += reply.input_tokens or messages.tokens(self._settings, talk)
        said = count_tokens(reply.text)
        return replace(reply, output_tokens=reply.output_tokens or min(said, max_tokens or said))


def _windows(path: Path, start_s: float | None, end_s: float | None, longest_s: float) -> list[Passage]:
    """The part of the video that is asked about, divided evenly."""
    try:
        first_s, last_s = window_of(read_facts(path), start_s, end_s)
    except MediaRejected as exc:
        raise EngineError(exc.message) from exc
    count = max(1, ceil((last_s - first_s) / longest_s))
    edges = [first_s + (last_s - first_s) * number / count for number in range(count + 1)]
    return list(pairwise(edges))
