"""Where in a video reference pictures are: by the layout and the colours of whole pictures."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pipeline.server.engines import wording
from pipeline.server.engines.answers.pictures import Still, tell_still
from pipeline.server.engines.evidence.glimpses import coarse, sketch_of
from pipeline.server.engines.evidence.timeline import Passage, Timeline
from pipeline.server.engines.known import Known, Later
from pipeline.server.engines.likeness import alike
from pipeline.server.engines.times import clock, span

# A shot in which some picture is this much like a reference picture shows it ("similar" in words).
_SHOWS = 0.75
# Shots whose likeness is this close to the best are told with it, so many of them.
_NEAR, _MOST_TOLD = 0.05, 5
_NO_PICTURES = "There are no pictures to compare it with."
_NOT_LOOKED = "It was not compared with the video, since server.tracks names other tracks alone."


class References:
    """How much the pictures of a timeline are like each of some stills."""

    def __init__(self, stills: Sequence[Still], timeline: Timeline) -> None:
        self._stills = stills
        self._timeline = timeline
        seen = timeline.glimpses or () if stills else ()
        self._times = [glimpse.at_s for glimpse in seen]
        sketches = [sketch_of(glimpse) for glimpse in seen]
        wanted = [coarse(still.sketch) for still in stills]
        self._likes = [tuple(alike(each, sketch) for each in wanted) for sketch in sketches]

    def of(self, definition: Mapping[str, Any]) -> tuple[int, ...]:
        """The places of a definition's pictures; told apart by its id where two definitions use one name."""
        names = [source["name"] for source in definition.get("media_sources") or ()]
        meant = {*names, *(f"{definition['id']}/{name}" for name in names)}
        return tuple(place for place, still in enumerate(self._stills) if still.name in meant)

    def shows(self, places: Sequence[int], shot: Passage) -> bool:
        """Whether one of these pictures is shown in a shot."""
        return max(self._best(place, shot)[0] for place in places) >= _SHOWS

    def at_best(self, places: Sequence[int]) -> str:
        """The sentence about how much the video is like these pictures, where none of them is shown."""
        if not self._times:
            return self._why_not()
        whole = Passage(self._timeline.start_s, self._timeline.end_s, 1.0)
        likeness, at_s = max((self._best(place, whole) for place in places), key=lambda best: (best[0], -best[1]))
        return (
            f"No shot is as much like its reference pictures as {_SHOWS:.0%}: at best {likeness:.0%} at {clock(at_s)}."
        )

    def tell(self) -> Iterator[str]:
        """A line for each still, and what a likeness is worth."""
        for place, still in enumerate(self._stills):
            yield f"{tell_still(still)} {self._most_like(place)}"
        if self._stills:
            yield "Likeness compares the layout and the colours of whole pictures, not the things they show."

    def known(self, known: Known) -> Known:
        """What is known of the video, with the likeness of it and of its shots to the stills."""
        if not self._stills or not self._times:
            return known
        parts: dict[str, Callable[[], tuple[Known, ...]]] = {
            name: partial(known.parts.__getitem__, name) for name in known.parts
        }
        if "shots" in parts:
            parts["shots"] = lambda: tuple(map(self.of_stretch, known.parts["shots"]))
        told = "\n".join((known.summary, *(self._most_like(place) for place in range(len(self._stills)))))
        named = {still.name: self._where(place) for place, still in enumerate(self._stills)}
        return replace(self.of_stretch(known), summary=told, parts=Later(parts), named={**known.named, **named})

    def _where(self, place: int) -> Known:
        """How much the video is like a still at best, and in which of its shots, unless none is like it."""
        shots = self._timeline.shots or (Passage(self._timeline.start_s, self._timeline.end_s, 1.0),)
        likeness, shot = max(((self._best(place, each)[0], each) for each in shots), key=lambda best: best[0])
        if likeness < wording.UNLIKE:
            return Known(self._most_like(place), numbers={"likeness": likeness})
        times = {"start": shot.start_s, "end": shot.end_s, "duration": shot.end_s - shot.start_s}
        known = Known(
            summary=self._most_like(place),
            start_s=shot.start_s,
            end_s=shot.end_s,
            numbers={"likeness": likeness, **times},
            labels={"name": self._stills[place].name},
        )
        # Whoever asks for an object of this name is told of it with its times.
        return replace(known, named={self._stills[place].name: known})

    def of_stretch(self, known: Known) -> Known:
        """What is known of a stretch, with the likeness of it to the stills."""
        if not self._stills or not self._times:
            return known
        span = Passage(known.start_s or 0.0, known.end_s or 0.0, 1.0)
        best = max(self._best(place, span)[0] for place in range(len(self._stills)))
        return replace(known, numbers={**known.numbers, "likeness": best})

    def _best(self, place: int, span: Passage) -> tuple[float, float]:
        """(likeness, when) of the picture that is most like a still; of none inside, that of the last one before."""
        first, last = bisect_left(self._times, span.start_s), bisect_left(self._times, span.end_s)
        inside = range(max(0, min(first, last - 1)), max(1, last))
        found = [(self._likes[index][place], -self._times[index]) for index in inside if index < len(self._times)]
        likeness, at_s = max(found, default=(0.0, -span.start_s))
        return likeness, max(-at_s, span.start_s)

    def _most_like(self, place: int) -> str:
        shots = self._timeline.shots or ()
        if not shots or not self._times:
            return self._why_not()
        found = [(*self._best(place, shot), shot) for shot in shots]
        best = max(likeness for likeness, _, _ in found)
        near = [span(shot) for likeness, _, shot in found if best - likeness < _NEAR]
        at_s = next(at_s for likeness, at_s, _ in found if likeness == best)
        if best < wording.UNLIKE:
            return f"No shot is like it: at best {best:.0%} at {clock(at_s)}."
        said = f"Most like it: {', '.join(near[:_MOST_TOLD])}, at best {best:.0%} at {clock(at_s)}"
        return f"{said} ({wording.word(wording.LIKENESS, best)})."

    def _why_not(self) -> str:
        is_left_out = self._timeline.shots is None and self._timeline.media.video_codec is not None
        return _NOT_LOOKED if is_left_out else _NO_PICTURES
