"""A window of a timeline: what lies inside of it, cut off at its ends."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from math import frexp
from typing import Generic, TypeVar

from pipeline.server.engines.contract import EngineError
from pipeline.server.engines.evidence.timeline import Glimpse, Passage, Shot, Timeline, Utterance

P = TypeVar("P", bound=Passage)


def clip(timeline: Timeline, start_s: float | None, end_s: float | None) -> Timeline:
    """The part from `start_s` to `end_s`; None is its own beginning or end. Loudness stays that of the whole.

    Raises:
        EngineError: nothing lies inside.
    """
    first_s = timeline.start_s if start_s is None else max(start_s, timeline.start_s)
    last_s = timeline.end_s if end_s is None else min(end_s, timeline.end_s)
    if (first_s, last_s) == (timeline.start_s, timeline.end_s):
        return timeline
    if first_s >= last_s:
        raise EngineError(
            f"The window from {first_s:.1f} s holds nothing of the file, which ends at {timeline.end_s:.1f} s."
        )
    return Clips(timeline).clip(first_s, last_s)


class Clips:
    """Many parts of one timeline: each costs what lies inside of it, not what lies around it."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self._shots, self._black, self._still = _track(timeline.shots), _track(timeline.black), _track(timeline.still)
        self._faces = _track(timeline.faces)
        self._text, self._speech = _track(timeline.text), _track(timeline.speech)
        self._sounds, self._events = _track(timeline.sounds), _track(timeline.events)

    def clip(self, start_s: float, end_s: float) -> Timeline:
        """The part from `start_s` to `end_s`, which may be empty."""
        shots = _inside(self._shots, start_s, end_s)
        speech = _inside(self._speech, start_s, end_s)
        return replace(
            self.timeline,
            start_s=start_s,
            end_s=end_s,
            shots=None if shots is None else tuple(_shown(each, start_s, end_s) for each in shots),
            black=_cut(_inside(self._black, start_s, end_s), start_s, end_s),
            still=_cut(_inside(self._still, start_s, end_s), start_s, end_s),
            glimpses=_seen(self.timeline.glimpses, start_s, end_s),
            faces=_cut(_inside(self._faces, start_s, end_s), start_s, end_s),
            text=_cut(_inside(self._text, start_s, end_s), start_s, end_s),
            speech=None if speech is None else tuple(_said(each, start_s, end_s) for each in speech),
            sounds=_cut(_inside(self._sounds, start_s, end_s), start_s, end_s),
            events=_cut(_inside(self._events, start_s, end_s), start_s, end_s),
        )


def _seen(glimpses: Sequence[Glimpse] | None, start_s: float, end_s: float) -> tuple[Glimpse, ...] | None:
    """Those inside, and the last one before: nothing much has changed since."""
    if glimpses is None:
        return None
    first = bisect_right(glimpses, start_s, key=lambda each: each.at_s)
    return tuple(glimpses[max(0, first - 1) : bisect_left(glimpses, end_s, key=lambda each: each.at_s)])


class _Track(Generic[P]):
    """Passages that may overlap, sorted into groups of like length: one long mark must not make all others be seen."""

    def __init__(self, passages: Sequence[P]) -> None:
        self._passages = passages
        groups: dict[int, list[tuple[float, int]]] = {}
        for place, each in enumerate(passages):
            groups.setdefault(frexp(each.end_s - each.start_s)[1], []).append((each.start_s, place))
        self._groups = [(2.0**length, sorted(group)) for length, group in groups.items()]

    def inside(self, start_s: float, end_s: float) -> list[P]:
        """Those that lie inside or reach into it, in their order."""
        places: list[int] = []
        for longest_s, group in self._groups:
            first, last = bisect_left(group, (start_s - longest_s,)), bisect_left(group, (end_s,))
            places += [place for _, place in group[first:last] if self._passages[place].end_s > start_s]
        return [self._passages[place] for place in sorted(places)]


def _track(passages: Sequence[P] | None) -> _Track[P] | None:
    return None if passages is None else _Track(passages)


def _inside(track: _Track[P] | None, start_s: float, end_s: float) -> list[P] | None:
    return None if track is None else track.inside(start_s, end_s)


def _cut(passages: Sequence[P] | None, start_s: float, end_s: float) -> tuple[P, ...] | None:
    return None if passages is None else tuple(_cut_off(each, start_s, end_s) for each in passages)


def _cut_off(passage: P, start_s: float, end_s: float) -> P:
    if passage.start_s >= start_s and passage.end_s <= end_s:
        return passage
    return replace(passage, start_s=max(passage.start_s, start_s), end_s=min(passage.end_s, end_s))


def _shown(shot: Shot, start_s: float, end_s: float) -> Shot:
    """A shot that is cut off at its beginning is not entered where it now begins."""
    is_late = shot.start_s < start_s
    return _cut_off(replace(shot, entered="start", entered_over_s=0.0) if is_late else shot, start_s, end_s)


def _said(utterance: Utterance, start_s: float, end_s: float) -> Utterance:
    """With the words alone of which at least half is said inside."""
    if utterance.start_s >= start_s and utterance.end_s <= end_s:
        return utterance
    words = tuple(word for word in utterance.words if start_s <= (word.start_s + word.end_s) / 2 <= end_s)
    # some languages are written without spaces
    between = " " if " " in utterance.text else ""
    return replace(_cut_off(utterance, start_s, end_s), words=words, text=between.join(word.text for word in words))
