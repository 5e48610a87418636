"""The times that a prompt names: a moment, or a stretch from one to another."""

import re
from dataclasses import dataclass

from pipeline.server.engines.times import clock

_CLOCK = r"(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d(?:\.\d+)?)"
_CLOCKS = re.compile(rf"(?<![\d:.]){_CLOCK}(?![\d:])")
_UNIT = r"(s|sec|secs|seconds?|min|mins|minutes?)\b"
_ENDS = re.compile(rf"\b(first|last)\s+(?:(\d+(?:\.\d+)?)\s*)?{_UNIT}", re.IGNORECASE)
_AT_ENDS = re.compile(r"\b(?:at|in|near|towards) (?:the )?(?:very )?(end|beginning|start)\b", re.IGNORECASE)
# Times without a colon, where what stands before them says that they are times: "from 10 to 20 s", "at second 30".
_NUMBER = r"(\d+(?:\.\d+)?)"
_FROM_TO = re.compile(
    rf"\b(?:from|between)\s+{_NUMBER}\s*(?:{_UNIT})?\s*(?:to|and|until|till|-|\u2013)\s*{_NUMBER}\s*{_UNIT}(?!\s+of\b)",
    re.IGNORECASE,
)
_AFTER_UNIT = re.compile(rf"\b(seconds?|minutes?)\s+{_NUMBER}\s*(?:to|-|\u2013|and)\s*{_NUMBER}\b", re.IGNORECASE)
_AT = re.compile(
    rf"\b(at|after|since|before|until|till|from|up to)\s+(?:about\s+)?{_NUMBER}\s*{_UNIT}(?!\s+(?:of|long)\b)",
    re.IGNORECASE,
)
_NTH = re.compile(
    rf"\b(at|after|since|before|until|till|from|in|during)\s+(?:the\s+)?(second|minute)\s+{_NUMBER}\b", re.IGNORECASE
)
_BOTH_ENDS = re.compile(
    r"(?<!from )\bthe (?:very )?(?:beginning|start|opening) (?:and|with|to) (?:the )?(?:very )?(?:end|closing)\b",
    re.IGNORECASE,
)
# The end of a video is so much of it, and no less than this.
_SHARE_OF_END, _LEAST_OF_END_S = 0.1, 10.0
_SINCE = re.compile(r"\b(after|since|from)\s*$", re.IGNORECASE)
_UNTIL = re.compile(r"\b(before|until|till|up to)\s*$", re.IGNORECASE)


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
    prompt = _spelled(prompt)
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
    named = list(_ENDS.finditer(prompt))
    if {found[1].lower() for found in named} == {"first", "last"}:
        rest = _ENDS.sub(" ", prompt)
        return [_at_end(_lasting(found), start_s, end_s, rest, is_first=found[1].lower() == "first") for found in named]
    if _BOTH_ENDS.search(prompt):
        rest = _BOTH_ENDS.sub(" ", prompt)
        return [
            _at_end(_vaguely(start_s, end_s), start_s, end_s, rest, is_first=is_first) for is_first in (True, False)
        ]
    return []


def _spelled(prompt: str) -> str:
    """With the times that are told in seconds or minutes as on a clock."""
    prompt = _FROM_TO.sub(
        lambda found: f"from {_clock(found[1], found[2] or found[4])} to {_clock(found[3], found[4])}", prompt
    )
    prompt = _AFTER_UNIT.sub(lambda found: f"from {_clock(found[2], found[1])} to {_clock(found[3], found[1])}", prompt)
    prompt = _AT.sub(lambda found: f"{found[1]} {_clock(found[2], found[3])}", prompt)
    return _NTH.sub(_nth, prompt)


def _nth(found: re.Match[str]) -> str:
    """Within a minute is all of it: the first goes from nought to one."""
    if found[1].lower() in ("in", "during") and found[2].lower() == "minute":
        return f"from {_clock(str(max(0.0, float(found[3]) - 1)), 'm')} to {_clock(found[3], 'm')}"
    return f"{found[1]} {_clock(found[3], found[2])}"


def _clock(number: str, unit: str) -> str:
    return clock(float(number) * (60 if unit.lower().startswith("m") else 1))


def _at_ends(prompt: str, start_s: float, end_s: float) -> Moments | None:
    """What is named by the ends of the window: the last ten seconds, or at the beginning."""
    ends, vaguely = _ENDS.search(prompt), _AT_ENDS.search(prompt)
    if not ends and not vaguely:
        return None
    rest = _AT_ENDS.sub(" ", _ENDS.sub(" ", prompt))
    if ends:
        return _at_end(_lasting(ends), start_s, end_s, rest, is_first=ends[1].lower() == "first")
    is_first = vaguely is not None and vaguely[1].lower() != "end"
    return _at_end(_vaguely(start_s, end_s), start_s, end_s, rest, is_first=is_first)


def _lasting(found: re.Match[str]) -> float:
    return float(found[2] or 1) * (60 if found[3].lower().startswith("m") else 1)


def _vaguely(start_s: float, end_s: float) -> float:
    return max(_LEAST_OF_END_S, (end_s - start_s) * _SHARE_OF_END)


def _at_end(lasts_s: float, start_s: float, end_s: float, rest: str, *, is_first: bool) -> Moments:
    lasts_s = min(lasts_s, end_s - start_s)
    return Moments(start_s, start_s + lasts_s, rest) if is_first else Moments(end_s - lasts_s, end_s, rest)


def _seconds(found: re.Match[str]) -> float:
    return int(found[1] or 0) * 3600 + int(found[2]) * 60 + float(found[3])
