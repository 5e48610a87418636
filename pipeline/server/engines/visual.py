"""The engine that really looks: shots, colours, motion, black and still passages, and the level of the sound."""

from pipeline.server.engines.contract import Answer, EngineRequest


def analyze(request: EngineRequest) -> Answer:
    """Measure what is asked about and tell it in the form that is asked for; only what was measured is said.

    Raises:
        EngineError: the media cannot be read, or what is asked for has no valid answer that fits.
    """
    from pipeline.server.engines import look

    if request.path is None:
        return look.at_images(request)
    if request.segments is not None:
        return look.for_segments(request, request.path, request.segments)
    return look.at_video(request, request.path)
