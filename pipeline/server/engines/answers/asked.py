"""What a prompt asks for: forms of telling, kinds of evidence, and words to look for."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from pipeline.server.engines.answers.aspects import (
    ASPECTS,
    FACES,
    FIGURES,
    SHOTS,
    SPEECH,
    TIMECODES,
    TITLES,
    TRANSITIONS,
    WHOLE,
    Aspect,
)
from pipeline.server.engines.answers.common import COMMON, OF_ASKING, PRESENCE
from pipeline.server.engines.answers.limits import MADE, limits
from pipeline.server.engines.answers.manner import Manner, bound_of, manner
from pipeline.server.engines.words import Token, stems, tokens

Form = Literal["title", "description", "summary", "chapters", "keywords"]
Order = Literal["relevance", "strength", "longest", "shortest", "first", "last"]

_PLACEHOLDER = re.compile(r"<@[^<>]+>")
_QUOTED = re.compile(r'["\u201c\u201e\u00ab]([^"\u201c\u201d\u00ab\u00bb]+)["\u201d\u201c\u00bb]')
_THE_WORD = re.compile(r"\b(the (?:word|term))\s+['\u2018]?(\w+)['\u2019]?", re.IGNORECASE)
_CLAUSE = re.compile(r"[^,.;:!?()/]+")
_SOMEBODY = frozenset(("anybody", "anyone", "somebody", "someone"))
_FORMS: dict[Form, frozenset[str]] = {
    "summary": frozenset(
        stems("summary summaries summarise summarize overview recap gist synopsis abstract highlight")
    ),
    "chapters": frozenset(stems("chapter outline timeline section segment structure agenda")),
    "keywords": frozenset(stems("keyword tag hashtag topic subject theme")),
}
# What the whole is to be called, and told as in a catalogue; also where that has to be written.
_TITLE = re.compile(r"\b(?:title|headline)\b(?! (?:cards?|screens?|sequences?)\b)", re.IGNORECASE)
_TITLE_OF_WHOLE = re.compile(
    r"\btitle of (?:this|the) (?:video|clip|film|movie|programme|program|recording)\b"
    r"|\bwhat(?:'s|\u2019s| is) the title\b",
    re.IGNORECASE,
)
_ALT_TEXT = re.compile(r"\balt(?:ernative)?[- ]text\b", re.IGNORECASE)
_NUMBERS = re.compile(r"\b(?:numbers|numerals)\b(?! of\b)", re.IGNORECASE)
_DESCRIPTION = frozenset(stems("description blurb caption"))
_ON_SCREEN = re.compile(
    r"\bon[ -]?screen (?:titles?|headlines?|captions?)\b|\b(?:title|headline)s? (?:\w+ ){0,2}on[ -]?screen\b",
    re.IGNORECASE,
)
# These ask for a summary only if nothing else is asked for.
_OPEN = frozenset(stems("describe description happen happening story plot explain"))
_WEAKLY = _OPEN | frozenset(stems("about content"))
# What the file is, whatever is in it.
_OF_FILE = frozenset(
    stems(
        "resolution width height pixel fps rate codec aspect ratio orientation portrait landscape rotation vertical"
        " horizontal"
    )
)
_WHOLE_SPEECH = frozenset(stems("transcript transcripts transcribe transcription verbatim dialogue dialog"))
# What says something on screen is written there.
_TEXT_SAYS = re.compile(
    r"\b(?:text|title|caption|subtitle|sign|banner|ticker|logo|headline|screen|card)s?\s+(?:\w+\s+){0,2}?says?\b",
    re.IGNORECASE,
)
_HEARING = frozenset(stems("hear heard audible sound sounds"))
_PERCENT = frozenset(stems("percent percentage"))
# A rate is that of the file where it says of what.
_RATE = frozenset(stems("rate"))
_OF_RATES = frozenset(stems("frame frames bit bits bitrate framerate sample sampling refresh"))
_CHANGE = frozenset(stems("change changes"))
_BY_STRENGTH = ("darkest", "brightest", "loudest", "quietest", "fastest", "strongest", "most", "top")
_BY_THEIR_NAME: tuple[Order, ...] = ("longest", "shortest", "first", "last")
_ORDERS: dict[str, Order] = {**dict.fromkeys(_BY_STRENGTH, "strength"), **{order: order for order in _BY_THEIR_NAME}}
_COUNTED = r"chapters?|sections?|segments?|parts|key ?words|tags|hashtags|topics|themes"
_WANTED = re.compile(rf"\b(\d{{1,2}})\s+(?:[a-z-]+\s+){{0,2}}?(?:{_COUNTED})\b", re.IGNORECASE)
_FACES = frozenset(stems("face facial closeup portrait"))
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
        phrases: those words as they stand beside one another, and what is in quotation marks as it is.
        beside: stems of the prompt that mean something else, as "green", yet may stand beside those words.
        limits: sentences about what is asked for and cannot be determined.
        order: by what evidence is ranked: "strength" as in "the darkest shot", "first" as in "when is it first said".
        wanted: how many chapters or keywords; None where nothing is said about it.
        manner: how it is asked.
        is_of_presence: it asks whether something is there, and nothing more of it.
        is_open: it asks what there is, as in "describe" or "what happens".
        is_of_file: its size, rates and codecs are asked for.
        is_transcript: all that is spoken is asked for.
        is_wordless: the prompt has no words at all, in no language.
    """

    forms: tuple[Form, ...]
    aspects: tuple[Aspect, ...]
    words: tuple[Token, ...]
    phrases: tuple[tuple[Token, ...], ...]
    beside: tuple[str, ...]
    limits: tuple[str, ...]
    order: Order
    wanted: int | None
    manner: Manner
    is_of_presence: bool
    is_open: bool
    is_of_file: bool
    is_transcript: bool
    is_wordless: bool

    @property
    def is_card(self) -> bool:
        """Whether a title, a description or keywords are asked for as a catalogue has them: in a line each."""
        return "title" in self.forms or "description" in self.forms


