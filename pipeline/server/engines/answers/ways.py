"""What the engine does for each way of asking: observe, then tell."""

from pathlib import Path

from pipeline.server.engines import segments
from pipeline.server.engines.answers import facts, occasions
from pipeline.server.engines.answers.observe import observe
from pipeline.server.engines.answers.text import tell
from pipeline.server.engines.contract import Answer, EngineRequest, SegmentQuestion
from pipeline.server.engines.evidence.whisper_model import WhisperModel
from pipeline.server.engines.known import Known
from pipeline.server.engines.reply import reply, reply_schema
from pipeline.server.engines.segments import Stretch


def at_video(request: EngineRequest, path: Path, whisper: WhisperModel | None = None) -> Answer:
    """A question about a video, in words or in the form of a JSON schema."""
    timeline = observe(path, request.notes, request.start_s, request.end_s, whisper)
    if request.json_schema is not None:
        return reply_schema(request, facts.of_video(timeline))
    return reply(request, "\n".join(tell(timeline, request.prompt)))


def for_segments(
    request: EngineRequest, path: Path, asked: SegmentQuestion, whisper: WhisperModel | None = None
) -> Answer:
    """The segments of a video."""
    timeline = observe(path, request.notes, *segments.span(request, asked), whisper)

    def describe(stretch: Stretch, number: int) -> Known:
        return facts.of_stretch(timeline, stretch, number)

    def find(definition: occasions.Definition) -> segments.Found:
        return occasions.find(definition, timeline)

    return segments.answer(request, asked, find, describe)
