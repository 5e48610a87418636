"""How a prompt asks, whatever it asks for: for a number, a yes or no, words that are said; and in which language."""

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.server.engines.answers.moments import FIGURES
from pipeline.server.engines.words import Token, stems

_COUNT = re.compile(r"\bhow (?:many|often)\b|\b(?:the )?number of\b|\bcount\b", re.IGNORECASE)
_YES_NO = re.compile(
    r"(?:^|[.;:!?,]\s+)(?:and |please )*(?:tell me |say )?"
    r"(?:(?:if|whether|is|are|was|were|does|do|did|has|have|any)\b(?! you\b)"
    r"|(?:can|could|do|did) you (?:see|hear|read|find|notice)\b)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.;:?!]+")
# Whoever asks so of the whole does not ask whether there is any.
_OF_WHOLE = re.compile(
    r"\b(?:is|was)\s+(?:(?:the\s+)?it|this|everything|the|(?:the|this)\s+(?:(?:whole|entire)\s+)?(?:video|clip|film|movie"
    r"|file|recording|programme|program|footage|screen|picture|image))\s+(?:an?\s+)?[\w-]+"
    r"(?:\s+(?:video|clip|film|movie|recording|programme|program))?\W*$",
    re.IGNORECASE,
)
_BOUNDS: dict[str, Callable[[float, float], bool]] = {
    **dict.fromkeys(("at least", "no fewer than", "no less than"), operator.ge),
    **dict.fromkeys(("more than", "over", "longer than"), operator.gt),
    **dict.fromkeys(("at most", "no more than", "up to"), operator.le),
    **dict.fromkeys(("fewer than", "less than", "under", "shorter than"), operator.lt),
    "exactly": operator.eq,
}
_BOUND = re.compile(
    rf"\b({'|'.join(_BOUNDS)})\s+(an?|\d+(?:\.\d+)?|{'|'.join(FIGURES)})\b"
    r"(?:[\s-]*(s|secs?|seconds?|mins?|minutes?|hours?)\b(?:\s+of\b)?)?",
    re.IGNORECASE,
)
_SECONDS = {"s": 1, "m": 60, "h": 3600}
# Whoever asks whether something is not so takes either yes or no in two ways.
_NEGATED = re.compile(r"\b(?:no|not|never|nobody|nothing|without)\b|n['\u2019]t\b", re.IGNORECASE)
_OF_WORDS = re.compile(
    r"\b(?:mention\w*|sa(?:y|ys|ying|id)|words?|phrases?|discuss\w*|talk\w*|spoken|speak\w*|hear\w*|reads?|written|text|quot\w+)"
    r"\b",
    re.IGNORECASE,
)
_LENGTH = re.compile(
    r"\b(?:video|clip|film|movie|recording|file|programme|program|footage|it|this) (?:longer|shorter) than\b|"
    r"\bhow long (?:is|does)\b[^.?!]*\b(?:video|clip|film|movie|recording|file|programme|program|footage|it|this)\b"
    r"|\b(?:duration|length) of (?:the|this) (?:\w+ )?(?:video|clip|film|movie|recording|file|programme|program)\b"
    r"|^\W*(?:duration|length|run(?:ning)? ?time)\W*$",
    re.IGNORECASE,
)
_SHARE = re.compile(r"\bhow much\b|\bpercent(?:age)?\b|\bproportion\b|\b(?:share|fraction) of\b", re.IGNORECASE)
_BRIEF = re.compile(
    r"\b(?:short|brief|concise|quick)(?:ly)?\b|\b(?:one|two|three|a single|a few|[1-5])[- ](?:sentences?|lines?)\b",
    re.IGNORECASE,
)
# What somebody speaks of is not to be seen for that.
_SPOKEN_OF = re.compile(
    r"\b(?:(?:say|says|saying|said|talk\w*|speak\w*|discuss\w*|hear\w*|read|anything) about|mentions?(?: of)?"
    r"|mentioning|discuss(?:es|ing|ed)?|words?)\s+(?:the |a |an |any |some |of )*(\w+)",
    re.IGNORECASE,
)
# Words of German, French, Spanish, Italian and Portuguese that are none of English, nor of many names.
_FOREIGN_WORDS = (
    "und der das ist dieses dieser diesem eine einen wird werden wann wer wie welche welcher hier passiert nenne bitte"
    " über mit für nicht gibt zusammen beschreibe worum geht auf vom zum zur"
    " est une dans cette ce quels quelles quel quelle quoi qui vidéo résumez décris décrivez que avec des les du sont"
    " qué cuál cuáles cómo dónde cuándo los las este esta está resumen vídeo por con"
    " che cosa questo della nel descrivi riassumi sono gli uma isso descreva nesta neste"
)
_FOREIGN = frozenset(_FOREIGN_WORDS.split())
_SHARE_FOREIGN = 0.25


