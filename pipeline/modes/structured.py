"""Reading an answer that a schema was asked for: tolerant in how it is wrapped, strict in what it says."""

import datetime as dt
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn, cast

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

FENCED = re.compile(r"\s*```(?:json)?[ \t]*\n(.*?)\n?[ \t]*```\s*", re.DOTALL | re.IGNORECASE)
# What is deeper could be parsed, but not written into a line of results by every JSON encoder.
MOST_LEVELS = 100
REASON_LETTERS = 300
WITH_OFFSET = re.compile(r".+(Z|[+-]\d\d:\d\d)", re.IGNORECASE)
FORMATS: dict[str, Callable[[str], object]] = {
    "uuid": uuid.UUID,
    "date": dt.date.fromisoformat,
    "date-time": lambda text: WITH_OFFSET.fullmatch(text) and dt.datetime.fromisoformat(text.upper()),
    "time": lambda text: WITH_OFFSET.fullmatch(text) and dt.time.fromisoformat(text.upper()),
    "hh:mm:ss": re.compile(r"\d{2,}:[0-5]\d:[0-5]\d").fullmatch,
    "hh:mm:ss.fff": re.compile(r"\d{2,}:[0-5]\d:[0-5]\d\.\d{3}").fullmatch,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer is worth.

    Attributes:
        data: the parsed answer, valid or not; None where it is no JSON.
        valid: whether it keeps to the schema; None where there is none.
        reason: why not, with the place in the answer, such as `$.shots[2]: ...`.
    """

    data: Any
    valid: bool | None
    reason: str | None


def judge(text: str, json_schema: str) -> Verdict:
    """Parse an answer, in a fence or not, and hold it against its schema; never raises for what a text may hold.

    Args:
        text: the platform's answer.
        json_schema: the schema's text, as `schema.checked` gave it.
    """
    try:
        data = _parse(text)
    except (ValueError, RecursionError) as error:
        return Verdict(None, valid=False, reason=_short(f"not JSON: {error}"))
    reason = _fault(data, json_schema)
    return Verdict(data, valid=reason is None, reason=reason)


def _parse(text: str) -> Any:
    fenced = FENCED.fullmatch(text)
    data = json.loads(fenced.group(1) if fenced else text, parse_constant=_refuse_constant)
    if _levels(data) > MOST_LEVELS:
        raise ValueError(f"nested deeper than {MOST_LEVELS} levels")
    return data


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _levels(data: Any) -> int:
    """How deep lists and objects lie within each other, counted without recursion, up to one more than the most."""
    level, parts = 0, [data]
    while parts and level <= MOST_LEVELS:
        inside = [part for part in parts if isinstance(part, dict | list)]
        parts = [member for part in inside for member in (part.values() if isinstance(part, dict) else part)]
        level += bool(inside)
    return level


def _fault(data: Any, json_schema: str) -> str | None:
    from jsonschema.exceptions import best_match

    try:
        error = best_match(_validator(json_schema).iter_errors(data))
    except RecursionError:
        return "the schema refers to itself without an end"
    return None if error is None else _short(f"{error.json_path}: {error.message}")


@lru_cache(maxsize=64)  # a whole archive shares one schema
def _validator(json_schema: str) -> "Validator":
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema.validators import extend

    types = Draft202012Validator.TYPE_CHECKER
    checker = FormatChecker(formats=())
    for name, reads in FORMATS.items():
        checker.checks(name)(_keeps_to(reads))
    checker.checks("seconds")(lambda value: not isinstance(value, str))
    # a timestamp is seconds or text: which of them, its format tells
    timestamps = types.redefine(
        "timestamp", lambda _, value: types.is_type(value, "number") or types.is_type(value, "string")
    )
    of_platform = cast(
        "type[Validator]",
        extend(Draft202012Validator, type_checker=timestamps),  # type: ignore[no-untyped-call] # as its stubs have it
    )
    return of_platform(json.loads(json_schema), format_checker=checker)


def _keeps_to(reads: Callable[[str], object]) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        try:
            return not isinstance(value, str) or bool(reads(value))
        except ValueError:
            return False

    return check


def _short(reason: str) -> str:
    return reason if len(reason) <= REASON_LETTERS else f"{reason[: REASON_LETTERS - 3]}..."
