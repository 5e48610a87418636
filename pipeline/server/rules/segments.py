"""Segment definitions: which fields there are, and which parts of a request exclude each other."""

from itertools import pairwise
from typing import get_args

from pipeline.server.problems import ApiError, invalid, missing
from pipeline.server.rules.models import ModelRules
from pipeline.server.rules.prompts import check_pictures
from pipeline.server.schemas import Ask, EventField, SegmentDefinition, SegmentField, TimeFormat, TimeRange

PATH = "response_format.segment_definitions"
RESERVED = {"start_time", "end_time", "metadata"}
TYPES = ("string", "boolean", "number", "integer", "array", "timestamp")
MIN_RANGE_S = 2.0


def check_segments(ask: Ask, rules: ModelRules, model: str) -> None:
    """Raises ApiError: 400, for `time_based_metadata`."""
    if rules.segments is None:
        raise invalid(f"The analysis_mode time_based_metadata is not supported by {model}.")
    for name in ("prompt", "prompt_v2", "image"):
        if getattr(ask, name) is not None:
            raise invalid(f"The {name} parameter is not supported by the analysis_mode time_based_metadata.")
    form = ask.response_format
    if form is None:
        raise missing("response_format")
    if form.type != "segment_definitions":
        raise invalid("The analysis_mode time_based_metadata requires response_format.type segment_definitions.")
    if form.json_schema is not None:
        raise invalid("The response_format.json_schema parameter belongs to the type json_schema.")
    if form.segment_definitions is None:
        raise missing(PATH)
    _check_unique([definition.id for definition in form.segment_definitions], PATH, "id")
    for definition in form.segment_definitions:
        _check_definition(definition, rules)
    _check_durations(ask)
    if any(definition.time_ranges for definition in form.segment_definitions):
        _check_exclusions(ask)


def _check_definition(definition: SegmentDefinition, rules: ModelRules) -> None:
    fields = definition.fields or []
    _check_names([field.name for field in fields], f"{PATH}.fields")
    for field in fields:
        _check_field(field, rules)
    check_pictures(f"{PATH}.media_sources", definition.media_sources or ())
    _check_ranges(definition.time_ranges or [])


def _check_field(field: SegmentField, rules: ModelRules) -> None:
    types = (*TYPES, "time_array") if rules.time_array else TYPES
    if field.type not in types:
        raise _wrong(field, "type", f"must be one of {', '.join(types)}")
    if field.type == "timestamp":
        if field.format not in get_args(TimeFormat):
            raise _wrong(field, "format", f"is required of a timestamp: one of {', '.join(get_args(TimeFormat))}")
    elif field.format is not None:
        raise _wrong(field, "format", "belongs to the type timestamp")
    if field.enum is not None and field.type in {"timestamp", "time_array"}:
        raise _wrong(field, "enum", f"does not go with the type {field.type}")
    _check_items(field)


def _check_items(field: SegmentField) -> None:
    if field.type not in {"array", "time_array"}:
        if field.items is not None:
            raise _wrong(field, "items", "belongs to the types array and time_array")
    elif field.items is None:
        raise _wrong(field, "items", f"is required of the type {field.type}")
    elif field.type == "array":
        if field.items.type == "object":
            raise _wrong(field, "items.type", "must be string, number, boolean or integer")
        if field.items.fields is not None:
            raise _wrong(field, "items.fields", "belongs to the type time_array")
    else:
        if field.items.type != "object":
            raise _wrong(field, "items.type", "must be object for a time_array")
        if not field.items.fields:
            raise _wrong(field, "items.fields", "must name at least one field of an event")
        _check_names([event.name for event in field.items.fields], f"{PATH}.fields.items.fields")
        for event in field.items.fields:
            _check_event(field, event)


def _check_event(field: SegmentField, event: EventField) -> None:
    if event.enum is not None and event.type != "string":
        raise _wrong(field, f"items.fields.{event.name}.enum", "belongs to the type string")
    if event.type == "array" and event.items is None:
        raise _wrong(field, f"items.fields.{event.name}.items", "is required of the type array")
    if event.type != "array" and event.items is not None:
        raise _wrong(field, f"items.fields.{event.name}.items", "belongs to the type array")


def _check_ranges(ranges: list[TimeRange]) -> None:
    for span in ranges:
        if span.end_time - span.start_time < MIN_RANGE_S:
            raise invalid(
                f"The {PATH}.time_ranges parameter: from {span.start_time:g} to {span.end_time:g} must be at least"
                f" {MIN_RANGE_S:g} seconds."
            )
    for earlier, later in pairwise(sorted(ranges, key=lambda span: span.start_time)):
        if later.start_time < earlier.end_time:
            raise invalid(
                f"The {PATH}.time_ranges parameter: the ranges from {earlier.start_time:g} and from"
                f" {later.start_time:g} overlap."
            )


def _check_durations(ask: Ask) -> None:
    low, high = ask.min_segment_duration, ask.max_segment_duration
    if low is not None and high is not None and high < low:
        raise invalid("The max_segment_duration parameter must not be less than min_segment_duration.")


def _check_exclusions(ask: Ask) -> None:
    for name in ("start_time", "end_time", "min_segment_duration", "max_segment_duration"):
        if getattr(ask, name) is not None:
            raise invalid(f"The {name} parameter and {PATH}.time_ranges exclude each other.")
    if ask.max_tokens == "unlimited":
        raise invalid(f"The max_tokens value unlimited and {PATH}.time_ranges exclude each other.")


def _check_names(names: list[str], path: str) -> None:
    _check_unique(names, path, "name")
    for name in names:
        if name in RESERVED:
            raise invalid(f"The {path}.name parameter: {name} is reserved.")


def _check_unique(names: list[str], path: str, member: str) -> None:
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise invalid(f"The {path}.{member} parameter must be unique: {twice} is there twice.")


def _wrong(field: SegmentField, member: str, why: str) -> ApiError:
    return invalid(f"The {PATH}.fields.{member} parameter of the field {field.name} {why}.")
