"""The words by which a question may name what is measured, and what it asks for that is not."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from pipeline.server.engines.colours import NAMES
from pipeline.server.engines.lexicon import STOP, fold
from pipeline.server.engines.mentions import SPEAKERS, Mention, mention
from pipeline.server.engines.question import UNSEEN_WORDS

_COMPOUNDS = (
    (r"frames? (rate|per second)", "fps"),
    (r"bit rate", "bitrate"),
    (r"sampl(e|ing) rate", "samplerate"),
    (r"file size", "filesize"),
    (r"file format", "container"),
    (r"aspect ratio", "aspect"),
    (r"(audio|sound) (codec|encoding)", "audiocodec"),
    (r"(integrated loudness|integrated lufs|loudness lufs|lkfs)( lufs)?", "lufs"),
    (r"loudness range|lra", "loudnessrange"),
    (r"lower thirds?", "lowerthird"),
    (r"voice overs?", "voiceover"),
    (r"on screen texts?", "onscreen text"),
)
_SPELLINGS = {"color": "colour", "colored": "colour", "coloured": "colour", "gray": "grey", "violet": "purple"} | {
    "magenta": "pink",
    "turquoise": "cyan",
    "teal": "cyan",
}


@lru_cache(maxsize=10_000)
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
# How a shot can be entered. Of a cut nothing else is seen, so that it also means where any shot begins.
ENTRANCES = {"cut": _words("cut"), "dissolve": _words("dissolve crossfade"), "fade": _words("fade")}
ENTERED = CUT.union(*ENTRANCES.values())
CHAPTER = _words("chapter section")
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
# What is read on screen, and what is heard.
RECORDED = {
    "text": _words("text ocr onscreen overlay written writing lettering"),
    "title": _words("title headline heading caption subtitle chyron lowerthird"),
    "mark": _words("logo mark watermark"),
    "ticker": _words("ticker crawl"),
    "speech": _words("speech speak speaking talk talking voice conversation dialogue narration voiceover"),
    "words": _words("transcript transcription transcribe quote quotation word spoken say said utterance"),
    "music": _words("music"),
    "event": _words("sudden bang"),
}
READ = RECORDED["text"] | RECORDED["title"] | RECORDED["mark"] | RECORDED["ticker"]
SPOKEN = RECORDED["speech"] | RECORDED["words"]
RECORDED_WORDS = frozenset().union(*RECORDED.values())
KEYWORD = _words("keyword tag topic")
SOUND = _words("sound audio noise")
# By these a field asks what something is about, if by nothing else.
ABOUT = _words("category genre topic subject theme content class classification programme program kind type")
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
    "lufs": _words("lufs"),
    "loudnessrange": _words("loudnessrange"),
    "contrast": _words("contrast"),
    "confidence": _words("confidence"),
}
SHARES = frozenset(("brightness", "darkness", "motion", "likeness", "contrast", "confidence"))
# What can be told as a word. "loudness" before "motion": of what is heard nothing moves.
LABELS = {
    "colour": COLOUR,
    "brightness": NUMBERS["brightness"] | NUMBERS["darkness"],
    "loudness": NUMBERS["loudness"] | PASSAGES["silent"],
    "motion": NUMBERS["motion"] | PASSAGES["still"],
    "codec": _words("codec encoding"),
    "audiocodec": _words("audiocodec"),
    "entered": ENTERED,
    "container": _words("container format mime"),
    "resolution": _words("resolution dimension"),
    "orientation": _words("orientation portrait landscape square vertical horizontal"),
    "aspect": _words("aspect"),
    "name": _words("name label"),
}
MEASURED = frozenset().union(
    *(
        _words("understood"),
        COLOURS,
        COLOUR,
        SHOT,
        CHAPTER,
        TIME,
        SUMMARY,
        TAG,
        KEYWORD,
        IMAGE,
        REFERENCE,
        RECORDED_WORDS,
    ),
    *(*PASSAGES.values(), *NUMBERS.values(), *LABELS.values()),
)

# What pictures and levels do not tell; FOREIGN is what no track tells.
UNSEEN = frozenset(map(_singular, UNSEEN_WORDS))
FOREIGN = UNSEEN - RECORDED_WORDS - KEYWORD

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
_ONSCREEN = RECORDED["title"] | _words("screen onscreen shown displayed written ocr overlay burned burnt")
_HEARD = SPOKEN - {"word"} | _words("hear heard audible")
# Beside what is read or heard they say nothing more.
_COMPANIONS = frozenset(SPEAKERS) | _words(
    "screen shown displayed appear appearing audible hear heard exact complete full raw verbatim recognised recognized"
    " anyone someone anybody somebody burned burnt word line time occur play playing played last sound audio"
)
_FILLERS = (
    _words(" ".join(STOP))
    | _COMPANIONS
    | _ASKING
    | _words(
        "short concise descriptive suitable appropriate good best clear readable exactly precisely anywhere extracted"
        " transcribed picture viewer content order chronological distinct different separate unique clearly"
    )
)
# What can be asked of a passage of what is read or heard.
_SPANS = NUMBERS["duration"] | NUMBERS["start"] | NUMBERS["end"] | TIME
_ASPECTS = _SPANS | NUMBERS["index"] | NUMBERS["confidence"] | SHOT | SOUND
# "Shots in which there is music" are not all of them.
_SOME = re.compile(r"\b(in which|where|when|that|which|while|contain(s|ing)?|without)\b")
UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Field:
    """What one field of an answer is about.

    Attributes:
        words: of `MEASURED`, the words that say it; empty where the field asks for what is not measured.
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
        """Which of `RECORDED` it asks for: "timecode", too, or `UNCLEAR` of several; None where it asks for none."""
        return _topic(self.words, self.hints)

    @property
    def is_plural(self) -> bool:
        """Whether its name ends in a plural."""
        return bool(re.search(r"(?<!s)s$", self.name.lower()))

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
    is_recorded = bool(named & (RECORDED_WORDS | {"timecode"}))
    strange = named - MEASURED - _NEUTRAL - (_COMPANIONS if is_recorded else frozenset())
    measured = named & MEASURED
    # "said_by" asks who
    is_foreign = bool(named & FOREIGN or (measured and strange) or (measured & SPOKEN and "by" in named))
    field = Field(name, frozenset(), named | about, is_foreign, bool(strange))
    wanted = _mentioned(name, description, measured)
    if wanted is not None:
        return replace(field, words=measured & _ASPECTS | _when(name), is_foreign=False, mention=wanted)
    if field.is_foreign:
        return field
    if not measured and within & RECORDED_WORDS and (own := _of_passage(name, strange)) is not None:
        return replace(field, words=own or within, is_strange=False)
    field = replace(field, is_about=bool(named & ABOUT) and not (named | about) - ABOUT - _NEUTRAL - _FILLERS)
    if measured:
        return replace(field, words=_named(measured, about, description) | (_when(name) if is_recorded else set()))
    if about & FOREIGN - _subjects(about) or strange & about:
        return field
    return replace(field, words=_described(description, about) or (frozenset() if strange else within))


