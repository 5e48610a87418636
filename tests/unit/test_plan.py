"""What a run would do, added up."""

import json
from dataclasses import replace

import pytest

from pipeline.budget import Cap, Standing
from pipeline.client.forecast import Forecast
from pipeline.client.windows import Window
from pipeline.config import BatchSettings
from pipeline.config.prices import PRICES
from pipeline.models import Draw, Recipe
from pipeline.plan import Money, Plan, Schedule, Tokens, fits, tokens_of

RECIPE = Recipe("scope", "pegasus1.5", "Describe")
SEGMENTS = replace(
    RECIPE,
    prompt=None,
    mode="segments",
    segment_definitions=json.dumps([{"id": f"d{number}", "description": "d"} for number in range(3)]),
)


@pytest.mark.parametrize(
    ("recipe", "most"),
    [
        (RECIPE, 4_096),
        (replace(RECIPE, max_tokens=1_000), 1_000),
        (SEGMENTS, 32_768),
        (replace(SEGMENTS, model="pegasus1.6", max_tokens="unlimited"), 98_304),
        (replace(RECIPE, model="pegasus9.9"), 4_096),
    ],
)
def test_without_earlier_answers_tokens_lie_between_nothing_and_the_cap(recipe: Recipe, most: int) -> None:
    """The cap is what was set, else the model's own; limits are reckoned with what is likely."""
    assert tokens_of(recipe, (), 600) == Tokens(0, 600, most)
    assert tokens_of(recipe, (10, 20, 30, 40), 600) == Tokens(0, 600, most)  # too few to go by
    assert tokens_of(replace(recipe, max_tokens=512), (), 600) == Tokens(0, 512, 512)


def test_earlier_answers_tell_what_the_next_ones_take() -> None:
    """From the tenth to the ninetieth percentile, whatever the order; the odd one out moves neither."""
    assert tokens_of(RECIPE, [*range(100, 111), 4096][::-1], 600) == Tokens(101, (1155 + 4096) / 12, 110, 12)
    assert tokens_of(RECIPE, [50] * 5, 600) == Tokens(50, 50, 50, 5)


def test_money_is_a_range_of_minutes_and_tokens_at_their_prices() -> None:
    """Answers that may be asked for again are paid for each time at most, minutes included."""
    money = Money()
    money.add("pegasus1.5", PRICES["pegasus1.5"], 60, Tokens(0, 600, 4_000), 1)
    assert (money.low_usd, money.high_usd) == (pytest.approx(1.752), pytest.approx(1.782))
    money.add("pegasus1.5", PRICES["pegasus1.5"], 60, Tokens(0, 600, 4_000), 3)
    assert (money.low_usd, money.high_usd) == (pytest.approx(3.504), pytest.approx(1.782 * 4))
    assert money.prices == {"pegasus1.5": PRICES["pegasus1.5"]}


@pytest.mark.parametrize(
    ("cap", "committed", "verdict"),
    [
        (Cap("run", "usd", 1.782), 0, "enough"),
        (Cap("run", "usd", 1.76), 0, "perhaps"),
        (Cap("day", "usd", 5), 3.5, "too_little"),
        (Cap("run", "minutes", 60), 0, "enough"),
        (Cap("life", "minutes", 600), 541, "too_little"),
        (Cap("run", "tokens", 3_999), 0, "perhaps"),
    ],
)
def test_a_budget_is_held_against_all_that_is_to_be_asked(cap: Cap, committed: float, verdict: str) -> None:
    """What is committed already is gone; between the lower and the upper end of the range it is uncertain."""
    plan = Plan()
    tokens = Tokens(0, 600, 4_000)
    minutes = plan.ask(RECIPE, 3600, tokens, at_most=1)
    plan.cost.add("pegasus1.5", PRICES["pegasus1.5"], minutes, tokens, 1)
    assert [fit.verdict for fit in fits(plan, [Standing(cap, committed, 0)])] == [verdict]


def test_a_model_without_a_price_is_named() -> None:
    """There is no sum then, rather than one that is too low."""
    money = Money()
    money.add("pegasus9.9", None, 60, Tokens(0, 1, 2), 1)
    assert money.unpriced == {"pegasus9.9"}


def test_analyses_add_up() -> None:
    """Minutes that are analysed and those that are billed are two sums; what has no known length is in neither."""
    plan = Plan()
    tokens = Tokens(10, 20, 30, 7)
    assert plan.ask(RECIPE, 90, tokens, at_most=1) == 1.5
    assert plan.ask(SEGMENTS, 60, tokens, at_most=2) == 3.0
    assert plan.ask(RECIPE, None, tokens, at_most=1) is None
    assert plan.ask(replace(RECIPE, end_time_s=30), None, tokens, at_most=1) == 0.5
    assert plan.ask(replace(RECIPE, images="[]"), None, Tokens(0, 20, 30), at_most=1) == 0.0
    assert (plan.videos, plan.definitions, plan.unknown_length) == (5, 3, 1)
    assert (plan.minutes, plan.billed_minutes) == (pytest.approx(3), pytest.approx(5))
    assert (plan.tokens_low, plan.tokens_high) == (40, 180)
    assert plan.past_answers == 0  # one of them had to do with the cap
    assert plan.likely == Draw(0, pytest.approx(3), 100)


def test_requests_are_one_each_or_one_a_batch() -> None:
    """As many batches as items or hours of video fill."""
    plan = Plan()
    plan.send_alone()
    for _ in range(7):
        plan.send_in_batch(3600)
    assert plan.drawn_with(BatchSettings(max_items=3)).requests == 1 + 3
    assert plan.drawn_with(BatchSettings(max_items=3, max_hours=1)).requests == 1 + 7
    assert Plan().drawn_with(BatchSettings()).requests == 0


def test_rejections_are_grouped_with_a_few_names() -> None:
    """The largest group first; names beyond a few are only counted, so that a bad archive takes no memory."""
    plan = Plan()
    plan.reject("a", "rare", "why")
    for number in range(1000):
        plan.reject(f"b{number}", "common", "because")
    common, rare = plan.rejections
    assert (common.code, common.count, common.sources) == ("common", 1000, ["b0", "b1", "b2", "b3", "b4"])
    assert (rare.code, rare.message, rare.sources) == ("rare", "why", ["a"])


@pytest.mark.parametrize(("seconds", "days"), [(0, 1), (86_399, 1), (86_400, 2), (2 * 86_400 + 4 * 3600, 3)])
def test_days_are_those_in_which_something_is_done(seconds: float, days: int) -> None:
    """Whatever begins a day later is another night's work."""
    window = Window("minutes", 3000, 86_400.5)
    schedule = Schedule(Forecast(seconds, window), Forecast(0, None), Draw(0), day_s=86_400, hour_s=3_600)
    assert schedule.days == days
    assert schedule.longest.seconds == seconds
    assert [schedule.span(length_s) for length_s in (60.5, 3600.5, 86_400.5)] == ["minute", "hour", "day"]
