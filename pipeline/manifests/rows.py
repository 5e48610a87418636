"""One row of a manifest, whatever file it stands in: what may be wrong with it, and the video it names.

A row has either a `source` or `images`, never both. A source with an image's suffix is one image, called `image`. What
the outputs call a row of images is `images.label_of`'s to say; a name of one's own goes into the column `id`.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from pipeline.manifests.images import MOST, NAME, alone, is_image, label_of, named
from pipeline.models import Overrides, PictureSource, Video, shown

Row = Mapping[str, Any]

KNOWN = frozenset({"source", "images", "id", "prompt", "start_time", "end_time", "recipe", "metadata"})
OF_RECIPE = "recipe."  # what a column's name begins with that is one setting of the recipe
_ASKING = frozenset({"prompt", "start_time", "end_time", "recipe"})
NOTHING_ELSE = Overrides()
MAX_DEPTH = 64  # of nested metadata: far below what the JSON writers take
LONGEST_S = 1e9  # thirty years: beyond it stands a slip, such as a timestamp in milliseconds
QUOTED_CHARACTERS = 60
_SECONDS = frozenset({float, int})  # of these types exactly: True is no number
_NESTED = frozenset({dict, list})
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s/?#][^\s]*\Z", re.IGNORECASE)
_FILE_URL = re.compile(r"file://(?:localhost)?(/[^?#]+)\Z", re.IGNORECASE)


def problems_of(row: Row) -> list[str]:
    """Everything that is wrong with a row, each with its remedy; nothing for a good one.

    Args:
        row: `source` or `images` and, where given, `id`, `prompt`, `start_time`, `end_time`, `recipe` (an object of
            settings, each of which may be a column `recipe.<setting>` as well), `metadata` and any further columns,
            with the types of JSON. None is the same as not given.
    """
    has_images = row.get("images") is not None
    problem = _images_problem(row) if has_images else _source_problem(row.get("source"))
    found = [problem] if problem else []
    if not problem and (has_images or is_image(row["source"])):
        found.extend(_subject_problems(row))
    if len(row) == 1:
        return found
    if (prompt := row.get("prompt")) is not None:
        found.extend(_prompt_problems(prompt))
    if (identifier := row.get("id")) is not None and not (isinstance(identifier, str) and identifier):
        found.extend(_id_problems(identifier))
    if _asks(tuple(row)):
        found.extend(_moment_problems(row))
    if "metadata" in row:
        found.extend(_metadata_problems(row))
    if not _NESTED.isdisjoint(map(type, row.values())) and _is_deep(row):
        found.append(f"a value is nested more than {MAX_DEPTH} levels deep; flatten it")
    elif _asks(tuple(row)):
        found.extend(_recipe_problems(row))
    return found


def video_of(row: Row, base: str) -> Video:
    """The video that a row without problems names.

    A member of the `metadata` object and a further column become the same thing: a member of `Video.metadata`.

    Args:
        row: as for `problems_of`.
        base: the absolute folder that a relative source is relative to.
    """
    if row.get("images") is not None:
        path, images = None, _images(row, base)
        source = label_of(images)
    else:
        path = _path(row["source"], base)
        source = row["source"] if path is None else shown(path)
        images = alone(source, path)
        path = None if images else path
    if len(row) == 1:
        return Video(source, path, images=images)
    identifier = row.get("id")
    return Video(
        source,
        path,
        id=None if identifier is None else str(identifier),
        metadata={**(row.get("metadata") or {}), **{name: row[name] for name in row if _travels(name)}},
        overrides=overrides_of(row, base),
        images=images,
    )


def overrides_of(row: Row, base: str) -> Overrides:
    """What a row without problems asks differently; arguments as for `video_of`."""
    if not _asks(tuple(row)):
        return NOTHING_ELSE
    asked = dict(_settings(row))
    return Overrides(
        row.get("prompt"),
        _seconds(row.get("start_time")),
        _seconds(row.get("end_time")),
        json.dumps(asked) if asked else None,
        base if asked else "",
    )


def quoted(value: object) -> str:
    """A value as a message shows it: printable, and not too long."""
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= QUOTED_CHARACTERS else f"{text[:QUOTED_CHARACTERS]}..."


def is_url(source: str) -> bool:
    """Whether the platform fetches this source by itself."""
    return source[:8].lower().startswith(("http://", "https://"))


def _images(row: Row, base: str) -> tuple[PictureSource, ...]:
    given = row.get("images")
    paths = ((name, source, _path(source, base)) for name, source in named(given or {}).items())
    return tuple(PictureSource(name, source if path is None else shown(path), path) for name, source, path in paths)


def _path(source: str, base: str) -> str | None:
    if is_url(source):
        return None
    if match := _FILE_URL.match(source):
        source = os.fsdecode(unquote_to_bytes(os.fsencode(match[1])))
    return os.path.abspath(os.path.join(base, source))  # noqa: PTH100, PTH118 - pathlib cannot take out `..` without following links


def _seconds(value: Any) -> float | None:
    """As a float always, so that 5 and 5.0 are one recipe."""
    return None if value is None else float(value)


def _source_problem(source: object) -> str | None:
    if source is None:
        return "there is no source; name a file or a URL"
    if not isinstance(source, str):
        return f"source {quoted(source)} is not text; name a file or a URL"
    if not source.strip():
        return "source is empty; name a file or a URL"
    if "\0" in source:
        return f"source {quoted(source)} holds a NUL character; no file has such a name"
    if not source.isascii() and not _is_encodable(source):
        return f"source {quoted(source)} is not valid text; write the name as UTF-8"
    return _scheme_problem(source) if "://" in source else None


def _images_problem(row: Row) -> str | None:
    images = row["images"]
    if row.get("source") is not None:
        return "source and images stand in one row; keep one of them (a name of your own goes into the column id)"
    if not isinstance(images, dict | list):
        return (
            f"images {quoted(images)} is neither an object nor a list; write {{name: path or URL}}, or a list of them"
        )
    if not 1 <= len(images) <= MOST:
        return f"images has {len(images)} entries, the platform takes 1 to {MOST}; give each of them, or split the row"
    for name, source in named(images).items():
        if not NAME.match(name):
            return f"images: {quoted(name)} is no name the platform takes for an image; use A-Z a-z 0-9 _"
        if problem := _source_problem(source):
            return f"the image {name}: {problem}"
    return None


def _subject_problems(row: Row) -> Iterator[str]:
    """What is wrong with a row whose sources are images, and good ones by themselves."""
    given = row.get("images")
    for source in [row["source"]] if given is None else named(given).values():
        if source[:5].lower() == "http:":
            yield f"the image {quoted(source)}: the platform takes images from https URLs alone; give one, or a file"


def _scheme_problem(source: str) -> str | None:
    match = _SCHEME.match(source)
    if match is None:
        return None  # a path may hold ://
    scheme = match[1].lower()
    if scheme in {"http", "https"}:
        if _URL.match(source) and _is_valid_text(source):
            return None
        return f"source {quoted(source)} is not a complete URL; give host and path, and percent-encode white space"
    if scheme == "file":
        good = _FILE_URL.match(source) and "%00" not in source
        return None if good else f"source {quoted(source)} is not a file:///absolute/path; write the path"
    return (
        f"source {quoted(source)}: {scheme}:// is not read; give a path, an http(s) URL, or ./{scheme}://... for a file"
    )


def _prompt_problems(prompt: object) -> Iterator[str]:
    if not isinstance(prompt, str):
        yield f"prompt {quoted(prompt)} is not text; put it in quotes"
    elif not prompt.strip():
        yield "prompt is empty; leave it out to ask what the configuration asks"
    elif not _is_valid_text(prompt):
        yield f"prompt {quoted(prompt)} is not valid text; save the file as UTF-8"


def _id_problems(identifier: object) -> Iterator[str]:
    if isinstance(identifier, bool) or not isinstance(identifier, str | int):
        yield f"id {quoted(identifier)} is neither text nor a whole number; put it in quotes"
    elif identifier == "":
        yield "id is empty; leave it out"


def _moment_problems(row: Row) -> Iterator[str]:
    for name in ("start_time", "end_time"):
        if (moment := row.get(name)) is None:
            continue
        if type(moment) not in _SECONDS:
            yield f"{name} {quoted(moment)} is not a number; give seconds, such as 90.5"
        elif not 0 <= moment < LONGEST_S:
            yield f"{name} {quoted(moment)} is not a moment of a video; give seconds from its beginning, 0 or more"


@lru_cache(maxsize=64)
def _asks(columns: tuple[str, ...]) -> bool:
    """Whether some of the columns may ask differently; remembered, for the rows of a list nearly all have the same."""
    return not _ASKING.isdisjoint(columns) or any(name.startswith(OF_RECIPE) for name in columns)


def _settings(row: Row) -> Iterator[tuple[str, Any]]:
    """The settings of the recipe that a row without problems names, in both ways of naming them."""
    for name, value in row.items():
        if name == "recipe" and value is not None:
            yield from value.items()
        elif name.startswith(OF_RECIPE) and value is not None:
            yield name.removeprefix(OF_RECIPE), value


def _recipe_problems(row: Row) -> Iterator[str]:
    if not isinstance(row.get("recipe"), dict | None):
        yield f"recipe {quoted(row['recipe'])} is not an object; write it as {{...}}"
        return
    names = [name for name, _ in _settings(row)]
    names += [name for name in ("prompt", "start_time", "end_time") if row.get(name) is not None]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{quoted(name)} is asked twice in one row; keep one of them"
    if not _is_valid_text(json.dumps(dict(_settings(row)), ensure_ascii=False)):
        yield "recipe is not valid text; save the file as UTF-8"


def _travels(column: str) -> bool:
    return column not in KNOWN and not column.startswith(OF_RECIPE)


def _metadata_problems(row: Row) -> Iterator[str]:
    metadata = row["metadata"]
    if metadata is not None and not isinstance(metadata, dict):
        yield f"metadata {quoted(metadata)} is not an object; write it as {{...}}, or give the column another name"
    elif metadata and (twice := metadata.keys() & (row.keys() - (KNOWN - {"id"}))):
        yield f"{quoted(min(twice))} stands both in metadata and as a column; keep one of them"


def _is_deep(value: object, depth: int = 0) -> bool:
    if depth > MAX_DEPTH:
        return True
    if isinstance(value, dict):
        value = list(value.values())
    return isinstance(value, list) and any(_is_deep(member, depth + 1) for member in value)


def _is_encodable(path: str) -> bool:
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return True


def _is_valid_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
