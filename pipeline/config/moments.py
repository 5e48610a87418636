"""Moments as people write them: a time of day, or a date and time."""

import re
from datetime import UTC, datetime, time, timedelta

_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_EXAMPLES = "write a time of day such as 06:00, or a date and time such as 2026-11-27T06:00"


def moment_of(said: object, now: datetime | None = None) -> datetime:
    """A moment in UTC. What has no zone is told by this machine's clock; a time of day is the next one, today or
    tomorrow.

    YAML reads `22:30` as a number to the base of 60, and a full date and time as what it is.

    Args:
        said: text, or what YAML made of it.
        now: with a zone; None is now.

    Raises:
        ValueError: it is neither.
    """
    now = now or datetime.now(UTC)
    if isinstance(said, datetime):
        return _utc(said)
    text = _sexagesimal(said) if isinstance(said, int) and not isinstance(said, bool) else str(said).strip()
    try:
        if found := _TIME.fullmatch(text):
            return _next(time.fromisoformat(text.zfill(len(text) + 2 - len(found[1]))), now)
        if "T" in text or " " in text:
            return _utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"{text!r} is no moment; {_EXAMPLES}")


def _sexagesimal(number: int) -> str:
    """`22:30` is 1350 in YAML, `22:30:00` is 81000."""
    seconds = number * 60 if number < 24 * 60 else number
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _next(at: time, now: datetime) -> datetime:
    """The next moment at which this machine's clock shows a time of day.

    Where summer time ends, an hour comes twice: the one that is still to come counts. Where it begins, an hour is
    left out: its times stand for as long after the one before.
    """
    today = now.astimezone().date()
    moments = []
    for days in (0, 1):
        first, second = (_utc(datetime.combine(today + timedelta(days=days), at.replace(fold=fold))) for fold in (0, 1))
        moments += [first, max(first, second)]  # of an hour that is left out the second lies before the first
    return min(moment for moment in moments if moment > now)


def _utc(moment: datetime) -> datetime:
    """By way of its timestamp: of an hour that is left out `astimezone` takes the wrong end."""
    return datetime.fromtimestamp(moment.timestamp(), UTC)
