"""Which part of a video may be analysed, and how long the video may be; twelvelabs 1.3.6.

Times are seconds on the file's own clock, which rarely begins at anything but 0.
"""

import math

from pipeline.config import ServerSettings
from pipeline.server.problems import ApiError, invalid
from pipeline.server.rules import Delivery, Question
from pipeline.server.sources import Span

# containers round durations; a window that ends within the last picture is inside the video
SLACK_S = 0.1
TOO_LONG = "video_duration_too_long"


def check(
    settings: ServerSettings, question: Question, video: Span | None, delivery: Delivery, *, inline: bool = False
) -> None:
    """Check the times of a question against its video, as far as that is known.

    Args:
        settings: the bounds.
        question: what is asked.
        video: None where it was not looked at yet, or where there is none.
        delivery: how it is asked.
        inline: the video came inside the request; of such a one no more is taken than may be analysed.

    Raises:
        ApiError: 400 parameter_invalid, or video_duration_too_long, which is the last thing looked at.
    """
    start, end = question.ask.start_time, question.ask.end_time
    # of a batch the one item fails that asks for too much, not the request
    longest = math.inf if delivery == "batch" else settings.window_max_s
    if reason := problem(settings, start, end, video, longest):
        raise invalid(reason)
    if video is None:
        return
    for definition in question.definitions:
        for span in definition.time_ranges or ():
            if span.start_time < video.start_s - SLACK_S or span.end_time > video.end_s + SLACK_S:
                raise invalid(
                    f"The time_ranges of the segment definition {definition.id} must lie within the video,"
                    f" from {video.start_s:g} to {video.end_s:g} seconds."
                )
    if is_too_long(settings, start, end, video, longest_source_s(settings, delivery, inline=inline)):
        raise ApiError(400, TOO_LONG, "Video duration exceeds maximum allowed duration")


def longest_source_s(settings: ServerSettings, delivery: Delivery, *, inline: bool) -> float:
    """How long a video may be of which a part is analysed."""
    if delivery == "sync":
        return settings.sync_max_s
    return settings.window_max_s if inline else settings.source_max_s


def problem(
    settings: ServerSettings, start: float | None, end: float | None, video: Span | None, longest: float
) -> str | None:
    """What is wrong with a window, if anything."""
    if start is None and end is None:
        return None
    begins = start if start is not None else video.start_s if video else None
    known_end = video.end_s if video else math.inf
    ends = end if end is not None else known_end
    # where the video begins is not known yet
    window = math.inf if begins is None else ends - begins
    shortest = settings.window_min_s
    rules = {
        "The start_time parameter must be less than the video duration.": begins is None or begins < known_end,
        "The start_time parameter must be less than the end_time parameter.": window > 0,
        f"The analysis window must be at least {shortest:g} seconds.": window >= shortest,
        f"The analysis window must be at most {longest:g} seconds.": None in {begins, end} or window <= longest,
        "The end_time parameter must not exceed the video duration.": end is None or end <= known_end + SLACK_S,
    }
    return next((broken for broken, is_kept in rules.items() if not is_kept), None)


def is_too_long(
    settings: ServerSettings, start: float | None, end: float | None, video: Span, longest_source: float
) -> bool:
    """Whether a window takes in more of the video than one analysis may, or the video is too long for any."""
    return video.duration_s > longest_source or _analysed_s(start, end, video) > settings.window_max_s


def analysed_minutes(question: Question, video: Span) -> float:
    """How much of a video a question has analysed."""
    return max(_analysed_s(question.ask.start_time, question.ask.end_time, video), 0) / 60


def _analysed_s(start: float | None, end: float | None, video: Span) -> float:
    begins = video.start_s if start is None else max(start, video.start_s)
    return (video.end_s if end is None else min(end, video.end_s)) - begins