def _mentioned(name: str, description: str, measured: frozenset[str]) -> Mention | None:
    wanted = mention(name, description, _KINDS)
    if wanted is None:
        return None
    rest = measured - _ASPECTS - SPOKEN - RECORDED["text"]
    return wanted if all(fold(word) in wanted.words for word in rest) else None


_KINDS = frozenset(map(fold, FOREIGN))


def _of_passage(name: str, strange: frozenset[str]) -> frozenset[str] | None:
    """What a name asks of a passage: "first_seen" when it is, "content" its text (no words of its own); else None."""
    if strange and strange <= _words("content line"):
        return frozenset()
    if strange and strange <= _words("seen appear appeared shown heard"):
        return frozenset(("end" if LAST & frozenset(words_of(name)) else "start",))
    return None


def _when(name: str) -> frozenset[str]:
    """As "first_spoken_at" asks when."""
    return frozenset(("when",)) if words_of(name)[-1:] == ("at",) else frozenset()


def _subjects(words: frozenset[str]) -> frozenset[str]:
    """Words for people that say nothing more than that somebody speaks."""
    return SPEAKERS if words & SPOKEN else frozenset()


def _named(measured: frozenset[str], about: frozenset[str], description: str) -> frozenset[str]:
    """What a name asks for that says what it means, as far as its description leaves that open."""
    foreign = about & (FOREIGN | {"topic"}) - _subjects(measured)
    if measured & SUMMARY:
        return measured
    if measured & (TAG | KEYWORD | RECORDED_WORDS):
        is_special = measured & RECORDED_WORDS and _is_special(measured, about, description)
        return frozenset() if foreign - {"topic"} or is_special else measured
    recorded = about & RECORDED_WORDS
    is_part = recorded and (about & COUNT or measured & _MEASURES or _SOME.search(description.lower()))
    if foreign or (measured & SHOT and is_part):
        return frozenset()
    if not recorded or measured & (SHOT | CHAPTER | IMAGE):
        return measured
    return measured | recorded if measured <= _SPANS and _is_plain(about) else frozenset()


