"""The lines of `results.jsonl`, `usage.jsonl` and `failures.jsonl`, built from values. Every key is always present."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

from pipeline.billing import billed_minutes, cost_usd
from pipeline.config import PriceSettings
from pipeline.jobs import Failure, Job
from pipeline.models import Result

N = TypeVar("N", int, float)


def result_line(job: Job, source: str, metadata: Mapping[str, Any], result: Result, run_id: str) -> dict[str, Any]:
    """What one analysis said of one source.

    `text` is the platform's answer unchanged, `warning` what it said of an answer that is not whole. `data` is null
    where no schema was asked for, `segments` (a flat list of `{definition, start_s, end_s, metadata}`, boundaries in
    seconds) where no segments were, `valid` and `validation_error` where neither was; an invalid answer keeps its
    `data` where it is JSON at all, and the segments that can be read. `content_hash` is `blake3:<hex>` of the file, or
    `url:<url>`, or `images:<hex>` of a row of images, which has no `asset_id` of its own and no `duration_s`.
    """
    return {
        "key": job.key,
        "run_id": run_id,
        "source": source,
        "metadata": dict(metadata),
        "content_hash": job.content,
        "recipe_id": job.recipe.id,
        "model": job.recipe.model,
        "mode": job.recipe.mode,
        "outcome": result.outcome,
        "finish_reason": result.finish_reason,
        "warning": result.warning,
        "text": result.text,
        "data": result.data,
        "segments": None if result.segments is None else [asdict(segment) for segment in result.segments],
        "valid": result.valid,
        "validation_error": result.validation_error,
        "asset_id": job.asset_id,
        "task_id": job.task_id,
        "generation_id": result.generation_id,
        "duration_s": _duration_s(job, result),
        "created_at": timestamp(result.created_at),
        "completed_at": timestamp(result.completed_at),
    }


def usage_line(
    job: Job,
    source: str,
    answers: Sequence[Result],
    run_id: str,
    prices: PriceSettings,
    at: datetime,
    *,
    pays: bool = True,
) -> dict[str, Any]:
    """What one job took, so that the sums over the file are what the account was charged.

    `answers` are all that were paid for: an invalid one may have been asked for again.
    The line that `pays` carries the job's cost; a further source of the same job reuses its answer, so that every
    amount is zero but `saved_usd`, what asking again would have cost. Where the model has no price, costs are null.
    `at` is when the line was made.
    """
    minutes = _known_sum([billed_minutes(job.recipe, _duration_s(job, answer)) for answer in answers])
    output_tokens = sum(answer.output_tokens for answer in answers)
    cost = cost_usd(minutes, output_tokens, prices.of(job.recipe.model))
    return {
        "key": job.key,
        "run_id": run_id,
        "source": source,
        "model": job.recipe.model,
        "mode": job.recipe.mode,
        "billed_minutes": minutes if pays else 0.0,
        "definitions": job.recipe.definitions,
        "input_tokens": _known_sum([answer.input_tokens for answer in answers]) if pays else 0,
        "output_tokens": output_tokens if pays else 0,
        "cost_usd": cost if pays else 0.0,
        "saved_usd": 0.0 if pays else cost,
        "upload_bytes": job.upload_bytes if pays else 0,
        "upload_s": job.upload_s if pays else 0.0,
        "wait_s": job.wait_s if pays else 0.0,
        "requests": job.requests if pays else 0,
        "reused": _reused(job, pays=pays),
        "at": timestamp(at),
    }


def failure_line(job: Job, source: str, failure: Failure, run_id: str, at: datetime) -> dict[str, Any]:
    """Why one source has no result. `attempts` counts the times it was submitted for analysis."""
    return {
        "key": job.key,
        "run_id": run_id,
        "source": source,
        "error": failure.error,
        "code": failure.code,
        "message": failure.message,
        "attempts": job.attempt,
        "state": failure.state.value,
        "at": timestamp(at),
    }


def _reused(job: Job, *, pays: bool) -> Literal["answer", "asset"] | None:
    if not pays:
        return "answer"
    return "asset" if job.reused_asset else None


def _known_sum(amounts: Sequence[N | None]) -> N | None:
    """Of those that are known; None where none is."""
    known = [amount for amount in amounts if amount is not None]
    return round(sum(known[1:], known[0]), 6) if known else None


def timestamp(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC, to the millisecond."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _duration_s(job: Job, result: Result) -> float | None:
    return job.duration_s if result.duration_s is None else result.duration_s
