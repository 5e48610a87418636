"""The answer to a prompt, in words: evidence with its times, and what could not be determined."""

from collections.abc import Iterator

from pipeline.server.engines.answers import telling
from pipeline.server.engines.answers.asked import Asked, read
from pipeline.server.engines.answers.aspects import COLOURS, LEVELS
from pipeline.server.engines.answers.clip import clip
from pipeline.server.engines.answers.entries import Entry, Kind, entries
from pipeline.server.engines.answers.headline import headline, of_file
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
    if asked.is_of_file:
        yield of_file(timeline)
    if asked.forms == ("summary",) and asked.aspects and not relevant.has_hits:
        yield from relevant.counts()
        kinds: frozenset[Kind] = frozenset().union(*(aspect.kinds for aspect in asked.aspects))
        is_told_by_parts = not kinds.isdisjoint(telling.TOLD_BY_PARTS)
        yield from telling.summary(timeline, found, kinds) if is_told_by_parts else relevant.lines()
        return
    if relevant.has_hits:
        yield from relevant.lines()
    yield from _whole(timeline, found, asked, has_more=relevant.has_hits)
    yield from relevant.counts()
    if not relevant.has_hits:
        yield from relevant.lines()
    if any(aspect.noun in LEVELS for aspect in asked.aspects):
        yield from telling.loudness(timeline)


def _whole(timeline: Timeline, found: list[Entry], asked: Asked, *, has_more: bool) -> Iterator[str]:
    """The forms that are asked for; where nothing is that is understood, or found, a summary."""
    is_plain = not (asked.forms or asked.aspects or asked.is_of_file or has_more)
    if is_plain or asked.forms:
        yield from gaps(timeline)
    if is_plain or "summary" in asked.forms:
        yield from telling.summary(timeline, found, frozenset())
    if "chapters" in asked.forms:
        yield from telling.outline(timeline, asked.wanted)
    if "keywords" in asked.forms:
        yield from telling.keyword_list(timeline, asked.wanted)
    elif COLOURS in asked.aspects:
        yield from telling.palette(timeline)
