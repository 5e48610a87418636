"""Where in a video is what a segment definition describes, as far as the evidence tells."""

import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import pairwise
from typing import Any

from pipeline.server.engines.answers.asked import read
from pipeline.server.engines.answers.aspects import FADES, WHOLE, Aspect, Part
from pipeline.server.engines.answers.chapters import chapters
from pipeline.server.engines.answers.entries import Entry, Kind, entries
from pipeline.server.engines.answers.lookedat import is_settled, not_looked_for, why_not
from pipeline.server.engines.answers.moments import both_ends, every_s, moments
from pipeline.server.engines.answers.ranking import Index
from pipeline.server.engines.answers.references import References
from pipeline.server.engines.evidence.timeline import Passage, Shot, Timeline
from pipeline.server.engines.segments import Found
from pipeline.server.engines.stretches import Stretch, apart, common, joined
from pipeline.server.engines.topics import words_of
from pipeline.server.engines.words import stems

Definition = Mapping[str, Any]

# What is read or heard this soon after another is of the same occasion.
_TOGETHER_S = 2.0
# What answers to the words this much less than the best does is about something else.
_LEAST_SHARE = 0.3
# Ways of naming the parts of a video; those of chapters also say what every segment is.
_OF_CHAPTERS = frozenset(("chapter", "section", "topic", "theme", "subject", "agenda", "story", "storie", "item"))
_OF_PARTS = _OF_CHAPTERS | {"segment", "part"}
_OF_SHOTS = frozenset(("shot", "scene"))
_LASTING: frozenset[Kind] = frozenset(("mark", "ticker", "timecode"))
_WHERE_READ_OR_HEARD: tuple[Part, ...] = ("text", "speech")
# So a description speaks of what is said or written, rather than of what is to be seen.
_OF_CONTENT = re.compile(
    r"\b(?:about|mention\w*|sa(?:y|ys|ying|id)|words?|discuss\w*|talk\w*|reads?|quot\w+)\b", re.IGNORECASE
)
# Where in the picture something stands, and how definitions speak of time, is nothing that is read or heard.
_NO_CONTENT = frozenset(
    stems(
        "bottom top corner left right upper lower centre center middle edge passage stretch stand strong slow full"
        " fully high low contain feature span break"
    )
)
# What follows is not to be there; "no" and "not" alone stand for too much else, and are told of.
_WITHOUT = re.compile(r"\b(?:without|except(?: for)?|excluding|but (?:no|not))\b(?: any\b)?", re.IGNORECASE)
_NEGATED = re.compile(r"\b(?:no|not|nobody|nothing|never|none)\b", re.IGNORECASE)
# What is left between two passages and is shorter was never meant; nor are steps as short as this.
_SLIVER_S, _SHORTEST_STEP_S = 0.1, 1.0
_NOT_ALL = "Not all that {id} describes had a part in the choice of its segments."
# A line that lasts for more of the video says nothing of one part of it.
_LONGEST_SHARE = 0.5
# By these either of two things is meant, or perhaps either.
_EITHER, _PERHAPS = re.compile(r"\bor\b|/"), re.compile(r"\band\b|[,;.&+]\s")


def find(definition: Definition, timeline: Timeline, references: References) -> Found:
    """Shots like a reference picture; what is said or written; passages of a kind; the parts of the video; its shots.

    What cannot be determined has none, with a warning; where parts of the video are described, it has all of those.
    """
    if pictures := references.of(definition):
        shown = [_span(shot) for shot in timeline.shots or () if references.shows(pictures, shot)]
        return Found(shown, None if shown else f"{references.at_best(pictures)} So {_none(definition)}")
    found = _in_time(definition, timeline)
    return replace(found, stretches=common(found.stretches, [(timeline.start_s, timeline.end_s)]))


def _in_time(definition: Definition, timeline: Timeline) -> Found:
    """What is described, within the times that are named; those times, where the description names nothing else."""
    described, window = str(definition["description"]), (timeline.start_s, timeline.end_s)
    named = both_ends(described, *window) or [each for each in [moments(described, *window)] if each]
    lasting = joined((each.start_s, each.end_s) for each in named)
    if not lasting:
        return _regular(described, window) or _found(definition, timeline)
    if not _names_any(named[0].rest):
        return Found(lasting)
    found = _found({**definition, "description": named[0].rest}, timeline)
    return replace(found, stretches=common(found.stretches, lasting))


