"""What may be changed while a run is on."""

import math
from typing import Any

from pydantic import Field, ValidationError, field_validator

from pipeline.config.section import Section
from pipeline.config.tiers import RATES
from pipeline.config.traffic import LimitSettings
from pipeline.errors import ConfigError

LIMITS = (*RATES, "read_per_minute")


class Tuning(Section):
    """What is asked of a run that is on; None stays as it is.

    Attributes:
        serial: by which the run says that it has taken this over.
        workers: videos in flight.
        uploads: the most videos that upload at once.
        chunks: the most chunks on their way at once.
        limits: the account's rates, by their names in the section `limits`; null takes one off.
        paused: nothing new is begun; what the platform is at work on is collected.
    """

    serial: str = ""
    workers: int | None = Field(None, ge=1, le=10_000)
    uploads: int | None = Field(None, ge=1, le=256)
    chunks: int | None = Field(None, ge=1, le=256)
    limits: dict[str, float | None] = Field(default_factory=dict)
    paused: bool | None = None

    @field_validator("limits")
    @classmethod
    def _are_rates(cls, limits: dict[str, float | None]) -> dict[str, float | None]:
        if unknown := sorted(limits.keys() - set(LIMITS)):
            raise ValueError(f"there is no limit {unknown[0]!r}; valid names: {', '.join(LIMITS)}")
        if wrong := sorted(name for name, rate in limits.items() if rate is not None and not 0 < rate < math.inf):
            raise ValueError(f"{wrong[0]} has to be a number above 0, or null")
        return limits

    def on(self, before: LimitSettings) -> LimitSettings:
        """The limits that hold with it."""
        return LimitSettings.model_validate(before.model_dump(exclude_unset=True) | self.limits)


def read_tuning(values: object) -> Tuning:
    """Check what is asked.

    Raises:
        ConfigError: everything that is wrong with it, one a line.
    """
    try:
        return Tuning.model_validate(values)
    except ValidationError as error:
        raise ConfigError("\n".join(_told(problem) for problem in error.errors(include_url=False))) from error


def _told(problem: Any) -> str:
    return f"{'.'.join(map(str, problem['loc'])) or 'it'}: {problem['msg'].removeprefix('Value error, ')}"
