"""Segment definitions: what is looked for, and what is told of every find.

Rules: TwelveLabs API reference of July 2026 and twelvelabs 1.3.6. Those that depend on a model stand in `models`.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from pipeline.errors import ConfigError
from pipeline.modes.pictures import MOST_MEDIA_SOURCES, REFERENCE_NAME

SETTING = "recipe.segment_definitions"
MOST_DEFINITIONS = 20
MOST_FIELDS = 20
MOST_ENUM_VALUES = 100
SHORTEST_RANGE_S = 2.0
RESERVED = frozenset({"start_time", "end_time", "metadata"})

TimeFormat = Literal["seconds", "hh:mm:ss", "hh:mm:ss.fff"]
Scalar = Literal["string", "boolean", "number", "integer"]
Text = Annotated[str, Field(min_length=1)]


class _Shape(BaseModel):
    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", strict=True)


class _EventItems(_Shape):
    type: Scalar


class _Event(_Shape):
    """One field of the events of a `time_array`."""

    name: Text
    type: Literal["string", "boolean", "number", "integer", "array"]
    description: Text
    enum: list[str] | None = None
    items: _EventItems | None = None


class _Items(_Shape):
    type: Literal["string", "boolean", "number", "integer", "object"]
    fields: list[_Event] | None = None


class _Field(_Shape):
    name: Text
    type: Literal["string", "boolean", "number", "integer", "array", "timestamp", "time_array"]
    description: Text
    format: TimeFormat | None = None
    enum: list[str] | None = None
    items: _Items | None = None


class _Range(_Shape):
    start_time: float = Field(ge=0, allow_inf_nan=False)
    end_time: float = Field(ge=0, allow_inf_nan=False)


class _Definition(_Shape):
    """`media_sources` are written as in the recipe: name -> path or URL."""

    id: Text
    description: Text
    fields: list[_Field] | None = None
    media_sources: dict[str, str] | None = None
    time_ranges: list[_Range] | None = None


_DEFINITIONS = TypeAdapter(list[_Definition])


def read_definitions(asked: Sequence[Any] | str, base: str, content_of: Callable[[str, str], str]) -> str:
    """Segment definitions as the platform takes them, as JSON text, with images as `{"name", "content"}`.

    Args:
        asked: the definitions themselves, or the path of a `.json` or `.yaml` file that holds them.
        base: the folder that a relative path is relative to.
        content_of: the content identity of a reference image, by the place where it is named, and its path or URL.

    Raises:
        ConfigError: everything that is wrong with them, one a line, with its place and a remedy.
    """
    written = _from_file(base, asked) if isinstance(asked, str) else list(asked)
    try:
        definitions = _DEFINITIONS.validate_python(written)
    except ValidationError as error:
        raise ConfigError("\n".join(_misshapen(written, error))) from error
    except RecursionError as error:
        raise ConfigError(f"{SETTING}: contains itself by an alias; write it out") from error
    problems = list(_problems(definitions))
    plain = []
    for definition in definitions:
        spelt = definition.model_dump(exclude_none=True)
        named = spelt.pop("media_sources", {})
        place = f"{SETTING}: {definition.id}.media_sources"
        pictures = [{"name": name, "content": content_of(f"{place}: {name}", named[name])} for name in named]
        plain.append(spelt | ({"media_sources": pictures} if pictures else {}))
    if problems:
        raise ConfigError("\n".join(f"{SETTING}: {problem}" for problem in problems))
    return json.dumps(plain, separators=(",", ":"))


def _from_file(base: str, name: str) -> Any:
    import yaml  # for whoever has such a file

    path = Path(base, name)
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".json":
            return json.loads(text)
        if path.suffix.lower() in {".yaml", ".yml"}:
            return yaml.safe_load(text)
    except OSError as error:
        raise ConfigError(f"{SETTING} {name}: cannot be read: {error.strerror}; check the path") from error
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise ConfigError(f"{SETTING} {name}: neither JSON nor YAML in UTF-8: {_line(error)}; mend the file") from error
    raise ConfigError(f"{SETTING} {name}: neither a .json nor a .yaml file; rename it, or write the definitions here")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def _misshapen(written: Any, error: ValidationError) -> Iterator[str]:
    for found in error.errors(include_url=False, include_input=False, include_context=False):
        place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in found["loc"])
        named = written
        name = ""
        for step in found["loc"]:
            try:
                named = named[step]
            except (LookupError, TypeError):
                break
            if isinstance(named, dict):
                name = str(named.get("id") or named.get("name") or name)
        yield f"{SETTING}{place}{f' (of {name})' if name else ''}: {found['msg']}"


def _problems(definitions: Sequence[_Definition]) -> Iterator[str]:
    if not 1 <= len(definitions) <= MOST_DEFINITIONS:
        yield f"there are {len(definitions)} definitions, the platform takes 1 to {MOST_DEFINITIONS}"
    yield from (f"the id {name} is there twice; rename one of them" for name in _twice([d.id for d in definitions]))
    for definition in definitions:
        for problem in _definition_problems(definition):
            yield f"{definition.id}: {problem}"


def _definition_problems(definition: _Definition) -> Iterator[str]:
    fields = definition.fields or []
    if len(fields) > MOST_FIELDS:
        yield f"there are {len(fields)} fields, the platform takes {MOST_FIELDS}; leave some out"
    yield from _name_problems([field.name for field in fields])
    for field in fields:
        yield from (f"the field {field.name}: {problem}" for problem in _field_problems(field))
    names = definition.media_sources or {}
    if len(names) > MOST_MEDIA_SOURCES:
        yield f"there are {len(names)} images, the platform takes {MOST_MEDIA_SOURCES}; leave some out"
    for name in names:
        if not REFERENCE_NAME.match(name):
            yield f"the image's name {name!r} has characters that no image's name has; use A-Z a-z 0-9 _ -"
    if definition.time_ranges is not None:
        yield from _range_problems(definition.time_ranges)


def _name_problems(names: Sequence[str]) -> Iterator[str]:
    yield from (f"the field {name} is there twice; rename one of them" for name in _twice(names))
    for name in sorted(RESERVED.intersection(names)):
        yield f"the field {name}: the platform keeps this name for itself; choose another one"


def _field_problems(field: _Field) -> Iterator[str]:
    if field.type == "timestamp" and field.format is None:
        yield f"a timestamp needs a format; write one of {', '.join(get_args(TimeFormat))}"
    elif field.type != "timestamp" and field.format is not None:
        yield "format belongs to the type timestamp; leave it out"
    if field.enum is not None:
        if field.type in {"timestamp", "time_array"}:
            yield f"enum does not go with the type {field.type}; leave it out"
        yield from _enum_problems(field.enum)
    if field.type == "time_array":
        yield from _event_problems(field.items)
    else:
        yield from _item_problems(field)


def _enum_problems(enum: Sequence[str]) -> Iterator[str]:
    if not 1 <= len(enum) <= MOST_ENUM_VALUES:
        yield f"enum has {len(enum)} values, the platform takes 1 to {MOST_ENUM_VALUES}"


def _item_problems(field: _Field) -> Iterator[str]:
    if field.type != "array":
        if field.items is not None:
            yield "items belongs to the types array and time_array; leave it out"
    elif field.items is None:
        yield "an array needs items, such as {type: string}"
    elif field.items.type == "object" or field.items.fields is not None:
        yield f"the items of an array are one of {', '.join(get_args(Scalar))}; for objects write a time_array"


def _event_problems(items: _Items | None) -> Iterator[str]:
    if items is None or items.type != "object" or not items.fields:
        yield "a time_array needs items of the type object with at least one field"
        return
    yield from _name_problems([event.name for event in items.fields])
    for event in items.fields:
        if event.enum is not None:
            if event.type != "string":
                yield f"{event.name}: enum belongs to the type string here; leave it out"
            yield from (f"{event.name}: {problem}" for problem in _enum_problems(event.enum))
        if (event.type == "array") != (event.items is not None):
            yield f"{event.name}: items and the type array go together; write both or neither"


def _range_problems(ranges: Sequence[_Range]) -> Iterator[str]:
    if not ranges:
        yield "time_ranges is empty; leave it out, or name one"
    for one in ranges:
        if one.end_time - one.start_time < SHORTEST_RANGE_S:
            yield (
                f"the time range from {one.start_time:g} to {one.end_time:g} is shorter than the platform takes "
                f"({SHORTEST_RANGE_S:g} s); widen it"
            )
    for earlier, later in pairwise(sorted(ranges, key=lambda one: one.start_time)):
        if later.start_time < earlier.end_time:
            yield (
                f"the time ranges from {earlier.start_time:g} to {earlier.end_time:g} and from {later.start_time:g} to "
                f"{later.end_time:g} overlap; part them, or make them one"
            )


def _twice(names: Sequence[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]
