"""What a run would do: counts, minutes, money, hours. Pure: everything it is told are facts, nothing is looked up."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pipeline.billing import billed_minutes, cost_usd
from pipeline.budget import CRUMB, Standing, Unit
from pipeline.client.forecast import NO_WAIT, Forecast
from pipeline.config import BatchSettings, Price
from pipeline.models import Draw, Recipe
from pipeline.modes.models import most_tokens

# Fewer answers than this tell little of the next ones.
FEW_ANSWERS = 5
SHOWN_SOURCES = 5


@dataclass(frozen=True, slots=True)
class Tokens:
    """Output tokens of one answer.

    Attributes:
        likely: as limits are reckoned with.
        answers: how many of the past they are told from; none where only the cap is known.
    """

    low: float
    likely: float
    high: float
    answers: int = 0


def tokens_of(recipe: Recipe, past: Sequence[int], likely: float) -> Tokens:
    """What an answer will take: from the tenth to the ninetieth percentile of past answers to the same recipe; without
    them, between nothing and the cap.

    Args:
        recipe: what is asked.
        past: output tokens of its answers so far.
        likely: what an answer is thought to take where there are none.
    """
    if len(past) >= FEW_ANSWERS:
        ranked = sorted(past)
        last = len(ranked) - 1
        low, high = ranked[math.floor(last * 0.1)], ranked[math.ceil(last * 0.9)]
        return Tokens(low, sum(ranked) / len(ranked), high, len(ranked))
    most = most_tokens(recipe)
    return Tokens(0, likely, likely) if most is None else Tokens(0, min(likely, most), most)


@dataclass(slots=True)
class Money:
    """What all analyses cost together.

    Attributes:
        unpriced: models whose price is not known; then there is no sum.
        prices: those that were reckoned with, by model.
    """

    low_usd: float = 0.0
    high_usd: float = 0.0
    unpriced: set[str] = field(default_factory=set)
    prices: dict[str, Price] = field(default_factory=dict)

    def add(self, model: str, price: Price | None, minutes: float | None, tokens: Tokens, at_most: int) -> None:
        """One more analysis, which may be paid for up to `at_most` times."""
        low, high = cost_usd(minutes, tokens.low, price), cost_usd(minutes, tokens.high, price)
        if price is None or low is None or high is None:
            self.unpriced.add(model)
            return
        self.prices[model] = price
        self.low_usd += low
        self.high_usd += high * at_most


@dataclass(slots=True)
class Rejection:
    """Rows that would be refused for one reason: what is said of the first of them, and a few of their names."""

    code: str
    message: str
    count: int = 0
    sources: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """What a run would do, put together row by row. Every row counts once: as done, failed before, under way, a
    duplicate, rejected, or to be analysed.

    Attributes:
        rows: of the manifest.
        contents: distinct contents of the rows whose files can be read.
        taken_for_copies: files that count as copies of others though only their beginnings and ends were read.
        done: settled by an earlier run.
        failed_before: by an earlier run; only `pipeline retry` asks again.
        under_way: paid for already, to be collected.
        duplicates: of another row's content and recipe; one job, paid once.
        rejected: by code.
        upload_files, upload_bytes: what is to be uploaded.
        creations: requests for assets that the limits of uploads count.
        videos, definitions: to be analysed, and the segment definitions that they are charged for.
        minutes, billed_minutes: of video that is analysed, and charged for.
        unknown_length: analyses whose minutes are not known and in none of the sums.
        tokens_low, tokens_high: of all answers.
        past_answers: how many answers of the past the tokens were told from at least; 0 where a cap stands in.
        cost: what the platform charges.
        remote_cost: what the remote one would, where the embedded one is asked.
        likely: what all of it draws on the account.
    """

    rows: int = 0
    contents: int = 0
    taken_for_copies: int = 0
    done: int = 0
    failed_before: int = 0
    under_way: int = 0
    duplicates: int = 0
    rejected: dict[str, Rejection] = field(default_factory=dict)
    upload_files: int = 0
    upload_bytes: int = 0
    creations: int = 0
    videos: int = 0
    definitions: int = 0
    minutes: float = 0.0
    billed_minutes: float = 0.0
    unknown_length: int = 0
    tokens_low: float = 0.0
    tokens_high: float = 0.0
    past_answers: int | None = None
    cost: Money = field(default_factory=Money)
    remote_cost: Money = field(default_factory=Money)
    likely: Draw = field(default_factory=lambda: Draw(requests=0))
    _batched: int = 0
    _batched_s: float = 0.0

    def reject(self, source: str, code: str, message: str) -> None:
        """A row that would be refused."""
        group = self.rejected.setdefault(code, Rejection(code, message))
        group.count += 1
        if len(group.sources) < SHOWN_SOURCES:
            group.sources.append(source)

    @property
    def rejections(self) -> list[Rejection]:
        """The largest group first."""
        return sorted(self.rejected.values(), key=lambda group: (-group.count, group.code))

    def upload(self, size_bytes: int, *, is_counted: bool) -> None:
        """A file that is to be uploaded; `is_counted` where that takes one of the account's requests for assets."""
        self.upload_files += 1
        self.upload_bytes += size_bytes
        self.creations += is_counted

    def ask(self, recipe: Recipe, duration_s: float | None, tokens: Tokens, *, at_most: int) -> float | None:
        """An analysis that is to be asked for, up to `at_most` times; gives the minutes that are charged for."""
        billed = billed_minutes(recipe, duration_s)
        minutes = (recipe.window_s(duration_s) or 0.0) / 60 if recipe.images is None else 0.0
        self.videos += 1
        self.definitions += recipe.definitions if recipe.segment_definitions is not None else 0
        self.minutes += minutes
        self.billed_minutes += billed or 0.0
        self.unknown_length += billed is None
        self.tokens_low += tokens.low
        self.tokens_high += tokens.high * at_most
        self.past_answers = min(tokens.answers, tokens.answers if self.past_answers is None else self.past_answers)
        self._draw(0, minutes, tokens.likely)
        return billed

    def send_alone(self) -> None:
        """An analysis that takes a request of its own."""
        self._draw(1, 0, 0)

    def send_in_batch(self, duration_s: float | None) -> None:
        """An analysis that travels with others."""
        self._batched += 1
        self._batched_s += duration_s or 0.0

    def drawn_with(self, batch: BatchSettings) -> Draw:
        """What all of it draws on the account, batches included."""
        by_items = math.ceil(self._batched / batch.max_items)
        batches = max(by_items, math.ceil(self._batched_s / 3600 / batch.max_hours))
        return Draw(self.likely.requests + batches, self.likely.minutes, self.likely.tokens)

    def _draw(self, requests: float, minutes: float, tokens: float) -> None:
        so_far = self.likely
        self.likely = Draw(so_far.requests + requests, so_far.minutes + minutes, so_far.tokens + tokens)


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether what a cap leaves is enough.

    Attributes:
        standing: of the cap, before anything is asked.
        low, high: what all analyses take of its unit.
    """

    standing: Standing
    low: float
    high: float

    @property
    def verdict(self) -> Literal["enough", "perhaps", "too_little"]:
        """As the lower and the upper end of the range have it."""
        left = self.standing.cap.most - self.standing.committed + CRUMB
        return "enough" if self.high <= left else "perhaps" if self.low <= left else "too_little"


def fits(plan: Plan, standings: Sequence[Standing]) -> list[Fit]:
    """Hold what a run would take against every cap of the budget."""
    taken: Mapping[Unit, tuple[float, float]] = {
        "usd": (plan.cost.low_usd, plan.cost.high_usd),
        "minutes": (plan.billed_minutes, plan.billed_minutes),
        "tokens": (plan.tokens_low, plan.tokens_high),
    }
    return [Fit(standing, *taken[standing.cap.unit]) for standing in standings]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long the account's limits make it take.

    Attributes:
        analyses, uploads: of either endpoint class; None where nothing limits it.
        drawn: on the limits of analyses in the last day.
        day_s, hour_s, minute_s: lengths of the windows.
    """

    analyses: Forecast | None
    uploads: Forecast | None
    drawn: Draw
    day_s: float
    hour_s: float

    @property
    def longest(self) -> Forecast:
        """The one that takes longer."""
        return max((self.analyses or NO_WAIT, self.uploads or NO_WAIT), key=lambda one: one.seconds)

    @property
    def is_limited(self) -> bool:
        """Whether there are any limits."""
        return self.analyses is not None or self.uploads is not None

    @property
    def days(self) -> int:
        """In how many days, or nights, some of it is done."""
        return 1 + math.floor(self.longest.seconds / self.day_s)

    def span(self, length_s: float) -> str:
        """What a window of this length is called."""
        if length_s >= self.day_s:
            return "day"
        return "hour" if length_s >= self.hour_s else "minute"