def read(prompt: str) -> Asked:
    """Read a prompt. The names in `<@name>` are nobody's words; what is in quotation marks is looked for as it is."""
    plain = _THE_WORD.sub(_in_quotes, _PLACEHOLDER.sub(" ", prompt))
    phrases = [tuple(tokens(text)) for text in _QUOTED.findall(plain)]
    quoted = [token for phrase in phrases for token in phrase]
    unquoted = _ALT_TEXT.sub("description", _QUOTED.sub(" ", plain))
    how_many = bound_of(unquoted)
    unquoted = unquoted.replace(how_many.said, " ") if how_many else unquoted
    free = list(tokens(unquoted))
    known = [token.stem for token in free]
    asked = manner(_QUOTED.sub(" ", plain), free)
    is_change, is_numbers = _is_change(known), bool(_NUMBERS.search(unquoted))
    content = _unique([*quoted, *(token for token in free if _is_content(token, is_change=is_change))])
    forms = _forms(known, unquoted)
    is_card = "title" in forms or "description" in forms
    named = (*([TRANSITIONS] if is_change else []), *([FIGURES] if is_numbers else []))
    aspects = _meant(_aspects(known, content, named), unquoted, forms, known)
    if not (aspects or content or forms) and _SOMEBODY.intersection(token.text.casefold() for token in free):
        return read(f"{prompt} person")
    wanted = _WANTED.search(plain)
    phrases += _runs(unquoted, lambda token: _is_content(token, is_change=is_change))
    return Asked(
        forms=forms,
        aspects=aspects,
        words=content[:_LONGEST_QUEST],
        phrases=tuple(dict.fromkeys(phrases))[:_LONGEST_QUEST],
        beside=tuple(token.stem for token in free if token.text.casefold() not in COMMON)[:_LONGEST_QUEST],
        limits=tuple(
            limits(
                [each for each in known if each not in asked.spoken_of], about_speech=SPEECH in aspects, is_card=is_card
            )
        ),
        order=_order([token.text.casefold() for token in free]),
        wanted=max(1, int(wanted[1])) if wanted else None,
        manner=asked,
        is_of_presence=_is_of_presence(asked, aspects),
        is_open=bool(_OPEN.intersection(known)),
        is_of_file=_is_of_file(known) or asked.is_of_length,
        is_transcript=bool(_WHOLE_SPEECH.intersection(known)),
        is_wordless=not free and not quoted and plain == prompt,
    )


def _in_quotes(found: re.Match[str]) -> str:
    """The word price is a word and no price, save that it says itself what is meant: the word count."""
    (token,) = tokens(found[2])
    return found[0] if _is_plain(token) else f'{found[1]} "{found[2]}"'


def _is_plain(token: Token) -> bool:
    return token.text.casefold() in COMMON or token.stem in OF_ASKING


def _runs(prompt: str, is_content: Callable[[Token], bool]) -> list[tuple[Token, ...]]:
    """The words that stand beside one another, with nothing between them."""
    runs: list[list[Token]] = []
    for clause in _CLAUSE.findall(prompt):
        for is_meant, run in groupby(tokens(clause), is_content):
            runs += [list(run)] if is_meant else []
    return [tuple(run) for run in runs]


