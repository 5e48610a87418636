"""What may be spent: caps, what is committed under them, and whether one more question fits. Pure.

What is committed is what answers took, and what is reserved for those that are awaited. Times are epoch seconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from pipeline.billing import billed_minutes, cost_usd
from pipeline.config import BudgetSettings, PriceSettings
from pipeline.errors import BudgetReached
from pipeline.jobs import Job, State
from pipeline.models import Recipe

Unit = Literal["usd", "minutes", "tokens"]
Span = Literal["run", "day", "life"]  # the longer one stands later
Fate = Literal["awaited", "answered", "lost", "free"]

NAMES: Mapping[Unit, str] = {"usd": "max_cost_usd", "minutes": "max_minutes", "tokens": "max_tokens"}
FLAGS: Mapping[Unit, str] = {"usd": "--max-cost", "minutes": "--max-minutes", "tokens": "--max-tokens"}
WORDS: Mapping[Unit, str] = {"usd": "", "minutes": " min of video", "tokens": " output tokens"}
SUFFIXES: Mapping[Span, str] = {"run": "", "day": "_per_day", "life": "_of_life"}
# Fractions that are added and taken away again leave a little over.
CRUMB = 5e-7
# Codes of failures after which a question may have been answered and paid for, though nobody will ever know.
LOST = frozenset({"answer_maybe_lost", "batch_item_missing", "task_missing"})


@dataclass(frozen=True, slots=True)
class Spending:
    """US dollars, billed minutes of video, output tokens."""

    usd: float = 0.0
    minutes: float = 0.0
    tokens: float = 0.0

    def __add__(self, other: "Spending") -> "Spending":
        return Spending(self.usd + other.usd, self.minutes + other.minutes, self.tokens + other.tokens)

    def of(self, unit: Unit) -> float:
        """The amount of one unit."""
        amount: float = getattr(self, unit)
        return amount


@dataclass(frozen=True, slots=True)
class Commitment:
    """What one question takes of the budget.

    Attributes:
        key: of its job.
        number: the job's attempt that it belongs to.
        spending: what is expected, or was taken.
        at: when it was committed to.
    """

    key: str
    number: int
    spending: Spending
    at: float


@dataclass(frozen=True, slots=True)
class Cap:
    """Never more than `most` of a unit in a span."""

    span: Span
    unit: Unit
    most: float

    @property
    def setting(self) -> str:
        """Its name in the configuration."""
        return f"budget.{NAMES[self.unit]}{SUFFIXES[self.span]}"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one cap stands.

    Attributes:
        committed: of its unit in its span, what is reserved included.
        reserved: of that, what awaits its answer.
    """

    cap: Cap
    committed: float
    reserved: float


Committed = Mapping[Span, Spending]


def caps_of(settings: BudgetSettings) -> tuple[Cap, ...]:
    """Those that are set."""
    every: list[tuple[Span, Unit]] = [(span, unit) for span in get_args(Span) for unit in get_args(Unit)]
    found = ((span, unit, getattr(settings, f"{NAMES[unit]}{SUFFIXES[span]}")) for span, unit in every)
    return tuple(Cap(span, unit, most) for span, unit, most in found if most is not None)


def exceeded(caps: Sequence[Cap], committed: Committed, wanted: Spending) -> tuple[Cap, ...]:
    """The caps that leave no room for what is wanted."""
    return tuple(
        cap
        for cap in caps
        if (more := wanted.of(cap.unit)) > 0 and committed[cap.span].of(cap.unit) + more > cap.most + CRUMB
    )


def room_at(cap: Cap, committed: Sequence[tuple[float, float]], wanted: float, day_s: float) -> float | None:
    """When a cap on the day has room again; None where what is wanted is more than the whole of it.

    Args:
        cap: that leaves no room.
        committed: when and how much, of the last day, oldest first.
        wanted: of its unit.
        day_s: how long a day is.
    """
    used = sum(amount for _, amount in committed)
    for at, amount in committed:
        used -= amount
        if used + wanted <= cap.most + CRUMB:
            return at + day_s
    return None


