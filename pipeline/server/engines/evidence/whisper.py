"""Which words are spoken: Whisper, as faster-whisper runs it, with a model that the user has."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from pipeline.server.engines.contract import EngineError
from pipeline.server.engines.evidence.pcm import RATE
from pipeline.server.engines.evidence.speech import utterance
from pipeline.server.engines.evidence.timeline import Utterance, Word
from pipeline.server.engines.evidence.voice import Spoken
from pipeline.server.engines.evidence.whisper_model import WhisperModel

# The mean probability of a passage's words from which on they are quoted. With Whisper base, of nine sentences, clean,
# noisy, fast and under music, 96 % of the words above it are right (90 % of those above 0.5), which are 90 % of all;
# speech played backwards never reaches it.
UNDERSTOOD = 0.6
# Whisper's own lines: beyond any of them it throws dice for another text, or takes what it hears for no speech at all.
_LEAST_LOG, _MOST_NO_SPEECH, _MOST_REPETITION = -1.0, 0.6, 2.4


@lru_cache(maxsize=1)
def _load(whisper: WhisperModel) -> Any:
    """The model, which stays loaded for the next file, since that takes up to seconds."""
    from faster_whisper import BatchedInferencePipeline
    from faster_whisper import WhisperModel as Model

    try:
        model = Model(str(whisper.path), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)
    except Exception as exc:  # CTranslate2 and tokenizers raise whatever there is, even Exception itself
        raise EngineError(f"The Whisper model {whisper.path} cannot be loaded: {exc}") from exc
    if not model.model.is_multilingual and whisper.language not in (None, "en"):
        raise EngineError(f"The Whisper model {whisper.path} knows English alone, not {whisper.language!r}.")
    return BatchedInferencePipeline(model)


@dataclass(slots=True)
class WhisperRecogniser:
    """Hears one stretch of speech after the other, in Whisper's window of 30 seconds."""

    _whisper: WhisperModel

    def hear(self, spoken: Spoken) -> Utterance:
        """What is said, if it can be understood."""
        pipeline = _load(self._whisper)
        # Without dice (temperature), and without what was said before, which Whisper may go on repeating.
        segments, _ = pipeline.transcribe(
            spoken.sound.astype(np.float32) / 32768,
            language=self._whisper.language if pipeline.model.model.is_multilingual else "en",
            temperature=0.0,
            batch_size=1,
            vad_filter=False,
            word_timestamps=True,
        )
        return _utterance(spoken, list(segments))


def _utterance(spoken: Spoken, segments: list[Any]) -> Utterance:
    found = [word for segment in segments for word in segment.words or () if word.word.strip()]
    words = tuple(_word(spoken, word) for word in found)
    is_clear = all(
        segment.avg_logprob >= _LEAST_LOG
        and segment.no_speech_prob <= _MOST_NO_SPEECH
        and segment.compression_ratio <= _MOST_REPETITION
        for segment in segments
    )
    # in languages without spaces words follow one another without any
    return utterance(spoken, words, "".join(word.word for word in found).strip(), UNDERSTOOD, is_clear=is_clear)


def _word(spoken: Spoken, word: Any) -> Word:
    """With its time inside the sound that was heard: Whisper's window is longer."""
    last_s = spoken.sound.size / RATE
    return Word(
        start_s=round(spoken.sound_s + min(float(word.start), last_s), 2),
        end_s=round(spoken.sound_s + min(float(word.end), last_s), 2),
        confidence=round(min(1.0, float(word.probability)), 3),
        text=word.word.strip(),
    )
