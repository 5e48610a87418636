"""The engine `openai`: a vision model of one's own answers, at any endpoint that speaks OpenAI's chat completions."""

from pipeline.config.openai import OpenAISettings
from pipeline.server.engines.contract import Answer, EngineRequest
from pipeline.server.engines.evidence.whisper_model import WhisperModel


def analyze(settings: OpenAISettings, request: EngineRequest, /, *, whisper: WhisperModel | None = None) -> Answer:
    """Show the model frames of the video, tell it what is said and written there, and have it answer.

    With `whisper` that model recognises what is said, else what ships with the extra `evidence`.

    Raises:
        EngineError: the media cannot be read, or the endpoint gives no usable answer; the sentence says what to do.
    """
    import anyio

    from pipeline.server.engines.openai.engine import answer

    return anyio.run(answer, settings, request, whisper)