def spending(recipe: Recipe, duration_s: float | None, tokens: float, prices: PriceSettings) -> Spending:
    """What one answer takes; minutes that are not known, and what has no price, count nothing."""
    minutes = billed_minutes(recipe, duration_s) or 0.0
    cost = cost_usd(minutes, tokens, prices.of(recipe.model)) or 0.0
    return Spending(cost, minutes, round(tokens, 6))


def is_length_needed(caps: Sequence[Cap], recipe: Recipe, prices: PriceSettings) -> bool:
    """Whether a video of unknown length might take any amount of what is capped."""
    price = prices.of(recipe.model)
    costs = price is None or price.video_minute_usd > 0
    return any(cap.unit == "minutes" or (cap.unit == "usd" and costs) for cap in caps)


def price_problem(settings: BudgetSettings, prices: PriceSettings, model: str) -> str | None:
    """Why a cap on cost cannot be kept with this model, with the remedy; None where it can, or where there is none."""
    cap = next((cap for cap in caps_of(settings) if cap.unit == "usd"), None)
    if cap is None or prices.of(model) is not None:
        return None
    return (
        f"{cap.setting} is set, and there is no price for the model {model}; set prices.models.{model} to its "
        "{video_minute_usd, output_1k_tokens_usd}, or take the cap off"
    )


def fate(job: Job | None) -> Fate:
    """What is reserved for a job is still awaited, settled by its answer, lost with it, or free again.

    Failed and canceled analyses are not billed, refused questions neither.
    """
    if job is None:
        return "free"
    if job.intent or job.state is State.SUBMITTED:
        return "awaited"
    if job.state is State.ANALYZED:
        return "answered"
    if job.failure is None:
        return "free"
    if job.failure.state is State.SUBMITTED:  # nobody could look: it may well have been answered
        return "awaited"
    return "lost" if job.failure.code in LOST else "free"


def shown(unit: Unit, amount: float) -> str:
    """An amount as people read it."""
    return f"{_number(unit, amount)}{WORDS[unit]}"


def portion_shown(unit: Unit, part: float, whole: float) -> str:
    """How much of how much, as people read it."""
    return f"{_number(unit, part)} of {shown(unit, whole)}"


def range_shown(unit: Unit, low: float, high: float) -> str:
    """From how much to how much, as people read it."""
    return f"{_number(unit, low)} to {shown(unit, high)}" if low < high else shown(unit, high)


def span_shown(span: Span, day_s: float) -> str:
    """A span as people read it."""
    return {"run": "for this run", "day": f"in {day_s / 3600:,.4g} h", "life": "in all"}[span]


def _number(unit: Unit, amount: float) -> str:
    if unit == "usd":
        return f"${amount:,.4f}" if 0 < amount < 1 else f"${amount:,.2f}"
    if unit == "minutes":
        return f"{amount:,.2f}" if 0 < amount < 10 else f"{amount:,.1f}"
    return f"{amount:,.0f}"


def reached(
    standing: Standing, source: str, wanted: Spending, *, day_s: float, resume_at: float | None
) -> BudgetReached:
    """The pause of a run that has no room for its next video."""
    cap = standing.cap
    more = wanted.of(cap.unit)
    amount = f"the budget of {shown(cap.unit, cap.most)} {span_shown(cap.span, day_s)}"
    if more > cap.most + CRUMB:
        told = f"{amount} is less than {source} needs alone, which is about {shown(cap.unit, more)}"
    else:
        told = f"{amount} is reached: {shown(cap.unit, standing.committed)} is committed"
        told += f", and {source} needs about {shown(cap.unit, more)}"
    return BudgetReached(
        f"{told}; {_remedy(cap, more)}", resume_at=None if resume_at is None else datetime.fromtimestamp(resume_at, UTC)
    )


def _remedy(cap: Cap, more: float) -> str:
    if cap.span == "run" and more <= cap.most + CRUMB:
        return f"run the same command again to spend up to as much again, or raise {FLAGS[cap.unit]} ({cap.setting})"
    if cap.span == "day" and more <= cap.most + CRUMB:
        return f"run the same command again once there is room, or raise {cap.setting}"
    flag = f"{FLAGS[cap.unit]} ({cap.setting})" if cap.span == "run" else cap.setting
    return f"raise {flag} to go on"
