"""The account's windows: whatever is drawn, none of them is ever exceeded, and nobody waits longer than needed."""

from dataclasses import replace
from itertools import pairwise

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.client.account import Account
from pipeline.client.clock import loop_time
from pipeline.client.windows import Window, Windows, amount
from pipeline.models import Draw, Drawn
from tests.property.jumping import on_jumping_clock

LIMITS = st.lists(
    st.tuples(
        st.sampled_from(["requests", "minutes", "tokens"]), st.floats(1, 200), st.sampled_from([60.0, 3600.0, 86400.0])
    ),
    min_size=1,
    max_size=6,
)
AMOUNTS = st.one_of(st.just(0.0), st.floats(0.01, 130))
DRAWS = st.builds(Draw, minutes=AMOUNTS, tokens=AMOUNTS)


def exceeded(limits, drawn: list[Drawn]) -> list[object]:
    """Every stretch in which more was drawn than its limit; one draw alone may be larger."""
    found = []
    for unit, most, length_s in limits:
        for last in range(len(drawn)):
            inside = [one for one in drawn[: last + 1] if one.at > drawn[last].at - length_s]
            total = sum(amount(one.draw, unit) for one in inside)
            alone = [one for one in inside if amount(one.draw, unit) > 0]
            if total > most + 1e-6 and len(alone) > 1:
                found.append((unit, most, length_s, total))
    return found


@settings(deadline=None, max_examples=150)
@given(LIMITS, st.lists(st.tuples(st.floats(0, 500), DRAWS), max_size=40))
def test_no_window_is_ever_exceeded(limits, wishes):
    """A draw that waits for as long as it was told fits, and no stretch of time ever holds more than its limit."""
    windows = Windows(Window(*limit) for limit in limits)
    drawn: list[Drawn] = []
    now = 1_000_000.0
    for after_s, draw in wishes:
        now += after_s
        for _ in range(50):  # of several dimensions one may wait for another
            wait = windows.wait(draw, now)
            if wait.seconds == 0:
                break
            now += wait.seconds + 1e-6
        one = Drawn(now, draw)
        windows.add(one)
        drawn.append(one)
    assert exceeded(limits, drawn) == []


@settings(deadline=None, max_examples=60)
@given(LIMITS, st.lists(DRAWS, min_size=1, max_size=40), st.lists(st.floats(0, 100), min_size=40, max_size=40))
def test_a_queue_never_exceeds_a_window_and_lets_everybody_through(limits, draws, arrivals):
    """Whoever comes whenever is admitted in the end, and no window is exceeded whatever the order."""
    drawn: list[Drawn] = []

    async def main() -> None:
        account = Account("analyze", [Window(*limit) for limit in limits], max_wait_s=1e9, clock=loop_time)

        async def ask(draw: Draw, after_s: float) -> None:
            await anyio.sleep(after_s)
            await account.admit(draw)
            drawn.append(Drawn(loop_time(), draw))

        async with anyio.create_task_group() as group:
            for draw, after_s in zip(draws, arrivals, strict=False):
                group.start_soon(ask, draw, after_s)

    on_jumping_clock(main)
    assert len(drawn) == len(draws)
    assert exceeded(limits, drawn) == []


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0.1, 20), min_size=5, max_size=60), st.floats(30, 100))
def test_the_first_is_never_delayed_by_those_it_lets_by(small, large):
    """A long video goes when it would have gone alone, however many short ones go before it."""

    def went_at(others: list[float]) -> float:
        moments: list[float] = []

        async def main() -> None:
            account = Account("analyze", [Window("minutes", 100, 3600)], max_wait_s=1e9, clock=loop_time)
            began = loop_time()
            await account.admit(Draw(minutes=90))

            async def ask_large() -> None:
                await account.admit(Draw(minutes=large))
                moments.append(loop_time() - began)

            async with anyio.create_task_group() as group:
                group.start_soon(ask_large)
                await anyio.sleep(1)
                for minutes in others:
                    group.start_soon(account.admit, Draw(minutes=minutes))

        on_jumping_clock(main)
        return moments[0]

    assert went_at(small) <= went_at([]) + 0.01


@given(st.floats(0, 1000), st.floats(0, 1000), st.lists(st.floats(0, 100), max_size=10))
def test_settling_leaves_nothing_of_the_estimate(estimate, real, others):
    """Once the answer is there, what counts is what it took."""
    window = Window("tokens", 10_000, 60)
    windows = Windows([window])
    mine = Drawn(100, Draw(tokens=estimate))
    windows.add(mine)
    for tokens in others:
        windows.add(Drawn(101, Draw(tokens=tokens)))
    windows.change(mine, replace(mine, draw=replace(mine.draw, tokens=real)))
    assert abs(window.used(102) - (real + sum(others))) < 1e-6


