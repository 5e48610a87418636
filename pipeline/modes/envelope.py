"""What an answer comes wrapped in: a finished task, a line of a batch's results, or the answer to a synchronous
request, whole or as a stream of lines.

Only the text is indispensable: any other fact that cannot be read is left out. Shapes: TwelveLabs API reference, July
2026, and twelvelabs 1.3.6.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

import orjson
from pydantic import (
    AliasChoices,
    AwareDatetime,
    BaseModel,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from pipeline.errors import UnexpectedResponse
from pipeline.models import Outcome, Result, Segment


@dataclass(frozen=True, slots=True)
class Envelope:
    """An answer out of its wrapping; `text` is what was said, everything else None where it is not told."""

    text: str
    generation_id: str | None
    finish_reason: str | None
    warning: str | None
    input_tokens: int | None
    output_tokens: int
    duration_s: float | None = None
    created_at: datetime | None = None
    completed_at: datetime | None = None

    def result(
        self,
        *,
        data: Any = None,
        segments: tuple[Segment, ...] | None = None,
        valid: bool | None = None,
        reason: str | None = None,
    ) -> Result:
        """The answer with what was read out of its text."""
        return Result(
            generation_id=self.generation_id,
            text=self.text,
            finish_reason=self.finish_reason,
            outcome=self.outcome,
            warning=self.warning,
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            duration_s=self.duration_s,
            created_at=self.created_at,
            completed_at=self.completed_at,
            data=data,
            segments=segments,
            valid=valid,
            validation_error=reason,
        )

    @property
    def outcome(self) -> Outcome:
        """`truncated` where the answer ended at the token cap or the context window, `incomplete` where the platform
        attached a warning to a finished one, else `ready`.
        """
        if self.finish_reason == "length":
            return "truncated"
        return "incomplete" if self.warning else "ready"


def unwrap(raw: str) -> Envelope:
    """Open an answer as it was received.

    Raises:
        UnexpectedResponse: it is none of the shapes that an answer comes in, or holds no text.
    """
    try:
        lines = _lines(raw)
        if len(lines) > 1 or (isinstance(lines[0], dict) and "event_type" in lines[0]):
            return _stream(lines)
        return _whole(lines[0])
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise _unexpected(f"{'.'.join(map(str, first['loc'])) or 'answer'}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise _unexpected(f"not JSON: {error}") from error


def _whole(body: Any) -> Envelope:
    if isinstance(body, dict) and isinstance(body.get("data"), str):  # of a synchronous request
        return _envelope(_Answer.model_validate(body), _Remark.model_validate(body))
    if isinstance(body, dict) and "data" in body:  # a line of a batch's results
        line = _Line.model_validate(body)
        return _envelope(line.data, line)
    task = _Task.model_validate(body)
    return _envelope(task.result, task)


def _stream(lines: list[Any]) -> Envelope:
    events = [_Event.model_validate(line) for line in lines]
    end = events[-1]
    if end.event_type != "stream_end":
        raise _unexpected("the stream ends before its end was told")
    answer = _Answer(
        data="".join(event.text for event in events),
        generation_id=end.metadata.generation_id if end.metadata else None,
        finish_reason=end.finish_reason,
        usage=end.metadata.usage if end.metadata else None,
    )
    return _envelope(answer, end)


def _envelope(answer: "_Answer", around: "_Remark") -> Envelope:
    usage = answer.usage or _Usage()
    source = around.video_source
    metadata = source.system_metadata if source else None
    return Envelope(
        text=answer.data,
        generation_id=answer.generation_id,
        finish_reason=answer.finish_reason,
        warning=around.error.message if around.error else None,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens or 0,
        duration_s=metadata.duration if metadata else None,
        created_at=around.created_at,
        completed_at=around.completed_at,
    )


def _lines(raw: str) -> list[Any]:
    """One document, or one for each line where the first line is one by itself."""
    try:
        return [_loads(raw)]
    except ValueError:
        if not raw.startswith('{"event_type"') and '"event_type"' not in raw.split("\n", 1)[0]:
            raise
        return [_loads(line) for line in raw.splitlines() if line.strip()]


def _loads(text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:  # a text cut inside an emoji holds half a surrogate pair, which only the slower parser takes
        return json.loads(text)


def _unexpected(why: str) -> UnexpectedResponse:
    return UnexpectedResponse(f"the finished analysis cannot be read ({why}); the ledger keeps it as it was received")


T = TypeVar("T")


def _or_none(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(value)
    except ValidationError:
        return None


Facultative = Annotated[T | None, WrapValidator(_or_none)]


class _Usage(BaseModel):
    output_tokens: Facultative[NonNegativeInt] = None
    input_tokens: Facultative[NonNegativeInt] = None


class _Answer(BaseModel):
    data: str
    # a synchronous answer calls it `id`
    generation_id: Facultative[str] = Field(None, validation_alias=AliasChoices("generation_id", "id"))
    finish_reason: Facultative[str] = None
    usage: Facultative[_Usage] = None


class _SystemMetadata(BaseModel):
    duration: Facultative[NonNegativeFloat] = None


class _VideoSource(BaseModel):
    system_metadata: Facultative[_SystemMetadata] = None


class _Warning(BaseModel):
    message: Facultative[str] = None


class _Remark(BaseModel):
    """What stands around an answer."""

    error: Facultative[_Warning] = None
    video_source: Facultative[_VideoSource] = None
    created_at: Facultative[AwareDatetime] = None
    completed_at: Facultative[AwareDatetime] = None


class _Task(_Remark):
    status: Literal["ready"]
    result: _Answer


class _Line(_Remark):
    status: Literal["ready"]
    data: _Answer


class _Metadata(BaseModel):
    generation_id: Facultative[str] = None
    usage: Facultative[_Usage] = None


class _Event(_Remark):
    event_type: str
    text: str = ""
    finish_reason: Facultative[str] = None
    metadata: Facultative[_Metadata] = None
