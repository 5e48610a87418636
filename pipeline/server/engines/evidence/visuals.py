"""The pictures of a window: shots with how they begin and what they look like, black and still passages."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from pipeline.server.engines.decode import Picture, thumb
from pipeline.server.engines.evidence.blackness import Fade
from pipeline.server.engines.evidence.fades import FadeFinder
from pipeline.server.engines.evidence.glimpses import Gallery
from pipeline.server.engines.evidence.timeline import Entrance, Glimpse, Passage, Shot
from pipeline.server.engines.looks import look_at
from pipeline.server.engines.shots import mark_cuts
from pipeline.server.engines.watch import Scene, Watched, colour_shares, watch

# A cut this close to a fade belongs to it: the last step of a fade may look like one.
_NEAR_S = 0.15
# Nothing shorter than this stands between two fades, or between one and the end of the video.
_SHORTEST_S = 0.4


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen. `boundaries_s` are the beginnings of the shots after the first."""

    shots: tuple[Shot, ...]
    black: tuple[Passage, ...]
    still: tuple[Passage, ...]
    glimpses: tuple[Glimpse, ...]

    @property
    def boundaries_s(self) -> tuple[float, ...]:
        return tuple(shot.start_s for shot in self.shots[1:])


@dataclass(frozen=True, slots=True)
class _Entry:
    at_s: float
    entered: Entrance
    over_s: float
    confidence: float


def see(frames: Iterable[tuple[float, VideoFrame]], start_s: float, end_s: float) -> Seen:
    """Watch the pictures of a window from its beginning to its end, one after the other."""
    finder, gallery = FadeFinder(), Gallery()
    looks = gallery.watch(finder.watch(look_at(_shrunk(frames))))
    watched = watch(mark_cuts(looks), start_s, end_s)
    if not watched.scenes:
        return Seen((), (), (), ())
    entries = _entries(watched, finder.found(), start_s, end_s)
    return Seen(
        shots=tuple(_shots(entries, watched.grains, end_s)),
        black=tuple(Passage(*part, 1.0) for part in watched.black.found),
        still=tuple(Passage(*part, 1.0) for part in watched.still.found),
        glimpses=tuple(gallery.glimpses),
    )


def _shrunk(frames: Iterable[tuple[float, VideoFrame]]) -> Iterator[Picture]:
    shrink = VideoReformatter()
    for at_s, frame in frames:
        yield Picture(at_s, thumb(shrink, frame))


def _entries(watched: Watched, fades: Sequence[Fade], start_s: float, end_s: float) -> list[_Entry]:
    """How and where each shot begins, the first one included."""
    first = _Entry(start_s, "start", 0.0, 1.0)
    entries = [first]
    for fade in fades:
        length_s = fade.end_s - fade.start_s
        if fade.opens and fade.start_s - start_s < _SHORTEST_S:
            entries[0] = _Entry(start_s, "fade", length_s, fade.confidence)
        elif end_s - fade.middle_s > _SHORTEST_S and not (fade.closes and end_s - fade.end_s < _SHORTEST_S):
            entries.append(_Entry(fade.middle_s, fade.kind, length_s, fade.confidence))
    entries += [
        _Entry(scene.start_s, "cut", 0.0, scene.begun)
        for scene in watched.scenes[1:]
        if not any(fade.start_s - _NEAR_S < scene.start_s < fade.end_s + _NEAR_S for fade in fades)
    ]
    return sorted(entries, key=lambda entry: entry.at_s)


def _shots(entries: Sequence[_Entry], grains: Sequence[Scene], end_s: float) -> Iterator[Shot]:
    ends = [(entry.at_s, entry.over_s) for entry in entries[1:]] + [(end_s, 0.0)]
    place = 0
    for entry, (until_s, leaving_s) in zip(entries, ends, strict=True):
        first = place
        while place < len(grains) and grains[place].start_s + grains[place].end_s < 2 * until_s:
            place += 1
        # what is mixed with a neighbour says little; of a short shot there is nothing else
        inside = grains[first:place] or grains[max(0, place - 1) : place + 1]
        clear = [
            grain
            for grain in inside
            if grain.start_s >= entry.at_s + entry.over_s / 2 and grain.end_s <= until_s - leaving_s / 2
        ]
        yield _shot(entry, until_s, clear or inside)


def _shot(entry: _Entry, end_s: float, grains: Sequence[Scene]) -> Shot:
    whole = Scene(entry.at_s, end_s)
    for grain in grains:
        whole.join(grain)
    return Shot(
        start_s=entry.at_s,
        end_s=end_s,
        confidence=round(entry.confidence, 3),
        entered=entry.entered,
        entered_over_s=round(entry.over_s, 3),
        colours=tuple((name, round(share, 3)) for name, share in colour_shares(whole.points)),
        brightness=round(whole.brightness, 3),
        contrast=round(whole.contrast, 3),
        motion=None if whole.motion is None else round(whole.motion, 4),
        frame_s=min(max(whole.telling_s, entry.at_s), end_s),
    )
