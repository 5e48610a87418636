"""The answer to a prompt, in words: evidence with its times, and what could not be determined."""

from collections.abc import Iterator

from pipeline.server.engines.answers.entries import entries
from pipeline.server.engines.evidence.timeline import Timeline
from pipeline.server.engines.times import clock


def tell(timeline: Timeline, prompt: str) -> Iterator[str]:
    """Line by line, the most relevant first."""
    del prompt
    yield f"Observed [{clock(timeline.start_s)}-{clock(timeline.end_s)}]."
    for entry in entries(timeline):
        yield entry.line
