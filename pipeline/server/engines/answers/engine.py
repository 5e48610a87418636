"""The engine that watches, reads and listens, and answers from the evidence alone."""

from pipeline.server.engines.contract import Answer, EngineRequest
from pipeline.server.engines.evidence.senses import ALL, Senses


def analyze(request: EngineRequest, senses: Senses = ALL) -> Answer:
    """Observe the file, or read in the notes what was observed, and answer in the form that is asked for.

    Args:
        request: the question.
        senses: what the file is observed with.

    Raises:
        EngineError: the media cannot be read, or what is asked for has no valid answer that fits.
    """
    from pipeline.server.engines.answers import stills, ways

    if request.path is None:
        return stills.at_images(request, senses)
    if request.segments is not None:
        return ways.for_segments(request, request.path, request.segments, senses)
    return ways.at_video(request, request.path, senses)
