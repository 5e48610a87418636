"""A window of a timeline: what lies inside of it, cut off at its ends."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from pipeline.server.engines.contract import EngineError
from pipeline.server.engines.evidence.timeline import Passage, Timeline, Utterance

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
    speech = _within(timeline.speech, first_s, last_s)
    return replace(
        timeline,
        start_s=first_s,
        end_s=last_s,
        shots=_within(timeline.shots, first_s, last_s),
        black=_within(timeline.black, first_s, last_s),
        still=_within(timeline.still, first_s, last_s),
        text=_within(timeline.text, first_s, last_s),
        speech=None if speech is None else tuple(_said(each, first_s, last_s) for each in speech),
        sounds=_within(timeline.sounds, first_s, last_s),
        events=_within(timeline.events, first_s, last_s),
    )


def _within(entries: Iterable[P] | None, start_s: float, end_s: float) -> tuple[P, ...] | None:
    if entries is None:
        return None
    return tuple(
        replace(each, start_s=max(each.start_s, start_s), end_s=min(each.end_s, end_s))
        for each in entries
        if each.start_s < end_s and each.end_s > start_s
    )


def _said(utterance: Utterance, start_s: float, end_s: float) -> Utterance:
    """With the words alone of which at least half is said inside."""
    words = tuple(word for word in utterance.words if start_s <= (word.start_s + word.end_s) / 2 <= end_s)
    return replace(utterance, words=words, text=" ".join(word.text for word in words))
