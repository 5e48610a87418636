"""The times that a prompt names: a moment, or a stretch from one to another."""

import re
from dataclasses import dataclass

_CLOCK = r"(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d(?:\.\d+)?)"
_CLOCKS = re.compile(rf"(?<![\d:.]){_CLOCK}(?![\d:])")
_UNIT = r"(s|sec|secs|seconds?|min|mins|minutes?)\b"
_ENDS = re.compile(rf"\b(first|last)\s+(?:(\d+(?:\.\d+)?)\s*)?{_UNIT}", re.IGNORECASE)
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
    ends = _ENDS.search(prompt)
    if ends is None:
        return None
    lasts_s = float(ends[2] or 1) * (60 if ends[3].lower().startswith("m") else 1)
    rest = _ENDS.sub(" ", prompt)
    if ends[1].lower() == "first":
        return Moments(start_s, start_s + lasts_s, rest)
    return Moments(end_s - lasts_s, end_s, rest)


def _seconds(found: re.Match[str]) -> float:
    return int(found[1] or 0) * 3600 + int(found[2]) * 60 + float(found[3])
