"""The tracks of a timeline one by one: which are lacking, and how timelines of some of them are put together."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from pipeline.server.engines.evidence.extra import missing, needed, track_of
from pipeline.server.engines.evidence.hearing import recogniser
from pipeline.server.engines.evidence.senses import Senses
from pipeline.server.engines.evidence.timeline import TRACKS, Timeline, Track

# What of a timeline belongs to which track.
FIELDS: dict[Track, tuple[str, ...]] = {
    "visuals": ("shots", "black", "still", "glimpses", "faces"),
    "text": ("text",),
    "speech": ("speech", "speech_by"),
    "sounds": ("sounds", "events", "loudness"),
}


def only(timeline: Timeline, tracks: Collection[Track]) -> Timeline:
    """As if nothing but these tracks had been looked at."""
    left_out: dict[str, Any] = {name: None for track in TRACKS if track not in tracks for name in FIELDS[track]}
    kept = tuple(part for part in timeline.missing if track_of(part) in tracks)
    return replace(timeline, missing=kept, **left_out) if left_out else timeline


def lacking(timeline: Timeline, senses: Senses) -> tuple[Track, ...]:
    """The tracks that were not looked at, or of which would be told more, or other things, if they were now.

    What was seen while no text was read was seen roughly (see `decode.shown`): up to a tenth of a shot's points then
    have another colour. Whoever reads text watches anyway, so that it is seen again.
    """
    lacks = tuple(track for track in senses.tracks if _lacks(timeline, track, senses))
    is_rough = "text" in lacks and "visuals" not in lacks and timeline.shots is not None
    return ("visuals", *lacks) if is_rough else lacks


def _lacks(timeline: Timeline, track: Track, senses: Senses) -> bool:
    media = timeline.media
    if (media.video_codec if track in ("visuals", "text") else media.audio_codec) is None:
        return False
    if any(track_of(part) == track for part in timeline.missing):
        return all(missing(what) is None for what in needed(track, senses.whisper))
    if track == "speech" and timeline.speech is not None:
        return timeline.speech_by != recogniser(senses.whisper)
    return getattr(timeline, FIELDS[track][0]) is None


def joined(timeline: Timeline, fresh: Timeline, tracks: Collection[Track]) -> Timeline:
    """The timeline with these tracks of another one of the same window."""
    parts = {name: getattr(fresh, name) for track in tracks for name in FIELDS[track]}
    kept = [part for part in timeline.missing if track_of(part) not in tracks]
    absent = sorted((*kept, *fresh.missing), key=lambda part: TRACKS.index(track_of(part)))
    return replace(timeline, missing=tuple(absent), **parts)
