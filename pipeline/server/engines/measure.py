"""What is in a window of a video, measured: shots with their colours, brightness, motion and sound, and passages."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.server.engines.contract import EngineError
from pipeline.server.engines.decode import Effort, choose_effort, pictures
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
    """Everything known about one window of one file. `still` is None where motion was not measured."""

    facts: MediaFacts
    start_s: float
    end_s: float
    effort: Effort
    shots: tuple[Shot, ...]
    black: tuple[Passage, ...]
    still: tuple[Passage, ...] | None
    silent: tuple[Passage, ...]
    level_dbfs: float | None


def measure(path: Path, start_s: float | None = None, end_s: float | None = None) -> Measured:
    """Decode the window once for its pictures and once for its sound.

    Raises:
        EngineError: the file cannot be read, or the window holds no picture.
    """
    try:
        facts = read_facts(path)
        first_s, last_s = _window(facts, start_s, end_s)
        effort = choose_effort(path, first_s, last_s)
        sound = listen(path, first_s, last_s)
        looks = look_at(pictures(path, first_s, last_s, effort))
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
    )


def _window(facts: MediaFacts, start_s: float | None, end_s: float | None) -> Passage:
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
