"""The entries of a timeline in words, each with its time: what answers are made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pipeline.server.engines import wording
from pipeline.server.engines.evidence.timeline import Line, Passage, Shot, SoundPassage, Timeline, Utterance
from pipeline.server.engines.times import span

Kind = Literal[
    "shot", "black", "still", "face", "title", "mark", "ticker", "timecode", "words", "voice",
    "silence", "speech", "music", "other", "sound", "event",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece of evidence.

    Attributes:
        kind: "words" are understood, "voice" is speech that is not; "speech", "music", ... are passages of sound.
        of: what was observed.
        said: the evidence in words, without its time.
        quoted: what of it was read on screen or heard spoken, word by word; empty of others.
    """

    kind: Kind
    of: Passage
    said: str
    quoted: str = ""

    @property
    def start_s(self) -> float:
        """When it begins."""
        return self.of.start_s

    @property
    def end_s(self) -> float:
        """When it ends."""
        return self.of.end_s

    @property
    def confidence(self) -> float:
        """From 0 to 1."""
        return self.of.confidence

    @property
    def line(self) -> str:
        """One line for people."""
        return f"{span(self)} {self.said}"


def entries(timeline: Timeline) -> list[Entry]:
    """Everything that was observed, in order of time."""
    return sorted(_all(timeline), key=lambda entry: (entry.start_s, entry.end_s))


def _all(timeline: Timeline) -> Iterator[Entry]:
    for shot in timeline.shots or ():
        yield _entry("shot", shot, _of_shot(shot))
    for black in timeline.black or ():
        yield _entry("black", black, "the picture is black")
    for still in timeline.still or ():
        yield _entry("still", still, "the picture stands still")
    for faces in timeline.faces or ():
        yield _entry("face", faces, "a face in view" if faces.most == 1 else f"{faces.most} faces in view")
    for line in timeline.text or ():
        yield _entry(line.kind, line, _of_line(line), line.text)
    for said in timeline.speech or ():
        yield _of_speech(said)
    for sound in timeline.sounds or ():
        yield _entry(sound.kind, sound, _of_sound(sound))
    for event in timeline.events or ():
        yield _entry("event", event, f"a sudden sound, {event.rise_db:.0f} dB louder than before")


def _entry(kind: Kind, passage: Passage, said: str, quoted: str = "") -> Entry:
    return Entry(kind, passage, said, quoted)


def _of_shot(shot: Shot) -> str:
    motion = [] if shot.motion is None else [wording.word(wording.MOTION, shot.motion)]
    looks = (wording.word(wording.BRIGHTNESS, shot.brightness), wording.colours(shot.colours), *motion)
    return f"{_entrance(shot)}: {', '.join(looks)}"


def _entrance(shot: Shot) -> str:
    over = f"over {shot.entered_over_s:.1f} s"
    said = {
        "start": "",
        "cut": " after a cut",
        "dissolve": f" after a dissolve {over}",
        "fade": f" after a fade {over}",
    }
    return f"shot{said[shot.entered]}"


def _of_line(line: Line) -> str:
    named = {"title": "text on screen", "mark": "mark on screen", "ticker": "ticker", "timecode": "timecode"}
    return f'{named[line.kind]}: "{line.text}"'


def _of_speech(said: Utterance) -> Entry:
    if said.understood and said.text:
        return _entry("words", said, f'somebody says: "{said.text}"', said.text)
    return _entry("voice", said, "speech, not understood" if not said.understood else "speech, cut off")


def _of_sound(sound: SoundPassage) -> str:
    named = {"other": "other sounds", "sound": "sound"}
    return (
        f"{named.get(sound.kind, sound.kind)} ({sound.level_dbfs:.0f} dBFS)" if sound.kind != "silence" else "silence"
    )
