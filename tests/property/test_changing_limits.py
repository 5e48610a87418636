"""Limits that change while others wait, on a clock that jumps: what holds is what was said last, and what was drawn
stays drawn.
"""

import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.client.account import Account
from pipeline.client.clock import loop_time
from pipeline.client.flow import Flow
from pipeline.client.limits import Limits
from pipeline.client.pace import Pace
from pipeline.client.valve import Valve
from pipeline.client.windows import Window
from pipeline.config import LimitSettings, RetrySettings, UploadSettings
from pipeline.config.tuning import Tuning
from pipeline.errors import LimitReached
from pipeline.ledger.draws import Draws
from pipeline.models import Draw
from tests.property.jumping import on_jumping_clock

HOUR_S = 3600.0
BEGAN = 1000.0  # where that clock begins
MINUTES = st.floats(1, 60)


def hour(minutes: float) -> list[Window]:
    """One limit: so many minutes of video an hour."""
    return [Window("minutes", minutes, HOUR_S)]


def account(windows: list[Window], max_wait_s: float = 1e9) -> Account:
    return Account("analyze", windows, max_wait_s=max_wait_s, clock=loop_time)


def went_at(
    opened: Callable[[], Account], draws: list[float], meanwhile: Callable[[Account], Awaitable[None]]
) -> list[float]:
    """When each of these many minutes was let in, while something else happens to the account."""
    moments = []

    async def main() -> None:
        one = opened()
        began = loop_time()

        async def ask(minutes: float) -> None:
            await one.admit(Draw(minutes=minutes))
            moments.append(loop_time() - began)

        async with anyio.create_task_group() as group:
            for minutes in draws:
                group.start_soon(ask, minutes)
            await meanwhile(one)

    on_jumping_clock(main)
    return moments


@settings(deadline=None, max_examples=60)
@given(
    st.floats(60, 200),
    st.lists(st.tuples(st.floats(1, 8000), st.floats(60, 200)), min_size=1, max_size=8),
    st.lists(st.tuples(st.floats(0, 20_000), MINUTES), min_size=1, max_size=40),
)
def test_no_window_holds_more_than_was_allowed_when_it_grew(first, changes, wishes):
    """However often a limit changes, whoever is let in fits into the one that holds then, draws from before included;
    and everybody is let in.
    """
    drawn: list[tuple[float, float]] = []

    async def main() -> None:
        one = account(hour(first))
        holds = first

        async def ask(after_s: float, minutes: float) -> None:
            await anyio.sleep(after_s)
            await one.admit(Draw(minutes=minutes))
            drawn.append((loop_time(), minutes))
            inside = [
                other for at, other in drawn if at > loop_time() - HOUR_S + 1
            ]  # who was let in is told a bit late
            assert sum(inside) <= holds + 1e-6 or len(inside) == 1

        async with anyio.create_task_group() as group:
            for after_s, minutes in wishes:
                group.start_soon(ask, after_s, minutes)
            for after_s, most in changes:
                await anyio.sleep(after_s)
                one.change(hour(most))
                holds = most

    on_jumping_clock(main)
    assert len(drawn) == len(wishes)


@pytest.mark.parametrize("windows", [hour(1000), []])
def test_who_waits_goes_at_once_when_a_limit_is_raised_or_taken_off(windows):
    """Nobody sleeps through the time that the old limit would have taken."""

    async def raised(one: Account) -> None:
        await anyio.sleep(5)
        one.change(windows)

    moments = went_at(lambda: account(hour(60)), [60, 30, 30, 60, 1], raised)
    assert moments[0] == pytest.approx(0, abs=0.1)
    assert moments[1:] == pytest.approx([5] * 4, abs=0.1)


def test_who_waits_waits_longer_when_a_limit_is_lowered():
    """What was drawn under the higher one counts against the lower one."""

    async def lowered(one: Account) -> None:
        await anyio.sleep(5)
        one.change(hour(50))

    moments = went_at(lambda: account(hour(100)), [60, 40, 40, 40], lowered)
    assert moments == pytest.approx([0, 0, HOUR_S, 2 * HOUR_S], abs=1)


def test_a_limit_that_is_set_while_a_run_is_on_knows_what_was_drawn_before():
    """Where there was none, the minutes of the last hour are not given away a second time."""

    async def set_later(one: Account) -> None:
        await anyio.sleep(600)
        one.change(hour(100))
        await one.admit(Draw(minutes=20))
        assert loop_time() - BEGAN >= HOUR_S

    assert went_at(lambda: account([]), [50, 40], set_later) == pytest.approx([0, 0], abs=0.1)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Callable[..., Account]]:
    """An account whose draws are remembered in a file, as those of a run that begins with limits are."""
    began = time.time() - BEGAN
    with Draws(tmp_path / "limits.db", "local", "analyze", 86_400) as book:
        yield lambda windows, max_wait_s=1e9: Account(
            "analyze", windows, max_wait_s=max_wait_s, book=book, clock=lambda: began + loop_time()
        )


def test_an_answer_settles_its_estimate_under_other_limits(kept):
    """Tokens that a question did not need are free for the next, though the limit changed in between."""

    async def main() -> None:
        one = kept([Window("tokens", 1000, HOUR_S)])
        await one.admit(Draw(tokens=900), "asked")
        one.leaves(["asked"])
        one.change([Window("tokens", 1100, HOUR_S)])
        one.settle("asked", 100)
        await one.admit(Draw(tokens=1000), "next")
        assert loop_time() - BEGAN < 0.1

    on_jumping_clock(main)


