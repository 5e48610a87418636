"""Ways of telling a whole video: a summary, chapters, keywords, or a card with a title, a description and tags."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from pipeline.server.engines.answers.chapters import Chapter, chapters, label, looks
from pipeline.server.engines.answers.entries import Entry, Kind
from pipeline.server.engines.answers.gist import best_title, first_words, sentences
from pipeline.server.engines.answers.keywords import FEW, Keyword, colours, keywords
from pipeline.server.engines.answers.looks import looks_of
from pipeline.server.engines.evidence.timeline import Line, Passage, Timeline
from pipeline.server.engines.times import span
from pipeline.server.engines.words import stems

# What tells most of a part, and how many entries of each are told; of what is below, only where there is no other.
_TELLING: tuple[tuple[Kind, int], ...] = (("title", 3), ("words", 3), ("voice", 2), ("event", 1))
TOLD_BY_PARTS: frozenset[Kind] = frozenset(kind for kind, _ in _TELLING)
_ELSE: tuple[Kind, ...] = ("music", "other", "sound")
_THROUGHOUT: tuple[Kind, ...] = ("mark", "ticker", "timecode")
_MOST_KEYWORDS, _MOST_TAGS, _MOST_COLOURS = 20, 10, 5


def gist(timeline: Timeline) -> Iterator[str]:
    """What is read, said, heard and seen, in a sentence each."""
    return sentences(timeline, looks_of(timeline.shots or ()), is_whole=True)


def summary(
    timeline: Timeline, found: Sequence[Entry], kinds: frozenset[Kind], *, is_brief: bool = False
) -> Iterator[str]:
    """The gist; then part by part what tells most of it, titles and words first; with `kinds`, of those alone."""
    parts = chapters(timeline)
    if not kinds:
        yield from gist(timeline)
        if is_brief:
            return
    meant = [entry for entry in found if not kinds or entry.kind in kinds]
    if kinds or len(parts) > 1:
        yield from _by_parts(timeline, parts, meant)
    if kinds or any(entry.kind == "title" for entry in found):
        yield from (entry.line for entry in meant if entry.kind in _THROUGHOUT)


def _by_parts(timeline: Timeline, parts: Sequence[Chapter], meant: Sequence[Entry]) -> Iterator[str]:
    weights = {stem: word.weight for word in keywords(timeline) for stem in stems(word.text)}
    for number, (chapter, inside) in enumerate(_parted(parts, meant), 1):
        yield f"{span(chapter)} Part {number}: {looks(chapter)}"
        yield from (entry.line for entry in _most_telling(inside, weights))


def _parted(parts: Sequence[Chapter], found: Iterable[Entry]) -> Iterator[tuple[Chapter, list[Entry]]]:
    """Each part with the entries whose middle is in it."""
    inside: list[list[Entry]] = [[] for _ in parts]
    ends_s = [chapter.end_s for chapter in parts[:-1]]
    for entry in found:
        inside[bisect_right(ends_s, (entry.start_s + entry.end_s) / 2)].append(entry)
    yield from zip(parts, inside, strict=True)


def _most_telling(inside: Sequence[Entry], weights: dict[str, int]) -> Iterator[Entry]:
    told = False
    for kind, most in _TELLING:
        of_kind = [entry for entry in inside if entry.kind == kind]
        best = sorted(of_kind, key=lambda entry: -_weight(entry, weights))[:most]
        yield from sorted(best, key=lambda entry: entry.start_s)
        told = told or bool(best)
    if not told:
        yield from [entry for entry in inside if entry.kind in _ELSE][:2]


def _weight(entry: Entry, weights: dict[str, int]) -> float:
    """How much of what the video is fullest of it holds; of titles the tallest first."""
    height = entry.of.height_px / 1000 if isinstance(entry.of, Line) else 0.0
    return sum(weights.get(stem, 0) for stem in set(stems(entry.quoted))) + height


def outline(timeline: Timeline, wanted: int | None) -> Iterator[str]:
    """The chapters, each with its time and what it is called; not more than are wanted."""
    for number, chapter in enumerate(chapters(timeline, wanted), 1):
        yield f"{span(chapter)} Chapter {number}: {label(chapter)}"


def title(timeline: Timeline) -> str:
    """What the video may be called: by what is read in it, else by the words that are said first."""
    if best := best_title(timeline.text or ()):
        return f'Title: "{best.text}" {span(best)}, the tallest on screen.'
    none = "none was read on screen" if timeline.text is not None else "what is on screen was not read"
    said = first_words(timeline.speech or ())
    return f'Title: {none}; the first words are "{said.text}" {span(said)}.' if said else f"Title: {none}."


def description(timeline: Timeline) -> Iterator[str]:
    """The gist under its heading."""
    yield "Description:"
    yield from gist(timeline)


def tags(timeline: Timeline, wanted: int | None) -> str:
    """Keywords in one line, each with where it first occurs."""
    most = wanted or _MOST_TAGS
    words = [f"{word.text} {span(word.first)}" for word in keywords(timeline)]
    seen = colours(timeline.shots or ()) if len(words) < min(FEW, most) else ()
    told = [*words, *(f"{colour.name} {span(colour.fullest)}" for colour in seen)][:most]
    return f"Keywords: {', '.join(told) or 'none found'}."


def keyword_list(timeline: Timeline, wanted: int | None, *, with_colours: bool) -> Iterator[str]:
    """The words that are most frequent, with where they first occur; colours where wanted, or words are few."""
    found = keywords(timeline)
    if found:
        yield "The most frequent words of titles and speech, each with where it first occurs:"
    elif timeline.text is not None or timeline.speech is not None:
        yield f"{span(timeline)} keywords: none found"
    yield from (_keyword(word) for word in found[: wanted or _MOST_KEYWORDS])
    if not wanted and len(found) > _MOST_KEYWORDS:
        yield f"and {len(found) - _MOST_KEYWORDS} more words."
    if with_colours or len(found) < FEW:
        yield from palette(timeline)


def palette(timeline: Timeline) -> Iterator[str]:
    """The colours that cover most of all pictures."""
    if timeline.shots:
        yield "The colours that cover most, each with the shot that has most of it:"
    for colour in colours(timeline.shots or ())[:_MOST_COLOURS]:
        yield f"{span(colour.fullest)} {colour.name}: {colour.share:.0%} of all pictures"


def _keyword(word: Keyword) -> str:
    counts = (f"{word.read} on screen" if word.read else "", f"{word.said} spoken" if word.said else "")
    return f"{span(word.first)} {word.text}: {', '.join(filter(None, counts))}"


def loudness(timeline: Timeline) -> Iterator[str]:
    """How loud the file is on the whole."""
    measured = timeline.loudness
    if measured is not None and measured.integrated_lufs is not None and measured.loudest_lufs is not None:
        start_s = timeline.media.start_s
        whole = Passage(start_s, start_s + timeline.media.duration_s, 1.0)
        yield (
            f"{span(whole)} loudness on the whole:"
            f" {measured.integrated_lufs:.0f} LUFS, at its loudest {measured.loudest_lufs:.0f} LUFS"
        )
