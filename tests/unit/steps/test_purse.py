"""Who may ask next where the budget is short: who waits, who goes by, and when nobody can go on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from pipeline.budget import caps_of
from pipeline.config import BudgetSettings, PriceSettings
from pipeline.errors import BudgetReached, TaskFailed
from pipeline.jobs import Job, State
from pipeline.ledger import Ledger
from pipeline.ledger.commitments import Commitments, Purview
from pipeline.models import Recipe
from pipeline.modes.envelope import Envelope
from pipeline.steps.purse import Purse

pytestmark = pytest.mark.anyio
RECIPE = Recipe("scope", "pegasus1.5", "Describe")


def job(name: str, minutes: float = 1) -> Job:
    return Job(name, f"blake3:{name}", RECIPE, f"{name}.mp4", None, None, State.UPLOADED, duration_s=minutes * 60)


def answered(asked: Job, tokens: int = 0) -> tuple[Job, Envelope]:
    return replace(asked, state=State.ANALYZED, attempt=1), Envelope("text", None, None, None, None, tokens)


@asynccontextmanager
async def opened(folder: Path, **caps: float) -> AsyncIterator[Purse]:
    """A budget of a run in which something else is always in flight."""
    settings = BudgetSettings(**caps)
    kept = caps_of(settings)
    async with Ledger(folder / "ledger.db") as ledger:
        with Commitments(folder / "budget.db", kept, Purview("scope", "run", 86_400), "folder") as commitments:
            purse = Purse(commitments, ledger, kept, settings, PriceSettings(), "scope")
            purse.rests_on = lambda _: False
            yield purse


async def committed(purse: Purse) -> float:
    return (await purse.standings())[0].committed


async def test_who_does_not_fit_waits_for_an_answer_that_takes_less(tmp_path: Path) -> None:
    """An answer that is settled for less than was expected makes room for the next question."""
    async with opened(tmp_path, max_tokens=1000) as purse:
        first, second = job("first"), job("second")
        await purse.reserve(first, 800)
        async with anyio.create_task_group() as group:
            group.start_soon(purse.reserve, second, 500)
            await anyio.wait_all_tasks_blocked()
            assert await committed(purse) == 800
            purse.settle(*answered(first, tokens=300))
        assert await committed(purse) == 800


@pytest.mark.parametrize("ends", ["fails", "is canceled"])
async def test_who_does_not_fit_waits_for_one_that_fails(tmp_path: Path, ends: str) -> None:
    """What is not billed makes room."""
    async with opened(tmp_path, max_minutes=1) as purse:
        first = job("first")
        await purse.reserve(first, 0)
        async with anyio.create_task_group() as group:
            group.start_soon(purse.reserve, job("second"), 0)
            await anyio.wait_all_tasks_blocked()
            purse.settle(first.failed(TaskFailed(f"it {ends}")), None)
        assert await committed(purse) == 1


async def test_small_ones_go_by(tmp_path: Path) -> None:
    """One that waits for room keeps nobody waiting for whom there is some."""
    async with opened(tmp_path, max_minutes=10) as purse:
        first = job("first", 5)
        await purse.reserve(first, 0)
        async with anyio.create_task_group() as group:
            group.start_soon(purse.reserve, job("large", 7), 0)
            await anyio.wait_all_tasks_blocked()
            for number in range(3):
                await purse.reserve(job(f"small {number}"), 0)
            assert await committed(purse) == 8
            purse.settle(first.failed(TaskFailed("it fails")), None)
        assert await committed(purse) == 10


async def test_everybody_is_told_where_nobody_can_go_on(tmp_path: Path) -> None:
    """Once nothing is in flight but who waits, all of them are told which cap it is."""
    told: list[str] = []

    async def ask(purse: Purse, name: str) -> None:
        try:
            await purse.reserve(job(name, 7), 0)
        except BudgetReached as error:
            told.append(error.message)

    async with opened(tmp_path, max_minutes=10, max_minutes_of_life=8) as purse:
        await purse.reserve(job("first", 5), 0)
        purse.rests_on = lambda waiting: waiting == 3
        async with anyio.create_task_group() as group:
            for name in "abc":
                group.start_soon(ask, purse, name)
        assert len(told) == 3
        assert all("8.00 min of video in all is reached: 5.00 min" in message for message in told)
        with pytest.raises(BudgetReached):
            await purse.reserve(job("late", 7), 0)
        await purse.reserve(job("small", 3), 0)


async def test_who_is_cancelled_while_it_waits_takes_nothing(tmp_path: Path) -> None:
    """A run that is stopped leaves nobody in the queue, and the next one first."""
    async with opened(tmp_path, max_minutes=1) as purse:
        first = job("first")
        await purse.reserve(first, 0)
        async with anyio.create_task_group() as group:
            group.start_soon(purse.reserve, job("gone"), 0)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
        async with anyio.create_task_group() as group:
            group.start_soon(purse.reserve, job("next"), 0)
            await anyio.wait_all_tasks_blocked()
            purse.settle(*answered(replace(first, duration_s=0.0)))
        assert await committed(purse) == 1


async def test_what_is_settled_twice_counts_once(tmp_path: Path) -> None:
    """A batch settles its answers while it reads them; the step that gets the job afterwards does it again."""
    async with opened(tmp_path, max_tokens=1000) as purse:
        first = job("first")
        await purse.reserve(first, 800)
        done, answer = answered(first, tokens=300)
        purse.settle(done, answer)
        purse.settle(done, None)
        assert await committed(purse) == 300
