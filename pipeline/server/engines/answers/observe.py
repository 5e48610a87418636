"""The timeline of a window: read from the notes on the file where it is there, else made, and noted."""

import os
from pathlib import Path

import orjson

from pipeline.server.engines.answers.clip import clip
from pipeline.server.engines.evidence.extra import NEEDS, missing
from pipeline.server.engines.evidence.gather import gather
from pipeline.server.engines.evidence.timeline import Timeline

_WHOLE = "whole.json"


def observe(path: Path, notes: Path | None, start_s: float | None = None, end_s: float | None = None) -> Timeline:
    """What is there to be seen and heard from `start_s` to `end_s`.

    With a place for notes the whole file is observed, once: whatever is asked of it next is answered from the notes.

    Raises:
        EngineError: the file cannot be read, or the window holds nothing of it.
    """
    if notes is None:
        return gather(path, start_s, end_s)
    whole = _read(notes / _WHOLE)
    if whole is None:
        whole = gather(path)
        _write(notes / _WHOLE, whole)
    return clip(whole, start_s, end_s)


def _read(path: Path) -> Timeline | None:
    """The timeline that was noted; None where there is none, or where one that is made now would say more."""
    try:
        timeline = Timeline.from_json(orjson.loads(path.read_bytes()))
    except (FileNotFoundError, ValueError):
        return None
    is_outdated = any(part.what in NEEDS and missing(part.what) is None for part in timeline.missing)
    return None if is_outdated else timeline


def _write(path: Path, timeline: Timeline) -> None:
    """Whole or not at all, even if this process is killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partly = path.with_suffix(f".{os.getpid()}")
    partly.write_bytes(orjson.dumps(timeline.to_json()))
    partly.replace(path)
