"""The engine `openai`: a vision model of one's own answers, at any endpoint that speaks OpenAI's chat completions."""

from typing import TYPE_CHECKING

from pipeline.server.engines.contract import Answer, EngineRequest

if TYPE_CHECKING:
    from pipeline.config.openai import OpenAISettings


def analyze(settings: "OpenAISettings", request: EngineRequest) -> Answer:
    """Show the model frames of the video, and have it answer.

    Raises:
        EngineError: the media cannot be read, or the endpoint gives no usable answer; the sentence says what to do.
    """
    import anyio

    from pipeline.server.engines.openai.engine import answer

    return anyio.run(answer, settings, request)
