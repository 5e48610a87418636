"""What a prompt asks about, as far as this engine can tell: by its words, in English."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pipeline.server.engines.colours import NAMES

_PLACEHOLDER = re.compile(r"<@([^<>]+)>")

Topic = Literal["brightness", "colours", "motion", "sound"]
EVERYTHING: frozenset[Topic] = frozenset(("brightness", "colours", "motion", "sound"))


def placeholders(prompt: str) -> tuple[str, ...]:
    """The names that a prompt refers to, each once, in order."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(prompt)))


def unnamed(prompt: str, names: Iterable[str]) -> list[str]:
    """A sentence for each name that a prompt refers to and that none of the pictures has."""
    given = frozenset(names)
    return [f"No image goes by the name <@{name}>." for name in placeholders(prompt) if name not in given]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TOPIC_WORDS: dict[Topic, frozenset[str]] = {
    "brightness": _words("bright brightness brighter dark darker darkness light lighting black exposure"),
    "colours": _words("color colors colored colour colours coloured hue hues palette tint") | frozenset(NAMES),
    "motion": _words("motion motions move moves moving movement movements still static frozen fast slow pace"),
    "sound": _words("sound sounds audio loud louder loudness volume quiet silent silence noise noisy"),
}
_OVERVIEW_WORDS = _words(
    "analyse analyze describe description overview summarise summarize summary video clip film footage scene scenes"
    " shot shots cut cuts timeline chapter chapters"
    " segment segments happens happening everything report image images picture pictures compare comparison"
    " difference differences different changed similar"
)
UNSEEN_WORDS = _words(
    "person people man men woman women child children face faces who animal animals dog cat car cars"
    " object objects product products brand brands logo logos text title titles caption captions subtitle subtitles"
    " written writing ocr speech speak speaks speaking speaker spoken say says said talk talks talking dialogue"
    " transcript transcribe conversation music song lyrics emotion emotions mood feeling feelings"
    " sentiment story plot topic topics meaning why location city hashtag hashtags joke intent"
    " player players team teams goal goals ball vehicle vehicles building buildings food words lyric"
)


@dataclass(frozen=True, slots=True)
class Question:
    """`topics`: what to speak of. `beyond`: the prompt asks, perhaps among others, for what is not measured."""

    topics: frozenset[Topic]
    beyond: bool


def read_question(prompt: str) -> Question:
    """Topics that are named, or all of them where none is. The names in `<@name>` are nobody's words."""
    words = frozenset(re.findall(r"[a-z]+", _PLACEHOLDER.sub(" ", prompt).lower()))
    topics: frozenset[Topic] = frozenset(topic for topic, known in _TOPIC_WORDS.items() if words & known)
    understood = bool(topics or words & _OVERVIEW_WORDS or placeholders(prompt))
    return Question(topics=topics or EVERYTHING, beyond=bool(words & UNSEEN_WORDS) or not understood)
