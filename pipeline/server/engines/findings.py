"""Measurements as evidence: of a video, of any stretch of it, of pictures."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import combinations
from statistics import fmean

from pipeline.server.engines import wording
from pipeline.server.engines.answer import tell, tell_shot
from pipeline.server.engines.colours import NAMES
from pipeline.server.engines.images import Still, tell_difference, tell_still
from pipeline.server.engines.known import Known
from pipeline.server.engines.likeness import alike
from pipeline.server.engines.measure import Measured, Shot
from pipeline.server.engines.question import EVERYTHING, Question
from pipeline.server.engines.sound import FLOOR_DBFS, SILENT_DBFS
from pipeline.server.engines.times import clock
from pipeline.server.engines.watch import Passage

_ALL = Question(EVERYTHING, beyond=False)
_MOST_SHOTS_TOLD = 20
# Shots whose likeness is this close to the best are told with it.
_NEAR = 0.05
_DARK, _BRIGHT, _SLIGHT, _QUIET, _LOUD = 0.35, 0.65, 0.0005, -35.0, -18.0


def of_video(measured: Measured) -> Known:
    """All of the window."""
    shots = tuple(of_stretch(measured, shot, index) for index, shot in enumerate(measured.shots, 1))
    whole = measured.stretch(measured.start_s, measured.end_s)
    summary = " ".join((*tell(measured, _ALL, _MOST_SHOTS_TOLD), *tell_likeness(measured)))
    facts = measured.facts
    return Known(
        summary=summary,
        start_s=measured.start_s,
        end_s=measured.end_s,
        numbers={**_frame_numbers(measured), **_numbers(measured, whole)},
        labels={
            "codec": facts.video_codec,
            **({"audiocodec": facts.audio_codec} if facts.audio_codec else {}),
            "container": facts.container,
            **shape_labels(facts.width, facts.height),
            **_labels(whole),
        },
        truths={**_truths(whole), **shape_truths(facts.width, facts.height), "sound": facts.audio_codec is not None},
        colours=whole.colours,
        parts={"shots": shots, **_passages(measured, measured.start_s, measured.end_s)},
    )


def of_stretch(measured: Measured, shot: Shot, index: int, within: Sequence[Shot] = ()) -> Known:
    """A shot, or any stretch, with the shots that it takes in, if any; `index` counts from 1."""
    inside = [measured.stretch(*part) for part in _overlaps(_times(within), shot.start_s, shot.end_s)]
    parts = _passages(measured, shot.start_s, shot.end_s)
    if within:
        parts["shots"] = tuple(of_stretch(measured, each, number) for number, each in enumerate(inside, 1))
    return Known(
        summary=tell_shot(shot, _ALL),
        start_s=shot.start_s,
        end_s=shot.end_s,
        numbers={"index": index, **_numbers(measured, shot)},
        labels=_labels(shot),
        truths=_truths(shot),
        colours=shot.colours,
        parts=parts,
    )


def tell_likeness(measured: Measured) -> list[str]:
    """One line for each reference picture: where the video is most like it, and how much."""
    return [_most_like(measured, place) for place in range(len(measured.likeness.sketches))]


def tell_references(stills: Sequence[Still], measured: Measured) -> list[str]:
    """Likewise, with what the pictures are, and what a likeness is worth."""
    if not stills:
        return []
    told = [f"{tell_still(still)} {line}" for still, line in zip(stills, tell_likeness(measured), strict=True)]
    return [*told, "Likeness compares the layout and the colours of whole pictures, not the things they show."]


def _most_like(measured: Measured, place: int) -> str:
    comparison = measured.likeness
    found = [(comparison.best(place, shot.start_s, shot.end_s), shot) for shot in measured.shots]
    best = max(likeness for (likeness, _), _ in found)
    near = [f"[{clock(shot.start_s)}-{clock(shot.end_s)}]" for (likeness, _), shot in found if best - likeness < _NEAR]
    at_s = next(at_s for (likeness, at_s), _ in found if likeness == best)
    said = f"Most like it: {', '.join(near[:5])}, at best {best:.0%} at {clock(at_s)}"
    return f"{said} ({wording.word(wording.LIKENESS, best)})."


def of_stills(stills: Sequence[Still]) -> Known:
    """One picture, or several together."""
    each = {still.name: _of_still(still) for still in stills}
    images = tuple(each.values())
    if len(stills) == 1:
        return Known(
            summary=images[0].summary,
            numbers=images[0].numbers,
            labels=images[0].labels,
            truths=images[0].truths,
            colours=images[0].colours,
            parts={"images": images},
            named=each,
        )
    pairs = list(combinations(stills, 2))
    brightness = fmean(still.brightness for still in stills)
    told = [image.summary for image in images] + [tell_difference(*pair) for pair in pairs[:_MOST_SHOTS_TOLD]]
    return Known(
        summary=" ".join(told),
        numbers={
            "brightness": brightness,
            "darkness": 1 - brightness,
            "likeness": fmean(alike(one.sketch, other.sketch) for one, other in pairs),
        },
        labels={"brightness": wording.word(wording.BRIGHTNESS, brightness)},
        colours=_mean_colours(stills),
        parts={"images": images},
        named=each,
    )


def _of_still(still: Still) -> Known:
    return Known(
        summary=tell_still(still),
        numbers={
            "width": still.width,
            "height": still.height,
            "size": still.size_bytes,
            "brightness": still.brightness,
            "darkness": 1 - still.brightness,
        },
        labels={
            "name": still.name,
            "codec": still.kind,
            "container": still.kind,
            "brightness": wording.word(wording.BRIGHTNESS, still.brightness),
            **shape_labels(still.width, still.height),
        },
        truths={
            "dark": still.brightness < _DARK,
            "bright": still.brightness >= _BRIGHT,
            **shape_truths(still.width, still.height),
            **_colour_truths(still.colours),
        },
        colours=still.colours,
    )


def _mean_colours(stills: Sequence[Still]) -> tuple[tuple[str, float], ...]:
    names = sorted({name for still in stills for name, _ in still.colours})
    shares = {name: sum(dict(still.colours).get(name, 0.0) for still in stills) / len(stills) for name in names}
    return tuple(sorted(shares.items(), key=lambda pair: (-pair[1], pair[0])))


def _frame_numbers(measured: Measured) -> dict[str, float]:
    facts = measured.facts
    told: dict[str, float | None] = {
        "width": facts.width,
        "height": facts.height,
        "fps": facts.fps or None,
        "bitrate": facts.bitrate or None,
        "size": facts.size_bytes,
        "rotation": facts.rotation,
        "samplerate": facts.audio_sample_rate,
        "channels": facts.audio_channels,
    }
    return {topic: value for topic, value in told.items() if value is not None}


def _numbers(measured: Measured, shot: Shot) -> dict[str, float]:
    sketches = range(len(measured.likeness.sketches))
    likes = [measured.likeness.best(place, shot.start_s, shot.end_s)[0] for place in sketches]
    told = {
        "start": shot.start_s,
        "end": shot.end_s,
        "duration": shot.end_s - shot.start_s,
        "brightness": shot.brightness,
        "darkness": 1 - shot.brightness,
        "motion": shot.motion,
        "loudness": shot.level_dbfs,
        "likeness": max(likes, default=None),
    }
    return {topic: value for topic, value in told.items() if value is not None}


def _labels(shot: Shot) -> dict[str, str]:
    return {**picture_labels(shot.brightness, shot.motion), **sound_labels(shot.level_dbfs)}


def picture_labels(brightness: float, motion: float | None) -> dict[str, str]:
    """How bright it is and how much moves, in words; of motion that was not measured, nothing."""
    moving = {} if motion is None else {"motion": wording.word(wording.MOTION, motion)}
    return {"brightness": wording.word(wording.BRIGHTNESS, brightness), **moving}


def sound_labels(level_dbfs: float | None) -> dict[str, str]:
    """How loud it is in a word; None stands for no sound stream."""
    return {"loudness": "no sound stream" if level_dbfs is None else wording.word(wording.LOUDNESS, level_dbfs)}


def _truths(shot: Shot) -> dict[str, bool]:
    return {**picture_truths(shot.brightness, shot.colours, shot.motion), **sound_truths(shot.level_dbfs)}


def picture_truths(brightness: float, colours: tuple[tuple[str, float], ...], motion: float | None) -> dict[str, bool]:
    """Whether a picture is black, dark, moving, green, ..."""
    moving = {} if motion is None else {"moving": motion >= _SLIGHT, "still": motion < _SLIGHT}
    return {
        "black": dict(colours).get("black", 0.0) >= wording.ALL,
        "dark": brightness < _DARK,
        "bright": brightness >= _BRIGHT,
        **moving,
        **_colour_truths(colours),
    }


def sound_truths(level_dbfs: float | None) -> dict[str, bool]:
    """Whether it is silent, loud, ...; None stands for no sound stream."""
    level = FLOOR_DBFS if level_dbfs is None else level_dbfs
    return {
        "silent": level < SILENT_DBFS,
        "sound": level >= SILENT_DBFS,
        "quiet": level < _QUIET,
        "loud": level >= _LOUD,
    }


def _colour_truths(colours: Iterable[tuple[str, float]]) -> dict[str, bool]:
    shares = dict(colours)
    return {name: name in shares for name in NAMES if name != "black"}


def shape_labels(width: int, height: int) -> dict[str, str]:
    """The size of a picture and its shape, in words."""
    said = "square" if width == height else "portrait" if height > width else "landscape"
    return {"resolution": f"{width}x{height}", "aspect": f"{width / height:.2f}:1", "orientation": said}


def shape_truths(width: int, height: int) -> dict[str, bool]:
    """Which shape a picture has."""
    upright, lying = height > width, width > height
    shapes = {"portrait": upright, "landscape": lying, "square": width == height}
    return {**shapes, "vertical": upright, "horizontal": lying}


def _passages(measured: Measured, start_s: float, end_s: float) -> dict[str, tuple[Known, ...]]:
    """The parts of black, still and silent passages that lie inside; of what was not measured, nothing."""
    found = {"black": measured.black, "still": measured.still, "silent": measured.silent}
    if measured.sound is None:
        del found["silent"]
    return {
        topic: tuple(
            _passage(measured, topic, part, number)
            for number, part in enumerate(_overlaps(passages, start_s, end_s), 1)
        )
        for topic, passages in found.items()
        if passages is not None
    }


def _passage(measured: Measured, topic: str, part: Passage, index: int) -> Known:
    shot = measured.stretch(*part)
    return Known(
        summary=tell_shot(shot, _ALL),
        start_s=shot.start_s,
        end_s=shot.end_s,
        numbers={"index": index, **_numbers(measured, shot)},
        labels=_labels(shot),
        truths={**_truths(shot), topic: True},
        colours=shot.colours,
        of=frozenset((topic,)),
    )


def _overlaps(passages: Sequence[Passage], start_s: float, end_s: float) -> list[Passage]:
    """The parts inside, of passages that are in order and do not overlap."""
    first = bisect_right(passages, start_s, key=lambda passage: passage[1])
    last = bisect_left(passages, end_s, key=lambda passage: passage[0])
    return [(max(start_s, begins), min(end_s, ends)) for begins, ends in passages[first:last]]


def _times(shots: Sequence[Shot]) -> list[Passage]:
    return [(shot.start_s, shot.end_s) for shot in shots]
