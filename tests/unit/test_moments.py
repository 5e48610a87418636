"""Moments as people write them, on a clock that knows summer time."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import yaml

from pipeline.config import load
from pipeline.config.moments import moment_of
from pipeline.errors import ConfigError


@pytest.fixture(autouse=True)
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine's clock shows the time of Berlin, by a rule that needs no time zone files."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield
    time.tzset()


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "now", "meant"),
    [
        ("06:00", "2026-11-26T21:00", "2026-11-27T05:00"),  # at 22:00: tomorrow
        ("06:00", "2026-11-27T04:59", "2026-11-27T05:00"),  # at 05:59: in a minute
        ("06:00", "2026-11-27T05:00", "2026-11-28T05:00"),  # at 06:00: that one is reached
        ("6:00", "2026-12-31T23:30", "2027-01-01T05:00"),
        ("00:00", "2026-11-26T22:59", "2026-11-26T23:00"),
        ("06:00:30", "2026-11-27T04:59", "2026-11-27T05:00:30"),
        ("06:00", "2026-03-28T21:00", "2026-03-29T04:00"),  # a night of seven hours
        ("06:00", "2026-10-24T20:00", "2026-10-25T05:00"),  # a night of nine
        ("02:30", "2026-03-29T00:10", "2026-03-29T01:30"),  # which the clock shows as 03:30
        ("02:30", "2026-10-24T20:00", "2026-10-25T00:30"),  # the first of two
        ("02:30", "2026-10-25T00:40", "2026-10-25T01:30"),  # the second
        ("2026-11-27T06:00", "2026-11-26T21:00", "2026-11-27T05:00"),
        ("2026-07-01 06:00", "2026-11-26T21:00", "2026-07-01T04:00"),
        ("2026-11-27T06:00Z", "2026-11-26T21:00", "2026-11-27T06:00"),
        ("2026-11-27T06:00+05:00", "2026-11-26T21:00", "2026-11-27T01:00"),
    ],
)
def test_a_moment_is_the_next_of_its_kind(said: str, now: str, meant: str) -> None:
    """A time of day is today's or tomorrow's, whatever happens to the clock at night; a date is kept as it is."""
    assert moment_of(said, utc(now)) == utc(meant)


@pytest.mark.parametrize("said", ["06:00", "22:30", "22:30:15", "2026-11-27T22:30:00", "2026-11-27 22:30:00+01:00"])
def test_yaml_may_leave_out_the_quotes(said: str) -> None:
    """What YAML makes of a moment without quotation marks means what it would mean with them."""
    now = utc("2026-11-26T21:00")
    assert moment_of(yaml.safe_load(said), now) == moment_of(said, now)


@pytest.mark.parametrize("said", ["24:00", "6", "soon", "2026-11-27", "12:60", "", "9999999999:00"])
def test_what_is_no_moment_is_refused(said: str) -> None:
    """Anything else is refused with an example of what may be written."""
    with pytest.raises(ConfigError, match=r"flag --until: setting 'run\.until': .* is no moment; write .* 06:00"):
        load(flags={"run": {"until": said}})
