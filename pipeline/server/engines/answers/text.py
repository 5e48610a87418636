"""The answer to a prompt, in words: evidence with its times, and what could not be determined."""

from collections.abc import Iterator

from pipeline.server.engines.answers import telling
from pipeline.server.engines.answers.asked import Asked, read
from pipeline.server.engines.answers.aspects import COLOURS, LEVELS
from pipeline.server.engines.answers.clip import clip
from pipeline.server.engines.answers.entries import Entry, Kind, entries
from pipeline.server.engines.answers.lookedat import gaps, not_looked_for
from pipeline.server.engines.answers.moments import Moments, moments
from pipeline.server.engines.answers.relevant import Relevant
from pipeline.server.engines.evidence.timeline import Timeline
from pipeline.server.engines.times import clock


def tell(timeline: Timeline, prompt: str) -> Iterator[str]:
    """Line by line: what was observed, what of the prompt cannot be told, then the evidence, most relevant first."""
    named = moments(prompt, timeline.start_s, timeline.end_s)
    if named is None:
        yield from _tell(timeline, read(prompt))
    elif not named.is_within(timeline.start_s, timeline.end_s):
        said = f"[{clock(named.start_s)}-{clock(named.end_s)}] lies outside of what was observed."
        yield from _tell(timeline, read(named.rest), said)
    elif named.start_s == named.end_s:
        yield headline(timeline)
        yield from _at(timeline, named)
    else:
        yield from _tell(clip(timeline, named.start_s, named.end_s), read(named.rest))


def _at(timeline: Timeline, named: Moments) -> Iterator[str]:
    """All that there is at a moment, or of it what is asked for."""
    asked = read(named.rest)
    found = [entry for entry in entries(timeline) if entry.start_s <= named.start_s < entry.end_s]
    meant = [entry for entry in found if any(aspect.counts(entry) for aspect in asked.aspects)]
    yield from asked.limits
    if not meant:
        for aspect in asked.aspects:
            at = f"[{clock(named.start_s)}-{clock(named.end_s)}]"
            yield not_looked_for(timeline, aspect) or f"{at} {aspect.noun}: none found; what there is at that time:"
    yield from (entry.line for entry in meant or found)


def _tell(timeline: Timeline, asked: Asked, *caveats: str) -> Iterator[str]:
    found = entries(timeline)
    relevant = Relevant(timeline, found, asked)
    yield headline(timeline)
    yield from caveats
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
        yield from telling.outline(timeline, asked.wanted)
    if "keywords" in asked.forms:
        yield from telling.keyword_list(timeline, asked.wanted)
    if COLOURS in asked.aspects and "keywords" not in asked.forms:
        yield from telling.palette(timeline)
    yield from relevant.counts()
    if not relevant.has_hits:
        yield from relevant.lines()
    if any(aspect.noun in LEVELS for aspect in asked.aspects):
        yield from telling.loudness(timeline)


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
