"""What an engine is given, what it gives back, and the law it keeps. All picklable: engines run in worker processes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

OnPiece = Callable[[str], None]
TimeFormat = Literal["seconds", "hh:mm:ss", "hh:mm:ss.fff"]


@dataclass(frozen=True, slots=True)
class EngineImage:
    """One picture that belongs to a question: a file, by the name that `<@name>` in the prompt means."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class SegmentQuestion:
    """Which segments are asked for.

    Attributes:
        definitions: `{id, description, fields?, media_sources?, time_ranges?}`, already found valid. A media source
            is meant by its name; the picture itself is among the request's images, by that name or, where two
            definitions use one name for different pictures, as "<definition id>/<name>".
        time_format: how the boundaries of segments, and times in a time_array, are written.
        min_duration_s: the shortest segment wanted.
        max_duration_s: the longest segment wanted.
    """

    definitions: tuple[Mapping[str, Any], ...]
    time_format: TimeFormat = "seconds"
    min_duration_s: float | None = None
    max_duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class EngineRequest:
    """One question about one file, or about pictures alone.

    Attributes:
        path: the media file, already found valid; None where only `images` are asked about.
        prompt: what is asked, as the user wrote it; empty where segments are asked for.
        max_tokens: the most output tokens the answer may have, at least 1; None is no limit.
        start_s: where the window begins, in seconds on the file's own clock; None is the beginning.
        end_s: where the window ends; None is the end.
        images: reference pictures, already found readable.
        json_schema: the form of the answer, already found valid; None is free text.
        segments: asked instead of a prompt.
        temperature: for engines that choose at random; None is their own.
        notes: a folder, which may not be there yet, that belongs to the file at `path` and goes with it: an engine may
            keep there what it observed, for the next question about the same file. None where nothing lasts.
    """

    path: Path | None
    prompt: str
    max_tokens: int | None
    start_s: float | None = None
    end_s: float | None = None
    images: tuple[EngineImage, ...] = ()
    json_schema: Mapping[str, Any] | None = None
    segments: SegmentQuestion | None = None
    temperature: float | None = None
    notes: Path | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One finished analysis.

    Attributes:
        text: readable text; JSON that is valid against `json_schema`; or, of segments, the JSON object
            `{"<definition id>": [{"start_time", "end_time", "metadata": {...}}]}`.
        finish_reason: "length" when `text` was cut to fit, so that JSON may not parse.
        input_tokens: of the prompt and of what else was asked with it.
        output_tokens: of `text`.
        warning: one sentence or more: that the answer was cut, or what of it has nothing measured behind it.
    """

    text: str
    finish_reason: Literal["stop", "length"]
    input_tokens: int
    output_tokens: int
    warning: str | None = None


class EngineError(Exception):
    """This cannot be answered. `str(error)` is one sentence fit for the task's error message."""


class Engine(Protocol):
    """Whatever answers an analysis.

    The law: a plain function at the top of a module, or a `partial` of one that binds its settings, so that it can be
    pickled into a worker process. It blocks, does not print, writes no files but notes, keeps no other state between
    calls, holds bounded memory whatever the video's length, and gives the same answer to the same request, with notes
    or without, unless a model elsewhere gives it. A note is whole or not there. `output_tokens` never passes
    `max_tokens`. It raises `EngineError` when the file cannot be read, or when segments do not fit into `max_tokens`;
    anything else it raises is a bug.
    """

    def __call__(self, request: EngineRequest, /) -> Answer: ...


class StreamingEngine(Protocol):
    """An engine that can also give its answer while it comes into being.

    The law: as of `Engine`. `on_piece` is told pieces of the text in their order, which together are exactly the text
    of the answer, or it is not told any: what may have to be put right first is not passed on. Where it raises
    `EngineError` after pieces, they are a beginning without an end.
    """

    def __call__(self, request: EngineRequest, on_piece: OnPiece | None = None, /) -> Answer: ...
