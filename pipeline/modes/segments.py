"""Segments (`time_based_metadata`): where in the video something is, and what is to be told of it.

Shapes and rules: TwelveLabs API reference of July 2026 and twelvelabs 1.3.6.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from pipeline.models import AnalysisRequest, Recipe, Result, Segment
from pipeline.modes.envelope import unwrap
from pipeline.modes.structured import judge

SHORTEST_SEGMENT_S = 2.0
CLOCK = re.compile(r"(?:(\d+):)?(\d+):([0-5]?\d(?:\.\d+)?)\Z")
# What is asked in general analysis alone, by the recipe's own names.
GENERAL_ONLY = ("prompt", "media_sources", "images", "json_schema")
SAID_AS = {"json_schema": "response_schema"}


def build_request(recipe: Recipe) -> AnalysisRequest:
    """The recipe as the platform takes it."""
    form: dict[str, Any] = {"type": "segment_definitions", "segment_definitions": _definitions(recipe)}
    if recipe.segment_time_format is not None:
        form["segment_time_format"] = recipe.segment_time_format
    return AnalysisRequest(
        model=recipe.model,
        analysis_mode="time_based_metadata",
        temperature=recipe.temperature,
        max_tokens=recipe.max_tokens,
        start_time_s=recipe.start_time_s,
        end_time_s=recipe.end_time_s,
        response_format=json.dumps(form, separators=(",", ":")),
        min_segment_s=recipe.min_segment_s,
        max_segment_s=recipe.max_segment_s,
    )


def read_answer(raw: str, recipe: Recipe) -> Result:
    """What an answer said, its segments one after the other, in the order of the answer.

    Args:
        raw: as received; see `envelope`.
        recipe: with the definitions that the segments are held against. Boundaries are read in whatever format they
            come; a segment that has none is left out, and the answer is not valid.

    Raises:
        UnexpectedResponse: there is no text in it.
    """
    answer = unwrap(raw)
    verdict = judge(answer.text, _schema(recipe.segment_definitions or "[]"))
    segments: list[Segment] = []
    reasons = [] if verdict.reason is None else [verdict.reason]
    for place, definition, found in _found(verdict.data):
        try:
            segments.append(_segment(definition, found))
        except ValueError as error:
            reasons.append(f"{place}: {error}")
    return answer.result(segments=tuple(segments), valid=not reasons, reason=reasons[0] if reasons else None)


def problems(recipe: Recipe) -> Iterator[str]:
    """What is wrong with asking this, whatever the model."""
    if recipe.segment_definitions is None:
        yield "the mode segments needs segment_definitions; write what to look for"
        return
    for name in GENERAL_ONLY:
        if getattr(recipe, name) is not None:
            yield (
                f"{SAID_AS.get(name, name)} is for the mode general; say what to look for in the descriptions of "
                "segment_definitions"
            )
    low_s, high_s = recipe.min_segment_s, recipe.max_segment_s
    for name, value in (("min_segment_duration", low_s), ("max_segment_duration", high_s)):
        if value is not None and value < SHORTEST_SEGMENT_S:
            yield f"{name} {value:g} is less than the platform takes ({SHORTEST_SEGMENT_S:g} s)"
    if low_s is not None and high_s is not None and high_s < low_s:
        yield f"max_segment_duration {high_s:g} is less than min_segment_duration {low_s:g}; exchange them"
    if any("time_ranges" in definition for definition in _definitions(recipe)):
        yield from _exclusions(recipe)


def seconds(moment: object) -> float:
    """A boundary in seconds, in whichever of the platform's formats it is written.

    Raises:
        ValueError: it is no moment of a video.
    """
    if isinstance(moment, int | float) and not isinstance(moment, bool) and math.isfinite(moment) and moment >= 0:
        return float(moment)
    if isinstance(moment, str):
        if match := CLOCK.match(moment):
            hours, minutes, rest = int(match[1] or 0), int(match[2]), float(match[3])
            return round(hours * 3600 + minutes * 60 + rest, 6)
        if re.fullmatch(r"\d+(\.\d+)?", moment):
            return float(moment)
    raise ValueError(f"{moment!r} is no moment of a video")


def _exclusions(recipe: Recipe) -> Iterator[str]:
    said = {
        "start_time": recipe.start_time_s,
        "end_time": recipe.end_time_s,
        "min_segment_duration": recipe.min_segment_s,
        "max_segment_duration": recipe.max_segment_s,
    }
    for name, value in said.items():
        if value is not None:
            yield f"{name} and time_ranges exclude each other; keep one of them"
    if recipe.max_tokens == "unlimited":
        yield "max_tokens unlimited and time_ranges exclude each other; write a number, or leave one of them out"


def _definitions(recipe: Recipe) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(recipe.segment_definitions or "[]")
    return found


def _found(data: Any) -> Iterator[tuple[str, str, Any]]:
    """What an answer holds for each definition, wherever it can be told apart, and where it stands."""
    for definition, listed in (data if isinstance(data, dict) else {}).items():
        for number, one in enumerate(listed if isinstance(listed, list) else ()):
            yield f"$.{definition}[{number}]", definition, one


def _segment(definition: str, found: Any) -> Segment:
    if not isinstance(found, dict):
        raise ValueError("it is no segment")  # noqa: TRY004 - of the answer, not of the program
    start_s, end_s = seconds(found.get("start_time")), seconds(found.get("end_time"))
    if end_s < start_s:
        raise ValueError(f"it ends at {end_s:g} s, before it begins at {start_s:g} s")
    metadata = found.get("metadata")
    return Segment(definition, start_s, end_s, metadata if isinstance(metadata, dict) else {})


@lru_cache(maxsize=64)
def _schema(definitions: str) -> str:
    """What an answer has to keep to, besides its boundaries. A field may be null: there is nothing to say of it."""
    lists = {one["id"]: _list_of(one.get("fields", ())) for one in json.loads(definitions)}
    schema = {"type": "object", "properties": lists, "additionalProperties": False}
    return json.dumps(schema, separators=(",", ":"))


def _list_of(fields: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    metadata = {
        "type": "object" if fields else ["object", "null"],
        "properties": {field["name"]: {"anyOf": [_value(field), {"type": "null"}]} for field in fields},
        "required": [field["name"] for field in fields],
    }
    required = ["start_time", "end_time", *(["metadata"] if fields else [])]
    return {"type": "array", "items": {"type": "object", "properties": {"metadata": metadata}, "required": required}}


def _value(field: Mapping[str, Any]) -> Mapping[str, Any]:
    if field["type"] == "time_array":
        return {"type": "array", "items": {"type": "object"}}
    value: dict[str, Any] = {"type": field["type"]}
    if field["type"] == "array":
        value["items"] = {"type": field["items"]["type"]}
    if field["type"] == "timestamp":
        value["format"] = field["format"]
    texts = value.get("items", value)
    if "enum" in field and texts["type"] == "string":
        texts["enum"] = field["enum"]
    return value
