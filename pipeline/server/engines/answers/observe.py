"""The timeline of a window: read from the notes on the file where it is there, else made, and noted."""

import os
from pathlib import Path

import orjson

from pipeline.server.engines.answers.clip import clip
from pipeline.server.engines.contract import EngineError
from pipeline.server.engines.evidence.extra import NEEDS, missing
from pipeline.server.engines.evidence.gather import gather
from pipeline.server.engines.evidence.hearing import recogniser
from pipeline.server.engines.evidence.media import read_media
from pipeline.server.engines.evidence.timeline import Timeline
from pipeline.server.engines.evidence.whisper_model import WhisperModel
from pipeline.server.inspect import MediaRejected

_WHOLE = "whole.json"
# A window that is a smaller part of the file than this is observed by itself.
_SMALL_PART = 0.5


def observe(
    path: Path,
    notes: Path | None,
    start_s: float | None = None,
    end_s: float | None = None,
    whisper: WhisperModel | None = None,
) -> Timeline:
    """What is there to be seen and heard from `start_s` to `end_s`; see `gather` for `whisper`.

    With a place for notes the whole file is observed, once, or a small part of it: whatever is asked of that next is
    answered from the notes, until words are recognised by something else.

    Raises:
        EngineError: the file cannot be read, or the window holds nothing of it.
    """
    if notes is None:
        return gather(path, start_s, end_s, whisper=whisper)
    note = notes / _WHOLE
    whole = _read(note, whisper)
    if whole is None and _is_small_part(path, start_s, end_s):
        return _noted(_part(notes, start_s, end_s), path, whisper, start_s, end_s)
    return clip(whole or _noted(note, path, whisper), start_s, end_s)


def is_noted(notes: Path, start_s: float | None, end_s: float | None, whisper: WhisperModel | None) -> bool:
    """Whether `observe` would find all of that window in the notes."""
    return any(_read(note, whisper) is not None for note in (notes / _WHOLE, _part(notes, start_s, end_s)))


def _part(notes: Path, start_s: float | None, end_s: float | None) -> Path:
    return notes / f"{_thousandths(start_s)}-{_thousandths(end_s)}.json"


def _noted(
    note: Path, path: Path, whisper: WhisperModel | None, start_s: float | None = None, end_s: float | None = None
) -> Timeline:
    timeline = _read(note, whisper)
    if timeline is None:
        timeline = gather(path, start_s, end_s, whisper=whisper)
        _write(note, timeline)
    return timeline


def _is_small_part(path: Path, start_s: float | None, end_s: float | None) -> bool:
    if start_s is None and end_s is None:
        return False
    try:
        media = read_media(path)
    except MediaRejected as exc:
        raise EngineError(exc.message) from exc
    first_s = media.start_s if start_s is None else max(start_s, media.start_s)
    last_s = media.start_s + media.duration_s if end_s is None else min(end_s, media.start_s + media.duration_s)
    return last_s - first_s < _SMALL_PART * media.duration_s


def _thousandths(at_s: float | None) -> str:
    return "" if at_s is None else f"{at_s * 1000:.0f}"


def _read(path: Path, whisper: WhisperModel | None) -> Timeline | None:
    """The timeline that was noted; None where there is none, or where one that is made now would say other things."""
    try:
        timeline = Timeline.from_json(orjson.loads(path.read_bytes()))
    except (FileNotFoundError, ValueError):
        return None
    says_less = any(part.what in NEEDS and missing(part.what) is None for part in timeline.missing)
    heard_otherwise = timeline.speech is not None and timeline.speech_by != recogniser(whisper)
    return None if says_less or heard_otherwise else timeline


def _write(path: Path, timeline: Timeline) -> None:
    """Whole or not at all, even if this process is killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partly = path.with_suffix(f".{os.getpid()}")
    try:
        partly.write_bytes(orjson.dumps(timeline.to_json()))
        partly.replace(path)
    finally:
        partly.unlink(missing_ok=True)
