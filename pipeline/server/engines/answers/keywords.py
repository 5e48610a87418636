"""The words that a video is fullest of, on screen and spoken, each with where it first occurs; and its colours."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from pipeline.server.engines.answers.common import is_telling
from pipeline.server.engines.evidence.timeline import Passage, Shot, Timeline
from pipeline.server.engines.words import Token, tokens

# A word that somebody put on screen says more than one of many that are spoken.
_READ, _SAID = 2, 1
# Where there are fewer words, colours help to tell what a video is like.
FEW = 3


@dataclass(slots=True)
class Keyword:
    """A word as it first occurs: there; how often it is on screen, and how often it is said."""

    text: str
    first: Passage
    read: int = 0
    said: int = 0

    @property
    def weight(self) -> int:
        """How much it tells."""
        return _READ * self.read + _SAID * self.said


@dataclass(slots=True)
class _Counted:
    words: dict[str, Keyword] = field(default_factory=dict)

    def add(self, text: str, passage: Passage, *, read: bool) -> None:
        # What is written in capitals throughout says no more by them.
        for token in _telling(text.lower() if text.isupper() and " " in text else text):
            word = self.words.setdefault(token.stem, Keyword(token.text, passage))
            if passage.start_s < word.first.start_s:
                word.text, word.first = token.text, passage
            word.read += read
            word.said += not read


@lru_cache(maxsize=20_000)
def _telling(text: str) -> tuple[Token, ...]:
    """Its words that may tell something; spoken words come one by one, and again and again."""
    return tuple(token for token in tokens(text) if is_telling(token))


def keywords(timeline: Timeline) -> list[Keyword]:
    """Of titles and understood speech, the weightiest first, those of one weight in order of time."""
    counted = _Counted()
    for line in timeline.text or ():
        if line.kind == "title":
            counted.add(line.text, line, read=True)
    for said in timeline.speech or ():
        for word in said.words if said.understood else ():
            counted.add(word.text, word, read=False)
        if said.understood and not said.words:
            counted.add(said.text, said, read=False)
    return sorted(counted.words.values(), key=lambda word: (-word.weight, word.first.start_s, word.text))


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour, its share of all pictures, and the shot that is fullest of it."""

    name: str
    share: float
    fullest: Shot


def colours(shots: Iterable[Shot]) -> list[Colour]:
    """The colours that cover most of the pictures, the largest share first."""
    seen = list(shots)
    whole_s = sum(shot.end_s - shot.start_s for shot in seen)
    found = [_colour(name, seen, whole_s) for name in sorted({name for shot in seen for name, _ in shot.colours})]
    return sorted(found, key=lambda colour: (-colour.share, colour.name))


def _colour(name: str, shots: list[Shot], whole_s: float) -> Colour:
    shares = [(dict(shot.colours).get(name, 0.0), shot) for shot in shots]
    covered_s = sum(share * (shot.end_s - shot.start_s) for share, shot in shares)
    fullest = max(shares, key=lambda pair: (pair[0], -pair[1].start_s))[1]
    return Colour(name, covered_s / whole_s if whole_s else 0.0, fullest)
