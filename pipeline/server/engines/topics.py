"""The words by which a question may name what is measured, and what it asks for that is not."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from pipeline.server.engines.colours import NAMES
from pipeline.server.engines.question import UNSEEN_WORDS

_COMPOUNDS = (
    (r"frames? (rate|per second)", "fps"),
    (r"bit rate", "bitrate"),
    (r"sampl(e|ing) rate", "samplerate"),
    (r"file size", "filesize"),
    (r"file format", "container"),
    (r"aspect ratio", "aspect"),
)
_SPELLINGS = {"color": "colour", "colored": "colour", "coloured": "colour", "gray": "grey", "violet": "purple"} | {
    "magenta": "pink",
    "turquoise": "cyan",
    "teal": "cyan",
}


def words_of(text: str) -> tuple[str, ...]:
    """The words of a name or a sentence: lower case, British, singular, camelCase and snake_case taken apart."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9%]+", " ", text).lower().replace("%", " percent ")
    for written, said in _COMPOUNDS:
        apart = re.sub(rf"\b{written}\b", said, apart)
    return tuple(_SPELLINGS.get(word, word) for word in map(_singular, apart.split()))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "bfs", "ous")) else word


def _words(text: str) -> frozenset[str]:
    return frozenset(words_of(text))


COLOURS = frozenset(NAMES)
COLOUR = _words("colour hue palette tint")
SHOT = _words("shot scene cut transition segment chapter section part interval moment event timeline passage")
CUT = _words("cut transition")
TIME = _words("time timestamp moment when timecode")
SUMMARY = _words("summary summarise summarize description describe overview synopsis detail happen analysis report")
TAG = _words("tag keyword feature attribute property")
IMAGE = _words("image picture photo")
REFERENCE = _words("likeness similarity similar match matches resemblance resemble alike reference")

PASSAGES = {
    "black": _words("black blackout"),
    "still": _words("still static frozen freeze motionless standstill"),
    "silent": _words("silent silence mute muted"),
}
# What can be told as a number. Where a name has words of several, the first one is meant.
NUMBERS = {
    "likeness": REFERENCE,
    "duration": _words("duration length runtime long lasting"),
    "start": _words("start begin beginning onset") | TIME,
    "end": _words("end ending finish until"),
    "width": _words("width wide"),
    "height": _words("height high tall"),
    "fps": _words("fps framerate"),
    "bitrate": _words("bitrate bps kbps"),
    "samplerate": _words("samplerate"),
    "channels": _words("channel"),
    "rotation": _words("rotation rotated"),
    "size": _words("size filesize byte kb mb gb megabyte kilobyte"),
    "brightness": _words("brightness bright luminance luminosity exposure light lightness lighting lit"),
    "darkness": _words("darkness dark dim"),
    "motion": _words("motion movement moving move dynamic pace activity slow fast"),
    "loudness": _words("loudness loud volume sound audio noise noisy dbfs db decibel quiet"),
    "index": _words("index order ordinal sequence id"),
}
SHARES = frozenset(("brightness", "darkness", "motion", "likeness"))
# What can be told as a word. "loudness" before "motion": of what is heard nothing moves.
LABELS = {
    "colour": COLOUR,
    "brightness": NUMBERS["brightness"] | NUMBERS["darkness"],
    "loudness": NUMBERS["loudness"] | PASSAGES["silent"],
    "motion": NUMBERS["motion"] | PASSAGES["still"],
    "codec": _words("codec encoding"),
    "container": _words("container format mime"),
    "resolution": _words("resolution dimension"),
    "orientation": _words("orientation portrait landscape square vertical horizontal"),
    "aspect": _words("aspect"),
    "name": _words("name label"),
}
MEASURED = frozenset().union(
    COLOURS, COLOUR, SHOT, TIME, SUMMARY, TAG, IMAGE, REFERENCE, *PASSAGES.values(), *NUMBERS.values(), *LABELS.values()
)

UNSEEN = frozenset(map(_singular, UNSEEN_WORDS))

