"""What is heard: kinds of sound, words, loudness, sudden sounds."""

from itertools import repeat

import numpy as np
import pytest

from pipeline.server.engines.evidence.gather import gather
from pipeline.server.engines.evidence.speech import UNDERSTOOD, _utterance
from pipeline.server.engines.evidence.timeline import Timeline, Word
from pipeline.server.engines.evidence.voice import Spoken
from scripts.sample_videos import score

from .conftest import Film, plain

SENTENCE = "please keep your hands away from the hot surface"


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * score.RATE), np.float32)


@pytest.fixture(scope="module")
def voice() -> np.ndarray:
    return score.speech(SENTENCE)


@pytest.fixture(scope="module")
def heard(film: Film, voice: np.ndarray) -> tuple[Timeline, float]:
    """A second of silence, a sentence, a second of silence, four seconds of music, two of noise, two of silence with
    a bang; and when the music begins.
    """
    quiet = silence(1)
    end = silence(2)
    end[score.RATE : score.RATE + score.bang(1).size] += score.bang(1)
    sound = np.concatenate((quiet, voice, quiet, score.music(4, 3), score.ambience(2, 5), end))
    music_s = 2 + voice.size / score.RATE
    return gather(film("sounds.mp4", (), sound), tracks=("speech", "sounds")), music_s


def test_a_sentence_is_understood(heard: tuple[Timeline, float], voice: np.ndarray) -> None:
    """What is said clearly is quoted, with its time and how sure it is."""
    (said,) = heard[0].speech
    assert said.understood
    right = set(said.text.split()) & set(SENTENCE.split())
    assert len(right) >= 7
    assert said.confidence >= UNDERSTOOD
    assert (said.start_s, said.end_s) == pytest.approx((1.0, 1.0 + voice.size / score.RATE), abs=0.3)


def test_words_have_times_of_their_own(heard: tuple[Timeline, float]) -> None:
    """Words follow one another inside of what is said, each with its confidence."""
    (said,) = heard[0].speech
    assert " ".join(word.text for word in said.words) == said.text
    assert all(one.end_s <= other.start_s + 0.02 for one, other in zip(said.words, said.words[1:], strict=False))
    assert said.start_s - 0.3 <= said.words[0].start_s < said.words[-1].end_s <= said.end_s + 0.4
    assert all(0 <= word.confidence <= 1 for word in said.words)


def test_kinds_of_sound(heard: tuple[Timeline, float]) -> None:
    """Silence, speech, music and other sounds are told apart, and cover the whole time."""
    timeline, music_s = heard
    parts = timeline.sounds
    assert [part.kind for part in parts] == ["silence", "speech", "silence", "music", "other", "silence"]
    assert parts[3].start_s == pytest.approx(music_s, abs=0.5)
    assert parts[4].start_s == pytest.approx(music_s + 4, abs=0.8)
    assert [part.start_s for part in parts[1:]] == [part.end_s for part in parts[:-1]]


def test_a_bang_is_sudden(heard: tuple[Timeline, float]) -> None:
    """A sudden sound is told with its time; neither a voice nor music that sets in is one."""
    timeline, music_s = heard
    (bang,) = timeline.events
    assert bang.start_s == pytest.approx(music_s + 7, abs=0.15)
    assert bang.rise_db > 20


@pytest.mark.parametrize(
    ("confidences", "is_quoted"), [((0.65, 0.55, 0.45), True), ((0.65, 0.55, 0.4), False), ((1, 1), False)]
)
def test_what_is_not_understood_is_not_quoted(confidences: tuple[float, ...], is_quoted: bool) -> None:
    """Below the line of confidence, and of a word or two alone, no word is told."""
    words = tuple(Word(at, at + 0.5, confidence, "word") for at, confidence in enumerate(confidences))
    said = _utterance(Spoken(0.0, 3.0, 1.0, 0.0, np.zeros(1, np.int16)), words)
    assert (said.understood, bool(said.text), bool(said.words)) == (is_quoted,) * 3


def test_loudness_is_that_of_the_standard(film: Film) -> None:
    """A tone of 997 Hz at -23 dB below full scale has the loudness that EBU R 128 gives it: one channel, -26 LUFS."""
    time = np.arange(4 * score.RATE) / score.RATE
    tone = (10 ** (-23 / 20) * np.sin(2 * np.pi * 997 * time)).astype(np.float32)
    loudness = gather(film("tone.mkv", (), tone), tracks=("sounds",)).loudness
    assert loudness.integrated_lufs == pytest.approx(-26.0, abs=0.3)


def test_silence_has_no_loudness(film: Film) -> None:
    """Of silence nothing is told but that it is silence."""
    timeline = gather(film("silence.mp4", (), silence(1.5)), tracks=("speech", "sounds"))
    assert [part.kind for part in timeline.sounds] == ["silence"]
    assert (timeline.loudness.integrated_lufs, timeline.speech, timeline.events) == (None, (), ())


def test_without_sound(film: Film) -> None:
    """A video without sound has no tracks of sound, which is not the same as empty ones."""
    timeline = gather(film("mute.mp4", repeat(plain((200, 30, 30)), 25)), tracks=("visuals", "speech", "sounds"))
    assert (timeline.speech, timeline.sounds, timeline.events, timeline.loudness) == (None, None, None, None)
    assert len(timeline.shots) == 1


def test_sound_alone(film: Film) -> None:
    """A file without pictures has no tracks of pictures."""
    timeline = gather(film("alone.mp4", (), silence(1)), tracks=("visuals", "text", "sounds"))
    assert (timeline.media.width, timeline.shots, timeline.text) == (None, None, None)
    assert timeline.end_s == pytest.approx(1.0, abs=0.1)


def test_several_streams_of_sound(film: Film) -> None:
    """Of several streams the first is listened to, and their number is told."""
    timeline = gather(film("many.mkv", repeat(plain((0, 0, 0)), 25), silence(1), streams=3), tracks=("sounds",))
    assert timeline.media.audio_streams == 3
    assert [part.kind for part in timeline.sounds] == ["silence"]
