"""Budgets, on a clock that jumps: no window ever sees more requests than its rate."""

from itertools import pairwise

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.client.limits import SPREAD_MAX_S, Budget, Gate
from pipeline.config import RetrySettings
from tests.property.jumping import on_jumping_clock

RETRY = RetrySettings(base_s=1, max_s=60)


@settings(deadline=None, max_examples=50)
@given(st.floats(1, 6000), st.lists(st.floats(0, 30), min_size=2, max_size=60))
def test_no_window_sees_more_than_its_rate(per_minute, arrivals):
    """Whenever callers come, they leave at the configured distance, so that no window holds more than its rate."""
    left = []

    async def main() -> None:
        budget = Budget("read", per_minute, RETRY)

        async def call(after_s: float) -> None:
            await anyio.sleep(after_s)
            await budget.leave()
            left.append(anyio.current_time())

        async with anyio.create_task_group() as group:
            for after_s in arrivals:
                group.start_soon(call, after_s)

    on_jumping_clock(main)
    assert len(left) == len(arrivals)
    assert all(later - earlier >= 60 / per_minute - 1e-3 for earlier, later in pairwise(left))


@settings(deadline=None, max_examples=50)
@given(st.one_of(st.none(), st.floats(60, 6000)), st.floats(0.1, 100_000), st.integers(1, 100))
def test_nobody_leaves_during_a_pause(per_minute, pause_s, callers):
    """After a refusal nobody leaves before its time is over, whoever waited, and then not all at the same instant."""
    left = []

    async def main() -> None:
        budget = Budget("read", per_minute, RETRY)

        async def call() -> None:
            await budget.leave()
            left.append(anyio.current_time())

        await budget.leave()
        began = anyio.current_time()
        budget.refused(pause_s, 0)
        async with anyio.create_task_group() as group:
            for _ in range(callers):
                group.start_soon(call)
        assert min(left) >= began + pause_s
        paced_s = callers * 60 / per_minute if per_minute else 0
        assert max(left) <= began + pause_s + SPREAD_MAX_S + paced_s + 1

    on_jumping_clock(main)
    assert len(left) == callers
    assert len(set(left)) == callers


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0, 1000), min_size=1, max_size=20))
def test_the_longest_pause_counts(pauses):
    """Of several refusals the one that asks for the longest wait decides."""

    async def main() -> None:
        gate = Gate("read")
        began = anyio.current_time()
        for pause_s in pauses:
            gate.close(pause_s, why="test")
        await gate.wait()
        assert anyio.current_time() >= began + max(pauses)

    on_jumping_clock(main)


def test_refusals_in_a_row_pause_longer():
    """Where the platform names no time, every further refusal in a row doubles the pause, and a success resets it."""

    async def main() -> None:
        budget = Budget("read", None, RETRY)
        waits = []
        for _ in range(8):
            began = anyio.current_time()
            budget.refused(None, 0)
            await budget.leave()
            waits.append(int(anyio.current_time() - began))
        assert waits == [2, 4, 8, 16, 32, 60, 60, 60]
        budget.accepted()
        began = anyio.current_time()
        budget.refused(None, 0)
        await budget.leave()
        assert int(anyio.current_time() - began) == 2

    on_jumping_clock(main)
