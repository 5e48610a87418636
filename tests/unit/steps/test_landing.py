"""What is billable lands although its task is cancelled, and keyed locks hold what they name."""

import anyio
import pytest

from pipeline.steps.landing import Landing
from pipeline.steps.locks import KeyedLocks

pytestmark = pytest.mark.anyio


async def test_a_request_on_the_strip_outlives_the_cancellation_of_its_task() -> None:
    """Cancelling a task does not cut off the body of its landing strip."""
    landing = Landing()
    landed = []
    release = anyio.Event()

    async def submit() -> None:
        with landing.strip():
            await release.wait()
            landed.append("id")
        await anyio.sleep_forever()

    async with anyio.create_task_group() as group:
        group.start_soon(submit)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
        release.set()
    assert landed == ["id"]


async def test_the_strip_is_bounded_once_it_is_told_so() -> None:
    """After `close_in`, a body that does not end is cut off, and what follows it does not run."""
    landing = Landing()
    after = []

    async def submit() -> None:
        with landing.strip():
            await anyio.sleep_forever()
        after.append("ran on")

    async with anyio.create_task_group() as group:
        group.start_soon(submit)
        await anyio.wait_all_tasks_blocked()
        landing.close_in(0.01)
        group.cancel_scope.cancel()
    assert after == []


async def test_a_strip_entered_after_closing_is_bounded_too() -> None:
    """Whoever comes late gets what is left of the bound."""
    landing = Landing()
    landing.close_in(0.01)
    with pytest.raises(anyio.get_cancelled_exc_class()), landing.strip():
        await anyio.sleep_forever()


async def test_a_lock_holds_its_name_alone_and_leaves_nothing_behind() -> None:
    """Two holders of one name take turns, of two names do not wait, and a free name costs no memory."""
    locks = KeyedLocks()
    order = []

    async def hold(name: str, label: str) -> None:
        async with locks.hold(name):
            order.append(f"{label} in")
            await anyio.wait_all_tasks_blocked()
            order.append(f"{label} out")

    async with anyio.create_task_group() as group:
        group.start_soon(hold, "x", "first")
        group.start_soon(hold, "x", "second")
        group.start_soon(hold, "y", "other")
    assert order.index("first out") < order.index("second in")
    assert order.index("other in") < order.index("first out")
    assert not locks._locks


async def test_a_cancelled_wait_for_a_lock_leaves_it_usable() -> None:
    """Somebody who gives up waiting takes nothing with them."""
    locks = KeyedLocks()

    async def give_up() -> None:
        with anyio.move_on_after(0.01):
            async with locks.hold("x"):
                raise AssertionError

    async with locks.hold("x"), anyio.create_task_group() as group:
        group.start_soon(give_up)
    async with locks.hold("x"):
        pass
    assert not locks._locks
