"""What an engine is given, what it gives back, and the law it keeps. All picklable: engines run in worker processes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class EngineRequest:
    """One question about one file.

    Attributes:
        path: the media file, already found valid.
        prompt: what is asked, as the user wrote it.
        max_tokens: the most output tokens the answer may have, at least 1.
        start_s: where the window begins, in seconds on the file's own clock; None is the beginning.
        end_s: where the window ends; None is the end.
    """

    path: Path
    prompt: str
    max_tokens: int
    start_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One finished analysis. `finish_reason` is "length" when `text` was cut to fit; `warning` then says so."""

    text: str
    finish_reason: Literal["stop", "length"]
    input_tokens: int
    output_tokens: int
    warning: str | None = None


class EngineError(Exception):
    """This file cannot be answered for. `str(error)` is one sentence fit for the task's error message."""


class Engine(Protocol):
    """Whatever answers an analysis.

    The law: a plain function at the top of a module, so that it can be pickled into a worker process. It blocks, does
    not print, writes no files, keeps no state between calls, holds bounded memory whatever the video's length, and
    gives the same answer to the same request. `output_tokens` never passes `max_tokens`. It raises `EngineError` when
    the file cannot be read; anything else it raises is a bug.
    """

    def __call__(self, request: EngineRequest, /) -> Answer: ...