def _regular(described: str, window: Stretch) -> Found | None:
    """Stretches of one length, the last one as long as the rest; None where none is named, or too short a one."""
    step_s = every_s(described)
    if step_s is None or step_s < _SHORTEST_STEP_S:
        return None
    start_s, end_s = window
    edges = [start_s + number * step_s for number in range(math.ceil((end_s - start_s) / step_s))]
    return Found(list(pairwise([*edges, end_s])))


def _found(definition: Definition, timeline: Timeline) -> Found:
    """What is described, without what is described as not being there."""
    whole = (timeline.start_s, timeline.end_s)
    wanted, *unwanted = _WITHOUT.split(str(definition["description"]), maxsplit=1)
    if not unwanted:
        found = _Search(definition, timeline).found()
        return _partly(found, definition) if _NEGATED.search(wanted) and found.stretches else found
    found = _Search({**definition, "description": wanted}, timeline).found() if _names_any(wanted) else Found([whole])
    taken = _Search({**definition, "description": unwanted[0]}, timeline).known()
    if taken is None:
        return _partly(found, definition)
    if _OF_SHOTS.intersection(words_of(wanted)):
        return replace(found, stretches=[each for each in found.stretches if not common([each], taken)])
    return replace(found, stretches=[each for each in apart(found.stretches, taken) if each[1] - each[0] >= _SLIVER_S])


def _partly(found: Found, definition: Definition) -> Found:
    return replace(found, warning=" ".join(filter(None, (found.warning, _NOT_ALL.format(id=definition["id"])))))


def _names_any(wanted: str) -> bool:
    """Whether anything is to be there, rather than whatever is left when something else is taken away."""
    asked = read(wanted)
    is_of_content = any(word.stem not in _NO_CONTENT | _OF_PARTS for word in asked.words)
    return bool(asked.aspects or is_of_content or _OF_CHAPTERS.intersection(words_of(wanted)))


