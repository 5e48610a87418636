"""Looks gathered into shots, and into passages in which nothing is to be seen or nothing moves."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from pipeline.server.engines.colours import NAMES, Counts
from pipeline.server.engines.looks import MOTION_EVERY_S, TICK_S, Look

Passage = tuple[float, float]

# Of the 9,216 points of a thumbnail, four may flicker in a picture that stands still.
_STILL_SHARE = 0.0005
_SHORTEST_BLACK_S, _SHORTEST_STILL_S = 0.3, 1.0
# A colour that covers less than this is not worth naming.
_LEAST_SHARE = 0.05
# What is known of a part of a shot is put together from grains of this length.
_GRAIN_S = 1.0
# A later picture has to say this much more than an earlier one to stand for a shot in its place.
_CLEARLY_MORE = 0.02


@dataclass(slots=True)
class Scene:
    """A shot while its looks come in.

    Attributes:
        begun: how surely it begins there, from 0 to 1.
        telling_s: when the picture was shown that says most about it.
    """

    start_s: float
    end_s: float
    begun: float = 1.0
    looks: int = 0
    brightness_sum: float = 0.0
    contrast_sum: float = 0.0
    points: Counts = field(default_factory=lambda: np.zeros(len(NAMES), np.int64))
    changed_sum: float = 0.0
    compared_s: float = 0.0
    telling_s: float = 0.0
    telling: float = -1.0

    def add(self, look: Look) -> None:
        self.looks += 1
        self.brightness_sum += look.brightness
        self.contrast_sum += look.contrast
        self.points += look.colours
        # What is full of contrast and holds still says most; black says nothing.
        telling = look.contrast - (look.changed or 0.0)
        if telling > self.telling + _CLEARLY_MORE:
            self.telling_s, self.telling = look.at_s, telling

    def compare(self, look: Look) -> None:
        self.changed_sum += look.changed or 0.0
        self.compared_s += look.at_s - look.changed_since_s

    def join(self, other: "Scene") -> None:
        """Take in what was seen in another stretch."""
        self.looks += other.looks
        self.brightness_sum += other.brightness_sum
        self.contrast_sum += other.contrast_sum
        self.points += other.points
        self.changed_sum += other.changed_sum
        self.compared_s += other.compared_s
        if other.telling > self.telling + _CLEARLY_MORE:
            self.telling_s, self.telling = other.telling_s, other.telling

    @property
    def contrast(self) -> float:
        return self.contrast_sum / self.looks

    @property
    def brightness(self) -> float:
        return self.brightness_sum / self.looks

    @property
    def motion(self) -> float | None:
        """The share of the picture that changes in `MOTION_EVERY_S`, on average; None if the shot is too short."""
        return self.changed_sum * MOTION_EVERY_S / self.compared_s if self.compared_s else None


def colour_shares(points: Counts) -> tuple[tuple[str, float], ...]:
    """(name, share) of each colour worth naming, from the largest share down."""
    shares = points / max(1, points.sum())
    order = np.argsort(-shares, kind="stable")
    return tuple((NAMES[index], float(shares[index])) for index in order if shares[index] >= _LEAST_SHARE)


@dataclass(slots=True)
class Passages:
    """Stretches of time in which something holds; those shorter than `shortest_s` are dropped."""

    shortest_s: float
    found: list[Passage] = field(default_factory=list)
    _since_s: float | None = None

    def see(self, at_s: float, *, holds: bool) -> None:
        """From `at_s` on it holds, or it no longer does."""
        if holds and self._since_s is None:
            self._since_s = at_s
        elif not holds and self._since_s is not None:
            if at_s - self._since_s >= self.shortest_s - TICK_S:
                self.found.append((self._since_s, at_s))
            self._since_s = None


@dataclass(slots=True)
class Watched:
    """All that was seen. The last shot ends with the window.

    `grains` are the same looks gathered a second at a time; a new one begins with each shot and where black begins or
    ends.
    """

    scenes: list[Scene] = field(default_factory=list)
    grains: list[Scene] = field(default_factory=list)
    black: Passages = field(default_factory=lambda: Passages(_SHORTEST_BLACK_S))
    still: Passages = field(default_factory=lambda: Passages(_SHORTEST_STILL_S))


def watch(marked: Iterable[tuple[Look, float]], start_s: float, end_s: float) -> Watched:
    """Gather the looks of a window, each marked with how surely a shot begins there."""
    watched = Watched()
    was_black = False
    for look, sureness in marked:
        is_cut = sureness > 0
        if is_cut:
            watched.still.see(look.at_s, holds=False)
        if is_cut or not watched.scenes:
            _next(watched.scenes, look.at_s, start_s, end_s)
            watched.scenes[-1].begun = sureness if is_cut else 1.0
        if is_cut or look.is_black != was_black or _is_full(watched.grains, look):
            _next(watched.grains, look.at_s, start_s, end_s)
        was_black = look.is_black
        _add(watched, watched.scenes[-1], watched.grains[-1], look)
    watched.black.see(end_s, holds=False)
    watched.still.see(end_s, holds=False)
    return watched


def _next(scenes: list[Scene], at_s: float, start_s: float, end_s: float) -> None:
    """Begin another; the first begins with the window."""
    if scenes:
        scenes[-1].end_s = at_s
    scenes.append(Scene(at_s if scenes else start_s, end_s))


def _is_full(grains: list[Scene], look: Look) -> bool:
    return not grains or look.at_s - grains[-1].start_s >= _GRAIN_S - TICK_S


def _add(watched: Watched, scene: Scene, grain: Scene, look: Look) -> None:
    scene.add(look)
    grain.add(look)
    watched.black.see(look.at_s, holds=look.is_black)
    # A comparison across a cut says nothing about motion.
    if look.changed is None or look.changed_since_s < scene.start_s - TICK_S:
        return
    is_first = not scene.compared_s
    scene.compare(look)
    grain.compare(look)
    is_still = look.changed <= _STILL_SHARE and not look.is_black
    watched.still.see(scene.start_s if is_first else look.changed_since_s, holds=is_still)
