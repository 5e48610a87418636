"""Where in a video is what a segment definition describes, as far as the evidence tells."""

from collections.abc import Mapping
from typing import Any

from pipeline.server.engines.evidence.timeline import Timeline
from pipeline.server.engines.segments import Found

Definition = Mapping[str, Any]


def find(definition: Definition, timeline: Timeline) -> Found:
    """The stretches in which it is, in order."""
    del definition
    shots = [(shot.start_s, shot.end_s) for shot in timeline.shots or ()]
    return Found(shots or [(timeline.start_s, timeline.end_s)])
