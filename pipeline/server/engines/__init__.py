"""Who answers an analysis: one file for each engine, one line for each in `ENGINES`.

An engine's module must be quick to import: it imports heavy libraries inside its function, which runs in a worker.
"""

from functools import partial
from typing import TYPE_CHECKING

from pipeline.server.engines import echo, openai
from pipeline.server.engines.answers.engine import analyze as answer_from_evidence
from pipeline.server.engines.contract import (
    Answer,
    Engine,
    EngineError,
    EngineImage,
    EngineRequest,
    OnPiece,
    SegmentQuestion,
    StreamingEngine,
    TimeFormat,
)
from pipeline.server.engines.evidence import whisper_model
from pipeline.server.engines.evidence.extra import hears_or_reads
from pipeline.server.engines.evidence.senses import Senses

if TYPE_CHECKING:
    from pipeline.config import ServerSettings  # half the start of a worker, which has no settings to read

__all__ = [
    "ENGINES",
    "NAMES",
    "Answer",
    "Engine",
    "EngineError",
    "EngineImage",
    "EngineRequest",
    "OnPiece",
    "SegmentQuestion",
    "StreamingEngine",
    "TimeFormat",
    "engine_of",
    "keeps_notes",
    "senses_of",
    "streaming_engine_of",
]

ENGINES: dict[str, Engine] = {
    "evidence": answer_from_evidence,
    "echo": echo.analyze,
}

# Those of the table, and what answers elsewhere.
NAMES = (*ENGINES, "openai")


def keeps_notes(settings: "ServerSettings") -> bool:
    """Whether the engine keeps notes of what it observed in a file, for the next question about it."""
    if settings.engine == "openai":
        return settings.openai.evidence and hears_or_reads(settings.tracks, settings.whisper_model)
    return settings.engine == "evidence"


def engine_of(settings: "ServerSettings") -> Engine:
    """The engine that the settings name; it takes what it needs of them along into its worker.

    Raises:
        ConfigError: the model that it is to hear with is none.
    """
    if (streaming := streaming_engine_of(settings)) is not None:
        return streaming
    if settings.engine == "evidence":
        return partial(answer_from_evidence, senses=senses_of(settings))
    return ENGINES[settings.engine]


def streaming_engine_of(settings: "ServerSettings") -> StreamingEngine | None:
    """The same engine, where it can give its answer in pieces; raises as `engine_of`."""
    if settings.engine == "openai":
        return partial(openai.analyze, settings.openai, senses=senses_of(settings))
    return None


def senses_of(settings: "ServerSettings") -> Senses:
    """What files are observed with: for a model of one's own, which sees for itself, what is written and said alone.

    Raises:
        ConfigError: the model that words are to be recognised with is none.
    """
    folder, language = settings.whisper_model, settings.whisper_language
    model = None if folder is None else whisper_model.find(folder, language, "server.whisper_model")
    senses = Senses(settings.tracks, model)
    return senses.only("text", "speech") if settings.engine == "openai" else senses
