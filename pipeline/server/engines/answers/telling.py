"""Ways of telling a whole video: a summary, chapters, keywords."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from pipeline.server.engines.answers.chapters import Chapter, chapters, label, looks
from pipeline.server.engines.answers.entries import Entry, Kind
from pipeline.server.engines.answers.keywords import Keyword, colours, keywords
from pipeline.server.engines.answers.stems import stems
from pipeline.server.engines.evidence.timeline import Line, Timeline
from pipeline.server.engines.times import clock

# What tells most of a part, and how many entries of each are told; of what is below, only where there is no other.
_TELLING: tuple[tuple[Kind, int], ...] = (("title", 3), ("words", 3), ("voice", 2), ("event", 1))
TOLD_BY_PARTS: frozenset[Kind] = frozenset(kind for kind, _ in _TELLING)
_ELSE: tuple[Kind, ...] = ("music", "other", "sound")
_THROUGHOUT: tuple[Kind, ...] = ("mark", "ticker", "timecode")
_MOST_KEYWORDS, _MOST_COLOURS = 20, 5


def summary(timeline: Timeline, found: Sequence[Entry], kinds: frozenset[Kind]) -> Iterator[str]:
    """Part by part what tells most of it, titles and words first; with `kinds`, of those alone."""
    weights = {stem: word.weight for word in keywords(timeline) for stem in stems(word.text)}
    meant = [entry for entry in found if not kinds or entry.kind in kinds]
    for number, (chapter, inside) in enumerate(_parted(chapters(timeline), meant), 1):
        yield f"{chapter.span} Part {number}: {looks(chapter)}"
        yield from (entry.line for entry in _most_telling(inside, weights))
    yield from (entry.line for entry in meant if entry.kind in _THROUGHOUT)
    if not kinds:
        yield from loudness(timeline)


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
        yield f"{chapter.span} Chapter {number}: {label(chapter)}"


def keyword_list(timeline: Timeline, wanted: int | None) -> Iterator[str]:
    """The words that are most frequent, with where they first occur, and the colours."""
    found = keywords(timeline)
    if found:
        yield "The most frequent words of titles and speech, each with where it first occurs:"
    elif timeline.text is not None or timeline.speech is not None:
        yield f"{_window(timeline)} keywords: none found"
    yield from (_keyword(word) for word in found[: wanted or _MOST_KEYWORDS])
    if not wanted and len(found) > _MOST_KEYWORDS:
        yield f"and {len(found) - _MOST_KEYWORDS} more words."
    yield from palette(timeline)


def palette(timeline: Timeline) -> Iterator[str]:
    """The colours that cover most of all pictures."""
    if timeline.shots:
        yield "The colours that cover most, each with the shot that has most of it:"
    for colour in colours(timeline.shots or ())[:_MOST_COLOURS]:
        at = f"[{clock(colour.fullest.start_s)}-{clock(colour.fullest.end_s)}]"
        yield f"{at} {colour.name}: {colour.share:.0%} of all pictures"


def _keyword(word: Keyword) -> str:
    at = f"[{clock(word.first.start_s)}-{clock(word.first.end_s)}]"
    counts = (f"{word.read} on screen" if word.read else "", f"{word.said} spoken" if word.said else "")
    return f"{at} {word.text}: {', '.join(filter(None, counts))}"


def loudness(timeline: Timeline) -> Iterator[str]:
    """How loud the file is on the whole."""
    measured = timeline.loudness
    if measured is not None and measured.integrated_lufs is not None and measured.loudest_lufs is not None:
        start_s = timeline.media.start_s
        yield (
            f"[{clock(start_s)}-{clock(start_s + timeline.media.duration_s)}] loudness on the whole:"
            f" {measured.integrated_lufs:.0f} LUFS, at its loudest {measured.loudest_lufs:.0f} LUFS"
        )


def _window(timeline: Timeline) -> str:
    return f"[{clock(timeline.start_s)}-{clock(timeline.end_s)}]"
