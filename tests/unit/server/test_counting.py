"""The windows that count requests, minutes and tokens."""

import pytest

from pipeline.server.counting import FixedWindow, RollingWindow, Window

KINDS = [FixedWindow, RollingWindow]


def takes(window: Window, now: float, amount: float = 1) -> bool:
    fits = window.room(amount, now).fits
    if fits:
        window.add(amount, now)
    return fits


def test_a_fixed_window_begins_anew_all_at_once():
    """A fixed window refuses the third of two, until it ends, then allows two again."""
    window = FixedWindow(2, 60)
    passed = [takes(window, now) for now in (100, 130, 159, 160, 161, 162)]
    assert passed == [True, True, False, True, True, False]


def test_a_rolling_window_frees_each_request_in_its_time():
    """A rolling window allows the next request when the oldest one has left it."""
    window = RollingWindow(2, 60)
    passed = [takes(window, now) for now in (100, 130, 159, 160, 161, 190)]
    assert passed == [True, True, False, True, False, True]


@pytest.mark.parametrize("make", KINDS)
def test_room_says_when_to_come_again(make):
    """A full window gives what is used and the seconds until there is room."""
    window = make(1, 60)
    takes(window, 100)
    room = window.room(1, 110)
    assert (room.fits, room.used, room.reset_s) == (False, 1, 50)


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("amount", [1, 2.5, 3, 7])
def test_waiting_as_told_is_enough(make, amount):
    """An amount that waits for as long as it was told fits."""
    window = make(3, 60)
    for now in (0.0, 1.5, 2.5):
        assert takes(window, now)
    refused = window.room(amount, 7.25)
    assert not refused.fits
    assert takes(window, 7.25 + refused.reset_s, amount)


@pytest.mark.parametrize("make", KINDS)
def test_more_than_the_limit_passes_alone(make):
    """What would never fit is let through where nothing else is counted, and fills the window."""
    window = make(10, 60)
    assert takes(window, 0, 25)
    assert not takes(window, 1, 0.5)
    assert takes(window, 60, 0.5)
    assert not takes(window, 61, 25)
    assert not make(0, 60).room(1, 0).fits


def test_no_rolling_window_ever_holds_more_than_its_limit():
    """Whatever 60-second stretch is looked at, a rolling window let no more than its limit through."""
    window = RollingWindow(5, 60)
    passed = [now for now in range(0, 600, 7) if takes(window, now)]
    assert all(sum(start <= now < start + 60 for now in passed) <= 5 for start in range(600))
