"""What is charged, by the platform's own rules and examples."""

import json
from dataclasses import replace

import pytest

from pipeline.billing import billed_minutes, cost_usd
from pipeline.config import PriceSettings, Settings
from pipeline.config.prices import PRICES, Price
from pipeline.models import Recipe
from pipeline.modes.models import MODELS

RECIPE = Recipe("scope", "pegasus1.5", "Describe")
PRICE = Price(video_minute_usd=0.0292, output_1k_tokens_usd=0.0075)


def definitions(count: int, **named: object) -> str:
    return json.dumps([{"id": f"d{number}", "description": "d", **named} for number in range(count)])


@pytest.mark.parametrize(
    ("start_s", "end_s", "duration_s", "minutes"),
    [
        (None, None, 90.0, 1.5),
        (30.0, None, 90.0, 1.0),
        (None, 60.0, 90.0, 1.0),
        (30.0, 60.0, 90.0, 0.5),
        (30.0, 600.0, 90.0, 1.0),
        (100.0, 200.0, 90.0, 0.0),
        (30.0, 60.0, None, 0.5),
        (30.0, None, None, None),
        (None, None, 1.0, 0.016667),
    ],
)
def test_only_the_window_is_billed(
    start_s: float | None, end_s: float | None, duration_s: float | None, minutes: float | None
) -> None:
    """Billed minutes are those of the clip window, as far as the video reaches, or unknown."""
    assert billed_minutes(replace(RECIPE, start_time_s=start_s, end_time_s=end_s), duration_s) == minutes


@pytest.mark.parametrize(
    ("duration_s", "start_s", "end_s", "count", "minutes"),
    [
        (3600, None, None, 3, 180.0),  # an hour with three definitions is billed as three hours
        (3600, 0, 60, 4, 4.0),  # one minute of an hour with four definitions as four minutes
        (3600, 600, 2400, 5, 150.0),  # half an hour of an hour with five definitions as two hours and a half
    ],
)
def test_segments_are_billed_as_the_platforms_own_examples_say(
    duration_s: float, start_s: float | None, end_s: float | None, count: int, minutes: float
) -> None:
    """The billable window counts once for each segment definition; fields are free."""
    recipe = replace(
        RECIPE, mode="segments", segment_definitions=definitions(count), start_time_s=start_s, end_time_s=end_s
    )
    assert billed_minutes(recipe, duration_s) == minutes


def test_time_ranges_do_not_make_it_less() -> None:
    """A definition that looks at a minute of an hour only is billed for the hour."""
    ranged = definitions(1, time_ranges=[{"start_time": 0, "end_time": 60}])
    assert billed_minutes(replace(RECIPE, mode="segments", segment_definitions=ranged), 3600) == 60.0


def test_images_have_no_minutes() -> None:
    """A row of images is charged for its answer only."""
    assert billed_minutes(replace(RECIPE, images="[]"), None) == 0.0


def test_costs_are_minutes_and_output_tokens_at_their_prices() -> None:
    """An hour is 1.752 dollars, a million output tokens 7.50; without a price there is no cost to tell."""
    assert cost_usd(60, 0, PRICE) == 1.752
    assert cost_usd(None, 1_000_000, PRICE) == 7.5
    assert cost_usd(60, 1_000_000, None) is None


def test_the_price_table_has_every_model_with_its_date_and_source() -> None:
    """Whoever reads the table can look up where a number comes from, and how old it is."""
    assert PRICES.keys() == MODELS.keys()
    assert all(price.as_of and price.source for price in PRICES.values())


def test_own_prices_win_over_the_table() -> None:
    """A contract's price holds for every model, or for the one that it names; half a price is none."""
    assert PriceSettings(video_minute_usd=0.02).of("pegasus1.5") == PRICES["pegasus1.5"].model_copy(
        update={"video_minute_usd": 0.02, "source": "the configuration"}
    )
    assert PriceSettings().of("pegasus9.0") is None
    assert PriceSettings(video_minute_usd=0.02).of("pegasus9.0") is None
    own = Price(video_minute_usd=1, output_1k_tokens_usd=2)
    assert PriceSettings(models={"pegasus9.0": own}).of("pegasus9.0") == own


def test_the_embedded_platform_is_free_unless_prices_are_set() -> None:
    """Nobody is charged by it; with prices set a run tells what it would have cost elsewhere."""
    settings = Settings(platform={"kind": "local"})
    assert cost_usd(60, 1000, settings.effective_prices.of("any")) == 0
    priced = Settings(platform={"kind": "local"}, prices={"video_minute_usd": 1})
    assert cost_usd(60, 0, priced.effective_prices.of("pegasus1.5")) == 60
