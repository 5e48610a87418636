"""A stretch in a few sentences with times, in a title, in keywords, in chapters: all of it taken from its evidence."""

from collections.abc import Iterator, Sequence

from pipeline.server.engines import wording
from pipeline.server.engines.answers.keywords import keywords
from pipeline.server.engines.answers.looks import Looks
from pipeline.server.engines.evidence.timeline import Line, Media, SoundPassage, Timeline, Utterance
from pipeline.server.engines.times import clock, span
from pipeline.server.engines.words import stems

_MOST_TITLES, _MOST_QUOTES, _MOST_PASSAGES = 3, 3, 3
_WORDS_OF_QUOTE, _WORDS_OF_HEADING = 20, 8


def summary(timeline: Timeline, looks: Looks | None, *, is_whole: bool) -> str:
    """One to five sentences: what is read, said, heard and seen; then (of the whole) what the file is."""
    told = sentences(timeline, looks, is_whole=is_whole)
    return " ".join([*told, _headline(timeline)] if is_whole else told)


def sentences(timeline: Timeline, looks: Looks | None, *, is_whole: bool) -> Iterator[str]:
    """What is read, said, heard and seen: a sentence each, where there is any of it."""
    yield from _read(timeline.text or (), is_whole=is_whole)
    yield from _said(timeline)
    yield from _heard(timeline)
    yield from _seen(timeline, looks)


def best_title(lines: Sequence[Line]) -> Line | None:
    """The tallest title, the first of equals."""
    return max(_titles(lines), key=lambda line: (line.height_px, line.confidence), default=None)


def first_words(speech: Sequence[Utterance]) -> Utterance | None:
    """The first that is understood."""
    return next((each for each in speech if each.understood and each.text), None)


def heading(timeline: Timeline, looks: Looks | None) -> str:
    """What a stretch may be called: its title on screen, else the first words that are said, else its looks."""
    if title := best_title(timeline.text or ()):
        return title.text
    if said := first_words(timeline.speech or ()):
        return f'"{_cut(said.text, _WORDS_OF_HEADING)}"'
    if looks is not None:
        return f"{wording.word(wording.BRIGHTNESS, looks.brightness)}, {wording.colours(looks.colours[:1])}"
    longest = max(timeline.sounds or (), key=lambda sound: sound.end_s - sound.start_s, default=None)
    return "sound" if longest is None else longest.kind


def _titles(lines: Sequence[Line]) -> list[Line]:
    return [line for line in lines if line.kind == "title"]


def _headline(timeline: Timeline) -> str:
    media = timeline.media
    sound = f"with sound ({media.audio_codec})" if media.audio_codec else "without a sound stream"
    what = "sound alone" if media.video_codec is None else f"{_pictures(media)}, {sound}"
    length = f"{timeline.end_s - timeline.start_s:.1f} s"
    return f"{length} of {what}, {span(timeline)}."


def _pictures(media: Media) -> str:
    rate = f" at {media.fps:g} pictures a second" if media.fps else ""
    return f"video, {media.width}x{media.height}{rate} ({media.video_codec})"


def _read(lines: Sequence[Line], *, is_whole: bool) -> Iterator[str]:
    """Titles; where the whole has none, what else is written. What stays throughout says nothing of one stretch."""
    shown = _titles(lines) or [line for line in lines if is_whole and line.kind != "timecode"]
    tallest = sorted(shown, key=lambda line: (-line.height_px, line.start_s))[:_MOST_TITLES]
    if tallest:
        told = [f'"{line.text}" {span(line)}' for line in sorted(tallest, key=lambda line: line.start_s)]
        yield f"On screen: {_some(told, len(shown))}."


def _said(timeline: Timeline) -> Iterator[str]:
    speech = timeline.speech or ()
    understood = [said for said in speech if said.understood and said.text]
    told = [f'"{_cut(said.text, _WORDS_OF_QUOTE)}" {span(said)}' for said in _most_telling(timeline, understood)]
    unclear = [span(said) for said in speech if not said.understood]
    parts = [_some(told, len(understood))] if told else []
    if unclear:
        parts.append(f"speech, not understood, {_some(unclear[:_MOST_PASSAGES], len(unclear))}")
    if parts:
        yield f"Said: {'; '.join(parts)}."


def _most_telling(timeline: Timeline, understood: Sequence[Utterance]) -> Sequence[Utterance]:
    """Those that hold most of what the stretch is fullest of, in order; what is said again is told once."""
    if len(understood) <= _MOST_QUOTES:
        return understood
    weights = {stem: word.weight for word in keywords(timeline) for stem in stems(word.text)}
    first = {said.text: said for said in reversed(understood)}.values()
    best = sorted(first, key=lambda said: (-sum(weights.get(stem, 0) for stem in set(stems(said.text))), said.start_s))
    return sorted(best[:_MOST_QUOTES], key=lambda said: said.start_s)


def _heard(timeline: Timeline) -> Iterator[str]:
    sounds = timeline.sounds or ()
    parts = [_kind(kind, [each for each in sounds if each.kind == kind]) for kind in ("music", "silence")]
    events = [clock(event.start_s) for event in timeline.events or ()]
    if events:
        parts.append(f"sudden sound{'' if len(events) == 1 else 's'} at {_some(events[:_MOST_PASSAGES], len(events))}")
    if any(parts):
        yield f"Heard: {'; '.join(filter(None, parts))}."


def _kind(kind: str, passages: Sequence[SoundPassage]) -> str:
    return f"{kind} {_some([span(each) for each in passages[:_MOST_PASSAGES]], len(passages))}" if passages else ""


def _seen(timeline: Timeline, looks: Looks | None) -> Iterator[str]:
    if looks is not None and timeline.shots:
        count = len(timeline.shots)
        motion = [] if looks.motion is None else [wording.word(wording.MOTION, looks.motion)]
        said = (wording.word(wording.BRIGHTNESS, looks.brightness), wording.colours(looks.colours), *motion)
        shots = "1 shot" if count == 1 else f"{count} shots"
        yield f"Seen: {shots}, {', '.join(said)}, {span(timeline)}."


def _some(told: Sequence[str], count: int) -> str:
    more = f" and {count - len(told)} more" if count > len(told) else ""
    return f"{', '.join(told)}{more}"


def _cut(text: str, most: int) -> str:
    words = text.split()
    return text if len(words) <= most else f"{' '.join(words[:most])} ..."
