"""The words by which a question may name what is measured, and what it asks for that is not."""

import re
from functools import lru_cache

from pipeline.server.engines.colours import NAMES
from pipeline.server.engines.words import singular

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
    # the second of several is no unit of time, nor any of them
    (r"second (?=(?:shot|scene|chapter|part|section|title|text|colou?r|line|sound)\b)", "nth "),
    (r"black and white", "greyscale"),
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
    return tuple(_SPELLINGS.get(word, word) for word in map(singular, apart.split()))


def bag_of(text: str) -> frozenset[str]:
    """The words of a text, in no order."""
    return frozenset(words_of(text))


COLOURS = frozenset(NAMES)
COLOUR = bag_of("colour hue palette tint")
SHOT = bag_of("shot scene cut transition segment chapter section part interval moment event timeline passage")
CUT = bag_of("cut transition")
# How a shot can be entered. Of a cut nothing else is seen, so that it also means where any shot begins.
ENTRANCES = {"cut": bag_of("cut"), "dissolve": bag_of("dissolve crossfade"), "fade": bag_of("fade")}
ENTERED = CUT.union(*ENTRANCES.values())
CHAPTER = bag_of("chapter section")
TIME = bag_of("time timestamp moment when timecode")
SUMMARY = bag_of("summary summarise summarize description describe overview synopsis detail happen analysis report")
TAG = bag_of("tag keyword feature attribute property")
IMAGE = bag_of("image picture photo")
REFERENCE = bag_of("likeness similarity similar match matches resemblance resemble alike reference")

PASSAGES = {
    "black": bag_of("black blackout"),
    "still": bag_of("still static frozen freeze motionless standstill"),
    "silent": bag_of("silent silence mute muted"),
}
# What is read on screen, and what is heard.
RECORDED = {
    "text": bag_of("text ocr onscreen overlay written writing lettering"),
    "title": bag_of("title headline heading caption subtitle chyron lowerthird"),
    "mark": bag_of("logo mark watermark"),
    "ticker": bag_of("ticker crawl"),
    "speech": bag_of("speech speak speaking talk talking voice conversation dialogue narration voiceover"),
    "words": bag_of("transcript transcription transcribe quote quotation word spoken say said utterance"),
    "music": bag_of("music"),
    "event": bag_of("sudden bang"),
    "face": bag_of("face"),
}
PEOPLE = bag_of("person people human")
SPOKEN = RECORDED["speech"] | RECORDED["words"]
RECORDED_WORDS = frozenset().union(*RECORDED.values())
KEYWORD = bag_of("keyword tag topic")
SOUND = bag_of("sound audio noise")
# By these a field asks what something is about, if by nothing else.
ABOUT = bag_of("category genre topic subject theme content class classification programme program kind type")
# What can be told as a number. Where a name has words of several, the first one is meant.
NUMBERS = {
    "likeness": REFERENCE,
    "duration": bag_of("duration length runtime long lasting"),
    "start": bag_of("start begin beginning onset") | TIME,
    "end": bag_of("end ending finish until disappear"),
    "width": bag_of("width wide"),
    "height": bag_of("height high tall"),
    "fps": bag_of("fps framerate"),
    "bitrate": bag_of("bitrate bps kbps"),
    "samplerate": bag_of("samplerate"),
    "channels": bag_of("channel"),
    "rotation": bag_of("rotation rotated"),
    "size": bag_of("size filesize byte kb mb gb megabyte kilobyte"),
    "brightness": bag_of("brightness bright luminance luminosity exposure light lightness lighting lit"),
    "darkness": bag_of("darkness dark dim"),
    "motion": bag_of("motion movement moving move dynamic pace activity slow fast"),
    "loudness": bag_of("loudness loud volume sound audio noise noisy dbfs db decibel quiet"),
    "index": bag_of("index order ordinal sequence id"),
    "lufs": bag_of("lufs"),
    "loudnessrange": bag_of("loudnessrange"),
    "contrast": bag_of("contrast"),
    "confidence": bag_of("confidence"),
}
SHARES = frozenset(("brightness", "darkness", "motion", "likeness", "contrast", "confidence"))
# What can be told as a word. "loudness" before "motion": of what is heard nothing moves.
LABELS = {
    "colour": COLOUR,
    "brightness": NUMBERS["brightness"] | NUMBERS["darkness"],
    "loudness": NUMBERS["loudness"] | PASSAGES["silent"],
    "motion": NUMBERS["motion"] | PASSAGES["still"],
    "codec": bag_of("codec encoding"),
    "audiocodec": bag_of("audiocodec"),
    "entered": ENTERED,
    "container": bag_of("container format mime"),
    "resolution": bag_of("resolution dimension"),
    "orientation": bag_of("orientation portrait landscape square vertical horizontal"),
    "aspect": bag_of("aspect"),
    "name": bag_of("name label"),
}
MEASURED = frozenset().union(
    *(
        bag_of("understood"),
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

# What no track tells.
FOREIGN = (
    bag_of(
        "person people man men woman women child children face faces who animal animals dog cat car cars"
        " object objects product products brand brands logo logos text title titles caption captions subtitle subtitles"
        " written writing ocr speech speak speaks speaking speaker spoken say says said talk talks talking dialogue"
        " transcript transcribe conversation music song lyrics emotion emotions mood feeling feelings"
        " sentiment story plot topic topics meaning why location city hashtag hashtags joke intent"
        " player players team teams goal goals ball vehicle vehicles building buildings food words lyric"
    )
    - RECORDED_WORDS
    - KEYWORD
)

COUNT = bag_of("count number num many amount quantity")
SHARE = bag_of("share percent percentage pct ratio proportion fraction")
UNITS = {"minute": 1 / 60, "hour": 1 / 3600, "millisecond": 1000, "ms": 1000}
SIZES = {"kb": 1e-3, "kilobyte": 1e-3, "mb": 1e-6, "megabyte": 1e-6, "gb": 1e-9, "kbps": 1e-3}
FIRST, LAST = bag_of("first opening earliest start begin onset"), bag_of("last closing final latest")
LONGEST, SHORTEST = bag_of("longest max maximum"), bag_of("shortest min minimum")
MEAN = bag_of("average avg mean typical")
NO = frozenset(("no", "not", "without", "non"))

# They say nothing of what is meant.
NEUTRAL = (
    COUNT | SHARE | FIRST | LAST | LONGEST | SHORTEST | MEAN | NO | frozenset((*UNITS, *SIZES))
    | bag_of(
        "a an the of in at on is it its be are has have had was and or by for to with per each every all any this that"
        " whether if total overall main dominant primary most major value level score rating scale kind type category"
        " status second sec seconds s secs hz pixel px file media video clip film footage frame visual"
        " visible estimated approximate measured list array contain include there whole present detected change"
        " darkest brightest loudest quietest percent yes true false answer result response output"
        " metadata info information data basic general technical"
    )
)  # fmt: skip
ASKING = bag_of(
    "what which how do doe when who give tell return list find name show please me my your i as json object schema"
    " according following field value answer and from where can you we need want one sentence short brief image"
)
