"""Times, written."""

import pytest

from pipeline.server.engines.known import NOTHING, Known
from pipeline.server.engines.times import clock, span, write_time


@pytest.mark.parametrize(("seconds", "shown"), [(0.0, "00:00.0"), (59.96, "01:00.0"), (3725.25, "1:02:05.2")])
def test_times_are_told_as_on_a_clock(seconds: float, shown: str) -> None:
    """Times carry minutes, seconds and tenths, and hours only where there are any."""
    assert clock(seconds) == shown


def test_a_stretch_is_told_from_its_beginning_to_its_end() -> None:
    """Whatever it is that lasts; what has no place in time is at the beginning."""
    assert span(Known(start_s=59.96, end_s=3725.25)) == "[01:00.0-1:02:05.2]"
    assert span(NOTHING) == "[00:00.0-00:00.0]"


@pytest.mark.parametrize(
    ("seconds", "number", "whole", "exact"),
    [
        (83.4996, 83.5, "00:01:24", "00:01:23.500"),
        (12.5, 12.5, "00:00:13", "00:00:12.500"),
        (-0.4, -0.4, "00:00:00", "00:00:00.000"),
        (3599.9996, 3600.0, "01:00:00", "01:00:00.000"),
        (360000.0, 360000.0, "100:00:00", "100:00:00.000"),
    ],
)
def test_times_have_the_format_that_is_asked_for(seconds: float, number: float, whole: str, exact: str) -> None:
    """A time is a number, a text to the second, or a text to the millisecond; texts know nothing before zero."""
    written = [write_time(seconds, form) for form in ("seconds", "hh:mm:ss", "hh:mm:ss.fff")]
    assert written == [number, whole, exact]
