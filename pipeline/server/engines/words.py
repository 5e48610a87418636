"""Words as they are compared, in two ways, and those that carry no meaning. English is inflected; others are not.

Whoever searches compares stems, so that "meeting" finds "meetings" and "meet". Whether something was mentioned is
settled by numbers alone, `fold`: "training" is not told of a train.
"""

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
# An "s" that is not that of a plural.
_NO_PLURAL = ("ss", "us", "is", "news", "series", "species", "lens", "bfs")
_NO_FORMS = frozenset(("evening", "morning", "during", "nothing", "something", "everything", "anything"))
_SHORTEST = 3


@dataclass(frozen=True, slots=True)
class Token:
    """A word as it is written, and its stem."""

    text: str
    stem: str


def tokens(text: str) -> list[Token]:
    """The words of a text in order; figures are words."""
    return [Token(word, stem(word.casefold())) for word in written(text)]


def stems(text: str) -> list[str]:
    """The stems of its words in order."""
    return [stem(word) for word in written(text.casefold())]


def folded(text: str) -> frozenset[str]:
    """All its words, in one number."""
    return frozenset(map(fold, written(text)))


def written(text: str) -> list[str]:
    """The words of a text as they are written, without apostrophes and the possessive "s"."""
    plain = text if text.isascii() else normalize("NFKC", text)
    return _WORD.findall(_APOSTROPHES.sub("", plain))


def bag(text: str) -> frozenset[str]:
    """The words between the spaces."""
    return frozenset(text.split())


def singular(word: str) -> str:
    """A small word without the "s" of its plural."""
    return word[:-1] if len(word) > _SHORTEST and word.endswith("s") and not word.endswith(_NO_PLURAL) else word


@lru_cache(maxsize=10_000)
def fold(word: str) -> str:
    """One word in one number: "Companies" and "company" alike."""
    one = singular(word.lower())
    is_y = len(one) > _SHORTEST and one.endswith("y") and one[-2] not in "aeiou"
    return f"{one[:-1]}ie" if is_y else one


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


# Every text is full of these, whatever it is about, and so is every question: to find one tells nothing. They are
# compared as they are written, since "using" is no form of "us".
EMPTY = bag(
    "a about above across after again against all almost along already also although always am among an and"
    " another any anybody anyone anything are arent around as ask at away back be became because become been"
    " before behind being below between both but by came can cannot cant come could did didnt do does doesnt doing"
    " done dont down during each either else enough even ever every everybody everyone everything few for from"
    " further gave get gets give given go goes going gone got had has have having he her here hers herself him"
    " himself his how however i if ill im in into is isnt it its itself ive just keep know least less let lets"
    " like made make many may maybe me might mine more most much must my myself near need never next no nobody"
    " none nor not nothing now of off often oh ok okay on once one only onto or other others our ours out over own"
    " per perhaps put quite rather really said same say says see seem seen shall she should since so some somebody"
    " someone something sometimes somewhere soon still such take taken than that thats the their theirs them"
    " themselves then there theres these they theyre thing this those though through thus till to together too"
    " toward two under until up upon us very want was way we well went were weve what whatever when where whether"
    " which while who whole whom whose why will with within without wont would yes yet you your youre yours"
)
_FOLDED = frozenset(map(fold, EMPTY))


def is_empty(word: str) -> bool:
    """Whether a word, as it is written or folded, carries no meaning of its own."""
    return len(word) < 2 or word.lower() in EMPTY or word in _FOLDED
