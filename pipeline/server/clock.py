"""Times: epoch seconds inside, RFC 3339 in answers."""

import time
from datetime import UTC, datetime


def now() -> float:
    """Epoch seconds; they have to outlive the process, so the monotonic clock does not serve."""
    return time.time()


def stamp(at: float) -> str:
    """`2026-07-31T12:00:00.250Z`."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
