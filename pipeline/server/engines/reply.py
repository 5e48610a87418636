"""An answer made of a text: cut to its tokens, counted, with its warnings."""

import json
from collections.abc import Iterable
from typing import Any

from pipeline.server.engines.contract import Answer, EngineRequest
from pipeline.server.engines.fields import read_prompt
from pipeline.server.engines.known import Known
from pipeline.server.engines.structure import fill
from pipeline.server.engines.tokens import count_tokens, fit, fit_letters

_MOST_NAMES = 20


def reply(request: EngineRequest, text: str, *warnings: str | None) -> Answer:
    """Readable text, cut after a whole line or word where it is too long."""
    return _reply(request, text, fit(text, request.max_tokens), warnings)


def reply_json(request: EngineRequest, content: Any, *warnings: str | None) -> Answer:
    """JSON, which no longer parses where it had to be cut."""
    text = to_json(content)
    return _reply(request, text, fit_letters(text, request.max_tokens), warnings)


def reply_schema(request: EngineRequest, known: Known) -> Answer:
    """What is known, in the form of the JSON schema that is asked for."""
    filled = fill(request.json_schema or {}, known, read_prompt(request.prompt))
    return reply_json(request, filled.content, unanswered(filled.guessed))


def unanswered(paths: Iterable[str]) -> str | None:
    """The sentence that names the fields for which nothing was measured."""
    names = list(dict.fromkeys(paths))
    if not names:
        return None
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    told = f"{', '.join(names[:_MOST_NAMES])}{more}"
    return (
        f"Nothing that was measured answers {told}: filled with the emptiest values that are valid there,"
        " of a choice that has none the first. A field that may be null is null instead."
    )


def to_json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _reply(request: EngineRequest, text: str, kept: tuple[str, bool], warnings: tuple[str | None, ...]) -> Answer:
    shown, was_cut = kept
    said = [warning for warning in warnings if warning]
    if was_cut:
        tokens = f"{count_tokens(text)} tokens long"
        said.insert(0, f"The answer, {tokens}, was cut to fit max_tokens ({request.max_tokens}).")
    return Answer(
        text=shown,
        finish_reason="length" if was_cut else "stop",
        input_tokens=_asked(request),
        output_tokens=count_tokens(shown),
        warning=" ".join(said) or None,
    )


def _asked(request: EngineRequest) -> int:
    asked = count_tokens(request.prompt)
    if request.json_schema is not None:
        asked += count_tokens(to_json(request.json_schema))
    if request.segments is not None:
        asked += count_tokens(to_json(request.segments.definitions))
    return asked
