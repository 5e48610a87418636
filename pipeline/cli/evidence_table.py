"""A timeline of evidence for people: one section a track, one line an entry."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from pipeline.server.engines.evidence.timeline import (
    Faces,
    Line,
    Media,
    Passage,
    Shot,
    SoundEvent,
    SoundPassage,
    Timeline,
    Utterance,
)
from pipeline.server.engines.times import clock

Entry = TypeVar("Entry", bound=Passage)

NOT_UNDERSTOOD = "(speech, not understood)"


def table(name: str, timeline: Timeline) -> Iterator[str]:
    """The lines to print."""
    yield f"{name}: {_media(timeline.media)}"
    if timeline.loudness is not None:
        told = timeline.loudness
        loud = "silent" if told.integrated_lufs is None else f"{told.integrated_lufs:.1f} LUFS"
        yield f"loudness: {loud}, range {told.range_lu:.1f} LU"
    yield from _section("shots", timeline.shots, _shot)
    yield from _section("black", timeline.black, lambda _: "")
    yield from _section("still", timeline.still, lambda _: "")
    yield from _section("faces", timeline.faces, _faces)
    yield from _section("text on screen", timeline.text, _line)
    yield from _section("spoken words", timeline.speech, _utterance)
    yield from _section("sounds", timeline.sounds, _sound)
    yield from _section("sudden sounds", timeline.events, _event)


def _section(title: str, entries: Sequence[Entry] | None, tell: Callable[[Entry], str]) -> Iterator[str]:
    """Nothing of a track that was not looked at; that a track is empty is said."""
    if entries is None:
        return
    yield ""
    yield f"{title}: {len(entries) or 'none'}"
    for entry in entries:
        yield f"  {clock(entry.start_s)} - {clock(entry.end_s)}  {entry.confidence:4.0%}  {tell(entry)}".rstrip()


def _media(media: Media) -> str:
    parts = [clock(media.duration_s)]
    if media.width and media.height:
        parts.append(f"{media.width}x{media.height}, {media.fps or 0:g} pictures a second, {media.video_codec}")
    parts.append(f"sound {media.audio_codec}" if media.audio_codec else "no sound")
    if media.audio_streams > 1:
        parts.append(f"the first of {media.audio_streams} sound streams is listened to")
    if media.start_s:
        parts.append(f"begins at {clock(media.start_s)}")
    return ", ".join(parts)


def _shot(shot: Shot) -> str:
    entered = shot.entered + (f" {shot.entered_over_s:.1f} s" if shot.entered_over_s else "")
    colours = ", ".join(f"{name} {share:.0%}" for name, share in shot.colours[:3])
    motion = "" if shot.motion is None else f", motion {shot.motion:.0%}"
    looks = f"brightness {shot.brightness:.0%}, contrast {shot.contrast:.0%}{motion}"
    return f"{entered:14} {colours:38} {looks}, see {clock(shot.frame_s)}"


def _faces(faces: Faces) -> str:
    left, top, right, bottom = faces.box
    place = f"{left:.0%}-{right:.0%} across, {top:.0%}-{bottom:.0%} down"
    return f"{faces.most} at once, the largest {place}" if faces.most > 1 else f"one, {place}"


def _line(line: Line) -> str:
    return f"{line.kind:9} {line.text}  [{line.height_px} px high]"


def _utterance(utterance: Utterance) -> str:
    return utterance.text if utterance.understood else NOT_UNDERSTOOD


def _sound(sound: SoundPassage) -> str:
    return f"{sound.kind:8} {sound.level_dbfs:.0f} dB below full scale".replace(" -", " ")


def _event(event: SoundEvent) -> str:
    return f"{event.rise_db:.0f} dB louder than before"
