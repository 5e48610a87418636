"""The times that a prompt names: a moment, or a stretch from one to another."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.server.engines.evidence.timeline import Passage
from pipeline.server.engines.times import clock

_CLOCK = r"(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d(?:\.\d+)?)"
_CLOCKS = re.compile(rf"(?<![\d:.]){_CLOCK}(?![\d:])")
_UNIT = r"(s|sec|secs|seconds?|min|mins|minutes?)\b"
_ENDS = re.compile(rf"\b(first|last|final)\s+(?:(\d+(?:\.\d+)?)[\s-]*)?{_UNIT}", re.IGNORECASE)
# "The first and last ten seconds" are ten of each.
_ENDS_TOGETHER = re.compile(
    rf"\b(first|last|final)\s+and\s+(?:the\s+)?(first|last|final)\s+((?:\d+(?:\.\d+)?[\s-]*)?{_UNIT})", re.IGNORECASE
)
# Stretches of one length, one after the other.
_EVERY = re.compile(
    rf"\b(?:(?:every|each)\s+(\d+(?:\.\d+)?)?[\s-]*{_UNIT}|(\d+(?:\.\d+)?)[\s-]*{_UNIT}\s+(?:segment|window|interval|part|chunk)s?\b)",
    re.IGNORECASE,
)
_HALF = re.compile(r"\b(first|second|last) half\b", re.IGNORECASE)
_AT_ENDS = re.compile(
    r"\b(?:at|in|near|towards) (?:the )?(?:very )?(end|beginning|start)\b"
    r"|\b(?:video|clip|film|movie|recording|programme|program|footage|it|this) (begins?|starts?|opens?|ends?)"
    r"(?= with\b)",
    re.IGNORECASE,
)
# Times without a colon, where what stands before them says that they are times: "from 10 to 20 s", "at second 30".
_NUMBER = r"(\d+(?:\.\d+)?)"
_FROM_TO = re.compile(
    rf"\b(?:from|between)\s+{_NUMBER}\s*(?:{_UNIT})?\s*(?:to|and|until|till|-|\u2013)\s*{_NUMBER}\s*{_UNIT}(?!\s+of\b)",
    re.IGNORECASE,
)
_AFTER_UNIT = re.compile(rf"\b(seconds?|minutes?)\s+{_NUMBER}\s*(?:to|-|\u2013|and)\s*{_NUMBER}\b", re.IGNORECASE)
_AT = re.compile(
    rf"\b(at|after|since|before|until|till|from|up to)\s+(?:about\s+|the\s+)?{_NUMBER}[\s-]*{_UNIT}"
    r"(?!\s+(?:of|long)\b)",
    re.IGNORECASE,
)
_NTH = re.compile(
    rf"\b(at|after|since|before|until|till|from|in|during)\s+(?:the\s+)?(second|minute)\s+{_NUMBER}\b", re.IGNORECASE
)
_BOTH_ENDS = re.compile(
    r"(?<!from )\bthe (?:very )?(?:beginning|start|opening) (?:and|with|to) (?:the )?(?:very )?(?:end|closing)\b",
    re.IGNORECASE,
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
# The first shot with music is another one than the first.
_NTH_SHOT = re.compile(
    rf"\b({'|'.join(_ORDINALS)}|last|final|(\d{{1,4}})(?:st|nd|rd|th))\s+(?:shot|scene)\b"
    r"(?!\s+(?:change|cut|transition|with|that|where|which|when|in which|after|before|containing|showing))",
    re.IGNORECASE,
)
# The end of a video is so much of it, and no less than this.
_SHARE_OF_END, _LEAST_OF_END_S = 0.1, 10.0
_SINCE = re.compile(r"\b(after|since|from)\s*$", re.IGNORECASE)
_UNTIL = re.compile(r"\b(before|until|till|up to)\s*$", re.IGNORECASE)
# Numbers as they are written out.
_UP_TO_TEN = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
FIGURES = {
    **{word: number for number, word in enumerate(_UP_TO_TEN, 1)},
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
}
_WRITTEN_OUT = re.compile(rf"\b({'|'.join(FIGURES)})(?=[\s-]+(?:{_UNIT}))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Moments:
    """From `start_s` to `end_s`, which are the same for a moment; `rest` is the prompt without its times."""

    start_s: float
    end_s: float
    rest: str

    def is_within(self, start_s: float, end_s: float) -> bool:
        """Whether any of it lies between."""
        return self.start_s < end_s and (self.end_s > start_s or self.end_s == self.start_s == start_s)


def moments(prompt: str, start_s: float, end_s: float) -> Moments | None:
    """What a prompt names of the window from `start_s` to `end_s`; None where it names no time."""
    prompt = _spelled(figures(prompt))
    clocks = list(_CLOCKS.finditer(prompt))
    if clocks:
        times = [_seconds(found) for found in clocks]
        rest = _CLOCKS.sub(" ", prompt)
        if len(times) > 1:
            return Moments(min(times), max(times), rest)
        before = prompt[: clocks[0].start()]
        first_s = start_s if _UNTIL.search(before) else times[0]
        last_s = end_s if _SINCE.search(before) else times[0]
        return Moments(first_s, last_s, rest)
    return _at_ends(prompt, start_s, end_s)


def both_ends(prompt: str, start_s: float, end_s: float) -> list[Moments]:
    """The first and the last of a window, where a prompt names them both; else nothing."""
    prompt = _ENDS_TOGETHER.sub(r"\1 \3 and \2 \3", figures(prompt))
    named = list(_ENDS.finditer(prompt))
    if {_is_first(found) for found in named} == {True, False}:
        rest = _ENDS.sub(" ", prompt)
        return [_at_end(_lasting(found), start_s, end_s, rest, is_first=_is_first(found)) for found in named]
    if _BOTH_ENDS.search(prompt):
        rest = _BOTH_ENDS.sub(" ", prompt)
        return [
            _at_end(_vaguely(start_s, end_s), start_s, end_s, rest, is_first=is_first) for is_first in (True, False)
        ]
    return []


def figures(prompt: str) -> str:
    """With the numbers of seconds and minutes in figures."""
    return _WRITTEN_OUT.sub(lambda found: str(FIGURES[found[1].lower()]), prompt)


def shot_of(prompt: str, shots: Sequence[Passage]) -> Moments | str | None:
    """The shot that a prompt names by its number; the sentence that there are fewer; None where it names none."""
    found = _NTH_SHOT.search(prompt)
    if found is None:
        return None
    named = found[1].lower()
    is_last = named in ("last", "final")
    number = len(shots) if is_last else int(found[2]) if found[2] else _ORDINALS.index(named) + 1
    if not 0 < number <= len(shots):
        return f"There is no {named} shot: {len(shots)} were found."
    shot = shots[number - 1]
    return Moments(shot.start_s, shot.end_s, _NTH_SHOT.sub("it", prompt))


def _spelled(prompt: str) -> str:
    """With the times that are told in seconds or minutes as on a clock."""
    prompt = _FROM_TO.sub(
        lambda found: f"from {_clock(found[1], found[2] or found[4])} to {_clock(found[3], found[4])}", prompt
    )
    prompt = _AFTER_UNIT.sub(lambda found: f"from {_clock(found[2], found[1])} to {_clock(found[3], found[1])}", prompt)
    prompt = _AT.sub(lambda found: f"{found[1]} {_clock(found[2], found[3])}", prompt)
    return _NTH.sub(_nth, prompt)


def every_s(prompt: str) -> float | None:
    """The length of stretches that are to follow one another, whatever is in them; None where none is named."""
    found = _EVERY.search(figures(prompt))
    if found is None:
        return None
    number, unit = found[1] or found[3] or "1", found[2] or found[4]
    return float(number) * (60 if unit.lower().startswith("m") else 1) or None


def _nth(found: re.Match[str]) -> str:
    """Within a minute is all of it: the first goes from nought to one."""
    if found[1].lower() in ("in", "during") and found[2].lower() == "minute":
        return f"from {_clock(str(max(0.0, float(found[3]) - 1)), 'm')} to {_clock(found[3], 'm')}"
    return f"{found[1]} {_clock(found[3], found[2])}"


def _clock(number: str, unit: str) -> str:
    return clock(float(number) * (60 if unit.lower().startswith("m") else 1))


def _at_ends(prompt: str, start_s: float, end_s: float) -> Moments | None:
    """What is named by the ends of the window: the last ten seconds, a half of it, or at the beginning."""
    ends, half, vaguely = _ENDS.search(prompt), _HALF.search(prompt), _AT_ENDS.search(prompt)
    rest = _AT_ENDS.sub(" ", _HALF.sub(" ", _ENDS.sub(" ", prompt)))
    if ends:
        return _at_end(_lasting(ends), start_s, end_s, rest, is_first=_is_first(ends))
    if half:
        return _at_end((end_s - start_s) / 2, start_s, end_s, rest, is_first=_is_first(half))
    if not vaguely:
        return None
    named = next(filter(None, vaguely.groups())).lower()
    return _at_end(_vaguely(start_s, end_s), start_s, end_s, rest, is_first=named not in ("end", "ends"))


def _is_first(found: re.Match[str]) -> bool:
    return found[1].lower() == "first"


def _lasting(found: re.Match[str]) -> float:
    return float(found[2] or 1) * (60 if found[3].lower().startswith("m") else 1)


def _vaguely(start_s: float, end_s: float) -> float:
    return max(_LEAST_OF_END_S, (end_s - start_s) * _SHARE_OF_END)


def _at_end(lasts_s: float, start_s: float, end_s: float, rest: str, *, is_first: bool) -> Moments:
    lasts_s = min(lasts_s, end_s - start_s)
    return Moments(start_s, start_s + lasts_s, rest) if is_first else Moments(end_s - lasts_s, end_s, rest)


def _seconds(found: re.Match[str]) -> float:
    return int(found[1] or 0) * 3600 + int(found[2]) * 60 + float(found[3])
