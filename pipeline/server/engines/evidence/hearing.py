"""The sound of a window: one pass, in which every meter hears all of it."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from pipeline.server.engines.evidence.events import sudden
from pipeline.server.engines.evidence.extra import WITH_WHISPER, WORDS, missing
from pipeline.server.engines.evidence.joining import joined
from pipeline.server.engines.evidence.levels import LevelMeter, heard
from pipeline.server.engines.evidence.loudness import LoudnessMeter
from pipeline.server.engines.evidence.pcm import Block, Resampling
from pipeline.server.engines.evidence.sounds import classify
from pipeline.server.engines.evidence.speech import NAME, Recogniser
from pipeline.server.engines.evidence.texture import Texture
from pipeline.server.engines.evidence.timeline import (
    Loudness,
    Missing,
    SoundEvent,
    SoundPassage,
    Track,
    Utterance,
)
from pipeline.server.engines.evidence.voice import Spoken, VoiceActivity
from pipeline.server.engines.evidence.whisper import WhisperRecogniser
from pipeline.server.engines.evidence.whisper_model import WhisperModel
from pipeline.server.inspect import open_media, sound_stream


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard; None of what was not listened for."""

    sounds: tuple[SoundPassage, ...] | None
    events: tuple[SoundEvent, ...] | None
    loudness: Loudness | None
    speech: tuple[Utterance, ...] | None
    missing: tuple[Missing, ...]


def recogniser(whisper: WhisperModel | None) -> str:
    """The name of what recognises words."""
    return NAME if whisper is None else whisper.name


def hear(
    path: Path, start_s: float, end_s: float, tracks: Collection[Track], whisper: WhisperModel | None = None
) -> Heard | None:
    """Listen to the file's first sound stream; None without one."""
    levels, loudness, resampling = LevelMeter(start_s, end_s), LoudnessMeter(), Resampling()
    is_measured = "sounds" in tracks
    ear = _Ear(start_s, end_s, tracks, whisper)
    with open_media(path) as container:
        stream = sound_stream(container)
        if stream is None:
            return None
        for at_s, frame in joined(heard(container, stream, start_s, end_s)):
            if is_measured:
                levels.add(at_s, frame)
                loudness.push(frame)
            for block in resampling.push(at_s, frame):
                ear.take(block)
        for block in resampling.close():
            ear.take(block)
    ear.close()
    # where the clock jumps back, what is said later comes earlier
    ear.spoken.sort(key=lambda each: each.start_s)
    ear.utterances.sort(key=lambda each: each.start_s)
    sound = levels.sound() if is_measured else None
    spans = [(each.start_s, each.end_s) for each in ear.spoken]
    voices, music = (ear.spoken, ear.texture.music()) if ear.texture else (None, None)
    return Heard(
        sounds=classify(sound, voices, music) if sound else None,
        events=sudden(sound, spans) if sound else None,
        loudness=loudness.loudness() if sound else None,
        speech=tuple(ear.utterances) if ear.recogniser else None,
        missing=ear.missing,
    )


class _Ear:
    """Voices, words and texture, as far as their packages are installed."""

    def __init__(self, start_s: float, end_s: float, tracks: Collection[Track], whisper: WhisperModel | None) -> None:
        words = WORDS if whisper is None else WITH_WHISPER
        needed = {"speech": words, "sounds": "speech and music told apart"}
        absent = {track: missing(what) for track, what in needed.items() if track in tracks}
        self.missing = tuple(each for each in absent.values() if each is not None)
        can = [track for track, each in absent.items() if each is None]
        self._voice = VoiceActivity() if can else None
        self.texture = Texture(start_s, end_s) if "sounds" in can else None
        self.recogniser = None if "speech" not in can else WhisperRecogniser(whisper) if whisper else Recogniser()
        # Of what is spoken only times are kept: the sound of a day would not fit.
        self.spoken: list[Spoken] = []
        self.utterances: list[Utterance] = []

    def take(self, block: Block) -> None:
        """Hear a block."""
        if self.texture is not None:
            self.texture.push(block)
        if self._voice is not None:
            for spoken in self._voice.push(block):
                self._note(spoken)

    def close(self) -> None:
        """Hear out what was being spoken at the end."""
        if self._voice is not None:
            for spoken in self._voice.close():
                self._note(spoken)

    def _note(self, spoken: Spoken) -> None:
        if self.recogniser is not None:
            self.utterances.append(self.recogniser.hear(spoken))
        self.spoken.append(spoken.without_sound())
