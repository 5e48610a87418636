"""The part of a file that is asked about."""

from typing import Protocol

from pipeline.server.engines.contract import EngineError

# Times of a day and more are those of a file that lies.
_LONGEST_S = 24 * 3600.0


class Lasting(Protocol):
    """What has a beginning and a length, in seconds on its own clock."""

    @property
    def start_s(self) -> float: ...
    @property
    def duration_s(self) -> float: ...


def window_of(file: Lasting, start_s: float | None, end_s: float | None) -> tuple[float, float]:
    """What of a window lies within the file; None stands for its beginning or its end.

    Raises:
        EngineError: nothing of it does, or more than a day.
    """
    file_end_s = file.start_s + file.duration_s
    first_s = file.start_s if start_s is None else max(start_s, file.start_s)
    last_s = file_end_s if end_s is None else min(end_s, file_end_s)
    if not first_s < last_s:  # nor where either is no number
        wanted = f"from {first_s:.1f} s" if end_s is None else f"from {first_s:.1f} s to {end_s:.1f} s"
        raise EngineError(f"The window {wanted} holds nothing of the file, which ends at {file_end_s:.1f} s.")
    if last_s - first_s > _LONGEST_S:
        raise EngineError(f"The window of {last_s - first_s:.0f} s is longer than a day.")
    return first_s, last_s
