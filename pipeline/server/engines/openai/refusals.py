"""What endpoints of several makes say when they do not answer, and whether it helps to ask again, or for less."""

import email.utils
import json
import time
from dataclasses import dataclass
from typing import Any

from pipeline.server.engines.contract import EngineError

AGAIN = {408, 429, 500, 502, 503, 504, 529}
# Why a model ended that did not end by itself; any other word than these is taken for an end of its own.
GAVE_UP = {"error", "abort", "aborted", "cancelled", "network_error", "insufficient_system_resource"}
# That too much was sent: words, or pictures.
_TOO_MUCH = (
    "context length",
    "context_length",
    "context size",
    "context window",
    "too many tokens",
    "maximum model len",
    "too many images",
    "image(s) may be provided",
)
# That the form of an answer cannot be asked for in this way, or not this form.
_FORM = ("response_format", "response format", "json_schema", "json schema", "structured output", "grammar")


class TooMuch(EngineError):
    """More was sent than the model takes at once."""


class FormRefused(EngineError):
    """The endpoint does not bind answers to that form."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer; `error` is what it is raised as."""

    sentence: str
    is_passing: bool = False
    retry_after_s: float | None = None
    error: type[EngineError] = EngineError


def is_too_much(status: int, said: str) -> bool:
    return status == 413 or (status not in {401, 403} and any(sign in said.lower() for sign in _TOO_MUCH))


def is_of_form(said: str, body: dict[str, Any]) -> bool:
    return "response_format" in body and any(sign in said.lower() for sign in _FORM)


def message(content: bytes) -> str:
    """The endpoint's own words, wherever its make puts them."""
    try:
        return words_in(json.loads(content))
    except (ValueError, RecursionError):
        return content[:2000].decode(errors="replace")


def words_in(said: Any) -> str:
    """The same of JSON that was read."""
    for name in ("error", "message", "detail"):
        if isinstance(said, dict) and said.get(name):
            said = said[name]
    return said if isinstance(said, str) else json.dumps(said)


def seconds(retry_after: str | None) -> float | None:
    """A number of seconds, or the time until a date."""
    if retry_after is None:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return None
