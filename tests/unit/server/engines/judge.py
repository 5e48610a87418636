"""Who decides whether an answer is valid: the `jsonschema` package, told of the platform's own type."""

import datetime as dt
import re
import uuid
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.validators import extend

TIMES = {"hh:mm:ss": r"\d{2,}:[0-5]\d:[0-5]\d", "hh:mm:ss.fff": r"\d{2,}:[0-5]\d:[0-5]\d\.\d{3}"}
FORMATS: dict[str, Callable[[str], object]] = {
    "uuid": uuid.UUID,
    "date": dt.date.fromisoformat,
    "date-time": lambda text: re.fullmatch(r".+T.+(Z|[+-]\d\d:\d\d)", text) and dt.datetime.fromisoformat(text),
    "time": lambda text: re.fullmatch(r".+(Z|[+-]\d\d:\d\d)", text) and dt.time.fromisoformat(text),
    **{form: lambda text, form=form: re.fullmatch(TIMES[form], text) for form in TIMES},
}


def _is_format(form: str) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        try:
            return not isinstance(value, str) or bool(FORMATS[form](value))
        except ValueError:
            return False

    return check


def _checker() -> FormatChecker:
    checker = FormatChecker(formats=())
    for form in FORMATS:
        checker.checks(form)(_is_format(form))
    # the time of a timestamp in seconds is no text
    checker.checks("seconds")(lambda value: not isinstance(value, str))
    return checker


_types = Draft202012Validator.TYPE_CHECKER
_VALIDATOR = extend(
    Draft202012Validator,
    type_checker=_types.redefine(
        "timestamp", lambda _, value: _types.is_type(value, "number") or _types.is_type(value, "string")
    ),
)
_CHECKER = _checker()


def problems(schema: Any, answer: Any) -> list[str]:
    """What is invalid about an answer."""
    return [error.message for error in _VALIDATOR(schema, format_checker=_CHECKER).iter_errors(answer)]


NAMES = [
    *("summary", "title", "start_time", "end_time", "duration", "shot_count", "shots", "scenes", "black_passages"),
    *("colors", "dominant_color", "brightness", "motion_level", "is_dark", "has_audio", "people", "silence", "id"),
    *("timestamp", "value", "count", "name", "first_shot", "loudness", "images"),
    *("transcript", "words", "has_music", "text", "logos", "sound_type", "chapters", "keywords", "mentions_budget"),
    *("fades", "topic", "first_spoken_at", "confidence"),
]
WORDS = [
    "",
    "How bright it is",
    "Number of shots",
    "Colors of the scene",
    "What people say",
    "in percent",
    "motion",
    "Text on screen",
]
PATTERNS = [r"^\d+$", r"^[a-z]{2,5}$", r"^\d\d:\d\d", "x", r"^#[0-9A-F]{6}$", ""]
_texts = st.sampled_from(["red", "green", "dark", "bright", "low", "high", "none", "unknown", "yes", "no", "x y", ""])


@st.composite
def _integers(draw: st.DrawFn) -> dict[str, Any]:
    low = draw(st.integers(-20, 20))
    high = low + draw(st.integers(2, 9))
    bounds = {"minimum": low, "exclusiveMinimum": low, "maximum": high, "exclusiveMaximum": high}
    return {"type": "integer", **{name: bounds[name] for name in draw(st.sets(st.sampled_from(sorted(bounds))))}}


_strings = st.one_of(
    st.just({"type": "string"}),
    st.builds(lambda pattern: {"type": "string", "pattern": pattern}, st.sampled_from(PATTERNS)),
    st.builds(lambda form: {"type": "string", "format": form}, st.sampled_from(["uuid", "date", "date-time", "time"])),
)
_members = st.lists(st.one_of(_texts, st.booleans(), st.none(), st.integers(0, 5)), min_size=1, max_size=5)
_choices = st.one_of(
    st.builds(lambda members: {"enum": members}, _members),
    st.builds(lambda members: {"type": "string", "enum": members}, st.lists(_texts, min_size=1, max_size=5)),
    st.builds(lambda member: {"const": member}, st.one_of(_texts, st.booleans(), st.none())),
)
_plain = st.sampled_from([{"type": "boolean"}, {"type": "number"}, {"type": "null"}])
_scalars = st.one_of(_integers(), _strings, _choices, _plain)
_references = st.builds(lambda name: {"$ref": f"#/$defs/{name}"}, st.sampled_from(["One", "Two"]))
_boundaries = st.sampled_from([{"type": "number"}, {"type": "integer"}, {"type": "string"}])


@st.composite
def _objects(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=6))
    properties = {name: draw(_boundaries if name in ("start_time", "end_time") else inner) for name in names}
    for rule in properties.values():
        rule["description"] = draw(st.sampled_from(WORDS))
    required = draw(st.lists(st.sampled_from(names), unique=True)) if names else []
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def _larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    arrays = st.builds(
        lambda items, least: {"type": "array", "items": items, **({} if least is None else {"minItems": least})},
        inner,
        st.sampled_from([None, 0, 1]),
    )
    any_of = st.builds(lambda branches: {"anyOf": branches}, st.lists(inner, min_size=1, max_size=3))
    return st.one_of(_objects(inner), arrays, any_of)


def _ending() -> st.SearchStrategy[dict[str, Any]]:
    """References that may go round for ever, but need not."""
    return st.sampled_from(
        [
            {"$ref": "#/$defs/One"},
            {"type": "array", "items": {"$ref": "#/$defs/Two"}},
            {"anyOf": [{"$ref": "#/$defs/Two"}, {"type": "null"}]},
        ]
    ).map(dict)


# Made once: to make strategies takes longer than to draw from them.
_ONE = st.recursive(_scalars, _larger, max_leaves=4)
_TWO = _objects(st.recursive(st.one_of(_scalars, _ending()), _larger, max_leaves=4))
_ROOT = _objects(st.recursive(st.one_of(_scalars, _references), _larger, max_leaves=8))
_TIMES = st.sampled_from(["seconds", "hh:mm:ss", "hh:mm:ss.fff"])
_TIMED = st.sets(st.sampled_from(["timestamp", "black_at", "goal_at", "first_spoken_at"]))


@st.composite
def schemas(draw: st.DrawFn) -> dict[str, Any]:
    """Schemas of the platform's subset: every type, every keyword, definitions that may contain themselves."""
    root = draw(_ROOT)
    for name in draw(_TIMED):
        root["properties"][name] = {"type": "timestamp", "format": draw(_TIMES)}
    return {**root, "$defs": {"One": draw(_ONE), "Two": draw(_TWO)}}
