"""The engine `openai`: a vision model of one's own answers, at any endpoint that speaks OpenAI's chat completions."""

from typing import TYPE_CHECKING

from pipeline.server.engines.contract import Answer, EngineRequest, OnPiece
from pipeline.server.engines.evidence.senses import ALL, Senses

if TYPE_CHECKING:
    from pipeline.config.openai import OpenAISettings


def analyze(
    settings: "OpenAISettings",
    request: EngineRequest,
    on_piece: OnPiece | None = None,
    /,
    *,
    senses: Senses = ALL,
) -> Answer:
    """Show the model frames of the video, tell it what is said and written there, and have it answer.

    Text goes to `on_piece` as the model gives it; an answer in a form may have to be put right first, and does not.
    With `senses` it is found out what is said and written.

    Raises:
        EngineError: the media cannot be read, or the endpoint gives no usable answer; the sentence says what to do.
    """
    import anyio

    from pipeline.server.engines.openai.engine import answer

    return anyio.run(answer, settings, request, senses, on_piece)
