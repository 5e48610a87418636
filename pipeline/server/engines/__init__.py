"""Who answers an analysis: one file for each engine, one line for each in `ENGINES`.

An engine's module must be quick to import: it imports heavy libraries inside its function, which runs in a worker.
"""

from pipeline.server.engines import echo, visual
from pipeline.server.engines.contract import (
    Answer,
    Engine,
    EngineError,
    EngineImage,
    EngineRequest,
    SegmentQuestion,
    TimeFormat,
)

__all__ = [
    "ENGINES",
    "Answer",
    "Engine",
    "EngineError",
    "EngineImage",
    "EngineRequest",
    "SegmentQuestion",
    "TimeFormat",
]

ENGINES: dict[str, Engine] = {
    "visual": visual.analyze,
    "echo": echo.analyze,
}
