"""What a field wants to hear mentioned or see written: "mentions_budget", "is the word 'engine' on screen?"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.server.engines.words import bag, fold, is_empty, written

Where = Literal["text", "words", "anywhere"]

_ONSCREEN = bag("screen onscreen shown show display displayed written visible ocr text title caption")
_SPOKEN = bag("say said saying spoken speak speech hear heard audible talk dialogue transcript voice")
# Whoever speaks may be called so; of others nobody knows whether it is they who speak.
SPEAKERS = bag("speaker person people presenter narrator host video clip film footage recording")
_HINTS = _ONSCREEN | _SPOKEN | SPEAKERS
_FRAME = bag(
    "mention mentioned mentioning word phrase term number count time first last timestamp moment list appear contain"
    " include present read somebody anybody someone anyone audio sound flag boolean name named discussed shot scene"
    " segment part second whether sentence quote quotation line utterance passage start begin end total"
)
# What descriptions of fields say beside.
OF_FORMS = bag("explicitly happen indicate indicates kind please point set time true")
_QUOTED = re.compile(r"(?:^|[\s(])[\"'“\u2018`]([^\"“”`]{2,60}?)[\"'”\u2019`](?=$|[\s).,;:?!])")
_ACTIVE = re.compile(
    r"\b(?:mention(?:s|ing|ed)?(?: of)?|(?:talk|speak)(?:s|ing)? (?:about|of)"
    r"|(?:say(?:s|ing)?|contain(?:s|ing)?|read(?:s|ing)?) the (?:word|phrase|term)s?|the (?:word|phrase|term)s?)\s+(.+)"
)
_PASSIVE = re.compile(r"\s(?:is|are|was|were|gets?|be|been|being)\s+(?:(?:ever|first|explicitly)\s+)?mentioned\b")
# What is mentioned is asked for, not whether it is.
_ASKED_FOR = bag("which what who whose list all every each")


@dataclass(frozen=True, slots=True)
class Mention:
    """These words, compared as `fold` does, all of them in one utterance or in one line on screen."""

    words: frozenset[str]
    where: Where = "anywhere"


def mention(name: str, description: str, beyond: frozenset[str]) -> Mention | None:
    """What has to be mentioned; None where none is asked for, or where more is asked than whether words are there.

    `beyond` are words that mean a kind of thing ("product"), not themselves, unless they stand in quotes.
    """
    apart = written(re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", name))
    named = [fold(word) for word in apart]
    # "companies_mentioned" asks which.
    is_which = "mentioned" in named and any(
        word.endswith("s") and not _says_nothing(word) and fold(word) not in _KNOWN for word in apart
    )
    found = frozenset() if is_which else _in_name(named) or _in_text(description)
    if not found or (found & beyond and not _is_quoted(description, found)):
        return None
    hints = {*named, *map(fold, written(description))}
    if any(not _says_nothing(word) for word in hints - found - _KNOWN):
        return None
    return Mention(found, _where(hints))


_KNOWN = frozenset(map(fold, _HINTS | _FRAME))


def _says_nothing(word: str) -> bool:
    return is_empty(word) or word.lower() in OF_FORMS


def _where(hints: set[str]) -> Where:
    is_read, is_heard = bool(hints & _ONSCREEN), bool(hints & _SPOKEN)
    if is_read == is_heard:
        return "anywhere"
    return "text" if is_read else "words"


def _in_name(named: Sequence[str]) -> frozenset[str]:
    """As "mentions_budget", "is_budget_mentioned", "talks_about_budget"."""
    place = next((place for place, word in enumerate(named) if word in {"mention", "mentioned"}), None)
    about = next((place for place, word in enumerate(named[1:], 1) if word == "about"), None)
    if place is None and about is not None and named[about - 1] in {"talk", "talking", "speak", "speaking"}:
        place = about
    if place is None:
        return frozenset()
    return _meant(named[place + 1 :]) or _meant(named[:place])


def _meant(words: Sequence[str]) -> frozenset[str]:
    return frozenset(word for word in words if not _says_nothing(word) and word not in _KNOWN)


def _in_text(description: str) -> frozenset[str]:
    said = description.lower()
    if found := _QUOTED.search(said):
        return _meant_in(found[1])
    if found := _ACTIVE.search(said):
        return _first_run(written(found[1]))
    if found := _PASSIVE.search(said):
        before = written(said[: found.start()].replace("at which", "at").replace("in which", "in"))
        is_named = before and not _says_nothing(before[-1]) and not _ASKED_FOR & set(before)
        return _first_run(before[::-1]) if is_named else frozenset()
    return frozenset()


def _meant_in(quoted: str) -> frozenset[str]:
    words = [fold(word) for word in written(quoted)]
    return frozenset(word for word in words if not _says_nothing(word)) or frozenset(words)


def _first_run(words: Sequence[str]) -> frozenset[str]:
    """The words up to the next one without a meaning of its own: "the budget in the first part" is the budget."""
    run: list[str] = []
    for word in words:
        if not _says_nothing(word):
            run.append(fold(word))
        elif run:
            break
    return frozenset(run) - _KNOWN


def _is_quoted(description: str, found: frozenset[str]) -> bool:
    quoted = _QUOTED.search(description.lower())
    return quoted is not None and found == _meant_in(quoted[1])
