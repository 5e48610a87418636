"""The engine that watches, reads and listens, and answers from the evidence alone."""

from pipeline.server.engines.contract import Answer, EngineRequest
from pipeline.server.engines.evidence.whisper_model import WhisperModel


def analyze(request: EngineRequest, whisper: WhisperModel | None = None) -> Answer:
    """Observe the file, or read in the notes what was observed, and answer in the form that is asked for.

    Args:
        request: the question.
        whisper: what recognises spoken words, instead of PocketSphinx.

    Raises:
        EngineError: the media cannot be read, or what is asked for has no valid answer that fits.
    """
    from pipeline.server.engines.answers import stills, ways

    if request.path is None:
        return stills.at_images(request)
    if request.segments is not None:
        return ways.for_segments(request, request.path, request.segments, whisper)
    return ways.at_video(request, request.path, whisper)
