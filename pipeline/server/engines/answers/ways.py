"""What the engine does for each way of asking: observe, then tell."""

from pathlib import Path

from pipeline.server.engines import segments
from pipeline.server.engines.answers import facts, occasions
from pipeline.server.engines.answers.observe import observe
from pipeline.server.engines.answers.pictures import look_at_still, unnamed
from pipeline.server.engines.answers.references import References
from pipeline.server.engines.answers.text import tell
from pipeline.server.engines.contract import Answer, EngineRequest, SegmentQuestion
from pipeline.server.engines.evidence.senses import ALL, Senses
from pipeline.server.engines.known import Known
from pipeline.server.engines.reply import reply, reply_schema
from pipeline.server.engines.stretches import Stretch


def at_video(request: EngineRequest, path: Path, senses: Senses = ALL) -> Answer:
    """A question about a video, in words or in the form of a JSON schema, and perhaps about pictures to compare."""
    stills = [look_at_still(image) for image in request.images]
    timeline = observe(path, request.notes, request.start_s, request.end_s, senses)
    references = References(stills, timeline)
    if request.json_schema is not None:
        return reply_schema(request, references.known(facts.of_video(timeline)))
    told = tell(timeline, request.prompt, is_compared=bool(stills))
    lines = (*references.tell(), *unnamed(request.prompt, (image.name for image in request.images)), *told)
    return reply(request, "\n".join(lines))


def for_segments(request: EngineRequest, path: Path, asked: SegmentQuestion, senses: Senses = ALL) -> Answer:
    """The segments of a video."""
    stills = [look_at_still(image) for image in request.images]
    timeline = observe(path, request.notes, *segments.span(request, asked), senses)
    references, known = References(stills, timeline), facts.Facts(timeline)

    def find(definition: occasions.Definition) -> segments.Found:
        return occasions.find(definition, timeline, references)

    def describe(stretch: Stretch, number: int) -> Known:
        return references.of_stretch(known.of_stretch(stretch, number))

    return segments.answer(request, asked, find, describe)
