"""How well texts answer to words: BM25.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with the constants that they
find good and that Lucene sets: k1, how soon more of the same word counts no more, and b, how much long texts pay.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

K1, B = 1.2, 0.75


class Index:
    """Texts, each as its stems, to be asked for words."""

    def __init__(self, texts: Iterable[Sequence[str]]) -> None:
        self._holds: defaultdict[str, dict[int, int]] = defaultdict(dict)
        self._lengths: list[int] = []
        for place, text in enumerate(texts):
            self._lengths.append(len(text))
            for word, count in Counter(text).items():
                self._holds[word][place] = count
        filled = [length for length in self._lengths if length]
        self._size = len(filled)
        self._mean = sum(filled) / self._size if filled else 1.0

    def holds(self, word: str) -> bool:
        """Whether any text has the word."""
        return word in self._holds

    def scores(self, words: Iterable[str]) -> dict[int, float]:
        """By place, of the texts alone that hold any of the words; more is better."""
        scores: defaultdict[int, float] = defaultdict(float)
        for word in sorted(set(words)):
            found = self._holds.get(word, {})
            rarity = math.log(1 + (self._size - len(found) + 0.5) / (len(found) + 0.5))
            for place, count in found.items():
                length = K1 * (1 - B + B * self._lengths[place] / self._mean)
                scores[place] += rarity * count * (K1 + 1) / (count + length)
        return dict(scores)
