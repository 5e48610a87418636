"""What is left of the minutes that an account has for its life."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass

from pipeline.config import Settings
from pipeline.errors import LedgerError
from pipeline.ledger.opening import for_reading

# Of the whole, what is left is near the end.
NEAR = 0.1


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Minutes of video, as this program counts them: what else uses the account is not among them.

    Attributes:
        minutes: that the account has for its life.
        drawn: of these, so far.
        is_said: the plan was named in the settings, and its end pauses a run; else it is no more than a guess.
    """

    minutes: float
    drawn: float
    is_said: bool

    @property
    def left(self) -> float:
        """Minutes that are left."""
        return max(0.0, self.minutes - self.drawn)

    @property
    def notice(self) -> str | None:
        """A sentence for whoever is near the end; else None."""
        if self.left >= NEAR * self.minutes:
            return None
        if self.is_said:
            return (
                f"{self.left:,.1f} of the account's {self.minutes:,g} lifetime minutes are left by this program's count"
            )
        return (
            f"{self.drawn:,.1f} min of video were analysed on this account; if it is on the free plan, that ends at "
            f"{self.minutes:,g} (limits.tier says which plan it is)"
        )


def lifetime_of(settings: Settings) -> Lifetime | None:
    """Where the account stands; None where its plan has no end, or it can only be another one by now.

    Raises:
        LedgerError: the file of its limits cannot be read.
    """
    limits = settings.effective_limits
    is_said = not limits.model_fields_set.isdisjoint({"tier", "lifetime_minutes"})
    minutes = limits.effective_lifetime_minutes if is_said else limits.presumed_lifetime_minutes
    if minutes is None:
        return None
    drawn = _drawn(settings)
    return Lifetime(minutes, drawn, is_said) if is_said or drawn < minutes else None


def _drawn(settings: Settings) -> float:
    path = settings.limits_file
    if not path.exists():
        return 0.0
    try:
        with closing(sqlite3.connect(for_reading(path), uri=True, timeout=10)) as db:
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'lives'").fetchone():
                return 0.0
            row = db.execute("SELECT minutes FROM lives WHERE scope = ? AND class = 'analyze'", (settings.scope,))
            return float((row.fetchone() or (0.0,))[0])
    except sqlite3.Error as error:
        raise LedgerError(
            f"cannot read the file of the account's limits {path}: {error}; repair its permissions"
        ) from error
