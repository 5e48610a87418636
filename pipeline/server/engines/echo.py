"""The engine for load tests: says what the container says of itself, decodes nothing, costs next to nothing."""

from pathlib import Path

from pipeline.server.engines.contract import Answer, EngineError, EngineRequest
from pipeline.server.engines.known import Known


def analyze(request: EngineRequest) -> Answer:
    """Answer any question with the container's name, its duration and its size, in the form that is asked for.

    Raises:
        EngineError: the file cannot be read, or what is asked for has no valid answer that fits.
    """
    from pipeline.server.engines import segments
    from pipeline.server.engines.reply import reply, reply_schema

    known = _of_images(request) if request.path is None else _of_file(request, request.path)
    if request.segments is not None:
        start_s, end_s = segments.span(request, request.segments)
        begins = known.start_s or 0.0 if start_s is None else start_s
        whole = segments.Found([(begins, known.end_s or 0.0 if end_s is None else end_s)])
        return segments.answer(request, request.segments, lambda _: whole, _part)
    return reply(request, known.summary) if request.json_schema is None else reply_schema(request, known)


def _of_file(request: EngineRequest, path: Path) -> Known:
    from pipeline.server.inspect import MediaRejected, open_media

    try:
        with open_media(path) as container:
            name, start_s, duration_s = container.format.name, container.start_time or 0, container.duration or 0
    except MediaRejected as exc:
        raise EngineError(exc.message) from exc
    begins, ends = start_s / 1e6, (start_s + duration_s) / 1e6
    size = path.stat().st_size
    return _timed(
        f"A {name} container of {duration_s / 1e6:.2f} seconds and {size} bytes.",
        begins if request.start_s is None else max(begins, request.start_s),
        ends if request.end_s is None else min(ends, request.end_s),
        {"size": size},
        {"container": name},
    )


def _of_images(request: EngineRequest) -> Known:
    sizes = {image.name: image.path.stat().st_size for image in request.images}
    images = {name: Known(f"An image of {size} bytes.", numbers={"size": size}) for name, size in sizes.items()}
    return Known(
        summary=f"Images: {', '.join(f'<@{name}> of {size} bytes' for name, size in sizes.items())}.",
        numbers={"size": sum(sizes.values())},
        parts={"images": tuple(images.values())},
        named=images,
    )


def _part(stretch: tuple[float, float], number: int) -> Known:
    return _timed(f"Part {number}.", *stretch, {"index": number}, {})


def _timed(summary: str, start_s: float, end_s: float, numbers: dict[str, float], labels: dict[str, str]) -> Known:
    times = {"start": start_s, "end": end_s, "duration": end_s - start_s}
    return Known(summary, start_s, end_s, numbers={**times, **numbers}, labels=labels)
