"""Measurements told in words. Nothing is said that was not measured; the same measurements give the same words."""

from collections.abc import Iterator, Sequence

from pipeline.server.engines import wording
from pipeline.server.engines.decode import Effort
from pipeline.server.engines.measure import Measured, Shot
from pipeline.server.engines.question import Question
from pipeline.server.engines.times import clock
from pipeline.server.engines.watch import Passage

# A longer list is no longer read: of more shots than this the longest are told, of passages the first.
_MOST_SHOTS, _MOST_PASSAGES = 100, 20
_EFFORT = {
    Effort.EVERY: "every picture was decoded",
    Effort.REFERENCED: "pictures that no other refers to were skipped",
    Effort.KEY: "only key frames were decoded, so times are theirs and motion was not measured",
}


def tell(measured: Measured, question: Question, most_shots: int = _MOST_SHOTS) -> Iterator[str]:
    """Line by line what the question asks about; of more shots than `most_shots`, the longest."""
    yield _headline(measured)
    yield _method(measured)
    if question.beyond:
        yield wording.LIMITATION
    yield from _shots(measured, question, most_shots)
    yield from _passages(measured, question)


def tell_shot(shot: Shot, question: Question) -> str:
    """One stretch of the video in one line: when it is, and what of it is asked about."""
    return f"[{clock(shot.start_s)}-{clock(shot.end_s)}] {', '.join(_shot_parts(shot, question))}"


def _headline(measured: Measured) -> str:
    facts = measured.facts
    sound = f"with sound ({facts.audio_codec})" if facts.audio_codec else "without a sound stream"
    rate = f" at {facts.fps:g} pictures a second" if facts.fps else ""
    return f"A video of {facts.duration_s:.1f} s, {facts.width}x{facts.height}{rate} ({facts.video_codec}), {sound}."


def _method(measured: Measured) -> str:
    window = f"{clock(measured.start_s)}-{clock(measured.end_s)}"
    shots = "1 shot" if len(measured.shots) == 1 else f"{len(measured.shots)} shots"
    return f"Looked at [{window}]: {shots}; {_EFFORT[measured.effort]}."


def _shots(measured: Measured, question: Question, most: int) -> Iterator[str]:
    told: Sequence[Shot] = measured.shots
    if len(told) > most:
        longest = sorted(told, key=lambda shot: (shot.start_s - shot.end_s, shot.start_s))[:most]
        told = sorted(longest, key=lambda shot: shot.start_s)
        yield f"The {most} longest shots:"
    for shot in told:
        yield tell_shot(shot, question)


def _shot_parts(shot: Shot, question: Question) -> Iterator[str]:
    all_black = bool(shot.colours) and shot.colours[0][0] == "black" and shot.colours[0][1] >= wording.ALL
    if "brightness" in question.topics and not (all_black and "colours" in question.topics):
        yield wording.word(wording.BRIGHTNESS, shot.brightness)
    if "colours" in question.topics:
        yield wording.colours(shot.colours)
    if "motion" in question.topics:
        yield "motion not measured" if shot.motion is None else wording.word(wording.MOTION, shot.motion)
    if "sound" in question.topics:
        yield "no sound stream" if shot.level_dbfs is None else wording.level(shot.level_dbfs)


def _passages(measured: Measured, question: Question) -> Iterator[str]:
    if "brightness" in question.topics:
        yield _listed("Black", measured.black)
    if "motion" in question.topics and measured.still is not None:
        yield _listed("Standing still", measured.still)
    if "sound" in question.topics and measured.level_dbfs is not None:
        yield _listed("Silent", measured.silent)
        yield f"Sound on the whole: {wording.level(measured.level_dbfs)}."


def _listed(name: str, passages: tuple[Passage, ...]) -> str:
    if not passages:
        return f"{name}: at no time."
    told = ", ".join(f"[{clock(start_s)}-{clock(end_s)}]" for start_s, end_s in passages[:_MOST_PASSAGES])
    more = f" and {len(passages) - _MOST_PASSAGES} more" if len(passages) > _MOST_PASSAGES else ""
    return f"{name}: {told}{more}."
