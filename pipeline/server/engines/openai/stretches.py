"""Segments as a model gave them, made to keep the rules: inside the window, no overlaps, of the lengths asked for."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from pipeline.server.engines.contract import SegmentQuestion
from pipeline.server.engines.segments import boundaries, fields_schema, fitting, within
from pipeline.server.engines.stretches import Stretch
from pipeline.server.engines.watch import Passage

# A segment that comes so near to where two parts of a video meet is meant to reach it.
_SEAM_S = 0.5

Row = Mapping[str, Any]


def schema(asked: SegmentQuestion) -> dict[str, Any]:
    """The form of the segments of one part of a video."""
    rows = {definition["id"]: {"type": "array", "items": _row(definition, asked)} for definition in asked.definitions}
    return {"type": "object", "properties": rows, "required": list(rows)}


def _row(definition: Mapping[str, Any], asked: SegmentQuestion) -> dict[str, Any]:
    properties = {
        "start_time": {"type": "number"},
        "end_time": {"type": "number"},
        "metadata": fields_schema(definition.get("fields") or (), asked),
    }
    return {"type": "object", "properties": properties, "required": list(properties)}


def merge(
    definition: Mapping[str, Any], asked: SegmentQuestion, parts: Sequence[tuple[Passage, Sequence[Row]]]
) -> list[dict[str, Any]]:
    """The segments of one definition, from what each part of the video gave."""
    given = [row for window, rows in parts for row in _inside(rows, window)]
    seams = [window[0] for window, _ in parts[1:]]
    joined = list(_joined(_apart(given), seams))
    stretches = fitting([stretch for stretch, _ in joined], definition, asked)
    return [{**boundaries(stretch, asked), "metadata": _metadata(stretch, joined)} for stretch in stretches]


def _inside(rows: Iterable[Row], window: Passage) -> Iterable[tuple[Stretch, Any]]:
    for row in rows:
        for stretch in within([(row["start_time"], row["end_time"])], window):
            yield stretch, row["metadata"]


def _apart(given: Iterable[tuple[Stretch, Any]]) -> list[tuple[Stretch, Any]]:
    """In order; where two overlap, the later one begins where the earlier one ends."""
    kept: list[tuple[Stretch, Any]] = []
    for (start_s, end_s), metadata in sorted(given, key=lambda one: one[0]):
        begin_s = max(start_s, kept[-1][0][1]) if kept else start_s
        if begin_s < end_s:
            kept.append(((begin_s, end_s), metadata))
    return kept


def _joined(rows: Sequence[tuple[Stretch, Any]], seams: Sequence[float]) -> list[tuple[Stretch, Any]]:
    """With those made one that a seam alone divides: both reach it, and the same is said of both."""
    kept: list[tuple[Stretch, Any]] = list(rows[:1])
    for (before, said), (after, metadata) in pairwise(rows):
        is_cut = any(before[1] >= seam - _SEAM_S and before[0] < seam <= after[0] + _SEAM_S for seam in seams)
        is_cut = is_cut and after[0] - before[1] <= 2 * _SEAM_S
        if is_cut and said == metadata:
            kept[-1] = ((kept[-1][0][0], after[1]), metadata)
        else:
            kept.append((after, metadata))
    return kept


def _metadata(stretch: Stretch, rows: Sequence[tuple[Stretch, Any]]) -> Any:
    """What was said of the segment that most of the stretch comes from."""

    def shared(row: tuple[Stretch, Any]) -> float:
        return min(stretch[1], row[0][1]) - max(stretch[0], row[0][0])

    return max(rows, key=shared)[1]
