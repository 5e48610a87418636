"""How often words are said and written in what was observed, and how much of what was said was not understood."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.server.engines.answers.entries import Entry
from pipeline.server.engines.evidence.timeline import Timeline
from pipeline.server.engines.words import Token, stems

# Of a word so many letters are repeated.
LONGEST_WORD = 40


@dataclass(frozen=True, slots=True)
class Occurrences:
    """A word or a phrase, and how often it is heard and read on screen, in whatever inflection."""

    word: str
    heard: int
    read: int

    @property
    def said(self) -> str:
        """As the beginning of a sentence."""
        told = [f"heard {_times(self.heard)}"] if self.heard else []
        told += [f"read on screen {_times(self.read)}"] if self.read else []
        return f"\u201c{self.word}\u201d was {' and '.join(told)}"


def occurrences(phrases: Iterable[Sequence[Token]], found: Sequence[Entry]) -> list[Occurrences]:
    """Of each phrase that occurs at all, in their order; its words stand in it beside one another."""
    quoted = [(entry.kind == "words", stems(entry.quoted)) for entry in found if entry.quoted]
    counted = (_occurrences(phrase, quoted) for phrase in phrases)
    return [each for each in counted if each.heard or each.read]


def _occurrences(phrase: Sequence[Token], quoted: Sequence[tuple[bool, list[str]]]) -> Occurrences:
    wanted = [token.stem for token in phrase]
    counts = [0, 0]
    for is_heard, text in quoted:
        counts[is_heard] += sum(text[place : place + len(wanted)] == wanted for place in range(len(text)))
    return Occurrences(" ".join(token.text[:LONGEST_WORD] for token in phrase), counts[1], counts[0])


def spoken_words(timeline: Timeline) -> int:
    """How many words were understood."""
    understood = (said for said in timeline.speech or () if said.understood)
    return sum(len(said.words) or len(said.text.split()) for said in understood)


def not_understood(timeline: Timeline) -> str:
    """What may have been said all the same, as the end of a sentence; nothing where all was understood."""
    count = sum(not said.understood for said in timeline.speech or ())
    passages = "1 passage of speech was" if count == 1 else f"{count} passages of speech were"
    return f", though {passages} not understood" if count else ""


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
