"""One request to an endpoint that speaks OpenAI's chat completions: asked again where that helps, told in words."""

import json
import random
from dataclasses import dataclass
from itertools import count
from types import TracebackType
from typing import Any, Literal, Self

import aiohttp
import anyio

from pipeline.config.openai import OpenAISettings
from pipeline.server.engines.contract import EngineError, OnPiece
from pipeline.server.engines.openai.refusals import (
    AGAIN,
    GAVE_UP,
    Failure,
    FormRefused,
    TooMuch,
    is_of_form,
    is_too_much,
    message,
    seconds,
    words_in,
)
from pipeline.server.engines.openai.spoken import spoken, words_of
from pipeline.server.engines.openai.streamed import Streamed

_MOST_QUOTED = 300
_LARGEST_ANSWER = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model said, and the endpoint's own figures: zeros where it gives none."""

    text: str
    finish_reason: Literal["stop", "length"]
    input_tokens: int
    output_tokens: int


class Endpoint:
    """Use as `async with`; at most `concurrency` requests are under way at once."""

    def __init__(self, settings: OpenAISettings) -> None:
        self._settings = settings
        self._key = settings.api_key.get_secret_value() if settings.api_key else None
        self._places = anyio.CapacityLimiter(settings.concurrency)
        self._stream_options: dict[str, Any] = {"stream_options": {"include_usage": True}}

    async def __aenter__(self) -> Self:
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else None
        timeout = aiohttp.ClientTimeout(total=self._settings.timeout_s)
        self._session = aiohttp.ClientSession(headers=headers, timeout=timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def ask(self, body: dict[str, Any], on_piece: OnPiece | None = None) -> Reply:
        """Ask the model; with `on_piece` it is told every piece of the text as it comes.

        What broke off after a piece is not asked again: a piece cannot be taken back.

        Raises:
            TooMuch, FormRefused: less, or no form, may be answered.
            EngineError: there is no usable answer; the sentence says what to do.
        """
        async with self._places:
            for attempt in count():
                outcome = await self._try(body, on_piece)
                if isinstance(outcome, Reply):
                    return outcome
                if not outcome.is_passing or attempt >= self._settings.retries:
                    raise outcome.error(outcome.sentence)
                await anyio.sleep(self._pause(attempt, outcome))
        raise AssertionError("counting has no end")

    def _pause(self, attempt: int, failure: Failure) -> float:
        if failure.retry_after_s is None:
            return self._settings.backoff_s * 2.0**attempt * random.uniform(0.75, 1.25)
        if failure.retry_after_s > self._settings.retry_after_max_s:
            raise EngineError(
                f"{failure.sentence} It wants to be left alone for {failure.retry_after_s:.0f} s: run again then,"
                " or raise server.openai.retry_after_max_s."
            )
        return failure.retry_after_s

    async def _try(self, body: dict[str, Any], on_piece: OnPiece | None) -> Reply | Failure:
        streamed = None if on_piece is None else Streamed(on_piece)
        asked = body if streamed is None else {**body, "stream": True, **self._stream_options}
        outcome = await self._exchange(asked, streamed)
        if isinstance(outcome, Failure) and "stream_options" in asked and "stream_options" in outcome.sentence:
            self._stream_options = {}  # without it there are no figures, but an answer
            return await self._try(body, on_piece)
        if streamed is not None and streamed.has_begun and isinstance(outcome, Failure):
            return Failure(f"The answer broke off. {outcome.sentence}")
        return outcome

    async def _exchange(self, body: dict[str, Any], streamed: Streamed | None) -> Reply | Failure:
        url = f"{self._settings.base_url}/chat/completions"
        try:
            # the key goes to the address that was named, and to no other
            async with self._session.post(url, json=body, allow_redirects=False) as response:
                if streamed is not None and response.content_type == "text/event-stream":
                    return await self._follow(body, response, streamed)
                content = await response.content.read(_LARGEST_ANSWER)
                while chunk := await response.content.read(_LARGEST_ANSWER):
                    content += chunk
                    if len(content) > _LARGEST_ANSWER:
                        return Failure(f"{self._where} sent an answer that does not end; check server.openai.base_url.")
                if response.status == 200:
                    return self._passed_on(self._read(content), streamed)
                return self._refused(body, response.status, content, response.headers.get("Retry-After"))
        except TimeoutError:
            return Failure(
                f"{self._where} gave no answer within {self._settings.timeout_s:g} s: raise server.openai.timeout_s,"
                " or lower server.openai.max_frames."
            )
        except (aiohttp.ClientError, OSError):
            return Failure(
                f"{self._where} cannot be reached: start it, or set server.openai.base_url.", is_passing=True
            )

    async def _follow(
        self, body: dict[str, Any], response: aiohttp.ClientResponse, streamed: Streamed
    ) -> Reply | Failure:
        if response.status != 200:
            return self._refused(body, response.status, await response.read(), response.headers.get("Retry-After"))
        try:
            async for block in response.content.iter_any():
                if streamed.size > _LARGEST_ANSWER:
                    return Failure(f"{self._where} sent an answer that does not end; check server.openai.base_url.")
                if not streamed.take(block):
                    break
        except aiohttp.ClientPayloadError:
            pass  # what came is judged by what it lacks
        is_stream = streamed.end()
        if streamed.problem is not None:
            return Failure(f"{self._where} said: {self._quote(streamed.problem)}")
        if not is_stream:
            return Failure(f"{self._where} streamed no chat completion; check server.openai.base_url.")
        if not streamed.is_whole:
            return Failure(f"{self._where} ended its stream in the middle.", is_passing=True)
        return self._judged(streamed.text, streamed.reason, streamed.refusal, streamed.counts)

    def _passed_on(self, outcome: Reply | Failure, streamed: Streamed | None) -> Reply | Failure:
        """Some endpoints answer whole though they were asked to stream: that is one piece."""
        if streamed is not None and isinstance(outcome, Reply) and outcome.text:
            streamed.on_piece(outcome.text)
        return outcome

    @property
    def _where(self) -> str:
        return f"The model's endpoint at {self._settings.base_url}"

    def _read(self, content: bytes) -> Reply | Failure:
        try:
            answer = json.loads(content)
            if answer.get("error"):  # of a gateway, which answers by itself before the model has
                return Failure(f"{self._where} said: {self._quote(words_in(answer))}")
            if answer["choices"] == []:
                return self._judged("", None, None, (0, 0))
            choice, usage = answer["choices"][0], answer.get("usage") or {}
            told, reason = choice["message"], choice.get("finish_reason")
            text = spoken(words_of(told.get("content")) or "")
            counts = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
            return Failure(f"{self._where} answered with no chat completion; check server.openai.base_url.")
        return self._judged(text, reason, told.get("refusal"), counts)

    def _judged(self, text: str, reason: object, refusal: object, counts: tuple[int, int]) -> Reply | Failure:
        if reason == "content_filter" or refusal:
            why = self._quote(str(refusal or "its content filter"))
            return Failure(f"The model refused to answer: {why}")
        if reason in GAVE_UP:
            return Failure(f"{self._where} gave the answer up in the middle ({reason}).", is_passing=True)
        if not text and reason != "length":
            return Failure("The model answered with no text: ask another one (server.openai.model).")
        return Reply(text, "length" if reason == "length" else "stop", *counts)

    def _refused(self, body: dict[str, Any], status: int, content: bytes, retry_after: str | None) -> Failure:
        said = self._quote(message(content))
        if is_of_form(said, body):
            return Failure(f"{self._where} answered {status}: {said}", error=FormRefused)
        if is_too_much(status, said):
            return Failure(
                "More was sent than the model takes at once: lower server.openai.max_frames or"
                f" server.openai.request_tokens. It said: {said}",
                error=TooMuch,
            )
        if status in AGAIN:
            told = f"{self._where} answered {status} {self._settings.retries + 1} times: {said}"
            return Failure(told, is_passing=True, retry_after_s=seconds(retry_after))
        if status in {401, 403}:
            given = "refused the key" if self._key else "wants a key"
            return Failure(f"{self._where} {given} ({status}): set OPENAI_API_KEY to one that it takes.")
        if status == 404:
            return Failure(
                f"{self._where} does not know the model {self._settings.model!r}, or is no such endpoint: check"
                f" server.openai.model and server.openai.base_url. It said: {said}"
            )
        return Failure(f"{self._where} answered {status}: {said}")

    def _quote(self, said: str) -> str:
        """What an endpoint says, short, on one line, and without the key, which some repeat."""
        shown = " ".join(said.split())
        return (shown.replace(self._key, "***") if self._key else shown)[:_MOST_QUOTED] or "nothing more"
