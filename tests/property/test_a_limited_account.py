"""Two thousand videos on an account with six limits: our budget and queue against the embedded platform's own counts,
over days that pass in no time.
"""

import random
from collections import Counter
from dataclasses import dataclass, field

import anyio
import pytest

from pipeline.client.account import Account
from pipeline.client.clock import loop_time
from pipeline.client.levels import Level
from pipeline.client.limits import Budget, windows_of
from pipeline.client.refusals import left
from pipeline.config import LimitSettings, RetrySettings, ServerSettings
from pipeline.models import Draw
from pipeline.server.limits import Exceeded, Limits
from tests.property.jumping import on_jumping_clock

WORKERS = 64
DAY_S = 86_400
LATENCY_S = 0.2
# seconds to an answer, and tokens in it
ANSWERING_S = (10, 200)
TOKENS = (100, 1100)
EXPECTED_TOKENS = 600
RATES = (
    "analyze_per_minute", "analyze_per_day", "video_minutes_per_hour", "video_minutes_per_day",
    "output_tokens_per_minute", "output_tokens_per_day",
)  # fmt: skip
TIER = LimitSettings(tier="tier1")


def mixed_minutes() -> list[float]:
    """The lengths of an archive of 2,000 videos: most of them short, a few of two hours."""
    dice = random.Random(7)
    kinds = [(0.2, 3.0)] * 14 + [(3.0, 15.0)] * 5 + [(30.0, 119.0)]
    return [dice.uniform(*dice.choice(kinds)) for _ in range(2000)]


MINUTES = mixed_minutes()


@dataclass
class Seen:
    """What the platform saw: when it took how many minutes, since the beginning, and which of its limits refused."""

    drawn: list[tuple[float, float]] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)

    @property
    def days(self) -> float:
        return self.drawn[-1][0] / DAY_S

    def share_of_minutes(self, a_day: float) -> float:
        """Of what the days that are over allowed."""
        whole = int(self.days)
        assert whole >= 2
        return sum(minutes for at, minutes in self.drawn if at < whole * DAY_S) / (whole * a_day)


async def ask(platform: Limits, budget: Budget, key: str, minutes: float) -> None:
    """As the transport does it, without the wire between."""
    while True:
        async with budget.passage() as departure:
            budget.account.leaves([key])
            await anyio.sleep(LATENCY_S)
            _, verdict = platform.take("POST", "/analyze/tasks")
            try:
                if verdict.allowed:
                    platform.take_video(minutes)
            except Exceeded as refused:
                verdict = refused.verdict
            if verdict.allowed:
                headers = platform.headers(verdict) | platform.further_headers("analyze")
                departure.accepted(left(headers))
                return
            departure.refused(float(platform.refusal(verdict, "/analyze/tasks").headers["Retry-After"]))


def simulate(server: ServerSettings) -> Seen:
    """Run the archive on an account that believes in the tier's limits."""
    seen = Seen()

    async def main() -> None:
        platform = Limits(server, loop_time, lambda name: seen.refusals.update([name]))
        account = Account("analyze", windows_of(TIER, "analyze"), max_wait_s=1e9, clock=loop_time)
        rate = TIER.rate("analyze_per_minute")
        level = Level(1, 1, WORKERS)
        budget = Budget("analyze", rate, RetrySettings(), account=account, level=level)
        free = anyio.Semaphore(WORKERS)
        began = loop_time()

        async def analyse(number: int, minutes: float) -> None:
            dice = random.Random(number)
            await account.admit(Draw(minutes=minutes, tokens=EXPECTED_TOKENS), str(number))
            await ask(platform, budget, str(number), minutes)
            seen.drawn.append((loop_time() - began, minutes))
            await anyio.sleep(dice.uniform(*ANSWERING_S))
            tokens = dice.randint(*TOKENS)
            platform.count_tokens(tokens)
            account.settle(str(number), tokens)
            free.release()

        async with anyio.create_task_group() as group:
            for number, minutes in enumerate(MINUTES):
                await free.acquire()
                group.start_soon(analyse, number, minutes)

    on_jumping_clock(main)
    return seen


@pytest.mark.parametrize("window", ["fixed", "rolling"])
@pytest.mark.parametrize("headers", ["none", "x-ratelimit", "x-ratelimit-request"])
def test_who_knows_the_limits_uses_them_and_is_never_refused(window, headers):
    """Not one refusal in two thousand videos, and at least 95 % of the minutes a day, which bind."""
    seen = simulate(ServerSettings(tier="tier1", rate_window=window, rate_headers=headers))
    assert (len(seen.drawn), seen.refusals) == (len(MINUTES), {})
    assert seen.share_of_minutes(TIER.rate("video_minutes_per_day")) >= 0.95


@pytest.mark.parametrize("headers", ["none", "x-ratelimit-request"])
def test_who_is_wrong_about_the_limits_is_refused_once_a_window(headers):
    """Where the account allows a quarter of what was configured, every video is done, and no limit refuses more often
    than its windows begin.
    """
    seen = simulate(ServerSettings(**quarter(), rate_window="fixed", rate_headers=headers))
    assert len(seen.drawn) == len(MINUTES)
    assert {
        name: times for name, times in seen.refusals.items() if times > seen.days * DAY_S / length_s(name) + 1
    } == {}


@pytest.mark.parametrize("headers", ["none", "x-ratelimit-request"])
def test_who_is_wrong_about_rolling_limits_is_refused_less_than_once_an_hour(headers):
    """A window that rolls refuses again for the next video, once the one it refused has gone."""
    seen = simulate(ServerSettings(**quarter(), rate_window="rolling", rate_headers=headers))
    assert len(seen.drawn) == len(MINUTES)
    assert seen.refusals.total() <= seen.days * 24


def quarter() -> dict[str, float]:
    return {name: TIER.rate(name) / 4 for name in RATES}


def length_s(name: str) -> float:
    """Of a limit's window, by the name that the books have for it."""
    return float(name.split()[-2])
