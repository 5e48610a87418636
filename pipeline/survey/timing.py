"""What the account's limits make of a plan, with what was drawn on them before."""

import time
from collections.abc import Mapping, Sequence

from pipeline.client.forecast import Forecast, forecast
from pipeline.client.limits import ClassName, windows_of
from pipeline.config import LimitSettings, Settings
from pipeline.ledger.draws import drawn_since
from pipeline.models import Draw, Drawn
from pipeline.plan import Plan, Schedule

CLASSES: tuple[ClassName, ...] = ("analyze", "upload")


def schedule_of(settings: Settings, plan: Plan) -> Schedule:
    """Under the limits that hold, after what was drawn on the account in the last day.

    Raises:
        LedgerError: what was drawn cannot be read.
    """
    limits = settings.effective_limits
    oldest = time.time() - limits.day_s - limits.slack_s
    drawn = {name: drawn_since(settings.limits_file, settings.scope, name, oldest) for name in CLASSES}
    return _schedule(settings, limits, plan, drawn)


def remote_schedule_of(settings: Settings, plan: Plan) -> Schedule | None:
    """The same on the remote platform; None where nothing else would hold there."""
    if not settings.is_local or settings.effective_limits == settings.limits:
        return None
    return _schedule(settings, settings.limits, plan, {})


def _schedule(
    settings: Settings, limits: LimitSettings, plan: Plan, drawn: Mapping[ClassName, Sequence[Drawn]]
) -> Schedule:
    now = time.time()
    totals: dict[ClassName, Draw] = {
        "analyze": plan.drawn_with(settings.effective_batch),
        "upload": Draw(requests=plan.creations),
    }
    forecasts: dict[ClassName, Forecast] = {
        name: forecast(windows, total, drawn.get(name, ()), now, even_s=limits.minute_s + limits.slack_s)
        for name, total in totals.items()
        if (windows := windows_of(limits, name))
    }
    return Schedule(
        forecasts.get("analyze"),
        forecasts.get("upload"),
        _sum([one.draw for one in drawn.get("analyze", ())]),
        day_s=limits.day_s,
        hour_s=limits.hour_s,
    )


def _sum(draws: Sequence[Draw]) -> Draw:
    requests = sum(draw.requests for draw in draws)
    return Draw(requests, sum(draw.minutes for draw in draws), sum(draw.tokens for draw in draws))