@dataclass(frozen=True, slots=True)
class Bound:
    """How many of something, or how many seconds of it, are asked about."""

    keeps: Callable[[float, float], bool]
    number: float
    is_of_seconds: bool
    said: str


@dataclass(frozen=True, slots=True)
class Manner:
    """How it is asked.

    Attributes:
        is_count: for a number.
        is_share: for how much of the whole.
        is_yes_no: whether something is so.
        yes_no: the sentences that ask so.
        is_of_whole: whether all of it is so, rather than some of it.
        bound: whether there are so many of it.
        is_negated: whether it is not.
        is_of_words: for what is said or written, rather than for what is to be seen.
        is_of_length: for how long the file is.
        is_brief: in few sentences.
        spoken_of: words that are to be found in what is said or written, whatever else they mean.
        is_json: for JSON, without a schema of it.
        is_foreign: in another language than English, as far as it has words of one.
    """

    is_count: bool
    is_share: bool
    is_yes_no: bool
    yes_no: str
    is_of_whole: bool
    bound: Bound | None
    is_negated: bool
    is_of_words: bool
    is_of_length: bool
    is_brief: bool
    spoken_of: frozenset[str]
    is_json: bool
    is_foreign: bool


def manner(prompt: str, words: Sequence[Token]) -> Manner:
    """Of a prompt, and of its words that are not in quotation marks. What is no English asks in no known manner."""
    is_foreign = _is_foreign([word.text for word in words])
    yes_no = " ".join(each for each in _SENTENCE.findall(prompt) if _YES_NO.search(each)) if not is_foreign else ""
    return Manner(
        is_count=not is_foreign and bool(_COUNT.search(prompt)),
        is_share=not is_foreign and bool(_SHARE.search(prompt)),
        is_yes_no=not is_foreign and bool(_YES_NO.search(prompt)),
        yes_no=yes_no,
        is_of_whole=bool(_OF_WHOLE.search(yes_no)),
        bound=bound_of(yes_no),
        is_negated=bool(_NEGATED.search(prompt)),
        is_of_words=bool(_OF_WORDS.search(prompt)),
        is_of_length=bool(_LENGTH.search(prompt)),
        is_brief=bool(_BRIEF.search(prompt)),
        spoken_of=frozenset(stem for found in _SPOKEN_OF.findall(prompt) for stem in stems(found)),
        is_json=any(word.stem == "json" for word in words),
        is_foreign=is_foreign,
    )


def bound_of(prompt: str) -> Bound | None:
    """How many are asked about, where that is said with a limit; "two" alone may be two or more."""
    found = _BOUND.search(prompt)
    if found is None:
        return None
    written, unit = found[2].lower(), (found[3] or "").lower()
    number = FIGURES.get(written) or (1 if written in ("a", "an") else float(written))
    seconds = _SECONDS[unit[0]] if unit else 1
    return Bound(_BOUNDS[found[1].lower()], number * seconds, bool(unit), found[0])


def _is_foreign(words: Sequence[str]) -> bool:
    # within a sentence a capital begins a name: Los Angeles is no Spanish
    known = sum((word if place else word.casefold()) in _FOREIGN for place, word in enumerate(words))
    others = sum(not _is_latin(word) for word in words)
    return (known > 1 and known >= _SHARE_FOREIGN * len(words)) or (bool(words) and 2 * others > len(words))


def _is_latin(word: str) -> bool:
    # up to where the Latin letters of Unicode go, those for Vietnamese and phonetics included
    return all(character < "\u0250" or "\u1e00" <= character < "\u1f00" for character in word)
