"""Segments: stretches of time, inside windows and of set lengths, with the fields that their definition asks for."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pipeline.server.engines.contract import Answer, EngineError, EngineRequest, SegmentQuestion
from pipeline.server.engines.known import NOTHING, Known
from pipeline.server.engines.reply import reply_json, to_json, unanswered
from pipeline.server.engines.stretches import Stretch
from pipeline.server.engines.structure import fill
from pipeline.server.engines.times import write_time
from pipeline.server.engines.tokens import count_tokens

_ROUNDING_S = 1e-6


@dataclass(frozen=True, slots=True)
class Found:
    """Where something is, in order, without overlaps. `warning` says what it is not."""

    stretches: Sequence[Stretch]
    warning: str | None = None


def answer(
    request: EngineRequest,
    asked: SegmentQuestion,
    find: Callable[[Mapping[str, Any]], Found],
    describe: Callable[[Stretch, int], Known],
) -> Answer:
    """The segments of every definition.

    `find` tells where what a definition describes is; `describe` what is known of one segment, the nth of its kind.

    Raises:
        EngineError: they do not fit into `max_tokens`: part of them would be none of them.
    """
    content: dict[str, list[dict[str, Any]]] = {}
    warnings: list[str | None] = []
    guessed: list[str] = []
    for definition in asked.definitions:
        found = find(definition)
        warnings.append(found.warning)
        schema = fields_schema(definition.get("fields") or (), asked)
        content[definition["id"]] = rows = []
        for number, stretch in enumerate(fitting(found.stretches, definition, asked), 1):
            filled = fill(schema, describe(stretch, number) if schema["required"] else NOTHING)
            guessed += (f"{definition['id']}.{path}" for path in filled.guessed)
            rows.append({**boundaries(stretch, asked), "metadata": filled.content})
    _check_tokens(request, content)
    return reply_json(request, content, *warnings, unanswered(guessed))


def span(request: EngineRequest, asked: SegmentQuestion) -> tuple[float | None, float | None]:
    """What has to be looked at: the window; from the first time range to the last where all definitions have some."""
    ranges = [each for definition in asked.definitions for each in definition.get("time_ranges") or ()]
    if not ranges or not all(definition.get("time_ranges") for definition in asked.definitions):
        return request.start_s, request.end_s
    return min(each["start_time"] for each in ranges), max(each["end_time"] for each in ranges)


def fields_schema(fields: Iterable[Mapping[str, Any]], asked: SegmentQuestion) -> dict[str, Any]:
    """The fields of a definition, or of the events of one, as a JSON schema that requires each of them."""
    properties = {field["name"]: _field_schema(field, asked) for field in fields}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _field_schema(field: Mapping[str, Any], asked: SegmentQuestion) -> dict[str, Any]:
    schema = {name: field[name] for name in ("type", "description", "format", "enum") if field.get(name) is not None}
    if field["type"] == "time_array":
        boundary = {"type": "timestamp", "format": asked.time_format}
        events = fields_schema((field.get("items") or {}).get("fields") or (), asked)
        events["properties"] = {"start_time": boundary, "end_time": boundary, **events["properties"]}
        events["required"] = list(events["properties"])
        return {**schema, "type": "array", "items": events}
    if field["type"] == "array":
        items = {"type": (field.get("items") or {}).get("type", "string")}
        return {"type": "array", "description": schema.get("description", ""), "items": _chosen(items, schema)}
    return _chosen(schema, schema)


def _chosen(schema: dict[str, Any], field: Mapping[str, Any]) -> dict[str, Any]:
    """With the values to choose from, which are written as texts, in the field's own type; others are left out."""
    rest = {name: value for name, value in schema.items() if name != "enum"}
    read: dict[str, Callable[[str], Any]] = {
        "string": str,
        "number": float,
        "integer": int,
        "boolean": {"true": True, "false": False}.__getitem__,
    }
    members = [value for each in field.get("enum") or () for value in _read(read.get(str(schema["type"]), str), each)]
    return {**rest, "enum": members} if members else rest


def _read(read: Callable[[str], Any], written: Any) -> list[Any]:
    try:
        return [read(written if isinstance(written, str) else to_json(written))]
    except (ValueError, KeyError):
        return []


def fitting(stretches: Sequence[Stretch], definition: Mapping[str, Any], asked: SegmentQuestion) -> list[Stretch]:
    """The parts inside the time ranges of a definition, none too short and none too long."""
    ranges = definition.get("time_ranges") or ()
    windows = sorted((each["start_time"], each["end_time"]) for each in ranges) or [(-math.inf, math.inf)]
    kept = [part for window in windows for part in within(stretches, window)]
    return of_lengths(kept, asked.min_duration_s, asked.max_duration_s)


def within(stretches: Iterable[Stretch], window: Stretch) -> list[Stretch]:
    """The parts of the stretches that lie inside."""
    clipped = ((max(window[0], start_s), min(window[1], end_s)) for start_s, end_s in stretches)
    return [(start_s, end_s) for start_s, end_s in clipped if end_s - start_s > _ROUNDING_S]


def of_lengths(stretches: Iterable[Stretch], shortest_s: float | None, longest_s: float | None) -> list[Stretch]:
    """The stretches, none too short and none too long.

    One that is too short is joined with the next that it touches, the last one with the one before; if it touches
    none, it is dropped. One that is too long is divided evenly, or cut off where its parts would be too short.
    """
    least = (shortest_s or 0.0) - _ROUNDING_S
    joined: list[Stretch] = []
    for start_s, end_s in stretches:
        is_next = bool(joined) and start_s - joined[-1][1] <= _ROUNDING_S
        if is_next and joined[-1][1] - joined[-1][0] < least:
            joined[-1] = (joined[-1][0], end_s)
        else:
            joined.append((start_s, end_s))
    if len(joined) > 1 and joined[-1][1] - joined[-1][0] < least and joined[-1][0] - joined[-2][1] <= _ROUNDING_S:
        joined[-2:] = [(joined[-2][0], joined[-1][1])]
    kept = [stretch for stretch in joined if stretch[1] - stretch[0] >= least]
    return [part for stretch in kept for part in _divided(stretch, shortest_s or 0.0, longest_s or math.inf)]


def _divided(stretch: Stretch, shortest_s: float, longest_s: float) -> list[Stretch]:
    start_s, end_s = stretch
    length_s = end_s - start_s
    if length_s <= longest_s + _ROUNDING_S:
        return [stretch]
    count = math.ceil(length_s / longest_s - _ROUNDING_S)
    if length_s / count < shortest_s:
        count = max(1, math.floor(length_s / shortest_s + _ROUNDING_S))
    part_s = min(longest_s, length_s / count)
    edges = [min(end_s, start_s + number * part_s) for number in range(count + 1)]
    return list(pairwise(edges))


def boundaries(stretch: Stretch, asked: SegmentQuestion) -> dict[str, float | str]:
    """Where a segment begins and ends, as it is asked for."""
    start_s, end_s = stretch
    return {"start_time": write_time(start_s, asked.time_format), "end_time": write_time(end_s, asked.time_format)}


def _check_tokens(request: EngineRequest, content: Mapping[str, Any]) -> None:
    tokens = count_tokens(to_json(content))
    if request.max_tokens is not None and tokens > request.max_tokens:
        raise EngineError(
            f"The segments take {tokens} tokens, more than max_tokens ({request.max_tokens}); no part of them is"
            " returned. Raise max_tokens, or ask for fewer definitions, fields or minutes."
        )
