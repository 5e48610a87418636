"""`POST /analyze`: one question, answered in the same request. An answer lost on the way cannot be looked up."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson

from pipeline.client.calls import Call
from pipeline.client.exchange import MAX_ANSWER_BYTES
from pipeline.client.refusals import Meaning
from pipeline.client.requests import Pictures, sync_body
from pipeline.client.transport import Transport
from pipeline.errors import AnswerLost, AssetGone, PipelineError, TaskFailed, TransientError, UnexpectedResponse
from pipeline.models import AnalysisRequest, Medium

OnText = Callable[[str], None]

REMEDY = "it may have been paid for; `pipeline retry` asks again, and pays again"


@dataclass(slots=True)
class Flight:
    """One question on its way.

    Attributes:
        key: by which it was admitted to the account.
        is_out: a request has left, and what became of it is not known yet.
    """

    key: str = ""
    is_out: bool = False

    def leave(self) -> None:
        """The request leaves now."""
        self.is_out = True


class Analyses:
    """`/analyze`. Every method raises what `Transport.ask` does, besides what it names itself.

    A request is sent again only after a refusal that says it was not carried out: no connection, 429, 503. There is no
    Idempotency-Key here, and no list to look into.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def whole(
        self, medium: Medium, asked: AnalysisRequest, *, pictures: Pictures, patience_s: float, flight: Flight
    ) -> str:
        """Ask, and have the answer at once; the platform's own JSON text.

        Args:
            medium: what it is asked of; an asset has to be ready.
            asked: what is asked.
            pictures: where the platform finds each image of the question.
            patience_s: how long it may take.
            flight: shows, however this ends, whether a request is on its way.

        Raises:
            AnswerLost: it may have been answered.
            AssetGone: the platform does not hold the asset any more.
            SourceRejected, TaskFailed: it refuses the video, or the question.
        """
        call = _call(sync_body(asked, medium, pictures, stream=False), patience_s, flight)

        async def attempt() -> str:
            return (await self._transport.once(call)).body.decode("utf-8", "replace")

        return await self._ask(attempt, call, flight)

    async def stream(
        self,
        medium: Medium,
        asked: AnalysisRequest,
        *,
        pictures: Pictures,
        patience_s: float,
        flight: Flight,
        on_text: OnText,
    ) -> str:
        """Ask, and have the answer as it arrives; all its lines, as received.

        Args:
            medium: as for `whole`, like what follows.
            asked: what is asked.
            pictures: where the platform finds each image of the question.
            patience_s: how long the platform may stay silent.
            flight: shows, however this ends, whether a request is on its way.
            on_text: told each piece of the text.

        Raises:
            AnswerLost: it may have been answered; its end was not told.
            AssetGone, SourceRejected, TaskFailed: as `whole`.
        """
        call = _call(sync_body(asked, medium, pictures, stream=True), patience_s, flight)
        return await self._ask(lambda: self._read(call, on_text), call, flight)

    async def _read(self, call: Call, on_text: OnText) -> str:
        lines: list[bytes] = []
        size = 0
        async with self._transport.lines(call) as arriving:
            async for line in arriving:
                lines.append(line)
                size += len(line)
                if size > MAX_ANSWER_BYTES:
                    raise UnexpectedResponse(f"the platform answered with more than {MAX_ANSWER_BYTES} bytes")
                event = _event(line)
                if isinstance(text := event.get("text"), str):
                    on_text(text)
                if event.get("event_type") == "stream_end":
                    return b"\n".join(lines).decode("utf-8", "replace")
        raise UnexpectedResponse("the stream ended before its end was told")

    async def _ask(self, attempt: Callable[[], Awaitable[str]], call: Call, flight: Flight) -> str:
        doing = call.meaning.doing

        async def once() -> str:
            try:
                raw = await attempt()
            except PipelineError as error:
                flight.is_out = False
                if _may_be_answered(error):
                    raise AnswerLost(f"{doing}: {error.message}; {REMEDY}") from error
                raise
            flight.is_out = False
            return raw

        return await self._transport.persist(once, doing=doing)


def _may_be_answered(error: PipelineError) -> bool:
    if isinstance(error, TransientError):
        return error.ambiguous and not error.refused
    return isinstance(error, UnexpectedResponse)


def _call(body: dict[str, Any], patience_s: float, flight: Flight) -> Call:
    return Call(
        "POST",
        "/analyze",
        Meaning("asking", TaskFailed, AssetGone),
        "analyze",
        content=orjson.dumps(body),
        patience_s=patience_s,
        on_leaving=flight.leave,
        draws=(flight.key,),
    )


def _event(line: bytes) -> dict[str, Any]:
    """One line of a stream; a line that cannot be read says nothing, and is kept all the same."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}
