"""A video in parts: where one ends and the next begins, by what changes there, and what each is called."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.server.engines import wording
from pipeline.server.engines.answers.clip import clip
from pipeline.server.engines.answers.keywords import keywords
from pipeline.server.engines.evidence.timeline import Line, Timeline

# No more parts than this, and none shorter.
_MOST, _SHORTEST_S = 12, 8.0
# Changes this close together are one.
_TOGETHER_S = 2.0
# A part begins where so much changes: a cut by itself is not enough, a cut with a title is.
# Where there are no pictures, words after a pause in another kind of sound have to do.
_LEAST, _LEAST_HEARD = 1.4, 1.1
_CUT, _FADE, _BLACK, _TITLE, _SPEECH, _SOUND = 0.9, 1.5, 1.0, 1.0, 0.7, 0.5
_PAUSE_OF_SPEECH_S, _PAUSE_OF_TITLES_S = 1.5, 3.0
# Who is cut off in the middle of what he says is not at the end of a part.
_WITHIN_SPEECH = 0.7
# What reaches so little into a part is of the one beside it.
_LEEWAY_S = 0.5
_WORDS_TOLD = 4
# Sounds that last for so much of a part are told of it.
_SHARE_TOLD = 0.2
_NAMED = {"other": "other sounds"}


@dataclass(frozen=True, slots=True)
class Change:
    """Something that changes at a time, and how much that speaks for a new part."""

    at_s: float
    kind: str
    weight: float


@dataclass(frozen=True, slots=True)
class Chapter:
    """One part. `inside` is the timeline of it alone."""

    start_s: float
    end_s: float
    inside: Timeline


def chapters(timeline: Timeline, wanted: int | None = None) -> list[Chapter]:
    """The parts of a window in order, one where nothing parts it; so many as are wanted, as far as something does."""
    bounds = [timeline.start_s, *_boundaries(timeline, wanted), timeline.end_s]
    return [Chapter(first_s, last_s, clip(timeline, first_s, last_s)) for first_s, last_s in pairwise(bounds)]


def label(chapter: Chapter) -> str:
    """What it is called: its tallest title and the words that it is fullest of; then how it sounds and looks."""
    return "; ".join(filter(None, (_title(chapter.inside), _telling(chapter.inside), looks(chapter))))


def looks(chapter: Chapter) -> str:
    """How it sounds and looks, as far as it was observed."""
    return "; ".join(filter(None, (_sound(chapter.inside), _pictures(chapter.inside)))) or "neither heard nor seen"


def _boundaries(timeline: Timeline, wanted: int | None) -> list[float]:
    whole_s = timeline.end_s - timeline.start_s
    least = _LEAST if timeline.shots else _LEAST_HEARD
    most, shortest_s = _MOST, max(_SHORTEST_S, whole_s / _MOST)
    if wanted:
        most, least, shortest_s = wanted, 0.0, min(_SHORTEST_S, whole_s / wanted / 2)
    chosen: list[float] = [timeline.start_s, timeline.end_s]
    for weight, change in _weighed(timeline):
        is_apart = all(abs(change.at_s - other_s) >= shortest_s for other_s in chosen)
        if weight >= least and is_apart and len(chosen) <= most:
            chosen.append(change.at_s)
    return sorted(chosen)[1:-1]


def _weighed(timeline: Timeline) -> list[tuple[float, Change]]:
    """All changes, each with the weight of what changes together with it, the weightiest first."""
    changes = sorted(_changes(timeline), key=lambda change: change.at_s)
    times = [change.at_s for change in changes]
    spoken = sorted((said.start_s, said.end_s) for said in timeline.speech or ())
    weighed = []
    for change in changes:
        near = changes[bisect_left(times, change.at_s - _TOGETHER_S) : bisect_right(times, change.at_s + _TOGETHER_S)]
        weights: dict[str, float] = {}
        for each in near:
            weights[each.kind] = max(weights.get(each.kind, 0.0), each.weight)
        cut_off = _WITHIN_SPEECH if _is_within(change.at_s, spoken) else 0.0
        # where a shot begins is where the part does, whatever else changes beside it
        anchor = max(near, key=lambda each: (each.kind == "shot", each.weight, -each.at_s))
        weighed.append((sum(weights.values()) - cut_off, anchor))
    return sorted(weighed, key=lambda pair: (-pair[0], -pair[1].weight, pair[1].at_s))


def _is_within(at_s: float, spoken: Sequence[tuple[float, float]]) -> bool:
    place = bisect_left(spoken, (at_s - _LEEWAY_S, 0.0))
    return place > 0 and at_s + _LEEWAY_S < spoken[place - 1][1]


def _changes(timeline: Timeline) -> Iterator[Change]:
    for shot in (timeline.shots or ())[1:]:
        yield Change(shot.start_s, "shot", (_CUT if shot.entered == "cut" else _FADE) * shot.confidence)
    for black in timeline.black or ():
        yield Change(black.end_s, "black", _BLACK)
    titles = sorted((line.start_s, line.end_s) for line in _titles(timeline))
    yield from (Change(at_s, "title", _TITLE) for at_s in _after_pause(titles, _PAUSE_OF_TITLES_S))
    spoken = sorted((said.start_s, said.end_s) for said in timeline.speech or ())
    yield from (Change(at_s, "speech", _SPEECH) for at_s in _after_pause(spoken, _PAUSE_OF_SPEECH_S))
    yield from (Change(sound.start_s, "sound", _SOUND) for sound in (timeline.sounds or ())[1:])


def _after_pause(spans: Sequence[tuple[float, float]], pause_s: float) -> Iterator[float]:
    ended_s = float("-inf")
    for start_s, end_s in spans:
        if start_s - ended_s >= pause_s:
            yield start_s
        ended_s = max(ended_s, end_s)


def _titles(timeline: Timeline) -> list[Line]:
    return [line for line in timeline.text or () if line.kind == "title"]


def _title(inside: Timeline) -> str:
    lasting = [line for line in _titles(inside) if line.end_s - line.start_s >= _LEEWAY_S]
    tallest = max(lasting, key=lambda line: (line.height_px, -line.start_s), default=None)
    return f'"{tallest.text}"' if tallest else ""


def _telling(inside: Timeline) -> str:
    words = [word.text for word in keywords(inside) if not word.read][:_WORDS_TOLD]
    return f"words: {', '.join(words)}" if words else ""


def _sound(inside: Timeline) -> str:
    lasting: dict[str, float] = {}
    for sound in inside.sounds or ():
        lasting[sound.kind] = lasting.get(sound.kind, 0.0) + sound.end_s - sound.start_s
    least_s = (inside.end_s - inside.start_s) * _SHARE_TOLD
    in_order = sorted(lasting.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(_NAMED.get(kind, kind) for kind, lasts_s in in_order if lasts_s >= least_s)


def _pictures(inside: Timeline) -> str:
    shots = inside.shots or ()
    if not shots:
        return ""
    longest = max(shots, key=lambda shot: shot.end_s - shot.start_s)
    count = "1 shot," if len(shots) == 1 else f"{len(shots)} shots, the longest"
    return f"{count} {wording.colours(longest.colours)}"
