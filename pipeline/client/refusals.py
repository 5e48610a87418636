"""What an answer other than success means: status, headers and body in, an error of the house out. Pure.

Both error shapes of the platform are read everywhere, flat `{"code", "message"}` and nested `{"error": {...}}`; a 429
may have no body at all (TwelveLabs API reference, July 2026). The text of a message is no contract, so nothing is read
from it.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict

from pipeline.errors import (
    AuthenticationFailed,
    GatewayTimeout,
    GatewayUnavailable,
    PipelineError,
    QuotaExhausted,
    RateLimited,
    ServerUnavailable,
    SourceRejected,
    VideoError,
)

KEY_CODES = frozenset(
    {"api_key_invalid", "unauthorized", "api_allowed_for_paid_plan", "api_not_allowed", "region_not_allowed"}
)
WAIT_CODES = frozenset({"request_canceled_or_timed_out", "video_not_ready"})
# A gateway speaks for a platform that is away.
AWAY_STATUSES = frozenset({502, 503, 504})
RESET_HEADERS = ("X-Ratelimit-Reset", "X-RateLimit-Request-Reset")
LEFT_HEADERS: tuple[tuple[Literal["requests", "minutes"], tuple[str, ...], tuple[str, ...]], ...] = (
    ("requests", ("X-Ratelimit-Remaining", "X-RateLimit-Request-Remaining"), RESET_HEADERS),
    ("minutes", ("X-RateLimit-Duration-Remaining",), ("X-RateLimit-Duration-Reset",)),
)
# Read as seconds this is past the year 5000: a larger reset counts milliseconds.
MAX_EPOCH_S = 1e11
# No documented window is longer than a day, so a reset further away is a wrong clock or a wrong unit.
MAX_RESET_S = 86_400.0
SNIPPET = 200
MAX_REASON = 500
MAX_SNIPPED_BYTES = 4096
QUERY = re.compile(r"""(?<=\S)\?[^\s"'<>]+""")


def _presentable(text: str) -> str:
    return QUERY.sub("?…", text)[:MAX_REASON]


# What the platform says about a failure, fit to be shown and kept: bounded, and without what a URL carries as secrets.
Reason = Annotated[str, AfterValidator(_presentable)]


