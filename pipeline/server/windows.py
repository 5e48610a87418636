"""Which part of a video may be analysed. Rules of general analysis, twelvelabs 1.3.6.

Times are seconds on the file's own clock, which rarely begins at anything but 0.
"""

import math
from dataclasses import dataclass

from pipeline.config import ServerSettings

# containers round durations; a window that ends within the last picture is inside the video
SLACK_S = 0.1


@dataclass(frozen=True, slots=True)
class Span:
    """Where a video begins on its own clock, and how long it is."""

    start_s: float
    duration_s: float

    @property
    def end_s(self) -> float:
        return self.start_s + self.duration_s


def problem(settings: ServerSettings, start: float | None, end: float | None, video: Span | None) -> str | None:
    """What is wrong with a window at creation, if anything. `video` is None where it was not looked at yet."""
    begins = start if start is not None else video.start_s if video else 0.0
    known_end = video.end_s if video else math.inf
    window = math.inf if end is None else end - begins
    shortest, longest = settings.window_min_s, settings.window_max_s
    rules = {
        "The start_time parameter must be less than the video duration.": begins < known_end,
        "The start_time parameter must be less than the end_time parameter.": window > 0,
        f"The analysis window must be at least {shortest:g} seconds.": window >= shortest,
        f"The analysis window must be at most {longest:g} seconds.": end is None or window <= longest,
        "The end_time parameter must not exceed the video duration.": end is None or end <= known_end + SLACK_S,
    }
    return next((broken for broken, is_kept in rules.items() if not is_kept), None)


def is_too_long(settings: ServerSettings, start: float | None, end: float | None, video: Span) -> bool:
    """Whether a window takes in more of the video than one analysis may; found out only when it is analysed."""
    begins = video.start_s if start is None else max(start, video.start_s)
    window = (video.end_s if end is None else min(end, video.end_s)) - begins
    return video.duration_s > settings.source_max_s or window > settings.window_max_s
