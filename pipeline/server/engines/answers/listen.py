"""The speech track of one file, for its transcription."""

from pathlib import Path

from pipeline.server.engines.contract import EngineError
from pipeline.server.engines.evidence.timeline import Utterance
from pipeline.server.engines.evidence.whisper_model import WhisperModel


def listen(path: Path, notes: Path, whisper: WhisperModel | None) -> tuple[Utterance, ...]:
    """All that is spoken, in order of time, from the notes on the file; it is observed first where there are none.

    With `whisper` that model recognises the words, else what ships with the extra.

    Raises:
        EngineError: the file cannot be read, or nothing is installed that hears words.
    """
    from pipeline.server.engines.answers.observe import observe
    from pipeline.server.engines.evidence.extra import advice

    timeline = observe(path, notes, whisper=whisper)
    if timeline.speech is not None:
        return timeline.speech
    raise EngineError(advice(timeline.missing) if timeline.missing else "The file has no sound.")