def test_a_request_that_has_not_left_yet_keeps_its_place_under_other_limits(kept):
    """It counts from when it leaves, and is given back where it never does."""

    async def main() -> None:
        one = kept(hour(100))
        await one.admit(Draw(minutes=60), "late")
        await one.admit(Draw(minutes=40), "never")
        one.change(hour(90))
        await anyio.sleep(2 * HOUR_S)
        one.leaves(["late"])
        one.release("never")
        left_at = loop_time()
        await one.admit(Draw(minutes=30), "fits")
        assert loop_time() - left_at < 0.1
        await one.admit(Draw(minutes=30), "does not")
        assert loop_time() - left_at >= HOUR_S

    on_jumping_clock(main)


@pytest.mark.parametrize(("after", "expected_s"), [(600, 0.1), (6, 10), (None, 0)])
def test_who_waits_for_the_pace_takes_the_new_one(after, expected_s):
    """Requests that stand in line leave at the intervals that were said last, the next one at once."""
    left = []

    async def main() -> None:
        pace = Pace(1)

        async def leave() -> None:
            await pace.wait()
            left.append(loop_time())

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(leave)
            await anyio.sleep(3)
            pace.change(after)

    on_jumping_clock(main)
    assert [moment - BEGAN for moment in left] == pytest.approx([0, *(3 + expected_s * n for n in range(4))], abs=0.01)


def test_what_is_asked_of_a_tier_leaves_its_other_limits_alone():
    """`--limit` says one number, or takes one off; all others are those of the plan, for every endpoint class."""

    async def main() -> None:
        before = LimitSettings(tier="tier2")
        limits = Limits(before, RetrySettings())
        limits.change(Tuning(limits={"video_minutes_per_hour": 300, "analyze_per_day": None}).on(before))
        assert limits.now.rate("video_minutes_per_hour") == 300
        assert limits.now.rate("analyze_per_day") is None
        assert limits.now.rate("video_minutes_per_day") == before.rate("video_minutes_per_day")
        assert limits.now.rate("upload_per_minute") == before.rate("upload_per_minute")
        await limits.analyze.account.admit(Draw(minutes=200))
        with pytest.raises(LimitReached, match="the account's limit of 300 minutes of video"):
            await limits.analyze.account.admit(Draw(minutes=200))

    on_jumping_clock(main)


@pytest.mark.parametrize("name", ["analyze", "upload", "read"])
def test_every_endpoint_class_takes_its_new_pace(name):
    """Requests of each leave at the rate that was said last."""

    async def main() -> None:
        rate = f"{name}_per_minute"
        before = LimitSettings.model_validate({"tier": None, rate: 1})
        limits = Limits(before, RetrySettings())
        limits.change(Tuning(limits={rate: 60}).on(before))
        for _ in range(3):
            await getattr(limits, name).leave()
        assert loop_time() - BEGAN == pytest.approx(2, abs=0.1)

    on_jumping_clock(main)


@pytest.mark.parametrize("name", ["analyze", "upload", "chunks"])
def test_a_paused_run_lets_nothing_new_leave(name):
    """Analyses, uploads and chunks wait for as long as the pause lasts, and go then; looking never waits."""

    async def main() -> None:
        limits = Limits(LimitSettings.unlimited(), RetrySettings())
        limits.valve.shut()
        left = []

        async def leave() -> None:
            async with getattr(limits, name).passage():
                left.append(loop_time() - BEGAN)

        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(leave)
            await anyio.sleep(7200)
            await limits.read.leave()
            assert loop_time() - BEGAN == pytest.approx(7200, abs=0.1)
            limits.valve.open()
        assert left == pytest.approx([7200] * 3, abs=0.1)

    on_jumping_clock(main)


@pytest.mark.parametrize(
    ("bounds", "chunks_then", "videos_then"), [((8, 2), 2, 2), ((1, 8), 8, 1), ((8, 1), 1, 1), ((16, 16), 8, 4)]
)
def test_uploads_under_way_keep_to_other_bounds(bounds, chunks_then, videos_then):
    """Fewer videos and chunks leave those on their way alone; more are let go as far as the link was found to carry."""
    inside = {"body": 0, "video": 0}
    most = dict.fromkeys(inside, 0)

    async def main() -> None:
        flow = Flow(UploadSettings(files=4, chunks=8, chunks_first=8, chunks_least=2), Valve())

        async def hold(name: str) -> None:
            async with getattr(flow, name)():
                inside[name] += 1
                most[name] = max(most[name], inside[name])
                await anyio.sleep(100)
                inside[name] -= 1

        async with anyio.create_task_group() as group:
            for name in ("body", "video"):
                for _ in range(40):
                    group.start_soon(hold, name)
            await anyio.sleep(50)
            assert inside == {"body": 8, "video": 4}
            flow.bind(*bounds)
            await anyio.sleep(1)
            assert inside == {"body": 8, "video": 4}
            await anyio.sleep(99)
            assert inside == {"body": chunks_then, "video": videos_then}

    on_jumping_clock(main)


def test_fewest_chunks_are_again_what_is_configured():
    """Bounds that were lower for a while leave no trace once they are as before."""

    async def main() -> None:
        flow = Flow(UploadSettings(chunks=16, chunks_first=8, chunks_least=4), Valve())
        flow.bind(8, 1)
        flow.bind(8, 16)
        assert flow.chunks == 4

    on_jumping_clock(main)