class _Search:
    """What a definition describes, looked for in a timeline."""

    def __init__(self, definition: Definition, timeline: Timeline) -> None:
        self._definition, self._timeline = definition, timeline
        self._described = _described(definition)
        self._stems, self._named = frozenset(stems(self._described)), frozenset(words_of(self._described))
        self._asked = read(self._described)
        self._kinds = tuple(aspect for aspect in self._asked.aspects if aspect.noun not in WHOLE)
        self._words = tuple(word for word in self._asked.words if word.stem not in _NO_CONTENT)
        self._entries = entries(timeline)

    def found(self) -> Found:
        if not self._words and self._named & _OF_CHAPTERS and {kind.part for kind in self._kinds} <= {"text", "speech"}:
            return self._parts()
        if self._words and (hits := self._hits()):
            return self._speaking(hits)
        if self._words and _OF_CONTENT.search(self._described):
            return self._unfound()
        return self._of_kinds() if self._kinds else self._parts()

    def known(self) -> list[Stretch] | None:
        """Where any of it is; None where that is not known."""
        if self._asked.limits or any(not_looked_for(self._timeline, kind) for kind in self._kinds):
            return None
        if self._words:
            parts = {kind.part for kind in self._kinds}.intersection(_WHERE_READ_OR_HEARD) or _WHERE_READ_OR_HEARD
            return joined(self._hits()) if all(is_settled(self._timeline, part) for part in parts) else None
        return joined(each for kind in self._kinds for each in self._spans(kind)) if self._kinds else None

    def _hits(self) -> list[Stretch]:
        """When the words are read or heard; of the kinds that are named, if any are."""
        told = [kind for kind in self._kinds if kind.part in _WHERE_READ_OR_HEARD]
        quoted = [each for each in self._entries if each.quoted and self._may_tell(each, told)]
        scores = Index(stems(each.quoted) for each in quoted).scores(word.stem for word in self._words)
        least = _LEAST_SHARE * max(scores.values(), default=0.0)
        return [_span(quoted[place].of) for place, score in scores.items() if score >= least]

    def _may_tell(self, entry: Entry, told: Sequence[Aspect]) -> bool:
        if told:
            return any(kind.of(entry) for kind in told)
        whole_s = self._timeline.end_s - self._timeline.start_s
        return entry.kind not in _LASTING or entry.end_s - entry.start_s <= _LONGEST_SHARE * whole_s

    def _speaking(self, hits: list[Stretch]) -> Found:
        """Those, or the shots with them, while whatever else is named lasts."""
        stretches = self._shots_of(hits) if self._named & _OF_SHOTS else joined(hits, _TOGETHER_S)
        others = [kind for kind in self._kinds if kind.part not in _WHERE_READ_OR_HEARD]
        found = reduce(common, map(self._spans, others), stretches)
        return (
            Found(found, self._beyond())
            if found
            else self._apart([*(word.text for word in self._words), *_nouns(others)])
        )

    def _unfound(self) -> Found:
        words = ", ".join(word.text for word in self._words)
        named: list[Part] = [kind.part for kind in self._kinds if kind.part in _WHERE_READ_OR_HEARD]
        parts = named or _WHERE_READ_OR_HEARD
        unknown = [reason for part in parts if (reason := why_not(self._timeline, part))]
        if len(unknown) == len(parts):
            return Found((), f"Whether {words} was read or heard is not known, since {unknown[0]}: {self._none()}")
        return Found((), f"Nothing like {words} was read on screen or heard: {self._none()}")

    def _of_kinds(self) -> Found:
        """What is of all kinds that are named; of any of them where the description says so, or may say so."""
        for kind in self._kinds:
            if reason := not_looked_for(self._timeline, kind):
                return Found((), f"{reason} So {self._none()}")
        each = [self._spans(kind) for kind in self._kinds]
        either = joined(stretch for stretches in each for stretch in stretches)
        if len(each) == 1 or _EITHER.search(self._described.lower()):
            return Found(either, self._beyond())
        both = reduce(common, each)
        if not both and _PERHAPS.search(self._described):
            return Found(either, self._beyond())
        if both or not either:
            return Found(both, self._beyond())
        return self._apart(_nouns(self._kinds))

    def _apart(self, things: Iterable[str]) -> Found:
        """None, since all of them are there and never together."""
        told = f"Nowhere are there {' and '.join(things)} at once: {self._none()}"
        return Found((), " ".join((told, *self._asked.limits)))

    def _spans(self, kind: Aspect) -> list[Stretch]:
        counted = [entry for entry in self._entries if kind.counts(entry)]
        return joined(
            _transition(entry.of) if kind is FADES and isinstance(entry.of, Shot) else _span(entry.of)
            for entry in counted
        )

    def _parts(self) -> Found:
        """The parts of the video, or its shots, where the description names them; else nothing that is described."""
        if self._named & _OF_PARTS:
            parts = [(chapter.start_s, chapter.end_s) for chapter in chapters(self._timeline)]
            return Found(parts, self._unknown("the parts of the video") if self._is_beyond() else None)
        if not self._named & _OF_SHOTS and self._is_beyond():
            return Found((), self._unknown())
        shots = [_span(shot) for shot in self._timeline.shots or ()]
        is_known = self._asked.aspects and not self._is_beyond()
        whole = [(self._timeline.start_s, self._timeline.end_s)]
        what = "the shots of the video" if shots else "the whole of it"
        return Found(shots or whole, None if is_known else self._unknown(what))

    def _is_beyond(self) -> bool:
        return bool(self._words or self._asked.limits)

    def _unknown(self, what: str | None = None) -> str:
        rest = "it has no segments" if what is None else f"its segments are {what}"
        said = f"What {self._definition['id']} describes cannot be determined: {rest}."
        return " ".join((said, *self._asked.limits))

    def _beyond(self) -> str | None:
        """What of the description had no part in the choice, though something else of it had."""
        told = " ".join(self._asked.limits)
        return f"{_NOT_ALL.format(id=self._definition['id'])} {told}" if told else None

    def _none(self) -> str:
        return _none(self._definition)

    def _shots_of(self, hits: Iterable[Stretch]) -> list[Stretch]:
        """The shots in which something is read or heard."""
        told = joined(hits)
        return [_span(shot) for shot in self._timeline.shots or () if common([_span(shot)], _near(told, shot))]


def _near(stretches: list[Stretch], shot: Shot) -> list[Stretch]:
    first = bisect_right(stretches, shot.start_s, key=lambda each: each[1])
    return stretches[first : first + 1]


def _nouns(kinds: Iterable[Aspect]) -> list[str]:
    return [kind.noun for kind in kinds]


def _described(definition: Definition) -> str:
    """The description; where that says nothing, the words of the definition's id."""
    description = str(definition["description"])
    asked = read(description)
    says = asked.words or asked.aspects or asked.limits or _OF_PARTS.intersection(words_of(description))
    return description if says else " ".join(words_of(str(definition["id"])))


def _none(definition: Definition) -> str:
    return f"{definition['id']} has no segments."


def _transition(shot: Shot) -> Stretch:
    """The time that a fade or a dissolve takes; `start_s` is in the middle of it."""
    return shot.start_s - shot.entered_over_s / 2, shot.start_s + shot.entered_over_s / 2


def _span(passage: Passage) -> Stretch:
    return passage.start_s, passage.end_s