COUNT = _words("count number num many amount quantity")
SHARE = _words("share percent percentage pct ratio proportion fraction")
UNITS = {"minute": 1 / 60, "hour": 1 / 3600, "millisecond": 1000, "ms": 1000}
SIZES = {"kb": 1e-3, "kilobyte": 1e-3, "mb": 1e-6, "megabyte": 1e-6, "gb": 1e-9, "kbps": 1e-3}
FIRST, LAST = _words("first opening earliest start begin onset"), _words("last closing final latest")
LONGEST, SHORTEST = _words("longest max maximum"), _words("shortest min minimum")
MEAN = _words("average avg mean typical")
NO = frozenset(("no", "not", "without", "non"))

# They say nothing of what is meant.
_NEUTRAL = (
    COUNT | SHARE | FIRST | LAST | LONGEST | SHORTEST | MEAN | NO | frozenset((*UNITS, *SIZES))
    | _words(
        "a an the of in at on is it its be are has have had was and or by for to with per each every all any this that"
        " whether if total overall main dominant primary most major value level score rating scale kind type category"
        " status second sec seconds s secs hz pixel px file media video clip film footage frame visual"
        " visible estimated approximate measured list array contain include there whole present detected change"
        " darkest brightest loudest quietest percent yes true false answer result response output"
        " metadata info information data basic general technical"
    )
)  # fmt: skip
_ASKING = _words(
    "what which how do doe when who give tell return list find name show please me my your i as json object schema"
    " according following field value answer and from where can you we need want one sentence short brief image"
)
# Where something happens, rather than what.
_SCOPE = SHOT | IMAGE
_COUNTED = re.compile(
    r"(?:number of|how many|count(?: of)?|list(?: of)?|each|every|all)(?: the| distinct| different)? ([a-z]+)"
)


@dataclass(frozen=True, slots=True)
class Field:
    """What one field of an answer is about.

    Attributes:
        words: of `MEASURED`, the words that say it; empty where the field asks for what is not measured.
        hints: all words of its name and its description.
        is_foreign: its name speaks of what measurements cannot tell.
        is_strange: its name has words that are not known, so that it may speak of a moment that is not known either.
    """

    name: str = ""
    words: frozenset[str] = frozenset()
    hints: frozenset[str] = frozenset()
    is_foreign: bool = False
    is_strange: bool = False

    @property
    def is_in_minutes(self) -> bool:
        """Whether "min" stands for minutes: at the end of the name; elsewhere it means the least."""
        return words_of(self.name)[-1:] == ("min",)

    def without(self, words: Iterable[str]) -> "Field":
        return replace(self, words=self.words - frozenset(words))


@cache
def read_field(name: str, description: str = "", within: frozenset[str] = frozenset()) -> Field:
    """Read a field by its name; by its description where the name says nothing; else by what it lies `within`.

    A name with a word that is not known ("hair_color") is about something else than measurements, and so is whatever
    is described with such a name.
    """
    named, about = frozenset(words_of(name)), frozenset(words_of(description))
    hints, strange = named | about, named - MEASURED - _NEUTRAL
    measured = named & MEASURED
    field = Field(name, frozenset(), hints, bool(named & UNSEEN or (measured and strange)), bool(strange))
    if field.is_foreign:
        return field
    if measured:
        return field if about & UNSEEN and not measured & SUMMARY else replace(field, words=measured)
    if about & UNSEEN or strange & about:
        return field
    return replace(field, words=_described(description, about) or (frozenset() if strange else within))


def read_prompt(prompt: str) -> Field:
    """What a whole prompt is about, where every one of its words is understood: else it may be about anything."""
    about = frozenset(words_of(prompt))
    if about - MEASURED - _NEUTRAL - _ASKING:
        return Field()
    return Field("", _described(prompt, about), about)


def _described(description: str, about: frozenset[str]) -> frozenset[str]:
    """What a description is about: where it happens counts for nothing, save where just that is counted."""
    counted = {word for match in _COUNTED.findall(description.lower()) for word in words_of(match)}
    if counted - MEASURED - _NEUTRAL:
        return frozenset()
    return frozenset((about & MEASURED) - (_SCOPE - counted))
