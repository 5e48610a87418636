"""Moments of a video, written in the formats that a question can ask for."""

from typing import Protocol

from pipeline.server.engines.contract import TimeFormat


class Timed(Protocol):
    """What begins and ends, in seconds; None stands for no time at all, which is told as 0."""

    @property
    def start_s(self) -> float | None: ...
    @property
    def end_s(self) -> float | None: ...


def clock(seconds: float) -> str:
    """For people: minutes and seconds to a tenth, "01:05.5"; hours in front where there are any."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}:" if hours else "") + f"{minutes:02}:{rest // 10:02}.{rest % 10}"


def span(of: Timed) -> str:
    """When something is, for people: from its beginning to its end."""
    return f"[{clock(of.start_s or 0)}-{clock(of.end_s or 0)}]"


def write_time(seconds: float, form: TimeFormat) -> float | str:
    """A number of seconds to the millisecond, or a text; texts know nothing before zero."""
    if form == "seconds":
        return round(seconds, 3)
    thousandths = max(0, round(seconds * 1000))
    if form == "hh:mm:ss":
        thousandths = (thousandths + 500) // 1000 * 1000
    whole, rest = divmod(thousandths, 1000)
    text = f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
    return text if form == "hh:mm:ss" else f"{text}.{rest:03}"
