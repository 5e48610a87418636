"""Which part of a video may be analysed."""

import pytest

from pipeline.config import ServerSettings
from pipeline.server.sources import Span
from pipeline.server.windows import is_too_long, problem

SETTINGS = ServerSettings()
HOUR = 3600


@pytest.mark.parametrize(
    ("start", "end", "video"),
    [
        (None, None, Span(0, 10)),
        (None, 10.05, Span(0, 10)),
        (9, None, Span(0, 10)),
        (2, 3, None),
        (3605, 3608, Span(3600, 10)),
        (None, 3605, Span(3600, 10)),
        (0, 2 * HOUR, Span(0, 4 * HOUR)),
        # where such a video begins is not known yet
        (None, 3 * HOUR, None),
    ],
)
def test_good_windows_pass(start, end, video):
    """Windows inside the video, on the file's own clock, have no problem."""
    assert problem(SETTINGS, start, end, video, SETTINGS.window_max_s) is None


@pytest.mark.parametrize(
    ("start", "end", "video", "named"),
    [
        (10, None, Span(0, 10), "start_time"),
        (5, 5, None, "start_time"),
        (6, 5, None, "start_time"),
        (5, 5.9, None, "at least 1 seconds"),
        (9.5, None, Span(0, 10), "at least 1 seconds"),
        (0, 2 * HOUR + 1, None, "at most 7200 seconds"),
        (1, 10.2, Span(0, 10), "end_time"),
        (None, 5, Span(3600, 10), "start_time"),
    ],
)
def test_bad_windows_are_named(start, end, video, named):
    """A window that ends before it begins, is too short or long, or lies outside, is told by name."""
    assert named in problem(SETTINGS, start, end, video, SETTINGS.window_max_s)


@pytest.mark.parametrize(
    ("start", "end", "video", "expected"),
    [
        (None, None, Span(0, 2 * HOUR), False),
        (None, None, Span(0, 2 * HOUR + 1), True),
        (HOUR, None, Span(0, 3 * HOUR), False),
        (None, HOUR, Span(0, 4 * HOUR), False),
        (None, HOUR, Span(0, 4 * HOUR + 1), True),
    ],
)
def test_length_is_judged_by_the_window(start, end, video, expected):
    """Two hours may be analysed, of a file of at most four."""
    assert is_too_long(SETTINGS, start, end, video, 4 * HOUR) is expected