class _Problem(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=False)

    code: str | int | None = None
    message: Reason | None = None
    error: "_Problem | Reason | None" = None


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a refusal means to one kind of call.

    Attributes:
        doing: what was tried, for the sentence: `creating the task`.
        rejected: the error of a request that the platform will not take.
        missing: the error where the thing asked for does not exist.
    """

    doing: str
    rejected: type[VideoError]
    missing: type[VideoError]


def refusal(status: int, headers: Mapping[str, str], body: bytes, meaning: Meaning) -> PipelineError:
    """The error of the house for an answer that is not a success.

    Args:
        status: of HTTP, 300 or above.
        headers: looked up without regard to case.
        body: the answer's beginning.
        meaning: what the request was about.
    """
    code, message = read_problem(body)
    reason = message or snippet(body) or "no reason given"
    sentence = f"{meaning.doing}: {reason} (HTTP {status}{', ' + code if code else ''})"
    if code == "usage_limit_exceeded":
        return QuotaExhausted(
            f"{sentence}; the plan has nothing left: add a payment method, or raise its cap on the platform, then run "
            "the same command again"
        )
    if status == 401 or (code in KEY_CODES and status < 500):
        return AuthenticationFailed(f"{sentence}; check the API key in TWELVE_LABS_API_KEY and its plan", code=code)
    if status == 429:
        return RateLimited(sentence, code=code, retry_after_s=wait_s(headers))
    if status >= 500 or status == 408 or code in WAIT_CODES:
        kind = GatewayUnavailable if status in AWAY_STATUSES else ServerUnavailable
        kind = GatewayTimeout if status == 504 else kind
        return kind(
            sentence,
            code=code,
            retry_after_s=asked_wait_s(headers),
            ambiguous=code != "video_not_ready",
            # a proxy says 503, in words of its own, of a connection that broke behind it, too
            refused=status == 503 and (code is not None or not body.strip()),
        )
    return _video_error(status, code, meaning)(sentence, code=code, status=status)


def _video_error(status: int, code: str | None, meaning: Meaning) -> type[VideoError]:
    if status == 404 or code == "resource_not_exist":
        return meaning.missing
    return SourceRejected if code is not None and code.startswith("video_") else meaning.rejected


def read_problem(body: bytes) -> tuple[str | None, str | None]:
    """Code and message of an error body in either shape; (None, None) where it has neither."""
    try:
        problem = _Problem.model_validate(loads(body))
    except (ValueError, RecursionError):
        return None, None
    if isinstance(problem.error, str):
        return None, problem.error
    inner = problem.error or problem
    return (str(inner.code) if inner.code is not None else None), inner.message


def loads(body: bytes) -> Any:
    """The JSON of an answer; raises ValueError or RecursionError where it is none.

    A text cut inside an emoji holds half a surrogate pair, which only the slower parser takes; as no file or database
    takes it either, a `?` stands in its place.
    """
    try:
        return orjson.loads(body)
    except ValueError:
        tolerant = json.loads(body.decode("utf-8", "replace"))
        return json.loads(json.dumps(tolerant, ensure_ascii=False).encode("utf-8", "replace"))


def snippet(body: bytes) -> str:
    """The first characters of an answer, for a message; what follows the `?` of a URL is a secret and left out."""
    text = QUERY.sub("?…", body[:MAX_SNIPPED_BYTES].decode("utf-8", "replace"))
    return text[:SNIPPET]


def wait_s(headers: Mapping[str, str]) -> float | None:
    """How long a 429 asks to wait: what it says itself, else until its window begins anew; None if neither is told."""
    asked = asked_wait_s(headers)
    return asked if asked is not None else reset_s(headers)


def asked_wait_s(headers: Mapping[str, str]) -> float | None:
    """`retry-after-ms`, or `Retry-After` in seconds or as a date, in seconds from now. Of any length."""
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return max(0.0, milliseconds / 1000)
    text = headers.get("Retry-After")
    if (seconds := _number(text)) is not None:
        return max(0.0, seconds)
    if text is None or (moment := _date(text)) is None:
        return None
    return max(0.0, (moment - platform_now(headers)).total_seconds())


def reset_s(headers: Mapping[str, str]) -> float | None:
    """Seconds, at most a day, until the window of the rate headers (either spelling, epoch s or ms) begins anew."""
    return _reset_s(headers, RESET_HEADERS)


def _reset_s(headers: Mapping[str, str], names: tuple[str, ...]) -> float | None:
    reset = _first_number(headers, names)
    if reset is None:
        return None
    epoch_s = reset / 1000 if reset > MAX_EPOCH_S else reset
    return min(max(0.0, epoch_s - platform_now(headers).timestamp()), MAX_RESET_S)


@dataclass(frozen=True, slots=True)
class Left:
    """What the platform says is left of one dimension, and the seconds until its window begins anew."""

    unit: Literal["requests", "minutes"]
    remaining: float
    reset_s: float


def left(headers: Mapping[str, str]) -> Iterator[Left]:
    """What a success tells of the account's limits; nothing where it does not tell both halves."""
    for unit, remaining_names, reset_names in LEFT_HEADERS:
        remaining = _first_number(headers, remaining_names)
        seconds = _reset_s(headers, reset_names)
        if remaining is not None and seconds is not None:
            yield Left(unit, remaining, seconds)


def platform_now(headers: Mapping[str, str]) -> datetime:
    """The platform's clock as its answer tells it, so that a wrong clock here makes no wrong waits; else ours."""
    return _date(headers.get("Date", "")) or datetime.now(UTC)


def _first_number(headers: Mapping[str, str], names: tuple[str, ...]) -> float | None:
    return next((number for name in names if (number := _number(headers.get(name))) is not None), None)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
