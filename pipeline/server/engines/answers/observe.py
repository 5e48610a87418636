"""The timeline of a window: read from the notes on the file where it is there, else made, and noted."""

import os
import sys
from pathlib import Path

import orjson

from pipeline.server.engines.answers.clip import clip
from pipeline.server.engines.contract import EngineError
from pipeline.server.engines.evidence.gather import gather
from pipeline.server.engines.evidence.media import read_media
from pipeline.server.engines.evidence.senses import ALL, Senses
from pipeline.server.engines.evidence.timeline import Timeline
from pipeline.server.engines.evidence.tracks import joined, lacking, only
from pipeline.server.engines.window import window_of
from pipeline.server.inspect import MediaRejected

_WHOLE = "whole.json"
# A window that is a smaller part of the file than this is observed by itself.
_SMALL_PART = 0.5


def observe(
    path: Path,
    notes: Path | None,
    start_s: float | None = None,
    end_s: float | None = None,
    senses: Senses = ALL,
) -> Timeline:
    """What is there to be seen and heard from `start_s` to `end_s`.

    With a place for notes the whole file is observed, once, or a small part of it: whatever is asked of that next is
    answered from the notes. Tracks that are not in them, or words that something else recognised, are added.

    Raises:
        EngineError: the file cannot be read, or the window holds nothing of it.
    """
    if notes is None:
        return gather(path, start_s, end_s, senses.tracks, senses.whisper)
    note = notes / _WHOLE
    whole = _read(note)
    if (whole is None or lacking(whole, senses)) and _is_small_part(path, start_s, end_s):
        part = _part(notes, start_s, end_s)
        return _noted(part, _read(part), path, senses, start_s, end_s)
    return clip(_noted(note, whole, path, senses), start_s, end_s)


def is_noted(notes: Path, start_s: float | None, end_s: float | None, senses: Senses) -> bool:
    """Whether `observe` would find all of that window in the notes."""
    known = (_read(note) for note in (notes / _WHOLE, _part(notes, start_s, end_s)))
    return any(timeline is not None and not lacking(timeline, senses) for timeline in known)


def _part(notes: Path, start_s: float | None, end_s: float | None) -> Path:
    return notes / f"{_thousandths(start_s)}-{_thousandths(end_s)}.json"


def _noted(
    note: Path,
    known: Timeline | None,
    path: Path,
    senses: Senses,
    start_s: float | None = None,
    end_s: float | None = None,
) -> Timeline:
    """What is known, with what is lacking of it, which is noted."""
    wanted = senses.tracks if known is None else lacking(known, senses)
    if not wanted:
        assert known is not None
        return only(known, senses.tracks)
    fresh = gather(path, start_s, end_s, wanted, senses.whisper)
    latest = _read(note)  # something else may have been noted meanwhile
    timeline = fresh if latest is None else joined(latest, fresh, wanted)
    try:
        _write(note, timeline)
    except OSError as exc:  # a saving for the next question, for which this one is not to fail
        sys.stderr.write(f"cannot note what was observed: {note}: {exc.strerror}\n")
    return only(timeline, senses.tracks)


def _is_small_part(path: Path, start_s: float | None, end_s: float | None) -> bool:
    if start_s is None and end_s is None:
        return False
    try:
        media = read_media(path)
    except MediaRejected as exc:
        raise EngineError(exc.message) from exc
    first_s, last_s = window_of(media, start_s, end_s)
    return last_s - first_s < _SMALL_PART * media.duration_s


def _thousandths(at_s: float | None) -> str:
    return "" if at_s is None else f"{at_s * 1000:.0f}"


def _read(path: Path) -> Timeline | None:
    """The timeline that was noted; None where there is none."""
    try:
        return Timeline.from_json(orjson.loads(path.read_bytes()))
    except (FileNotFoundError, ValueError):
        return None


def _write(path: Path, timeline: Timeline) -> None:
    """Whole or not at all, even if this process is killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partly = path.with_suffix(f".{os.getpid()}")
    try:
        partly.write_bytes(orjson.dumps(timeline.to_json()))
        partly.replace(path)
    finally:
        partly.unlink(missing_ok=True)
