"""General analysis: one prompt, one text. Shapes: TwelveLabs API reference, July 2026, and twelvelabs 1.3.6."""

import json
from typing import Annotated, Any, Literal, TypeVar

import orjson
from pydantic import (
    AwareDatetime,
    BaseModel,
    NonNegativeFloat,
    NonNegativeInt,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from pipeline.errors import UnexpectedResponse
from pipeline.models import AnalysisRequest, Outcome, Recipe, Result
from pipeline.modes.structured import Verdict, judge

NOT_JUDGED = Verdict(data=None, valid=None, reason=None)


def build_request(recipe: Recipe) -> AnalysisRequest:
    """The recipe as the platform takes it."""
    return AnalysisRequest(
        model=recipe.model,
        prompt=recipe.prompt,
        temperature=recipe.temperature,
        max_tokens=recipe.max_tokens,
        start_time_s=recipe.start_time_s,
        end_time_s=recipe.end_time_s,
        json_schema=recipe.json_schema,
    )


def read_answer(raw: str, recipe: Recipe) -> Result:
    """What a finished task said; only its text is indispensable, any other fact that cannot be read is left out.

    `outcome` is `truncated` where the answer ended at the token cap or the context window, `incomplete` where the
    platform attached a warning to a finished answer, `ready` otherwise.

    Args:
        raw: the JSON text of a task that is ready, as received.
        recipe: with the schema that the text is held against, if one was asked for.

    Raises:
        UnexpectedResponse: not JSON, not a ready task, or no text in it.
    """
    task = _parse(raw)
    answer = task.result
    usage = answer.usage or _Usage()
    warning = task.error.message if task.error else None
    verdict = NOT_JUDGED if recipe.json_schema is None else judge(answer.data, recipe.json_schema)
    return Result(
        generation_id=answer.generation_id,
        text=answer.data,
        finish_reason=answer.finish_reason,
        outcome=_outcome(answer.finish_reason, warning),
        warning=warning,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens or 0,
        duration_s=_duration_s(task),
        created_at=task.created_at,
        completed_at=task.completed_at,
        data=verdict.data,
        valid=verdict.valid,
        validation_error=verdict.reason,
    )


def _outcome(finish_reason: str | None, warning: str | None) -> Outcome:
    if finish_reason == "length":
        return "truncated"
    return "incomplete" if warning else "ready"


def _duration_s(task: "_Task") -> float | None:
    metadata = task.video_source.system_metadata if task.video_source else None
    return metadata.duration if metadata else None


def _parse(raw: str) -> "_Task":
    try:
        return _Task.model_validate(_loads(raw))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise _unexpected(f"{'.'.join(map(str, first['loc'])) or 'answer'}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise _unexpected(f"not JSON: {error}") from error


def _loads(raw: str) -> Any:
    try:
        return orjson.loads(raw)
    except ValueError:  # a text cut inside an emoji holds half a surrogate pair, which only the slower parser takes
        return json.loads(raw)


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
    generation_id: Facultative[str] = None
    finish_reason: Facultative[str] = None
    usage: Facultative[_Usage] = None


class _SystemMetadata(BaseModel):
    duration: Facultative[NonNegativeFloat] = None


class _VideoSource(BaseModel):
    system_metadata: Facultative[_SystemMetadata] = None


class _Warning(BaseModel):
    message: Facultative[str] = None


class _Task(BaseModel):
    status: Literal["ready"]
    result: _Answer
    error: Facultative[_Warning] = None
    video_source: Facultative[_VideoSource] = None
    created_at: Facultative[AwareDatetime] = None
    completed_at: Facultative[AwareDatetime] = None