def _is_of_presence(asked: Manner, aspects: tuple[Aspect, ...]) -> bool:
    """Whether it is asked for no more than whether something is there: neither how it is nor when."""
    named = frozenset().union(*(aspect.words for aspect in (*aspects, SHOTS)))
    bound = bound_of(asked.yes_no)
    asking = asked.yes_no.replace(bound.said, " ") if bound else asked.yes_no
    return all(token.stem in named or token.text.casefold() in PRESENCE for token in tokens(asking))


def _forms(known: list[str], plain: str) -> tuple[Form, ...]:
    """Those that are named; as a catalogue has them where two are, or where a text is to be written."""
    named = [form for form, words in _FORMS.items() if words.intersection(known)]
    is_titled = bool(_TITLE.search(plain)) and not _names_chapters(known) and not _ON_SCREEN.search(plain)
    is_described = bool(_DESCRIPTION.intersection(known))
    if _TITLE_OF_WHOLE.search(plain) and is_titled:
        return ("title", *named)
    of_card = (is_titled, is_described or "summary" in named, "keywords" in named)
    if sum(of_card) < 2 and not ((is_titled or is_described) and MADE.intersection(known)):
        return tuple(named)
    card: list[Form] = ["title"] if is_titled else []
    card += ["description"] if of_card[1] else []
    return (*card, *(form for form in named if form != "summary"))


def _meant(aspects: tuple[Aspect, ...], plain: str, forms: tuple[Form, ...], known: list[str]) -> tuple[Aspect, ...]:
    """Without the kinds of evidence whose words mean something else here."""
    is_titles = not ("title" in forms or _names_chapters(known))
    dropped = [] if is_titles else [TITLES]
    if _TEXT_SAYS.search(plain) and any(each.part == "text" for each in aspects):
        dropped.append(SPEECH)
    if MADE.intersection(known) or "description" in forms:
        dropped += [each for each in aspects if each.words.intersection(known) <= MADE | _DESCRIPTION]
    return tuple(aspect for aspect in aspects if aspect not in dropped)


def _order(words: list[str]) -> Order:
    """The first that is named; whoever asks how long it lasts means no order."""
    named = (_ORDERS[word] for word in words if word in _ORDERS and not (word == "last" and "long" in words))
    return next(named, "relevance")


def _names_chapters(words: list[str]) -> bool:
    """Whether titles are asked for as those of chapters."""
    places = [place for place, word in enumerate(words) if word in _FORMS["chapters"]]
    return any(TITLES.words.intersection(words[place : place + 1 + _NEAR]) for place in places)


def _is_of_file(words: list[str]) -> bool:
    named = _OF_FILE.intersection(words)
    return bool(named - _RATE or (named and _OF_RATES.intersection(words)))


def _is_change(words: list[str]) -> bool:
    """Whether it is asked where one shot follows another."""
    return bool(_CHANGE.intersection(words) and SHOTS.words.intersection(words))


def _is_content(token: Token, *, is_change: bool) -> bool:
    if token.stem.isascii() and (len(token.stem) == 1 or (token.stem.isdigit() and len(token.stem) < _SHORTEST_FIGURE)):
        return False
    if is_change and token.stem in _CHANGE:
        return False
    written = token.text.casefold()
    return written not in COMMON and written not in _ORDERS and token.stem not in _UNDERSTOOD


def _unique(found: list[Token]) -> tuple[Token, ...]:
    return tuple({token.stem: token for token in reversed(found)}.values())[::-1]


def _aspects(words: list[str], content: tuple[Token, ...], others: tuple[Aspect, ...]) -> tuple[Aspect, ...]:
    """Those that are named, by their words or as the others are; nothing of shots in general where some are meant."""
    named = [aspect for aspect in ASPECTS if aspect.words.intersection(words) or aspect in others]
    # whoever hears music hears no speech for that
    beside = [aspect for aspect in named if aspect.words.intersection(words) - _HEARING]
    named = beside if any(aspect.part in ("speech", "sounds") for aspect in beside) else named
    if FIGURES in named and _PERCENT.intersection(words) and len(named) > 1:
        named = [aspect for aspect in named if aspect is not FIGURES]
    if FIGURES in named:
        named = [aspect for aspect in named if aspect.noun != "lines of text on screen"]
    if "time" in words and not named and not content:
        named = [TIMECODES]
    are_some = bool(content) or any(aspect.part == "shots" and aspect.noun not in WHOLE for aspect in named)
    if SPEECH in named and not _FACES.intersection(words):
        named = [aspect for aspect in named if aspect is not FACES]  # people are asked for as those who speak
    return tuple(aspect for aspect in named if not (are_some and aspect.noun in WHOLE))
