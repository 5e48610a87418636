"""Where in a video is what a segment definition describes, as far as the evidence tells."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.server.engines.answers.asked import Asked, read
from pipeline.server.engines.answers.aspects import FADES, SHOTS, WHOLE, Aspect, Part
from pipeline.server.engines.answers.chapters import chapters
from pipeline.server.engines.answers.entries import Entry, entries
from pipeline.server.engines.answers.lookedat import not_looked_for, why_not
from pipeline.server.engines.answers.ranking import Index
from pipeline.server.engines.answers.references import References
from pipeline.server.engines.answers.stems import stems
from pipeline.server.engines.evidence.timeline import Shot, Timeline
from pipeline.server.engines.segments import Found, Stretch

Definition = Mapping[str, Any]

# What is read or heard this soon after another is of the same occasion.
_TOGETHER_S = 2.0
# What answers to the words this much less than the best does is about something else.
_LEAST_SHARE = 0.3
# Ways of naming the parts of a video.
_OF_PARTS = frozenset(stems("chapter section segment part topic theme subject agenda"))
_WHERE_READ_OR_HEARD: tuple[Part, ...] = ("text", "speech")
# So a description speaks of what is said or written, rather than of what is to be seen.
_OF_CONTENT = re.compile(
    r"\b(?:about|mention\w*|sa(?:y|ys|ying|id)|words?|discuss\w*|talk\w*|reads?|quot\w+)\b", re.IGNORECASE
)


def find(definition: Definition, timeline: Timeline, references: References) -> Found:
    """Shots like a reference picture; what is said or written; passages of a kind; the parts of the video; its shots.

    What cannot be determined has the shots of the video for its segments, with a warning.
    """
    if pictures := references.of(definition):
        return Found([_span(shot) for shot in timeline.shots or () if references.shows(pictures, shot)])
    asked = read(definition["description"])
    kinds = tuple(aspect for aspect in asked.aspects if aspect.noun not in WHOLE)
    if hits := _speaking_of(timeline, asked, kinds):
        is_of_shots = bool(SHOTS.words.intersection(stems(definition["description"])))
        return Found(_shots_of(timeline, hits) if is_of_shots else joined(hits, _TOGETHER_S))
    if asked.words and _OF_CONTENT.search(definition["description"]):
        return _unfound(definition, timeline, asked, kinds)
    if kinds:
        return _of_kinds(definition, timeline, kinds)
    return _parts(definition, timeline, asked)


def joined(stretches: Iterable[Stretch], gap_s: float = 0.0) -> list[Stretch]:
    """In order, those that overlap or lie less than `gap_s` apart as one."""
    found: list[Stretch] = []
    for start_s, end_s in sorted(stretches):
        if found and start_s < found[-1][1] + gap_s:
            found[-1] = (found[-1][0], max(found[-1][1], end_s))
        elif end_s > start_s:
            found.append((start_s, end_s))
    return found


def common(one: Iterable[Stretch], other: Iterable[Stretch]) -> list[Stretch]:
    """What lies in both."""
    others = list(other)
    both = ((max(start_s, first_s), min(end_s, last_s)) for start_s, end_s in one for first_s, last_s in others)
    return joined((start_s, end_s) for start_s, end_s in both if end_s > start_s)


def _speaking_of(timeline: Timeline, asked: Asked, kinds: tuple[Aspect, ...]) -> list[Stretch]:
    """When the words of the description are read or heard; of the kinds that it names, if it names any."""
    told = [kind for kind in kinds if kind.part in _WHERE_READ_OR_HEARD]
    found = [
        entry for entry in entries(timeline) if entry.quoted and (not told or any(kind.of(entry) for kind in told))
    ]
    scores = Index(stems(entry.quoted) for entry in found).scores(token.stem for token in asked.words)
    least = _LEAST_SHARE * max(scores.values(), default=0.0)
    return [_span(found[place].of) for place, score in scores.items() if score >= least]


def _unfound(definition: Definition, timeline: Timeline, asked: Asked, kinds: tuple[Aspect, ...]) -> Found:
    named: list[Part] = [kind.part for kind in kinds if kind.part in _WHERE_READ_OR_HEARD]
    words = ", ".join(token.text for token in asked.words)
    unknown = [reason for part in named or _WHERE_READ_OR_HEARD if (reason := why_not(timeline, part))]
    if len(unknown) == len(named or _WHERE_READ_OR_HEARD):
        return Found((), f"Whether {words} was read or heard is not known, since {unknown[0]}: {_none(definition)}")
    return Found((), f"Nothing like {words} was read on screen or heard: {_none(definition)}")


def _none(definition: Definition) -> str:
    return f"{definition['id']} has no segments."


def _of_kinds(definition: Definition, timeline: Timeline, kinds: tuple[Aspect, ...]) -> Found:
    """What is of all kinds that are named; where nothing is, what is of any of them."""
    for kind in kinds:
        if reason := not_looked_for(timeline, kind):
            return Found((), f"{reason} So {_none(definition)}")
    found = entries(timeline)
    each = [joined(_spans(kind, found)) for kind in kinds]
    both = each[0]
    for stretches in each[1:]:
        both = common(both, stretches)
    return Found(both or joined(stretch for stretches in each for stretch in stretches))


def _spans(kind: Aspect, found: Iterable[Entry]) -> Iterable[Stretch]:
    for entry in found:
        if kind.counts(entry):
            yield _transition(entry.of) if kind is FADES and isinstance(entry.of, Shot) else _span(entry.of)


def _transition(shot: Shot) -> Stretch:
    """The time that a fade or a dissolve takes; `start_s` is in the middle of it."""
    return shot.start_s - shot.entered_over_s / 2, shot.start_s + shot.entered_over_s / 2


def _parts(definition: Definition, timeline: Timeline, asked: Asked) -> Found:
    is_of_parts = bool(_OF_PARTS.intersection(stems(definition["description"])))
    if is_of_parts:
        parts = [(chapter.start_s, chapter.end_s) for chapter in chapters(timeline)]
        return Found(parts, _beyond(definition, asked, "the parts of the video"))
    shots = [_span(shot) for shot in timeline.shots or ()]
    is_understood = bool(asked.aspects)
    warning = None if is_understood and not asked.words and not asked.limits else _unknown(definition, asked)
    return Found(shots or [(timeline.start_s, timeline.end_s)], warning)


def _beyond(definition: Definition, asked: Asked, what: str) -> str | None:
    return _unknown(definition, asked, what) if asked.words or asked.limits else None


def _unknown(definition: Definition, asked: Asked, what: str = "the shots of the video") -> str:
    reason = " ".join(asked.limits)
    said = f"What {definition['id']} describes cannot be determined: its segments are {what}."
    return f"{said} {reason}" if reason else said


def _shots_of(timeline: Timeline, hits: Iterable[Stretch]) -> list[Stretch]:
    """The shots in which something is read or heard."""
    told = list(hits)
    return [
        _span(shot)
        for shot in timeline.shots or ()
        if any(start_s < shot.end_s and end_s > shot.start_s for start_s, end_s in told)
    ]


def _span(passage: Any) -> Stretch:
    return passage.start_s, passage.end_s
