"""One value as one line of JSON, whatever text it holds."""

import json
import math
from collections.abc import Mapping
from typing import Any

import orjson


def encoded(line: Mapping[str, Any]) -> bytes:
    r"""UTF-8 JSON with its newline. Half a surrogate pair is spelled out as `\ud83d`, so that every reader takes it."""
    try:
        return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:  # half a surrogate pair, or an integer beyond 64 bits: rare, and slower
        return json.dumps(_readable(line), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_readable(name): _readable(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(member) for member in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None  # as orjson does
    return value


def decoded(line: bytes) -> dict[str, Any] | None:
    """The object on a line, or None where it is not whole: a torn object lacks its last brace and never parses."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
