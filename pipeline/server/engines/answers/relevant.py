"""The evidence that answers to a prompt, the most relevant first."""

from collections.abc import Iterator, Sequence

from pipeline.server.engines.answers.asked import Asked
from pipeline.server.engines.answers.aspects import SPEECH, Aspect
from pipeline.server.engines.answers.entries import Entry
from pipeline.server.engines.answers.lookedat import is_settled, not_looked_for, why_not
from pipeline.server.engines.answers.manner import Bound
from pipeline.server.engines.answers.occurrences import (
    LONGEST_WORD,
    Occurrences,
    not_understood,
    occurrences,
    spoken_words,
)
from pipeline.server.engines.answers.ranking import Index
from pipeline.server.engines.evidence.timeline import Timeline, Utterance
from pipeline.server.engines.stretches import covered_s
from pipeline.server.engines.times import clock, span
from pipeline.server.engines.words import Token, stems

# A longer list is no longer read; a transcript is.
_MOST, _MOST_SPOKEN = 100, 1_000
# So much of the time is all of it.
_NEARLY_ALL = 0.95
# More words that were looked for in vain are not repeated.
_MOST_WORDS = 8
# In utterances longer than this it is told when the word is said.
_LONG_S = 5.0


class Relevant:
    """The entries of a timeline, asked for what a prompt asks for."""

    def __init__(self, timeline: Timeline, found: Sequence[Entry], asked: Asked) -> None:
        self._timeline, self._entries, self._asked = timeline, found, asked
        index = Index(stems(entry.quoted) for entry in found)
        beside = index.scores(asked.beside)
        hits = index.scores(token.stem for token in asked.words)
        self._hits = {place: max(score, beside.get(place, 0.0)) for place, score in hits.items()}
        self._words = frozenset(token.stem for token in asked.words if index.holds(token.stem))
        self._though = not_understood(timeline)
        self._missed = tuple(token.text for token in asked.words if not index.holds(token.stem))

    @property
    def has_hits(self) -> bool:
        """Whether any word of the prompt was read or heard."""
        return bool(self._hits)

    @property
    def missed(self) -> int:
        """How many words were looked for in vain."""
        return len(self._missed)

    def unfound(self) -> str | None:
        """The sentence about the words that were looked for in vain."""
        if not self._missed:
            return None
        words = ", ".join(f"\u201c{word[:LONGEST_WORD]}\u201d" for word in self._missed[:_MOST_WORDS])
        where = self._where()
        if len(self._missed) > _MOST_WORDS:
            # what is written at such length tells how to answer rather than what to look for
            return f"{len(self._missed)} other words of the prompt were not {where or 'looked for'}."
        if not where:
            return f"Whether there is anything like {words} cannot be told."
        none = self._no() if self._is_of_words_alone() and not self._hits else ""
        return f"{none}Nothing like {words} was {where}{self._though}."

    def _no(self) -> str:
        """That something is not said or written, as far as all of it was looked at and understood."""
        is_all = is_settled(self._timeline, "text") and is_settled(self._timeline, "speech")
        return "No. " if is_all and not self._though and not self._is_run_together() else "Not found. "

    def _is_run_together(self) -> bool:
        """Whether a word that was missed is part of what was read: gaps between words may be read over."""
        read = "\n".join(entry.quoted.casefold() for entry in self._entries if entry.kind != "words")
        return any(word.casefold() in read for word in self._missed)

    def _is_of_words_alone(self) -> bool:
        asked = self._asked
        is_told = all(aspect.part in ("text", "speech") for aspect in asked.aspects)
        how = asked.manner
        return how.is_yes_no and not how.is_negated and how.is_of_words and is_told and not asked.limits

    def _where(self) -> str:
        read = why_not(self._timeline, "text") is None
        heard = why_not(self._timeline, "speech") is None
        return " or ".join(filter(None, ("read on screen" if read else "", "heard" if heard else "")))

    def verdict(self) -> Iterator[str]:
        """How often the words of a prompt are read and heard, where it asks for that, or whether they are."""
        how = self._asked.manner
        if how.is_count and self._asks_for_words():
            yield f"{span(self._timeline)} words that were understood: {spoken_words(self._timeline)}{self._though}"
        if not (how.is_count or how.is_yes_no):
            return
        found = occurrences(self._asked.phrases, self._entries)
        apart = self._apart({each.word for each in found})
        answered = self._answered(found) if self._is_of_words_alone() and found and not (self._missed or apart) else ""
        yield from (
            f"\u201c{' '.join(token.text for token in each)}\u201d was not found as it stands." for each in apart
        )
        found += occurrences(((token,) for phrase in apart for token in phrase), self._entries)
        yield from (f"{'' if place else answered}{each.said}{self._though}." for place, each in enumerate(found))
        is_of_pictures = not (how.is_of_words or self._asked.aspects or self._asked.limits)
        if how.is_yes_no and is_of_pictures and self._asked.words:
            yield "Whether it is to be seen cannot be determined: things in pictures are not recognised."

    def _apart(self, found: set[str]) -> list[tuple[Token, ...]]:
        """The phrases of which each word was found, but not as they stand."""
        several = [phrase for phrase in self._asked.phrases if len(phrase) > 1]
        return [
            each
            for each in several
            if " ".join(token.text[:LONGEST_WORD] for token in each) not in found
            and not {token.text for token in each}.intersection(self._missed)
        ]

    def _asks_for_words(self) -> bool:
        is_spoken = any(aspect is SPEECH for aspect in self._asked.aspects)
        return (
            is_spoken and not self._asked.words and "word" in self._asked.beside and self._timeline.speech is not None
        )

    def _answered(self, found: Sequence[Occurrences]) -> str:
        """Yes, if all of them are where they are looked for, written, said, or either, and are there together."""
        if not self._is_anywhere_together():
            return ""
        parts = {aspect.part for aspect in self._asked.aspects}
        are = [each.read > 0 if parts == {"text"} else each.heard > 0 for each in found] if len(parts) == 1 else [True]
        return "Yes. " if all(are) else "Not read on screen. " if parts == {"text"} else "Not heard. "

    def _is_anywhere_together(self) -> bool:
        wanted = {word.stem for word in self._asked.words}
        return len(wanted) == 1 or any(wanted <= set(stems(entry.quoted)) for entry in self._entries if entry.quoted)

    def counts(self) -> Iterator[str]:
        """A line for each kind of evidence that is asked for: how much of it there is, or why that is not known."""
        asked = [aspect for aspect in self._asked.aspects if not self._is_narrowed(aspect)]
        how, is_alone = self._asked.manner, len(asked) == 1 and not (self._asked.words or self._asked.limits)
        is_whole = how.is_of_whole and how.bound is None
        is_yes_no = how.is_yes_no and not how.is_negated and is_alone and (self._asked.is_of_presence or is_whole)
        for aspect in asked:
            unknown = not_looked_for(self._timeline, aspect)
            yield f"{self._yes_or_no(aspect) if is_yes_no else ''}{unknown or self._count(aspect)}"

    def _yes_or_no(self, aspect: Aspect) -> str:
        if not is_settled(self._timeline, aspect.part, aspect.needs):
            return "Not known. "
        found = [entry for entry in self._entries if aspect.counts(entry)]
        if self._asked.manner.bound is not None:
            return self._within(self._asked.manner.bound, aspect, found)
        if found:
            is_part = self._asked.manner.is_of_whole and aspect.lasts and self._share(found) < _NEARLY_ALL
            return "In part. " if is_part else "Yes. "
        is_sure = aspect.proves_absence or why_not(self._timeline, aspect.part, aspect.needs) is not None
        return "No. " if is_sure else "Not found. "

    def _within(self, bound: Bound, aspect: Aspect, found: Sequence[Entry]) -> str:
        """Whether there is so much of it; of what is found only where it is clear, or takes no time, nobody knows."""
        if not aspect.proves_absence or (bound.is_of_seconds and not aspect.lasts):
            return ""
        amount = covered_s((entry.start_s, entry.end_s) for entry in found) if bound.is_of_seconds else len(found)
        return "Yes. " if bound.keeps(amount, bound.number) else "No. "

    def _share(self, found: Sequence[Entry]) -> float:
        lasts_s = covered_s((entry.start_s, entry.end_s) for entry in found)
        return lasts_s / (self._timeline.end_s - self._timeline.start_s)

    def _count(self, aspect: Aspect) -> str:
        of_it = [entry for entry in self._entries if aspect.counts(entry)]
        lasts_s = covered_s((entry.start_s, entry.end_s) for entry in of_it)
        # shots one after another always last for all of it
        is_all = aspect.part == "shots" and aspect.least == 0 and aspect.kinds == {"shot"}
        lasting = f", {lasts_s:.1f} s in all" if aspect.lasts and not is_all else ""
        if self._asked.manner.is_share and lasting:
            lasting += f" ({lasts_s / (self._timeline.end_s - self._timeline.start_s):.0%} of the time)"
        unheard = sum(entry.kind == "voice" for entry in of_it)
        counted = f"{len(of_it)}{lasting}" if of_it else "none found"
        not_understood = f", {unheard} of them not understood" if unheard else ""
        return f"{span(self._timeline)} {aspect.noun}: {counted}{not_understood}"

    def lines(self) -> Iterator[str]:
        """The entries in order of relevance, those of equal relevance in order of time."""
        ranked = self._ranked()
        most = _MOST_SPOKEN if self._asked.is_transcript else _MOST
        yield from (self._line(self._entries[place], place) for place in ranked[:most])
        if len(ranked) > most:
            yield f"and {len(ranked) - most} more."

    def _ranked(self) -> list[int]:
        scores = {place: score + self._of_aspects(place) for place, score in self._hits.items()}
        for aspect in self._asked.aspects:
            for place, strength in self._of(aspect):
                scores[place] = max(scores.get(place, 0.0), self._worth(self._entries[place], strength))
        if self._asked.order in ("first", "last"):
            return sorted(scores, reverse=self._asked.order == "last")
        return sorted(scores, key=lambda place: (-round(scores[place], 6), place))

    def _worth(self, entry: Entry, strength: float) -> float:
        """From 0 to 1, of what is asked for by its kind alone."""
        share = (entry.end_s - entry.start_s) / (self._timeline.end_s - self._timeline.start_s)
        worth = {"strength": strength, "longest": share, "shortest": 1 - share}
        return worth.get(self._asked.order, 1.0)

    def _of_aspects(self, place: int) -> float:
        return float(any(aspect.counts(self._entries[place]) for aspect in self._asked.aspects))

    def _of(self, aspect: Aspect) -> list[tuple[int, float]]:
        """The entries of an aspect; where there are none, and the most of it is asked for, the one with the most."""
        found = [(place, aspect.of(entry)) for place, entry in enumerate(self._entries) if aspect.counts(entry)]
        if self._is_narrowed(aspect):
            return []
        if found or self._asked.order != "strength":
            return found
        most = max(range(len(self._entries)), key=lambda place: aspect.of(self._entries[place]), default=None)
        strength = 0.0 if most is None else aspect.of(self._entries[most])
        return [(most, strength)] if most is not None and strength > 0 else []

    def _is_narrowed(self, aspect: Aspect) -> bool:
        """Whether some entries of it hold the words that are asked for, so that the others are not meant."""
        return not self._asked.is_transcript and any(aspect.counts(self._entries[place]) for place in self._hits)

    def _line(self, entry: Entry, place: int) -> str:
        if self._asked.order in ("longest", "shortest"):
            return f"{entry.line} ({entry.end_s - entry.start_s:.1f} s)"
        if place not in self._hits or not isinstance(entry.of, Utterance) or entry.end_s - entry.start_s <= _LONG_S:
            return entry.line
        at = [
            f"{word.text} at {clock(word.start_s)}"
            for word in entry.of.words
            if self._words.intersection(stems(word.text))
        ]
        return f"{entry.line} ({', '.join(at)})" if at else entry.line
