"""The platform's rate limits by plan, in six dimensions: TwelveLabs rate-limits page, in force since 2026-01-12.

They were read second-hand in July 2026 (two readings agree), and they change: every number is also a setting.
"""

from dataclasses import dataclass, replace
from typing import Literal, Protocol, get_args

TierName = Literal["free", "tier1", "tier2", "tier3"]
RateName = Literal[
    "analyze_per_minute",
    "analyze_per_day",
    "upload_per_minute",
    "upload_per_day",
    "video_minutes_per_hour",
    "video_minutes_per_day",
    "output_tokens_per_minute",
    "output_tokens_per_day",
]
RATES: tuple[RateName, ...] = get_args(RateName)


@dataclass(frozen=True, slots=True)
class ClassRates:
    """What one endpoint class takes; None is no limit of that kind. Minutes are of video, tokens of the answers."""

    requests_per_minute: float | None = None
    requests_per_day: float | None = None
    minutes_per_hour: float | None = None
    minutes_per_day: float | None = None
    tokens_per_minute: float | None = None
    tokens_per_day: float | None = None


@dataclass(frozen=True, slots=True)
class Tier:
    """One plan: `POST /analyze` and its kin share a budget, `POST /assets` has another.

    Attributes:
        lifetime_minutes: of video in the account's life, not multiplied by segment definitions (twelvelabs 1.3.6).
    """

    analyze: ClassRates
    upload: ClassRates
    lifetime_minutes: float | None = None


_FIRST = Tier(ClassRates(60, 1_000, 600, 3_000, 30_000, 500_000), ClassRates(60, 3_000))
TIERS: dict[TierName, Tier] = {
    "free": replace(_FIRST, lifetime_minutes=600),
    "tier1": _FIRST,
    "tier2": Tier(ClassRates(120, 2_000, 1_200, 6_000, 60_000, 1_000_000), ClassRates(120, 6_000)),
    "tier3": Tier(ClassRates(240, 3_000, 2_400, 12_000, 120_000, 1_500_000), ClassRates(240, 12_000)),
}


class Rated(Protocol):
    """A section with every rate under its name, and a tier."""

    @property
    def tier(self) -> TierName | None: ...
    @property
    def model_fields_set(self) -> set[str]: ...


def rate_of(section: Rated, name: RateName) -> float | None:
    """A limit as it was set, null included, else as the tier has it."""
    if name in section.model_fields_set or section.tier is None:
        value: float | None = getattr(section, name)
        return value
    tier = TIERS[section.tier]
    of_tier: dict[RateName, float | None] = {
        "analyze_per_minute": tier.analyze.requests_per_minute,
        "analyze_per_day": tier.analyze.requests_per_day,
        "upload_per_minute": tier.upload.requests_per_minute,
        "upload_per_day": tier.upload.requests_per_day,
        "video_minutes_per_hour": tier.analyze.minutes_per_hour,
        "video_minutes_per_day": tier.analyze.minutes_per_day,
        "output_tokens_per_minute": tier.analyze.tokens_per_minute,
        "output_tokens_per_day": tier.analyze.tokens_per_day,
    }
    return of_tier[name]
