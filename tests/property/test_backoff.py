"""Backoff schedules stay within their bounds and grow."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.client.retry import backoff_s
from pipeline.client.watch import look_again_s

dice = st.floats(0, 1)
seconds = st.floats(0.001, 10_000)
counts = st.integers(1, 10**9)


@given(counts, seconds, seconds, dice)
def test_backoff_is_bounded(failures, base_s, max_s, thrown):
    """No wait is negative or longer than the highest ceiling, after however many failures."""
    assert 0 <= backoff_s(failures, base_s=base_s, max_s=max_s, dice=thrown) <= max_s


@given(counts, seconds, seconds)
def test_backoff_jitter_is_full(failures, base_s, max_s):
    """The dice choose anything from nothing to the ceiling."""
    ceiling = backoff_s(failures, base_s=base_s, max_s=max_s, dice=1)
    assert backoff_s(failures, base_s=base_s, max_s=max_s, dice=0) == 0
    assert backoff_s(failures, base_s=base_s, max_s=max_s, dice=0.5) == ceiling / 2


@given(st.integers(1, 1000), seconds, seconds)
def test_backoff_doubles_until_its_ceiling(failures, base_s, max_s):
    """Each further failure doubles the ceiling, until the highest is reached for good."""
    now = backoff_s(failures, base_s=base_s, max_s=max_s, dice=1)
    then = backoff_s(failures + 1, base_s=base_s, max_s=max_s, dice=1)
    assert then == min(max_s, now * 2)


@given(counts, seconds, seconds, dice)
def test_looks_keep_their_bounds(looks, one_s, other_s, thrown):
    """Looking again is never sooner than the floor nor later than the ceiling."""
    min_s, max_s = min(one_s, other_s), max(one_s, other_s)
    wait_s = look_again_s(looks, min_s=min_s, max_s=max_s, dice=thrown)
    assert min_s <= wait_s <= max_s * (1 + 1e-9)


@given(counts, seconds)
def test_a_floor_above_the_ceiling_wins(looks, min_s):
    """Settings that contradict each other lead to the floor, not to a busy loop."""
    assert look_again_s(looks, min_s=min_s, max_s=min_s / 2, dice=1) == min_s