_MEASURES = COLOUR | COLOURS | frozenset().union(*NUMBERS.values()) - TIME


def _is_special(measured: frozenset[str], about: frozenset[str], description: str) -> bool:
    """Whether a description asks for some only ("text on a sign"); a title may be described as one likes, as whose."""
    if measured & _TITLE:
        owner = _TITLE_OF.search(description.lower())
        return owner is not None and bool(frozenset(words_of(owner[1])) - _NEUTRAL - _FILLERS - SHOT)
    return not _is_plain(about)


_TITLE = _words("title headline heading")
_TITLE_OF = re.compile(r"\b(?:title|headline|heading)s? (?:of|for) (?:the |a |an |each |every )?(\w+)")


def _is_plain(about: frozenset[str]) -> bool:
    """Whether every word of a description is understood."""
    return not about - MEASURED - _NEUTRAL - _FILLERS


@lru_cache(maxsize=10_000)
def _topic(words: frozenset[str], hints: frozenset[str]) -> str | None:
    found = [topic for topic, named in RECORDED.items() if words & named]
    if "event" in words and words & SOUND and not found:
        found = ["event"]
    if "timecode" in words and (found == ["text"] or (hints & _ONSCREEN and not found)):
        found = ["timecode"]
    if not found:
        return None
    # "spoken_text", "title_text", "transcribed_speech": the other word says which
    found = [topic for topic in found if topic != "text"] or found
    if len(found) > 1:
        found = [topic for topic in found if topic != "speech"] if found == ["speech", "words"] else [UNCLEAR]
    if words - RECORDED_WORDS - _ASPECTS - {"timecode"}:
        return UNCLEAR
    is_read, is_heard = bool(hints & _ONSCREEN), bool(hints & _HEARD)
    if found == ["words"] and words & SPOKEN == {"word"} and is_read and not is_heard:
        return "text"
    return "words" if found == ["text"] and is_heard and not is_read else found[0]


def read_prompt(prompt: str) -> Field:
    """What a whole prompt is about, where every one of its words is understood: else it may be about anything."""
    about = frozenset(words_of(prompt))
    if about - MEASURED - _NEUTRAL - _ASKING - (_COMPANIONS if about & RECORDED_WORDS else frozenset()):
        return Field()
    return Field("", _described(prompt, about), about)


def _described(description: str, about: frozenset[str]) -> frozenset[str]:
    """What a description is about: where it happens counts for nothing, save where just that is counted."""
    counted = {word for match in _COUNTED.findall(description.lower()) for word in words_of(match)}
    if counted - MEASURED - _NEUTRAL:
        return frozenset()
    found = frozenset((about & MEASURED) - (_SCOPE - counted))
    return frozenset() if found & (RECORDED_WORDS | KEYWORD - TAG) and not _is_plain(about) else found
