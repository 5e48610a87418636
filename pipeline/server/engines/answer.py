"""Measurements told in words. Nothing is said that was not measured; the same measurements give the same words."""

from collections.abc import Iterator, Sequence

from pipeline.server.engines.contract import Answer
from pipeline.server.engines.decode import Effort
from pipeline.server.engines.measure import Measured, Shot
from pipeline.server.engines.question import Question, read_question
from pipeline.server.engines.sound import SILENT_DBFS
from pipeline.server.engines.tokens import count_tokens, fit
from pipeline.server.engines.watch import Passage

LIMITATION = "This engine measures pictures and sound levels; it does not recognise people, objects, text or speech."

# A longer list is no longer read: of more shots than this the longest are told, of passages the first.
_MOST_SHOTS, _MOST_PASSAGES = 100, 20
_BRIGHTNESS = ((0.02, "black"), (0.15, "very dark"), (0.35, "dark"), (0.65, "medium bright"), (1.01, "bright"))
_MOTION = ((0.0005, "no motion"), (0.02, "slight motion"), (0.15, "moderate motion"), (1.01, "strong motion"))
_LOUDNESS = ((SILENT_DBFS, "silence"), (-35.0, "quiet sound"), (-18.0, "moderate sound"), (99.0, "loud sound"))
_ALL = 0.995
_EFFORT = {
    Effort.EVERY: "every picture was decoded",
    Effort.REFERENCED: "pictures that no other refers to were skipped",
    Effort.KEY: "only key frames were decoded, so times are theirs and motion was not measured",
}


def answer(measured: Measured, prompt: str, max_tokens: int) -> Answer:
    """Tell what the prompt asks about, within `max_tokens` as `count_tokens` counts them."""
    whole = "\n".join(_lines(measured, read_question(prompt)))
    text, was_cut = fit(whole, max_tokens)
    return Answer(
        text=text,
        finish_reason="length" if was_cut else "stop",
        input_tokens=count_tokens(prompt),
        output_tokens=count_tokens(text),
        warning=f"The answer was cut to fit max_tokens ({max_tokens})." if was_cut else None,
    )


def clock(seconds: float) -> str:
    """Minutes and seconds to a tenth, "01:05.5"; hours in front where there are any."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}:" if hours else "") + f"{minutes:02}:{rest // 10:02}.{rest % 10}"


def _lines(measured: Measured, question: Question) -> Iterator[str]:
    yield _headline(measured)
    yield _method(measured)
    if question.beyond:
        yield LIMITATION
    yield from _shots(measured, question)
    yield from _passages(measured, question)


def _headline(measured: Measured) -> str:
    facts = measured.facts
    sound = f"with sound ({facts.audio_codec})" if facts.audio_codec else "without a sound stream"
    rate = f" at {facts.fps:g} pictures a second" if facts.fps else ""
    return f"A video of {facts.duration_s:.1f} s, {facts.width}x{facts.height}{rate} ({facts.video_codec}), {sound}."


def _method(measured: Measured) -> str:
    window = f"{clock(measured.start_s)}-{clock(measured.end_s)}"
    shots = "1 shot" if len(measured.shots) == 1 else f"{len(measured.shots)} shots"
    return f"Looked at [{window}]: {shots}; {_EFFORT[measured.effort]}."


def _shots(measured: Measured, question: Question) -> Iterator[str]:
    told: Sequence[Shot] = measured.shots
    if len(told) > _MOST_SHOTS:
        longest = sorted(told, key=lambda shot: (shot.start_s - shot.end_s, shot.start_s))[:_MOST_SHOTS]
        told = sorted(longest, key=lambda shot: shot.start_s)
        yield f"The {_MOST_SHOTS} longest shots:"
    for shot in told:
        yield f"[{clock(shot.start_s)}-{clock(shot.end_s)}] {', '.join(_shot_parts(shot, question))}"


def _shot_parts(shot: Shot, question: Question) -> Iterator[str]:
    all_black = bool(shot.colours) and shot.colours[0][0] == "black" and shot.colours[0][1] >= _ALL
    if "brightness" in question.topics and not (all_black and "colours" in question.topics):
        yield _word(_BRIGHTNESS, shot.brightness)
    if "colours" in question.topics:
        yield _colours(shot.colours)
    if "motion" in question.topics:
        yield "motion not measured" if shot.motion is None else _word(_MOTION, shot.motion)
    if "sound" in question.topics:
        yield "no sound stream" if shot.level_dbfs is None else _level(shot.level_dbfs)


def _colours(shares: tuple[tuple[str, float], ...]) -> str:
    if not shares:
        return "no colour covers much"
    if shares[0][1] >= _ALL:
        return f"all {shares[0][0]}"
    named = [f"{name} ({share:.0%})" for name, share in shares[:3]]
    first = f"mostly {named[0]}" if shares[0][1] >= 0.5 else named[0]
    return " with ".join((first, " and ".join(named[1:]))) if named[1:] else first


def _level(dbfs: float) -> str:
    word = _word(_LOUDNESS, dbfs)
    return word if dbfs < SILENT_DBFS else f"{word} ({dbfs:.0f} dBFS)"


def _word(scale: tuple[tuple[float, str], ...], value: float) -> str:
    return next(word for limit, word in scale if value < limit or limit == scale[-1][0])


def _passages(measured: Measured, question: Question) -> Iterator[str]:
    if "brightness" in question.topics:
        yield _listed("Black", measured.black)
    if "motion" in question.topics and measured.still is not None:
        yield _listed("Standing still", measured.still)
    if "sound" in question.topics and measured.level_dbfs is not None:
        yield _listed("Silent", measured.silent)
        yield f"Sound on the whole: {_level(measured.level_dbfs)}."


def _listed(name: str, passages: tuple[Passage, ...]) -> str:
    if not passages:
        return f"{name}: at no time."
    told = ", ".join(f"[{clock(start_s)}-{clock(end_s)}]" for start_s, end_s in passages[:_MOST_PASSAGES])
    more = f" and {len(passages) - _MOST_PASSAGES} more" if len(passages) > _MOST_PASSAGES else ""
    return f"{name}: {told}{more}."
