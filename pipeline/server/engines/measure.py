"""What is in a window of a video, measured: shots with their colours, brightness, motion and sound, and passages."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.server.engines.contract import EngineError
from pipeline.server.engines.decode import Effort, choose_effort, pictures
from pipeline.server.engines.likeness import Comparison, Sketch
from pipeline.server.engines.looks import look_at
from pipeline.server.engines.shots import mark_cuts
from pipeline.server.engines.sound import Sound, listen
from pipeline.server.engines.watch import Passage, Scene, colour_shares, watch
from pipeline.server.inspect import MediaFacts, MediaRejected, read_facts

# Sound levels are kept twenty times a second, so a file that claims to last for years has to be refused.
_LONGEST_WINDOW_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Shot:
    """One shot. Times in seconds on the file's own clock.

    Attributes:
        brightness: mean, from 0 to 1.
        colours: (name, share of the picture) from the largest share down.
        motion: share of the picture that changes in a fifth of a second, on average; None where it was not measured.
        level_dbfs: RMS level of the sound in dB below full scale; None without a sound stream.
    """

    start_s: float
    end_s: float
    brightness: float
    colours: tuple[tuple[str, float], ...]
    motion: float | None
    level_dbfs: float | None


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything known about one window of one file.

    Attributes:
        still: passages that stand still; None where motion was not measured.
        grains: what the pictures showed, second by second, from which `stretch` tells of any part.
        sound: the levels of the sound; None without a sound stream.
        likeness: how much the pictures are like the pictures they were compared with.
    """

    facts: MediaFacts
    start_s: float
    end_s: float
    effort: Effort
    shots: tuple[Shot, ...]
    black: tuple[Passage, ...]
    still: tuple[Passage, ...] | None
    silent: tuple[Passage, ...]
    level_dbfs: float | None
    grains: tuple[Scene, ...] = field(default=(), repr=False)
    sound: Sound | None = field(default=None, repr=False, compare=False)
    likeness: Comparison = field(default_factory=Comparison, repr=False)

    def stretch(self, start_s: float, end_s: float) -> Shot:
        """What is known of any part of the window, to the second of its pictures."""
        gathered = Scene(start_s, end_s)
        for grain in _within(self.grains, start_s, end_s):
            gathered.join(grain)
        return _shot(gathered, self.effort, self.sound)


def measure(
    path: Path, start_s: float | None = None, end_s: float | None = None, sketches: Sequence[Sketch] = ()
) -> Measured:
    """Decode the window once for its pictures, which are compared with `sketches`, and once for its sound.

    Raises:
        EngineError: the file cannot be read, or the window holds no picture.
    """
    try:
        facts = read_facts(path)
        first_s, last_s = window_of(facts, start_s, end_s)
        effort = choose_effort(path, first_s, last_s)
        sound = listen(path, first_s, last_s)
        comparison = Comparison(tuple(sketches))
        looks = comparison.watch(look_at(pictures(path, first_s, last_s, effort)))
        watched = watch(mark_cuts(looks, sparse=effort is Effort.KEY), first_s, last_s)
    except MediaRejected as exc:
        raise EngineError(exc.message) from exc
    if not watched.scenes:
        raise EngineError(f"No picture could be decoded between {first_s:.1f} s and {last_s:.1f} s.")
    return Measured(
        facts=facts,
        start_s=first_s,
        end_s=last_s,
        effort=effort,
        shots=tuple(_shot(scene, effort, sound) for scene in watched.scenes),
        black=tuple(watched.black.found),
        still=None if effort is Effort.KEY else tuple(watched.still.found),
        silent=sound.silences() if sound else (),
        level_dbfs=sound.level_dbfs(first_s, last_s) if sound else None,
        grains=tuple(watched.grains),
        sound=sound,
        likeness=comparison,
    )


def _within(grains: Sequence[Scene], start_s: float, end_s: float) -> list[Scene]:
    """The grains of which at least half lies inside; of a part too short for that, the one that it shares most with."""
    first = max(0, bisect_right(grains, start_s, key=lambda grain: grain.start_s) - 1)
    last = bisect_left(grains, end_s, key=lambda grain: grain.start_s)
    touched = grains[first : max(last, first + 1)]
    shared = [min(grain.end_s, end_s) - max(grain.start_s, start_s) for grain in touched]
    inside = [grain for grain, part_s in zip(touched, shared, strict=True) if 2 * part_s >= grain.end_s - grain.start_s]
    return inside or [touched[shared.index(max(shared))]]


def window_of(facts: MediaFacts, start_s: float | None, end_s: float | None) -> Passage:
    """The part of a file that is asked about. Raises EngineError where there is none."""
    file_end_s = facts.start_s + facts.duration_s
    first_s = facts.start_s if start_s is None else max(start_s, facts.start_s)
    last_s = file_end_s if end_s is None else min(end_s, file_end_s)
    if first_s >= last_s:
        wanted = f"from {first_s:.1f} s" if end_s is None else f"from {first_s:.1f} s to {end_s:.1f} s"
        raise EngineError(f"The window {wanted} holds nothing of the video, which ends at {file_end_s:.1f} s.")
    if last_s - first_s > _LONGEST_WINDOW_S:
        raise EngineError(f"The window of {last_s - first_s:.0f} s is longer than a day.")
    return first_s, last_s


def _shot(scene: Scene, effort: Effort, sound: Sound | None) -> Shot:
    return Shot(
        start_s=scene.start_s,
        end_s=scene.end_s,
        brightness=scene.brightness,
        colours=colour_shares(scene.points),
        # Between key frames, seconds apart, nobody saw how much moved.
        motion=None if effort is Effort.KEY else scene.motion,
        level_dbfs=sound.level_dbfs(scene.start_s, scene.end_s) if sound else None,
    )
