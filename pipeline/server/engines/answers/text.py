"""The answer to a prompt, in words: evidence with its times, and what could not be determined."""

from collections.abc import Iterator

from pipeline.server.engines.answers import telling
from pipeline.server.engines.answers.asked import Asked, read
from pipeline.server.engines.answers.aspects import COLOURS, LEVELS, SHOTS
from pipeline.server.engines.answers.clip import clip
from pipeline.server.engines.answers.entries import Entry, Kind, entries
from pipeline.server.engines.answers.headline import headline, of_file
from pipeline.server.engines.answers.lookedat import gaps, not_looked_for
from pipeline.server.engines.answers.moments import Moments, both_ends, moments, shot_of
from pipeline.server.engines.answers.relevant import Relevant
from pipeline.server.engines.evidence.timeline import Timeline
from pipeline.server.engines.times import span

# Who looks for more words that nobody said or wrote is not understood, and reads a summary.
_FEW_WORDS = 3
_FOREIGN = "Prompts are understood in English; of others only words that occur in the video are found."
_JSON = "This answer is text: JSON comes where a response schema (--schema, response_format) asks for it."


def tell(timeline: Timeline, prompt: str, *, is_compared: bool = False) -> Iterator[str]:
    """Line by line: what of the prompt cannot be told, then the evidence, most relevant first; last what was observed.

    Where pictures are compared with the video, nothing is told of a prompt that asks for nothing else.
    """
    both = both_ends(prompt, timeline.start_s, timeline.end_s)
    for each in both:
        yield from _tell(clip(timeline, each.start_s, each.end_s), read(each.rest), is_compared=is_compared)
    if not both:
        yield from _tell_at(timeline, prompt, is_compared=is_compared)


def _tell_at(timeline: Timeline, prompt: str, *, is_compared: bool) -> Iterator[str]:
    named = moments(prompt, timeline.start_s, timeline.end_s) or (
        shot_of(prompt, timeline.shots) if timeline.shots else None
    )
    if named is None or isinstance(named, str):
        yield from _tell(timeline, read(prompt), *filter(None, (named,)), is_compared=is_compared)
    elif not named.is_within(timeline.start_s, timeline.end_s):
        said = f"{span(named)} lies outside of what was observed."
        yield from _tell(timeline, read(named.rest), said)
    elif named.start_s == named.end_s:
        yield from _at(timeline, named)
        yield headline(timeline)
    else:
        yield from _tell(clip(timeline, named.start_s, named.end_s), read(named.rest), is_compared=is_compared)


def _at(timeline: Timeline, named: Moments) -> Iterator[str]:
    """All that there is at a moment, or of it what is asked for."""
    asked = read(named.rest)
    found = [entry for entry in entries(timeline) if entry.start_s <= named.start_s < entry.end_s]
    meant = [entry for entry in found if any(aspect.counts(entry) for aspect in asked.aspects)]
    yield from asked.limits
    if not meant:
        for aspect in asked.aspects:
            yield (
                not_looked_for(timeline, aspect)
                or f"{span(named)} {aspect.noun}: none found; what there is at that time:"
            )
    yield from (entry.line for entry in meant or found)


def _tell(timeline: Timeline, asked: Asked, *caveats: str, is_compared: bool = False) -> Iterator[str]:
    found = entries(timeline)
    relevant = Relevant(timeline, found, asked)
    yield from caveats
    yield from _notes(asked, relevant)
    if not (is_compared and _asks_for_nothing(asked)):
        yield from _evidence(timeline, found, asked, relevant)
    yield headline(timeline)


def _notes(asked: Asked, relevant: Relevant) -> Iterator[str]:
    """What of the prompt is not understood, or cannot be told; then what of it can be told in a sentence."""
    if asked.manner.is_foreign:
        yield _FOREIGN
    if asked.manner.is_json:
        yield _JSON
    yield from asked.limits
    if asked.is_wordless:
        yield "The prompt has no words to look for."
    yield from relevant.verdict()
    unfound = None if asked.manner.is_foreign else relevant.unfound()
    if unfound:
        yield unfound


def _asks_for_nothing(asked: Asked) -> bool:
    return not (asked.forms or asked.aspects or asked.words or asked.limits or asked.is_open or asked.is_of_file)


def _evidence(timeline: Timeline, found: list[Entry], asked: Asked, relevant: Relevant) -> Iterator[str]:
    if asked.is_of_file:
        yield of_file(timeline)
    if asked.forms == ("summary",) and asked.aspects and not relevant.has_hits:
        if asked.aspects == (SHOTS,):
            yield from telling.gist(timeline)
        yield from relevant.counts()
        kinds: frozenset[Kind] = frozenset().union(*(aspect.kinds for aspect in asked.aspects))
        is_told_by_parts = not kinds.isdisjoint(telling.TOLD_BY_PARTS)
        yield from telling.summary(timeline, found, kinds) if is_told_by_parts else relevant.lines()
        return
    if relevant.has_hits:
        yield from relevant.lines()
    yield from _whole(timeline, found, asked, relevant)
    yield from relevant.counts()
    if not relevant.has_hits:
        yield from relevant.lines()
    if any(aspect.noun in LEVELS for aspect in asked.aspects):
        yield from telling.loudness(timeline)


def _whole(timeline: Timeline, found: list[Entry], asked: Asked, relevant: Relevant) -> Iterator[str]:
    """The forms that are asked for; where nothing is that is understood, or found, a summary, or the gist of one."""
    is_plain = not (asked.forms or asked.aspects or asked.is_of_file or relevant.has_hits)
    if is_plain or asked.forms:
        yield from gaps(timeline)
    if "summary" in asked.forms or (is_plain and not _is_answered(asked, relevant)):
        yield from telling.summary(timeline, found, frozenset(), is_brief=asked.manner.is_brief)
    elif is_plain:
        yield from telling.gist(timeline)
    yield from _card(timeline, asked)
    if "chapters" in asked.forms:
        yield from telling.outline(timeline, asked.wanted)
    if "keywords" in asked.forms and not asked.is_card:
        yield from telling.keyword_list(timeline, asked.wanted, with_colours=COLOURS in asked.aspects)
    elif COLOURS in asked.aspects:
        yield from telling.palette(timeline)


def _is_answered(asked: Asked, relevant: Relevant) -> bool:
    """Whether what was asked for is something that cannot be determined, or was not found: it needs no summary."""
    how = asked.manner
    is_narrow = 0 < relevant.missed <= _FEW_WORDS and (how.is_yes_no or how.is_count or not asked.is_open)
    return not how.is_foreign and bool(asked.limits or is_narrow)


def _card(timeline: Timeline, asked: Asked) -> Iterator[str]:
    if "title" in asked.forms:
        yield telling.title(timeline)
    if "description" in asked.forms:
        yield from telling.description(timeline)
    if asked.is_card and "keywords" in asked.forms:
        yield telling.tags(timeline, asked.wanted)
    if asked.is_card:
        yield "No text is made up: what was read on screen and heard is told as it is."
