"""The budget: whatever is reserved, settled and released in whatever order, no cap is crossed and nothing leaks."""

import asyncio
import json
import time
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.budget import CRUMB, Cap, Commitment, Spending, spending
from pipeline.config import PriceSettings
from pipeline.ledger.commitments import Commitments, Purview
from pipeline.models import Recipe

KEYS = st.sampled_from("abcdefgh")
AMOUNTS = st.integers(0, 60_000_000).map(lambda millionths: millionths / 1e6)
SPENDINGS = st.builds(Spending, AMOUNTS, AMOUNTS, AMOUNTS)
CAPS = st.lists(
    st.builds(
        Cap, st.sampled_from(["run", "day", "life"]), st.sampled_from(["usd", "minutes", "tokens"]), st.floats(0, 150)
    ),
    min_size=1,
    max_size=4,
)
# What an answer takes, as a part of what was expected of it.
PARTS = st.floats(0, 1.3)
NEARLY = 1e-4
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("reserve"), KEYS, SPENDINGS),
        st.tuples(st.just("settle"), KEYS, PARTS),
        st.tuples(st.just("release"), KEYS, st.none()),
    ),
    max_size=40,
)
_scopes = map(str, count())


def part(of: Spending, share: float) -> Spending:
    return Spending(*(round(amount * share, 6) for amount in (of.usd, of.minutes, of.tokens)))


class Replay:
    """The same steps, with nothing but additions."""

    def __init__(self, caps: list[Cap]) -> None:
        self.caps = caps
        self.open: dict[str, Spending] = {}
        self.taken = Spending()
        self.above = Spending()  # what answers took beyond what was expected of them

    @property
    def committed(self) -> Spending:
        return sum(self.open.values(), self.taken)

    def reserve(self, key: str, wanted: Spending, *, reserved: bool) -> None:
        if key in self.open:
            assert reserved
            return
        after = self.committed + wanted
        assert reserved == all(
            wanted.of(cap.unit) == 0 or after.of(cap.unit) <= cap.most + CRUMB for cap in self.caps
        ) or any(abs(after.of(cap.unit) - cap.most) < NEARLY for cap in self.caps)
        if reserved:
            self.open[key] = wanted
            for cap in self.caps:
                allowed = max(cap.most + self.above.of(cap.unit), after.of(cap.unit) - wanted.of(cap.unit))
                assert after.of(cap.unit) <= allowed + NEARLY

    def settle(self, key: str, share: float) -> Spending | None:
        if key not in self.open:
            return None
        reserved = self.open.pop(key)
        self.taken += part(reserved, share)
        self.above += part(reserved, max(0, share - 1))
        return part(reserved, share)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("budget") / "budget.db"


async def replayed(file: Path, caps: list[Cap], steps: list[Any]) -> None:
    replay = Replay(caps)
    with Commitments(file, caps, Purview(next(_scopes), "run", 86_400), "folder") as commitments:
        for number, (step, key, value) in enumerate(steps):
            if step == "reserve":
                (reserved,) = await commitments.reserve([Commitment(key, number, value, time.time())])
                replay.reserve(key, value, reserved=reserved)
            elif step == "settle":
                commitments.settle(key, number, replay.settle(key, value))
            else:
                commitments.release(key)
                replay.open.pop(key, None)
        await assert_equal(commitments, replay)
        for key in list(replay.open):
            commitments.settle(key, -1, replay.settle(key, 1))
        await assert_equal(commitments, replay)
        assert await commitments.open_keys() == []


async def assert_equal(commitments: Commitments, replay: Replay) -> None:
    for cap, one in zip(replay.caps, await commitments.standings(), strict=True):
        assert one.committed == pytest.approx(replay.committed.of(cap.unit), abs=NEARLY)
        assert one.reserved == pytest.approx(sum(held.of(cap.unit) for held in replay.open.values()), abs=NEARLY)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(caps=CAPS, steps=STEPS)
def test_no_cap_is_ever_crossed_and_nothing_stays_reserved(file, caps, steps):
    """Whatever fits is let in and nothing else, beyond a cap goes only what answers took above what was expected of
    them, and what is settled or released holds nothing any more.
    """
    asyncio.run(replayed(file, caps, steps))


SEGMENTS = st.integers(1, 6).map(lambda number: json.dumps([{"id": f"d{one}"} for one in range(number)]))
LENGTHS = st.floats(0, 20_000)
ENDS = st.floats(0.1, 20_000)


@given(LENGTHS, ENDS, LENGTHS, LENGTHS, SEGMENTS, SEGMENTS)
def test_cost_grows_with_the_window_and_the_definitions(start_s, end_s, more_s, duration_s, few, many):
    """A longer window, or more definitions, never cost less."""

    def costs(end_s: float, definitions: str) -> Spending:
        recipe = Recipe("s", "pegasus1.5", start_time_s=start_s, end_time_s=end_s, segment_definitions=definitions)
        return spending(recipe, duration_s, 600, PriceSettings())

    few, many = sorted((few, many), key=len)
    one, other = costs(end_s, few), costs(end_s + more_s, many)
    assert one.usd <= other.usd
    assert one.minutes <= other.minutes
