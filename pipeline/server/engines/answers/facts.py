"""A timeline as what is known: of the video, and of any stretch of it."""

from pipeline.server.engines.answers.clip import clip
from pipeline.server.engines.answers.entries import entries
from pipeline.server.engines.evidence.timeline import Timeline
from pipeline.server.engines.known import Known
from pipeline.server.engines.segments import Stretch


def of_video(timeline: Timeline) -> Known:
    """All that is known of the window."""
    return Known(
        summary="\n".join(entry.line for entry in entries(timeline)),
        start_s=timeline.start_s,
        end_s=timeline.end_s,
        numbers={"duration": timeline.end_s - timeline.start_s},
    )


def of_stretch(timeline: Timeline, stretch: Stretch, number: int) -> Known:
    """What is known of one stretch, the nth of its kind."""
    del number
    return of_video(clip(timeline, *stretch))
