"""How long limits make a run take."""

import math

import pytest

from pipeline.client.forecast import NO_WAIT, forecast
from pipeline.client.windows import Unit, Window
from pipeline.models import Draw, Drawn

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
TIER = (("requests", 60, MINUTE), ("requests", 1000, DAY), ("minutes", 600, HOUR), ("minutes", 3000, DAY))


def windows(*measures: tuple[Unit, float, float]) -> list[Window]:
    return [Window(*measure) for measure in measures]


@pytest.mark.parametrize(
    ("measures", "total", "seconds", "binding"),
    [
        ([], Draw(1000, 9000, 0), 0, None),
        ([("minutes", 3000, DAY)], Draw(10, 3000, 0), 0, None),
        ([("minutes", 3000, DAY)], Draw(10, 3001, 0), DAY, ("minutes", DAY)),
        ([("minutes", 3000, DAY)], Draw(10, 9000, 0), 2 * DAY, ("minutes", DAY)),
        ([("minutes", 600, HOUR), ("minutes", 3000, DAY)], Draw(10, 3000, 0), 4 * HOUR, ("minutes", HOUR)),
        # two whole days, and the last of them takes four hours at 600 minutes an hour
        ([("minutes", 600, HOUR), ("minutes", 3000, DAY)], Draw(10, 9000, 0), 2 * DAY + 4 * HOUR, ("minutes", DAY)),
        ([("requests", 1000, DAY), ("minutes", 3000, DAY)], Draw(2500, 3001, 0), 2 * DAY, ("requests", DAY)),
        ([("tokens", 500_000, DAY)], Draw(1, 1, 0), 0, None),
        ([("requests", 60, MINUTE)], Draw(120, 0, 0), MINUTE, ("requests", MINUTE)),
    ],
)
def test_the_tightest_window_binds(
    measures: list[tuple[Unit, float, float]], total: Draw, seconds: float, binding: tuple[str, float] | None
) -> None:
    """A whole window's worth at once, the next when it has left; every window counts, the longest wait has the name."""
    told = forecast(windows(*measures), total)
    assert told.seconds == pytest.approx(seconds)
    assert (told.binding and (told.binding.unit, told.binding.length_s)) == binding


def test_requests_leave_at_even_intervals_within_a_minute() -> None:
    """Where a minute is paced, sixty requests take all of it but the last second."""
    told = forecast(windows(("requests", 60, MINUTE), ("requests", 1000, DAY)), Draw(60), even_s=MINUTE)
    assert told.seconds == pytest.approx(59)


@pytest.mark.parametrize(
    ("drawn", "total", "seconds"),
    [
        ([(-1000, 1000)], 2000, 0),
        ([(-1000, 3000)], 1, DAY - 1000),
        ([(-1000, 2000), (-500, 1000)], 2500, DAY - 500),
        ([(-1000, 2000), (-500, 1000)], 3001, 2 * DAY - 1000),
        ([(-DAY - 1, 3000)], 3000, 0),
        ([(-1000, 5000)], 3000, DAY - 1000),  # the limit was higher then
        ([(math.inf, 3000)], 3000, DAY),  # it has not left yet
    ],
)
def test_what_was_drawn_before_keeps_its_place_until_it_leaves(
    drawn: list[tuple[float, float]], total: float, seconds: float
) -> None:
    """This afternoon's minutes are missing tonight, and come back a day after they were drawn."""
    now = 1_000_000_020.0  # in whole minutes, so that draws of one minute stay apart
    before = [Drawn(now + at, Draw(1, minutes, 0)) for at, minutes in drawn]
    told = forecast(windows(("minutes", 3000, DAY)), Draw(10, total, 0), before, now)
    assert told.seconds == pytest.approx(seconds)


def test_nothing_to_draw_takes_no_time() -> None:
    """Even where the account is used up."""
    before = [Drawn(0.0, Draw(1000, 3000, 0))]
    assert forecast(windows(*TIER), Draw(0, 0, 0), before, 1.0) == NO_WAIT  # type: ignore[arg-type]


def test_a_run_of_years_is_told_from_the_rate() -> None:
    """Where minutes would be counted for ever, the rate of the binding window stands in, and is close."""
    told = forecast(windows(("requests", 1, MINUTE)), Draw(1_000_000))
    assert told.seconds == pytest.approx(1_000_000 * MINUTE, rel=0.001)
