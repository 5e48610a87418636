"""The speech track of one file, for its transcription."""

from pathlib import Path

from pipeline.server.engines.contract import EngineError
from pipeline.server.engines.evidence.senses import Senses
from pipeline.server.engines.evidence.timeline import Utterance


def listen(path: Path, notes: Path, senses: Senses) -> tuple[Utterance, ...]:
    """All that is spoken, in order of time, from the notes on the file; it is listened to first where there is none.

    Speech alone is listened for, also where the settings leave it out.

    Raises:
        EngineError: the file cannot be read, or nothing is installed that hears words.
    """
    from pipeline.server.engines.answers.observe import observe
    from pipeline.server.engines.evidence.extra import advice

    timeline = observe(path, notes, senses=senses.hearing)
    if timeline.speech is not None:
        return timeline.speech
    raise EngineError(advice(timeline.missing) if timeline.missing else "The file has no sound.")
