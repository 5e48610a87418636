"""The words of a text, brought to a form in which their inflections are alike. English is inflected; others are not."""

import re
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import normalize

_WORD = re.compile(r"[^\W_]+")
_APOSTROPHES = re.compile(r"['\u2019](s\b)?")
_VOWEL = re.compile(r"[aeiouy]")
# A suffix, and what takes its place, the first that fits.
_SUFFIXES = (
    ("ingly", ""), ("edly", ""), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"),
    ("ies", "y"), ("eed", "ee"), ("ing", ""), ("ied", "y"), ("ed", ""), ("s", ""),
)  # fmt: skip
_NO_PLURAL = ("ss", "us", "is", "news")
_NO_FORMS = frozenset(("evening", "morning", "during", "nothing", "something", "everything", "anything"))
_SHORTEST = 3


@dataclass(frozen=True, slots=True)
class Token:
    """A word as it is written, and its stem."""

    text: str
    stem: str


def tokens(text: str) -> list[Token]:
    """The words of a text in order; figures are words."""
    return [Token(word, stem(word.casefold())) for word in _words(text)]


def stems(text: str) -> list[str]:
    """The stems of its words in order."""
    return [stem(word) for word in _words(text.casefold())]


def _words(text: str) -> list[str]:
    plain = text if text.isascii() else normalize("NFKC", text)
    return _WORD.findall(_APOSTROPHES.sub("", plain))


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """Without its English inflection: "meetings" and "meeting" are "meet", "budgets" is "budget"."""
    if len(word) <= _SHORTEST or word in _NO_FORMS or not (word.isascii() and word.isalpha()):
        return word
    for suffix, instead in _SUFFIXES:
        if word.endswith(suffix) and not (suffix == "s" and word.endswith(_NO_PLURAL)):
            rest = word.removesuffix(suffix) + instead
            return _settled(rest) if len(rest) >= _SHORTEST and _VOWEL.search(rest) else word
    return _settled(word)


def _settled(rest: str) -> str:
    """What is doubled once, and without a last e: "runn" is "run"; "danc" and "dance" are one."""
    if rest[-1] == rest[-2] and rest[-1] not in "aeiouylsz":
        return rest[:-1]
    return rest[:-1] if rest.endswith("e") and len(rest) > _SHORTEST else rest
