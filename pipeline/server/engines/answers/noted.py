"""What a question needs of its file, noted by itself: so that many may ask at once, and one looks."""

from pipeline.server.engines.contract import EngineRequest
from pipeline.server.engines.evidence.senses import Senses

Window = tuple[float | None, float | None]


def is_noted(request: EngineRequest, senses: Senses) -> bool:
    """Whether all that the question needs is in the notes on its file."""
    from pipeline.server.engines.answers.observe import is_noted

    return request.notes is not None and is_noted(request.notes, *_window(request), senses)


def note(request: EngineRequest, senses: Senses) -> None:
    """Observe what is not noted yet.

    Raises:
        EngineError: as `observe`.
    """
    from pipeline.server.engines.answers.observe import observe

    assert request.path is not None
    observe(request.path, request.notes, *_window(request), senses)


def _window(request: EngineRequest) -> Window:
    from pipeline.server.engines import segments

    return segments.span(request, request.segments) if request.segments else (request.start_s, request.end_s)
