"""The windows that count requests."""

import pytest

from pipeline.config import ServerSettings
from pipeline.server.limits import FixedWindow, Limits, RollingWindow, classify


def test_a_fixed_window_begins_anew_all_at_once():
    """A fixed window refuses the third of two, until it ends, then allows two again."""
    window = FixedWindow(2, 60)
    assert [window.take(now).allowed for now in (100, 130, 159, 160, 161, 162)] == [
        True,
        True,
        False,
        True,
        True,
        False,
    ]


def test_a_rolling_window_frees_each_request_in_its_time():
    """A rolling window allows the next request when the oldest one has left it."""
    window = RollingWindow(2, 60)
    assert [window.take(now).allowed for now in (100, 130, 159, 160, 161, 190)] == [
        True,
        True,
        False,
        True,
        False,
        True,
    ]


@pytest.mark.parametrize("make", [FixedWindow, RollingWindow])
def test_a_verdict_says_when_to_come_again(make):
    """The verdict of a refusal gives the limit, what is used and the seconds until there is room."""
    window = make(1, 60)
    window.take(100)
    verdict = window.take(110)
    assert (verdict.allowed, verdict.limit, verdict.used, verdict.reset_s) == (False, 1, 1, 50)


@pytest.mark.parametrize("make", [FixedWindow, RollingWindow])
def test_waiting_as_told_is_enough(make):
    """A request that waits for as long as the refusal said is allowed."""
    window = make(3, 60)
    for now in (0.0, 1.5, 2.5):
        assert window.take(now).allowed
    refused = window.take(7.25)
    assert window.take(7.25 + refused.reset_s).allowed


def test_no_rolling_window_ever_holds_more_than_its_limit():
    """Whatever 60-second stretch is looked at, a rolling window let no more than its limit through."""
    window = RollingWindow(5, 60)
    passed = [now for now in range(0, 600, 7) if window.take(now).allowed]
    assert all(sum(start <= now < start + 60 for now in passed) <= 5 for start in range(600))


def test_only_the_marked_endpoints_are_limited():
    """Creating assets and tasks has budgets of its own, reads another, everything else none."""
    assert classify("POST", "/v1.3/analyze/tasks") == "analyze"
    assert classify("POST", "/v1.3/analyze/batches") == "analyze"
    assert classify("POST", "/v1.3/analyze/batches/1/cancel") is None
    assert classify("POST", "/v1.3/assets") == "upload"
    assert classify("GET", "/v1.3/assets/1") == "read"
    assert classify("POST", "/v1.3/assets/multipart-uploads") is None
    assert classify("DELETE", "/v1.3/assets/1") is None


def test_time_comes_from_outside():
    """The windows of a server use its rates and its clock."""
    times = iter((0.0, 1.0, 61.0))
    limits = Limits(ServerSettings(analyze_per_minute=1, rate_window="rolling"), lambda: next(times))
    verdicts = [limits.take("POST", "/v1.3/analyze/tasks")[1] for _ in range(3)]
    assert [verdict.allowed for verdict in verdicts] == [True, False, True]
    assert limits.take("POST", "/v1.3/assets") == ("upload", None)
