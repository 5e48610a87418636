"""What one field of an answer asks for, read from its name, from its description and from what it lies in."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from pipeline.server.engines import topics
from pipeline.server.engines.mentions import OF_FORMS, SPEAKERS, Mention, mention
from pipeline.server.engines.topics import bag_of, words_of
from pipeline.server.engines.words import EMPTY, fold, singular, written

# Where something happens, rather than what.
_SCOPE = topics.SHOT | topics.IMAGE
_COUNTED = re.compile(
    r"(?:number of|how many|count(?: of)?|list(?: of)?|each|every|all)(?: the| distinct| different)? ([a-z]+)"
)
_ONSCREEN = topics.RECORDED["title"] | bag_of("screen onscreen shown displayed written ocr overlay burned burnt")
_HEARD = topics.SPOKEN - {"word"} | bag_of("hear heard audible")
# Beside what is read or heard they say nothing more.
_COMPANIONS = frozenset(SPEAKERS) | bag_of(
    "screen shown displayed appear appearing audible hear heard exact complete full raw verbatim recognised recognized"
    " anyone someone anybody somebody burned burnt word line time occur play playing played last sound audio"
)
_FILLERS = (
    bag_of(" ".join(EMPTY | OF_FORMS))
    | _COMPANIONS
    | topics.ASKING
    | bag_of(
        "short concise descriptive suitable appropriate good best clear readable exactly precisely anywhere extracted"
        " transcribed picture viewer content order chronological distinct different separate unique clearly background"
    )
)
# What can be asked of a passage of what is read or heard.
_SPANS = topics.NUMBERS["duration"] | topics.NUMBERS["start"] | topics.NUMBERS["end"] | topics.TIME
_ASPECTS = _SPANS | topics.NUMBERS["index"] | topics.NUMBERS["confidence"] | topics.SHOT | topics.SOUND
# "Shots in which there is music" are not all of them.
_SOME = re.compile(r"\b(in which|where|when|that|which|while|contain(s|ing)?|without)\b")
UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Field:
    """What one field of an answer is about.

    Attributes:
        words: of `topics.MEASURED`, the words that say it; empty where the field asks for what is not measured.
        hints: all words of its name and its description.
        is_foreign: its name speaks of what measurements cannot tell.
        is_strange: its name has words that are not known, so that it may speak of a moment that is not known either.
        is_about: it asks what something is about, so that the words that are read and heard may tell.
        mention: what has to be mentioned or written; its `words` then say what is asked of that.
    """

    name: str = ""
    words: frozenset[str] = frozenset()
    hints: frozenset[str] = frozenset()
    is_foreign: bool = False
    is_strange: bool = False
    is_about: bool = False
    mention: Mention | None = None

    @property
    def topic(self) -> str | None:
        """Which of `topics.RECORDED` it asks for: "timecode", too, or `UNCLEAR` of several; None where for none."""
        return _topic(self.words, self.hints)

    @property
    def is_plural(self) -> bool:
        """Whether its name ends in a plural."""
        return any(word != singular(word) for word in written(self.name.replace("_", " ").lower())[-1:])

    @property
    def named(self) -> frozenset[str]:
        """The words of its name alone."""
        return frozenset(words_of(self.name))

    @property
    def is_in_minutes(self) -> bool:
        """Whether "min" stands for minutes: at the end of the name; elsewhere it means the least."""
        return words_of(self.name)[-1:] == ("min",)

    def without(self, words: Iterable[str]) -> "Field":
        return replace(self, words=self.words - frozenset(words))


@lru_cache(maxsize=10_000)
def read_field(name: str, description: str = "", within: frozenset[str] = frozenset()) -> Field:
    """Read a field by its name; by its description where the name says nothing; else by what it lies `within`.

    A name with a word that is not known ("hair_color") is about something else than measurements, and so is whatever
    is described with such a name.
    """
    named, about = frozenset(words_of(name)), frozenset(words_of(description))
    is_recorded = bool(named & (topics.RECORDED_WORDS | {"timecode"}))
    strange = named - topics.MEASURED - topics.NEUTRAL - (_COMPANIONS if is_recorded else frozenset())
    measured = named & topics.MEASURED
    strange -= _QUALIFIERS if measured & topics.SUMMARY else frozenset()
    # "said_by" asks who
    is_foreign = bool(named & topics.FOREIGN or (measured and strange) or (measured & topics.SPOKEN and "by" in named))
    field = Field(name, frozenset(), named | about, is_foreign, bool(strange))
    wanted = _mentioned(name, description, measured)
    if wanted is not None:
        is_when = not measured - topics.SPOKEN and about & (topics.TIME | {"second"}) and not about & topics.COUNT
        asked = measured & _ASPECTS | (frozenset(("when",)) if is_when else _when(name))
        asked -= topics.TIME if _HOW_OFTEN.search(name) else frozenset()
        return replace(field, words=asked, is_foreign=False, mention=wanted)
    if field.is_foreign:
        return field
    if not measured and within & topics.RECORDED_WORDS and (own := _of_passage(name, strange)) is not None:
        return replace(field, words=own or within, is_strange=False)
    field = replace(
        field, is_about=bool(named & topics.ABOUT) and not (named | about) - topics.ABOUT - topics.NEUTRAL - _FILLERS
    )
    if measured:
        return replace(
            field,
            words=_named(measured, about, description)
            | (_when(name) if is_recorded or measured & topics.ENTERED else set()),
        )
    if about & topics.FOREIGN - _subjects(about) or strange & about:
        return field
    return replace(field, words=_described(description, about) or (frozenset() if strange else within))


def _mentioned(name: str, description: str, measured: frozenset[str]) -> Mention | None:
    wanted = mention(name, description, _KINDS)
    if wanted is None:
        return None
    rest = measured - _ASPECTS - topics.SPOKEN - topics.RECORDED["text"]
    return wanted if all(fold(word) in wanted.words for word in rest) else None


# "times_budget_mentioned" is how often; "budget_mention_times" is when.
_HOW_OFTEN = re.compile(r"(^|_)times_")
# Of a summary they say how it is to be written.
_QUALIFIERS = bag_of(
    "one two three line short brief concise full detailed executive paragraph quick plain seo meta text"
)

_KINDS = frozenset(map(fold, topics.FOREIGN))


def _of_passage(name: str, strange: frozenset[str]) -> frozenset[str] | None:
    """What a name asks of a passage: "first_seen" when it is, "content" its text (no words of its own); else None."""
    if strange and strange <= bag_of("content line"):
        return frozenset()
    if strange and strange <= bag_of("seen appear appeared shown heard"):
        return frozenset(("end" if topics.LAST & frozenset(words_of(name)) else "start",))
    return None


def _when(name: str) -> frozenset[str]:
    """As "first_spoken_at" asks when."""
    return frozenset(("when",)) if words_of(name)[-1:] == ("at",) else frozenset()


def _subjects(words: frozenset[str]) -> frozenset[str]:
    """Words for people that say nothing more than that somebody speaks."""
    return SPEAKERS if words & topics.SPOKEN else frozenset()


def _named(measured: frozenset[str], about: frozenset[str], description: str) -> frozenset[str]:
    """What a name asks for that says what it means, as far as its description leaves that open."""
    foreign = about & (topics.FOREIGN | {"topic"}) - _subjects(measured)
    if measured & topics.SUMMARY:
        return measured
    if measured & (topics.TAG | topics.KEYWORD | topics.RECORDED_WORDS):
        is_special = measured & topics.RECORDED_WORDS and _is_special(measured, about, description)
        return frozenset() if foreign - {"topic"} or is_special else measured
    recorded = about & topics.RECORDED_WORDS
    is_part = recorded and (about & topics.COUNT or measured & _MEASURES or _SOME.search(description.lower()))
    if foreign or (measured & topics.SHOT and is_part):
        return frozenset()
    if not recorded or measured & (topics.SHOT | topics.CHAPTER | topics.IMAGE):
        return measured
    return measured | recorded if measured <= _SPANS and _is_plain(about) else frozenset()


_MEASURES = topics.COLOUR | topics.COLOURS | frozenset().union(*topics.NUMBERS.values()) - topics.TIME


def _is_special(measured: frozenset[str], about: frozenset[str], description: str) -> bool:
    """Whether a description asks for some only ("text on a sign"); a title may be described as one likes, as whose."""
    if measured & _TITLE:
        owner = _TITLE_OF.search(description.lower())
        return owner is not None and bool(frozenset(words_of(owner[1])) - topics.NEUTRAL - _FILLERS - topics.SHOT)
    return not _is_plain(about)


_TITLE = bag_of("title headline heading")
_TITLE_OF = re.compile(r"\b(?:title|headline|heading)s? (?:of|for) (?:the |a |an |each |every )?(\w+)")


def _is_plain(about: frozenset[str]) -> bool:
    """Whether every word of a description is understood."""
    return not about - topics.MEASURED - topics.NEUTRAL - _FILLERS


@lru_cache(maxsize=10_000)
def _topic(words: frozenset[str], hints: frozenset[str]) -> str | None:
    found = [topic for topic, named in topics.RECORDED.items() if words & named]
    if "event" in words and words & topics.SOUND and not found:
        found = ["event"]
    if "timecode" in words and (found == ["text"] or (hints & _ONSCREEN and not found)):
        found = ["timecode"]
    if not found:
        return None
    # "spoken_text", "title_text", "transcribed_speech": the other word says which
    found = [topic for topic in found if topic != "text"] or found
    if len(found) > 1:
        found = [topic for topic in found if topic != "speech"] if found == ["speech", "words"] else [UNCLEAR]
    if words - topics.RECORDED_WORDS - _ASPECTS - {"timecode"}:
        return UNCLEAR
    is_read, is_heard = bool(hints & _ONSCREEN), bool(hints & _HEARD)
    if found == ["words"] and words & topics.SPOKEN == {"word"} and is_read and not is_heard:
        return "text"
    return "words" if found == ["text"] and is_heard and not is_read else found[0]


def read_prompt(prompt: str) -> Field:
    """What a whole prompt is about, where every one of its words is understood: else it may be about anything."""
    about = frozenset(words_of(prompt))
    if (
        about
        - topics.MEASURED
        - topics.NEUTRAL
        - topics.ASKING
        - (_COMPANIONS if about & topics.RECORDED_WORDS else frozenset())
    ):
        return Field()
    return Field("", _described(prompt, about), about)


def _described(description: str, about: frozenset[str]) -> frozenset[str]:
    """What a description is about: where it happens counts for nothing, save where just that is counted."""
    counted = {word for match in _COUNTED.findall(description.lower()) for word in words_of(match)}
    if counted - topics.MEASURED - topics.NEUTRAL:
        return frozenset()
    found = frozenset((about & topics.MEASURED) - (_SCOPE - counted))
    return (
        frozenset() if found & (topics.RECORDED_WORDS | topics.KEYWORD - topics.TAG) and not _is_plain(about) else found
    )
