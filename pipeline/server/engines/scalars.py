"""Single values of a structured answer: measured where a field asks for what was measured, else the emptiest."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.server.engines import recorded, topics
from pipeline.server.engines.asking import Number, entrances, number, truth
from pipeline.server.engines.fields import Field
from pipeline.server.engines.known import Known
from pipeline.server.engines.patterns import shortest
from pipeline.server.engines.saying import choose, fallback, text
from pipeline.server.engines.times import clock, write_time

# The emptiest value of each format; a time of day needs its offset (RFC 3339).
_FORMATS = {
    "uuid": "00000000-0000-0000-0000-000000000000",
    "date-time": "1970-01-01T00:00:00Z",
    "date": "1970-01-01",
    "time": "00:00:00Z",
}
_WHEN = topics.NUMBERS["start"] | topics.NUMBERS["end"]
BOUNDARIES = {"start_time": "start", "end_time": "end"}


class Impossible(Exception):
    """No value is valid here. `str(error)` says why; another branch of the schema may do."""


@dataclass(frozen=True, slots=True)
class Value:
    """A valid value. `is_known` says that measurements stand behind it."""

    content: Any
    is_known: bool


def member(schema: Mapping[str, Any], field: Field, known: Known) -> Value:
    """One of `enum`: what measurements support best, else what says that nothing is known, else the first."""
    members = [each for each in schema["enum"] if permits(schema, each)]
    if not members:
        raise Impossible("none of the values of enum is valid")
    chosen = choose([each for each in members if isinstance(each, str)], field, known)
    if chosen is not None:
        return Value(chosen, is_known=True)
    answer, found = truth(field, known), number(field, known)
    for each in members:
        if isinstance(each, bool) and answer is not None and each == answer:
            return Value(each, is_known=True)
        if isinstance(each, int | float) and not isinstance(each, bool) and found and each == round(found.value, 3):
            return Value(each, is_known=True)
    # A constant is what the schema says, whatever was measured.
    return Value(fallback(members), is_known=len(schema["enum"]) == 1)


def boolean(_: Mapping[str, Any], field: Field, known: Known) -> Value:
    answer = truth(field, known)
    return Value(bool(answer), answer is not None)


def null(_: Mapping[str, Any], __: Field, ___: Known) -> Value:
    return Value(None, is_known=False)


def timestamp(schema: Mapping[str, Any], field: Field, known: Known) -> Value:
    at_s = moment(field, known)
    return Value(write_time(at_s or 0.0, schema.get("format", "seconds")), at_s is not None)


def real(schema: Mapping[str, Any], field: Field, known: Known) -> Value:
    found = _amount(field, known)
    if found is None:
        return Value(_nearest(schema, 0), is_known=False)
    scale = 100 if found.is_share and field.hints & topics.SHARE - {"share", "ratio", "proportion", "fraction"} else 1
    exact = round(found.value * scale, 3)
    return Value(_nearest(schema, exact), permits(schema, exact))


def integer(schema: Mapping[str, Any], field: Field, known: Known) -> Value:
    """Shares are told in percent, or on the scale of the bounds where both are given."""
    found = _amount(field, known)
    if found is None:
        return Value(_nearest(schema, 0, whole=True), is_known=False)
    low, high = _bounds(schema)
    is_scale = math.isfinite(low) and math.isfinite(high)
    scaled = low + found.value * (high - low) if is_scale else found.value * 100
    exact = round(scaled if found.is_share else found.value)
    return Value(_nearest(schema, exact, whole=True), permits(schema, exact))


def string(schema: Mapping[str, Any], field: Field, known: Known) -> Value:
    """What is said of the field; where a pattern or a format is asked for, only what keeps it."""
    told = next((said for said in _sayings(field, known) if permits(schema, said)), None)
    if told is not None:
        return Value(told, is_known=True)
    empty = ("00:00:00.000" if field.name in BOUNDARIES else "", _FORMATS.get(schema.get("format", ""), ""))
    made = shortest(schema["pattern"]) if "pattern" in schema else None
    for candidate in (*empty, made):
        if candidate is not None and permits(schema, candidate):
            return Value(candidate, is_known=False)
    raise Impossible(f"no text was found for the pattern {schema.get('pattern')!r}")


def moment(field: Field, known: Known) -> float | None:
    """When what the field names is: where it begins, unless its end is asked for."""
    if field.name in BOUNDARIES:
        return known.numbers.get(BOUNDARIES[field.name])
    if recorded.asks(field, known):
        return recorded.moment(field, known)
    if field.mention is not None:
        return None
    if (entered := entrances(field, known)) is not None and field.words & topics.ENTERED:
        return entered[0].start_s if entered else None
    if not field.words & (_WHEN | topics.SHOT):
        passages = frozenset().union(*topics.PASSAGES.values())
        if not field.words & passages:
            return None
        field = Field(field.name, field.words & passages, field.hints | {"first"})
    elif not field.words & topics.NUMBERS["end"]:
        field = Field(field.name, (field.words - topics.SHOT) | {"start"}, field.hints)
    found = number(field, known)
    return None if found is None else found.value


def permits(schema: Mapping[str, Any], value: Any) -> bool:
    """Whether a single value keeps what the schema says of its type, its bounds, its pattern and its format."""
    kinds = schema.get("type")
    if kinds is not None and not any(_is_a(kind, value) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        return False
    if isinstance(value, str):
        return re.search(schema.get("pattern", ""), value) is not None and _keeps_format(schema.get("format"), value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = _bounds(schema)
        above, below = schema.get("exclusiveMinimum", -math.inf), schema.get("exclusiveMaximum", math.inf)
        return bool(low <= value <= high and above < value < below)
    return True


def _is_a(kind: str, value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return {
        "string": isinstance(value, str),
        "number": is_number,
        "integer": is_number and float(value).is_integer(),
        "boolean": isinstance(value, bool),
        "null": value is None,
        "timestamp": is_number or isinstance(value, str),
    }.get(kind, False)


def _keeps_format(form: str | None, value: str) -> bool:
    # No measurement is a date or an identifier, so that only the emptiest values need to pass.
    return form not in _FORMATS or value == _FORMATS[form]


def _amount(field: Field, known: Known) -> Number | None:
    if field.name in BOUNDARIES:
        at_s = moment(field, known)
        return None if at_s is None else Number(at_s)
    return number(field, known)


def _bounds(schema: Mapping[str, Any]) -> tuple[float, float]:
    return schema.get("minimum", -math.inf), schema.get("maximum", math.inf)


def _nearest(schema: Mapping[str, Any], wanted: float, *, whole: bool = False) -> float:
    """The valid number next to the one that is wanted."""
    low = max(schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf))
    high = min(schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf))
    ends = _whole(low, high) if whole else (low, math.nextafter(low, math.inf), high, math.nextafter(high, -math.inf))
    fitting = [each for each in (wanted, *ends) if math.isfinite(each) and permits(schema, each)]
    if not fitting:
        raise Impossible(f"no number lies within {json.dumps(dict(schema), default=str)}")
    found: float = min(fitting, key=lambda each: abs(each - wanted))
    return found


def _whole(low: float, high: float) -> Iterable[int]:
    for end in (low, high):
        if math.isfinite(end):
            yield from (math.floor(end) - 1, math.floor(end), math.ceil(end), math.ceil(end) + 1)


def _sayings(field: Field, known: Known) -> Iterable[str]:
    """Ways to say what is known, the most usual first."""
    if field.name in BOUNDARIES:
        at_s = moment(field, known)
        yield from () if at_s is None else (str(write_time(at_s, "hh:mm:ss.fff")),)
        return
    is_time = field.words & _WHEN and not field.words & topics.SUMMARY and not field.words & topics.NUMBERS["duration"]
    at_s = moment(field, known) if is_time else None
    if at_s is not None:
        minutes, seconds = divmod(round(at_s), 60)
        forms = (write_time(at_s, "hh:mm:ss.fff"), write_time(at_s, "hh:mm:ss"), clock(at_s), f"{round(at_s, 3):g}")
        yield from map(str, (*forms, f"{minutes:02}:{seconds:02}", f"{minutes}:{seconds:02}"))
    is_word = field.named & recorded.KIND or (recorded.asks(field, known) and not recorded.is_number(field))
    found = None if is_word else number(field, known)
    if said := text(field, known):
        yield said
    if found is not None:
        yield from (f"{round(found.value, 3):g}", f"{round(found.value)}", f"{found.value:.1f}", f"{found.value:.2f}")
