"""Who answers an analysis: one file for each engine, one line for each in `ENGINES`.

An engine's module must be quick to import: it imports heavy libraries inside its function, which runs in a worker.
"""

from functools import partial
from typing import TYPE_CHECKING

from pipeline.server.engines import echo, openai, visual
from pipeline.server.engines.answers import engine as evidence
from pipeline.server.engines.contract import (
    Answer,
    Engine,
    EngineError,
    EngineImage,
    EngineRequest,
    SegmentQuestion,
    TimeFormat,
)
from pipeline.server.engines.evidence import whisper_model

if TYPE_CHECKING:
    from pipeline.config import ServerSettings  # half the start of a worker, which has no settings to read

__all__ = [
    "ENGINES",
    "NAMES",
    "NOTE_KEEPERS",
    "Answer",
    "Engine",
    "EngineError",
    "EngineImage",
    "EngineRequest",
    "SegmentQuestion",
    "TimeFormat",
    "engine_of",
]

ENGINES: dict[str, Engine] = {
    "evidence": evidence.analyze,
    "visual": visual.analyze,
    "echo": echo.analyze,
}

# Those of the table, and what answers elsewhere.
NAMES = (*ENGINES, "openai")

# Those that keep notes of what they observed in a file, for the next question about it.
NOTE_KEEPERS = frozenset(("evidence",))


def engine_of(settings: "ServerSettings") -> Engine:
    """The engine that the settings name; it takes what it needs of them along into its worker.

    Raises:
        ConfigError: the model that it is to hear with is none.
    """
    if settings.engine == "openai":
        return partial(openai.analyze, settings.openai)
    if settings.engine == "evidence" and settings.whisper_model is not None:
        found = whisper_model.find(settings.whisper_model, settings.whisper_language, "server.whisper_model")
        return partial(evidence.analyze, whisper=found)
    return ENGINES[settings.engine]
