"""What fits under a cap, when it fits again, and what becomes of a reservation: values in, values out."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pipeline.budget import (
    Cap,
    Spending,
    Standing,
    caps_of,
    exceeded,
    fate,
    is_length_needed,
    price_problem,
    reached,
    room_at,
    spending,
)
from pipeline.config import BudgetSettings, PriceSettings
from pipeline.errors import AnswerLost, AssetGone, SourceUnreadable, TaskFailed
from pipeline.jobs import Job, State
from pipeline.models import Recipe

RECIPE = Recipe("scope", "pegasus1.5", "Describe")
JOB = Job("k", "blake3:0", RECIPE, "a.mp4", "/a.mp4", None)
PUBLISHED = PriceSettings()
DAY_S = 86_400.0


def test_every_cap_that_is_set_is_kept() -> None:
    """From the run to the life, each in its own unit; zero is a cap, null is none."""
    settings = BudgetSettings(max_cost_usd=5, max_minutes_per_day=0, max_tokens_of_life=9)
    assert caps_of(settings) == (Cap("run", "usd", 5), Cap("day", "minutes", 0), Cap("life", "tokens", 9))
    assert [cap.setting for cap in caps_of(settings)] == [
        "budget.max_cost_usd",
        "budget.max_minutes_per_day",
        "budget.max_tokens_of_life",
    ]
    assert caps_of(BudgetSettings()) == ()


@pytest.mark.parametrize(
    ("most", "committed", "wanted", "fits"),
    [
        (10, 0, 10, True),
        (10, 4, 6, True),
        (10, 4, 6.000001, False),
        (10, 0, 10.1, False),
        (0, 0, 0.000001, False),
        (0, 0, 0, True),
        (10, 12, 0, True),  # answers took more than was expected; what takes nothing of it may go
        (0.3, 0.1 + 0.1, 0.1, True),  # fractions that do not add up exactly
    ],
)
def test_what_fits(most: float, committed: float, wanted: float, fits: bool) -> None:
    """Up to the cap and not beyond."""
    cap = Cap("day", "minutes", most)
    assert exceeded([cap], {"day": Spending(minutes=committed)}, Spending(minutes=wanted)) == (() if fits else (cap,))


def test_each_unit_and_span_by_itself() -> None:
    """A question fits where every cap has room."""
    caps = (Cap("run", "usd", 1), Cap("day", "minutes", 10), Cap("life", "tokens", 100))
    committed = {"run": Spending(0.5, 99, 999), "day": Spending(99, 5, 999), "life": Spending(99, 99, 50)}
    assert exceeded(caps, committed, Spending(0.5, 5, 50)) == ()
    assert exceeded(caps, committed, Spending(0.6, 5, 60)) == (caps[0], caps[2])


@pytest.mark.parametrize(
    ("committed", "wanted", "at"),
    [
        ([(100, 4), (200, 6)], 3, 100 + DAY_S),
        ([(100, 4), (200, 6)], 5, 200 + DAY_S),
        ([(100, 4), (200, 6)], 10, 200 + DAY_S),
        ([(100, 4), (200, 6)], 11, None),
        ([], 11, None),
    ],
)
def test_when_a_day_has_room_again(committed: list[tuple[float, float]], wanted: float, at: float | None) -> None:
    """As soon as enough of what was committed is a day old."""
    assert room_at(Cap("day", "minutes", 10), committed, wanted, DAY_S) == at


def test_what_an_answer_takes() -> None:
    """Minutes once for each definition, tokens as told, cost by both prices; what has no price counts no cost."""
    segments = replace(RECIPE, segment_definitions=json.dumps([{"id": "a"}, {"id": "b"}]))
    assert spending(segments, 60, 1000, PUBLISHED) == Spending(2 * 0.0292 + 0.0075, 2, 1000)
    assert spending(RECIPE, None, 1000, PUBLISHED) == Spending(0.0075, 0, 1000)
    assert spending(RECIPE, 60, 1000, PriceSettings(models={"pegasus1.5": None})) == Spending(0, 1, 1000)


def test_a_cap_on_cost_needs_a_price_and_no_other_does() -> None:
    """The price of a model that is not known is told with the setting that names it."""
    unknown = PriceSettings(models={"pegasus1.5": None})
    told = price_problem(BudgetSettings(max_cost_usd_per_day=5), unknown, "pegasus1.5")
    assert told is not None
    assert "budget.max_cost_usd_per_day" in told
    assert "prices.models.pegasus1.5" in told
    assert price_problem(BudgetSettings(max_minutes=5), unknown, "pegasus1.5") is None
    assert price_problem(BudgetSettings(max_cost_usd=5), PUBLISHED, "pegasus1.5") is None


def test_when_a_length_is_needed() -> None:
    """For caps on minutes, and on cost where minutes cost anything."""
    free = PriceSettings(video_minute_usd=0)
    assert is_length_needed([Cap("run", "minutes", 5)], RECIPE, free)
    assert is_length_needed([Cap("run", "usd", 5)], RECIPE, PUBLISHED)
    assert not is_length_needed([Cap("run", "usd", 5)], RECIPE, free)
    assert not is_length_needed([Cap("run", "tokens", 5)], RECIPE, PUBLISHED)


UPLOADED = replace(JOB, state=State.UPLOADED)
SUBMITTED = replace(JOB, state=State.SUBMITTED)


@pytest.mark.parametrize(
    ("job", "what"),
    [
        (None, "free"),
        (JOB, "free"),
        (UPLOADED, "free"),
        (replace(UPLOADED, intent=True), "awaited"),
        (replace(UPLOADED, intent=True).failed(TaskFailed("nobody knows")), "awaited"),
        (SUBMITTED, "awaited"),
        (SUBMITTED.failed(TaskFailed("cannot be looked up")), "awaited"),
        (replace(JOB, state=State.ANALYZED), "answered"),
        (UPLOADED.failed(TaskFailed("refused")), "free"),
        (UPLOADED.failed(SourceUnreadable("gone")), "free"),
        (UPLOADED.failed(AnswerLost("on its way")), "lost"),
        (UPLOADED.failed(TaskFailed("gone", code="batch_item_missing")), "lost"),
        (JOB.failed(AssetGone("refused", code="resource_not_exist")), "free"),
    ],
)
def test_what_becomes_of_a_reservation(job: Job | None, what: str) -> None:
    """What may have been billed is never free again."""
    assert fate(job) == what


@pytest.mark.parametrize(
    ("cap", "wanted", "words"),
    [
        (Cap("run", "usd", 5), 0.06, ["$5.00 for this run", "$4.97 is", "a.mp4 needs about $0.06", "--max-cost"]),
        (Cap("day", "minutes", 600), 20, ["600.0 min of video in 24 h", "once there is room", "max_minutes_per_day"]),
        (Cap("life", "tokens", 9000), 600, ["9,000 output tokens in all", "raise budget.max_tokens_of_life"]),
        (Cap("run", "minutes", 60), 120, ["60.0 min", "less than a.mp4 needs alone", "raise --max-minutes"]),
    ],
)
def test_the_pause_says_what_to_do(cap: Cap, wanted: float, words: list[str]) -> None:
    """Which cap, what is committed, what the next video needs, and which setting to raise."""
    needs = Spending(wanted, wanted, wanted)
    pause = reached(Standing(cap, 4.97, 0), "a.mp4", needs, day_s=DAY_S, resume_at=86_400.0)
    assert [word for word in words if word not in pause.message] == []
    assert pause.resume_at == datetime(1970, 1, 2, tzinfo=UTC)
