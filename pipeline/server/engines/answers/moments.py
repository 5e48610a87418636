"""The times that a prompt names: a moment, or a stretch from one to another."""

import re
from dataclasses import dataclass

_CLOCK = r"(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d(?:\.\d+)?)"
_CLOCKS = re.compile(rf"(?<![\d:.]){_CLOCK}(?![\d:])")
_UNIT = r"(s|sec|secs|seconds?|min|mins|minutes?)\b"
_ENDS = re.compile(rf"\b(first|last)\s+(?:(\d+(?:\.\d+)?)\s*)?{_UNIT}", re.IGNORECASE)
_AT_ENDS = re.compile(r"\b(?:at|in|near|towards) (?:the )?(?:very )?(end|beginning|start)\b", re.IGNORECASE)
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


def _at_ends(prompt: str, start_s: float, end_s: float) -> Moments | None:
    """What is named by the ends of the window: the last ten seconds, or at the beginning."""
    ends, vaguely = _ENDS.search(prompt), _AT_ENDS.search(prompt)
    if ends:
        is_first = ends[1].lower() == "first"
        lasts_s = float(ends[2] or 1) * (60 if ends[3].lower().startswith("m") else 1)
    elif vaguely:
        is_first = vaguely[1].lower() != "end"
        lasts_s = max(_LEAST_OF_END_S, (end_s - start_s) * _SHARE_OF_END)
    else:
        return None
    rest = _AT_ENDS.sub(" ", _ENDS.sub(" ", prompt))
    lasts_s = min(lasts_s, end_s - start_s)
    return Moments(start_s, start_s + lasts_s, rest) if is_first else Moments(end_s - lasts_s, end_s, rest)


def _seconds(found: re.Match[str]) -> float:
    return int(found[1] or 0) * 3600 + int(found[2]) * 60 + float(found[3])
