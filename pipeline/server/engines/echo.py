"""The engine for load tests: says what the container says of itself, decodes nothing, costs next to nothing."""

from pipeline.server.engines.contract import Answer, EngineRequest
from pipeline.server.engines.tokens import count_tokens, fit


def analyze(request: EngineRequest) -> Answer:
    """Answer any prompt with the container's name, its duration and its size."""
    from pipeline.server.inspect import open_media

    with open_media(request.path) as container:
        name, duration_s = container.format.name, (container.duration or 0) / 1e6
    whole = f"A {name} container of {duration_s:.2f} seconds and {request.path.stat().st_size} bytes."
    text, was_cut = fit(whole, request.max_tokens)
    return Answer(
        text=text,
        finish_reason="length" if was_cut else "stop",
        input_tokens=count_tokens(request.prompt),
        output_tokens=count_tokens(text),
        warning=f"The answer was cut to fit max_tokens ({request.max_tokens})." if was_cut else None,
    )
