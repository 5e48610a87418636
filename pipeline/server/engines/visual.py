"""The engine that really looks: shots, colours, motion, black and still passages, and the level of the sound."""

from pipeline.server.engines.contract import Answer, EngineRequest


def analyze(request: EngineRequest) -> Answer:
    """Measure the window that is asked for and tell it in words; only what was measured is said."""
    from pipeline.server.engines.answer import answer
    from pipeline.server.engines.measure import measure

    return answer(measure(request.path, request.start_s, request.end_s), request.prompt, request.max_tokens)
