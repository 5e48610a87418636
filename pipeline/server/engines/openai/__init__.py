"""The engine `openai`: a vision model of one's own answers, at any endpoint that speaks OpenAI's chat completions."""

from typing import TYPE_CHECKING

from pipeline.server.engines.contract import Answer, EngineRequest, OnPiece
from pipeline.server.engines.evidence.whisper_model import WhisperModel

if TYPE_CHECKING:
    from pipeline.config.openai import OpenAISettings


def analyze(
    settings: "OpenAISettings",
    request: EngineRequest,
    on_piece: OnPiece | None = None,
    /,
    *,
    whisper: WhisperModel | None = None,
) -> Answer:
    """Show the model frames of the video, tell it what is said and written there, and have it answer.

    Text goes to `on_piece` as the model gives it; an answer in a form may have to be put right first, and does not.
    With `whisper` that model recognises what is said, else what ships with the extra `evidence`.

    Raises:
        EngineError: the media cannot be read, or the endpoint gives no usable answer; the sentence says what to do.
    """
    import anyio

    from pipeline.server.engines.openai.engine import answer

    return anyio.run(answer, settings, request, whisper, on_piece)
