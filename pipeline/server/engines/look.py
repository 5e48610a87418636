"""What the visual engine does for each way of asking: look, then tell."""

from pathlib import Path

from pipeline.server.engines import findings, occasions, segments
from pipeline.server.engines.answer import tell
from pipeline.server.engines.contract import Answer, EngineRequest, SegmentQuestion
from pipeline.server.engines.images import look_at_still, tell_stills
from pipeline.server.engines.known import Known
from pipeline.server.engines.measure import measure
from pipeline.server.engines.question import read_question, unnamed
from pipeline.server.engines.reply import reply, reply_schema
from pipeline.server.engines.segments import Stretch
from pipeline.server.engines.wording import LIMITATION


def at_video(request: EngineRequest, path: Path) -> Answer:
    """A question about a video, and perhaps about pictures that it is compared with."""
    stills = [look_at_still(image) for image in request.images]
    measured = measure(path, request.start_s, request.end_s, [still.sketch for still in stills])
    if request.json_schema is not None:
        return reply_schema(request, findings.of_video(measured))
    told = tell(measured, read_question(request.prompt))
    return reply(request, "\n".join((*told, *findings.tell_references(stills, measured), *_missing(request))))


def at_images(request: EngineRequest) -> Answer:
    """A question about pictures alone."""
    stills = [look_at_still(image) for image in request.images]
    if request.json_schema is not None:
        return reply_schema(request, findings.of_stills(stills))
    caveats = [LIMITATION] if read_question(request.prompt).beyond else []
    told = tell_stills(stills, caveats)
    return reply(request, "\n".join((*told, *_missing(request))))


def for_segments(request: EngineRequest, path: Path, asked: SegmentQuestion) -> Answer:
    """The segments of a video."""
    stills = [look_at_still(image) for image in request.images]
    measured = measure(path, *segments.span(request, asked), [still.sketch for still in stills])
    shots = findings.of_video(measured).parts["shots"]

    def describe(stretch: Stretch, number: int) -> Known:
        return findings.of_stretch(measured, measured.stretch(*stretch), number, measured.shots)

    def find(definition: occasions.Definition) -> segments.Found:
        return occasions.find(definition, measured, shots, request.images)

    return segments.answer(request, asked, find, describe)


def _missing(request: EngineRequest) -> list[str]:
    return unnamed(request.prompt, (image.name for image in request.images))
