"""What a prompt asks for: forms of telling, kinds of evidence, and words to look for."""

import re
from dataclasses import dataclass
from typing import Literal

from pipeline.server.engines.answers.aspects import ASPECTS, SPEECH, TIMECODES, TITLES, WHOLE, Aspect
from pipeline.server.engines.answers.common import COMMON, OF_ASKING
from pipeline.server.engines.answers.limits import limits
from pipeline.server.engines.answers.stems import Token, stems, tokens

Form = Literal["summary", "chapters", "keywords"]
Order = Literal["relevance", "strength", "longest", "shortest", "first", "last"]

_PLACEHOLDER = re.compile(r"<@[^<>]+>")
_QUOTED = re.compile(r'["\u201c\u201e\u00ab]([^"\u201c\u201d\u00ab\u00bb]+)["\u201d\u201c\u00bb]')
_FORMS: dict[Form, frozenset[str]] = {
    "summary": frozenset(
        stems("summary summaries summarise summarize overview recap gist synopsis abstract highlight")
    ),
    "chapters": frozenset(stems("chapter outline timeline section segment structure agenda")),
    "keywords": frozenset(stems("keyword tag hashtag topic subject theme")),
}
# These ask for a summary only if nothing else is asked for.
_WEAKLY = frozenset(stems("describe description happen happening about story plot explain content"))
# What the file is, whatever is in it.
_OF_FILE = frozenset(
    stems("resolution width height pixel fps rate codec aspect ratio orientation portrait landscape rotation")
)
_WHOLE_SPEECH = frozenset(stems("transcript transcripts transcribe transcription verbatim dialogue dialog"))
_BY_STRENGTH = ("darkest", "brightest", "loudest", "quietest", "fastest", "strongest", "most", "top")
_BY_THEIR_NAME: tuple[Order, ...] = ("longest", "shortest", "first", "last")
_ORDERS: dict[str, Order] = {**dict.fromkeys(_BY_STRENGTH, "strength"), **{order: order for order in _BY_THEIR_NAME}}
_COUNTED = r"chapters?|sections?|segments?|parts|key ?words|tags|hashtags|topics|themes"
_WANTED = re.compile(rf"\b(\d{{1,2}})\s+(?:[a-z-]+\s+){{0,2}}?(?:{_COUNTED})\b", re.IGNORECASE)
# After how many words a title is no longer one of the chapters that were named.
_NEAR = 3
_LONGEST_QUEST = 64
# Shorter figures say how much is wanted; a year is looked for.
_SHORTEST_FIGURE = 4
# Words that are understood otherwise are not looked for.
_UNDERSTOOD = frozenset().union(OF_ASKING, _WEAKLY, _OF_FILE, *_FORMS.values(), *(aspect.words for aspect in ASPECTS))


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt, as far as it is understood.

    Attributes:
        words: to be looked for in what was read and heard, each once, in order.
        beside: stems of the prompt that mean something else, as "green", yet may stand beside those words.
        limits: sentences about what is asked for and cannot be determined.
        order: by what evidence is ranked: "strength" as in "the darkest shot", "first" as in "when is it first said".
        wanted: how many chapters or keywords; None where nothing is said about it.
        is_of_file: its size, rates and codecs are asked for.
        is_transcript: all that is spoken is asked for.
        is_wordless: the prompt has no words at all, in no language.
    """

    forms: tuple[Form, ...]
    aspects: tuple[Aspect, ...]
    words: tuple[Token, ...]
    beside: tuple[str, ...]
    limits: tuple[str, ...]
    order: Order
    wanted: int | None
    is_of_file: bool
    is_transcript: bool
    is_wordless: bool


def read(prompt: str) -> Asked:
    """Read a prompt. The names in `<@name>` are nobody's words; what is in quotation marks is looked for as it is."""
    plain = _PLACEHOLDER.sub(" ", prompt)
    quoted = [token for text in _QUOTED.findall(plain) for token in tokens(text)]
    free = list(tokens(_QUOTED.sub(" ", plain)))
    known = [token.stem for token in free]
    content = _unique([*quoted, *(token for token in free if _is_content(token))])
    aspects = _aspects(known, content)
    forms = tuple(form for form, words in _FORMS.items() if words.intersection(known))
    if _names_chapters(known):
        aspects = tuple(aspect for aspect in aspects if aspect is not TITLES)
    wanted = _WANTED.search(plain)
    return Asked(
        forms=forms,
        aspects=aspects,
        words=content[:_LONGEST_QUEST],
        beside=tuple(token.stem for token in free if token.text.casefold() not in COMMON)[:_LONGEST_QUEST],
        limits=tuple(limits(known, about_speech=SPEECH in aspects)),
        order=_order([token.text.casefold() for token in free]),
        wanted=max(1, int(wanted[1])) if wanted else None,
        is_of_file=bool(_OF_FILE.intersection(known)),
        is_transcript=bool(_WHOLE_SPEECH.intersection(known)),
        is_wordless=not free and not quoted and plain == prompt,
    )


def _order(words: list[str]) -> Order:
    """The first that is named; whoever asks how long it lasts means no order."""
    named = (_ORDERS[word] for word in words if word in _ORDERS and not (word == "last" and "long" in words))
    return next(named, "relevance")


def _names_chapters(words: list[str]) -> bool:
    """Whether titles are asked for as those of chapters."""
    places = [place for place, word in enumerate(words) if word in _FORMS["chapters"]]
    return any(TITLES.words.intersection(words[place : place + 1 + _NEAR]) for place in places)


def _is_content(token: Token) -> bool:
    if token.stem.isascii() and (len(token.stem) == 1 or (token.stem.isdigit() and len(token.stem) < _SHORTEST_FIGURE)):
        return False
    written = token.text.casefold()
    return written not in COMMON and written not in _ORDERS and token.stem not in _UNDERSTOOD


def _unique(found: list[Token]) -> tuple[Token, ...]:
    return tuple({token.stem: token for token in reversed(found)}.values())[::-1]


def _aspects(words: list[str], content: tuple[Token, ...]) -> tuple[Aspect, ...]:
    """Those that are named; nothing of shots in general where some shots are meant."""
    named = [aspect for aspect in ASPECTS if aspect.words.intersection(words)]
    if "time" in words and not named and not content:
        named = [TIMECODES]
    are_some = bool(content) or any(aspect.part == "shots" and aspect.noun not in WHOLE for aspect in named)
    return tuple(aspect for aspect in named if not (are_some and aspect.noun in WHOLE))
