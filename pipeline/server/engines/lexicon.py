"""Words as they are compared: small, singular; and those that carry no meaning of their own, in English."""

import re
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_POSSESSIVE = re.compile(r"['\u2019]s$")
# An "s" that is not that of a plural.
_NO_PLURAL = ("ss", "us", "is", "ews")


def bag(text: str) -> frozenset[str]:
    """The words between the spaces."""
    return frozenset(text.split())


STOP = bag(
    "a about above across after again against all almost along already also although always am among an and another"
    " any anything are around as ask at away back be became because become been before behind being below between"
    " both but by came can cannot come could did do does doing done down during each either else enough even ever"
    " every everything explicitly few for from further gave get gets give given go goes going gone got had happen"
    " has have having he her here hers herself him himself his how however i if in indicate indicates into is it"
    " its itself just keep kind know least less let like made make many may maybe me might more most much must my"
    " myself near need never next no nor not nothing now of off often on once one only onto or other others our"
    " ours out over own per perhaps please point put quite rather really said same say says see seem seen set she"
    " should since so some something somewhere soon still such take taken than that the their theirs them then"
    " there these they thing this those though through time to together too toward true two under until up upon us"
    " very want was way we well went were what when where whether which while who whole whom whose why will with"
    " within without would yes yet you your yours don't it's i'm we're they're you're that's there's let's can't"
    " won't didn't doesn't isn't aren't i've we've i'll we'll"
)


@lru_cache(maxsize=10_000)
def fold(word: str) -> str:
    """One word as it is compared: "Companies" and "company" alike."""
    small = _POSSESSIVE.sub("", word.lower())
    if len(small) > 3 and small.endswith("s") and not small.endswith(_NO_PLURAL):
        small = small[:-1]
    is_y = len(small) > 3 and small.endswith("y") and small[-2] not in "aeiou"
    return f"{small[:-1]}ie" if is_y else small


def written(text: str) -> list[str]:
    """The words of a text as they are written, without what stands between them."""
    return _WORD.findall(text)


def folded(text: str) -> frozenset[str]:
    """All words of a text, as they are compared."""
    return frozenset(map(fold, written(text)))


def is_empty(word: str) -> bool:
    """Whether a word carries no meaning of its own."""
    return len(word) < 2 or word.lower() in STOP or word in _FOLDED_STOP


_FOLDED_STOP = frozenset(map(fold, STOP))