@settings(deadline=None, max_examples=10)
@given(st.lists(st.floats(60, 120), min_size=40, max_size=60), st.lists(st.floats(0.1, 0.4), min_size=1, max_size=60))
def test_neither_long_nor_short_ones_starve(long, short):
    """However many long videos wait, short ones go within a few hours and not behind all of them; and the long ones go
    in the order of coming, the first when it would have gone alone, none an hour later for what went by.
    """

    def went_at(minutes: list[float], others: list[float]) -> tuple[list[float], list[float]]:
        went: dict[bool, list[float]] = {False: [], True: []}

        async def main() -> None:
            account = Account("analyze", [Window("minutes", 130, 3600)], max_wait_s=1e9, clock=loop_time)
            began = loop_time()
            await account.admit(Draw(minutes=50))

            async def ask(draw: float, *, is_long: bool) -> None:
                await account.admit(Draw(minutes=draw))
                went[is_long].append(loop_time() - began)

            async with anyio.create_task_group() as group:
                for draw in minutes:
                    group.start_soon(lambda d=draw: ask(d, is_long=True))
                await anyio.sleep(1)
                for draw in others:
                    group.start_soon(lambda d=draw: ask(d, is_long=False))

        on_jumping_clock(main)
        return went[True], went[False]

    alone, _ = went_at(long, [])
    with_others, others = went_at(long, short)
    assert with_others == sorted(with_others)
    assert with_others[0] <= alone[0] + 0.01
    # whom the first one does not wait for, the second may: two that fit into one hour to the minute do not beside more
    assert all(late <= early + 3600.1 for late, early in zip(with_others, alone, strict=True))
    assert all(moment < 6 * 3600 for moment in others)  # the long ones alone take 20 hours and more


def test_short_ones_go_by_while_a_long_one_waits():
    """A hundred short videos are not kept waiting by one that needs more minutes than are left."""
    went: list[str] = []

    async def main() -> None:
        account = Account("analyze", [Window("minutes", 100, 3600)], max_wait_s=1e9, clock=loop_time)
        await account.admit(Draw(minutes=50))

        async def ask(name: str, minutes: float) -> None:
            await account.admit(Draw(minutes=minutes))
            went.append(name)

        async with anyio.create_task_group() as group:
            group.start_soon(ask, "long", 60.0)
            await anyio.sleep(1)
            for _ in range(100):
                group.start_soon(ask, "short", 0.4)

    on_jumping_clock(main)
    assert went == ["short"] * 100 + ["long"]


def test_an_even_stream_uses_what_the_window_allows():
    """Requests beyond the limit leave as soon as earlier ones have left the window, and not later."""
    left: list[float] = []

    async def main() -> None:
        account = Account("analyze", [Window("requests", 10, 60)], max_wait_s=1e9, clock=loop_time)

        async def ask() -> None:
            await account.admit(Draw())
            left.append(loop_time())

        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(ask)

    on_jumping_clock(main)
    rounds = [left[number] for number in range(0, 100, 10)]
    assert all(60 <= later - earlier < 60.1 for earlier, later in pairwise(rounds))


def test_a_draw_counts_from_when_its_request_leaves():
    """One that waits for its pace after it was admitted keeps its place for as long as the platform will count it."""
    went: list[float] = []

    async def main() -> None:
        account = Account("analyze", [Window("minutes", 10, 60)], max_wait_s=1e9, clock=loop_time)
        await account.admit(Draw(minutes=10), "late")
        await anyio.sleep(100)
        account.leaves(["late"])
        left_at = loop_time()
        await account.admit(Draw(minutes=1), "next")
        went.append(loop_time() - left_at)

    on_jumping_clock(main)
    assert 60 <= went[0] < 60.1


def test_a_draw_that_never_leaves_is_given_back():
    """Whoever is released before the request left has drawn nothing; afterwards the estimate stays."""
    went: list[float] = []

    async def main() -> None:
        account = Account("analyze", [Window("minutes", 10, 60)], max_wait_s=1e9, clock=loop_time)
        began = loop_time()
        async with account.drawn(Draw(minutes=10), "stays here"):
            pass
        async with account.drawn(Draw(minutes=10), "leaves"):
            account.leaves(["leaves"])
            went.append(loop_time() - began)
        await account.admit(Draw(minutes=10))
        went.append(loop_time() - began)

    on_jumping_clock(main)
    assert went[0] < 0.1
    assert 60 <= went[1] < 60.1
