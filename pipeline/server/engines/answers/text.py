"""The answer to a prompt, in words: evidence with its times, and what could not be determined."""

from collections.abc import Iterator

from pipeline.server.engines.answers import telling
from pipeline.server.engines.answers.asked import Asked, read
from pipeline.server.engines.answers.entries import Entry, Kind, entries
from pipeline.server.engines.answers.lookedat import gaps
from pipeline.server.engines.answers.relevant import Relevant
from pipeline.server.engines.evidence.timeline import Timeline
from pipeline.server.engines.times import clock


def tell(timeline: Timeline, prompt: str) -> Iterator[str]:
    """Line by line: what was observed, what of the prompt cannot be told, then the evidence, most relevant first."""
    asked, found = read(prompt), entries(timeline)
    relevant = Relevant(timeline, found, asked)
    yield headline(timeline)
    yield from asked.limits
    if asked.is_wordless:
        yield "The prompt has no words to look for."
    unfound = relevant.unfound()
    if unfound:
        yield unfound
    yield from _evidence(timeline, found, asked, relevant)


def _evidence(timeline: Timeline, found: list[Entry], asked: Asked, relevant: Relevant) -> Iterator[str]:
    is_plain = not (asked.forms or asked.aspects or relevant.has_hits)
    if asked.forms == ("summary",) and asked.aspects and not relevant.has_hits:
        yield from relevant.counts()
        kinds: frozenset[Kind] = frozenset().union(*(aspect.kinds for aspect in asked.aspects))
        yield from telling.summary(timeline, found, kinds)
        return
    if relevant.has_hits:
        yield from relevant.lines()
    if is_plain or asked.forms:
        yield from gaps(timeline)
    if is_plain or "summary" in asked.forms:
        yield from telling.summary(timeline, found, frozenset())
    if "chapters" in asked.forms:
        yield from telling.outline(timeline)
    if "keywords" in asked.forms:
        yield from telling.keyword_list(timeline)
    yield from relevant.counts()
    if any(aspect.part == "sounds" for aspect in asked.aspects):
        yield from telling.loudness(timeline)
    if not relevant.has_hits:
        yield from relevant.lines()


def headline(timeline: Timeline) -> str:
    """What was observed, from when to when, and how much of each was found."""
    media = timeline.media
    if media.video_codec is None:
        what = f"A recording of {media.duration_s:.1f} s without pictures"
    else:
        sound = "with sound" if media.audio_codec else "without sound"
        what = f"A video of {media.duration_s:.1f} s, {media.width}x{media.height}, {sound}"
    counted = ", ".join(_counted(timeline)) or "nothing was looked for"
    return f"{what}, observed [{clock(timeline.start_s)}-{clock(timeline.end_s)}]: {counted}."


def _counted(timeline: Timeline) -> Iterator[str]:
    if timeline.shots is not None:
        yield _count(len(timeline.shots), "shot")
    if timeline.text is not None:
        yield f"{_count(len(timeline.text), 'line')} of text on screen"
    if timeline.speech is not None:
        unheard = sum(not said.understood for said in timeline.speech)
        yield f"{_count(len(timeline.speech), 'passage')} of speech{f' ({unheard} not understood)' if unheard else ''}"
    if timeline.sounds is not None:
        yield f"{_count(len(timeline.sounds), 'passage')} of sound"


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
