"""`pipeline plan`: what `run` would do, what it would cost and how long it would take; spends nothing."""

import os
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import click
import orjson
from rich.console import Console

from pipeline import log
from pipeline.app import recipes_of, rows_of
from pipeline.budget import caps_of, portion_shown, range_shown, shown, span_shown
from pipeline.cli.exits import Exit
from pipeline.cli.manifest import checked_manifest
from pipeline.cli.options import settings_from, settings_options
from pipeline.cli.streams import say
from pipeline.cli.summary import budget_facts, lifetime_facts, one_line, platform_name
from pipeline.client.account import WORDS
from pipeline.client.failures import gravest_failure
from pipeline.config import API_KEY_VARIABLE, Settings
from pipeline.errors import Interrupted
from pipeline.feed import Row
from pipeline.ledger.commitments import Purview, standings_of
from pipeline.plan import Fit, Money, Plan, Rejection, Schedule, fits
from pipeline.progress import duration, size
from pipeline.survey import Survey, survey

GLANCE_S = 0.5


@click.command()
@settings_options
def plan(config: Path | None, *, as_json: bool, **given: Any) -> int:
    """Say what `run` would do with MANIFEST: videos, minutes, money, hours. Asks the platform nothing.

    Files are looked at, not read: what their headers say is kept in the output folder, so that the next plan is quick.
    """
    return show_plan(config, given, as_json=as_json)


def show_plan(config: Path | None, given: dict[str, Any], *, as_json: bool) -> Exit:
    """Print a plan; the exit code is 1 where something of it cannot be done."""
    settings = settings_from(config, given)
    log.configure(settings.log)
    recipes = recipes_of(settings)
    with tempfile.TemporaryDirectory(prefix="pipeline-") as spool:
        manifest, total = checked_manifest(settings, recipes, Path(spool))
        found = Survey(Plan())
        anyio.run(_watched, settings, lambda: rows_of(manifest.videos(), recipes), found, total, as_json)
        unread = list(manifest.unread)
    is_whole = not (found.plan.rejected or found.plan.failed_before or unread)
    code = Exit.DONE if is_whole else Exit.SOME_FAILED
    facts = _facts(settings, found, code) | {"unread": unread}
    say([orjson.dumps(facts).decode()] if as_json else _lines(settings, found, unread))
    return code


async def _watched(
    settings: Settings, rows: Callable[[], Iterator[Row]], found: Survey, total: int | None, as_json: bool
) -> None:
    """Survey, with signals and progress at work.

    Raises:
        Interrupted: a signal ended it.
        PipelineError: what `survey` raises.
    """
    is_over = False
    with gravest_failure(), anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with anyio.create_task_group() as group:
            group.start_soon(_heed, signals, group.cancel_scope)
            with _telling(settings, as_json=as_json) as (tell, interval_s):
                group.start_soon(_tell, found, total, tell, interval_s)
                await survey(settings, rows, found)
            is_over = True
            group.cancel_scope.cancel()
    if not is_over:
        raise Interrupted("stopped by a signal; nothing was begun, and what was seen of the files is kept")


async def _heed(signals: AsyncIterator[signal.Signals], scope: anyio.CancelScope) -> None:
    """The first signal ends it in order; the second at once, for there may be a disk that does not answer."""
    async for _ in signals:
        if scope.cancel_called:
            os._exit(Exit.PAUSED)
        scope.cancel()


@contextmanager
def _telling(settings: Settings, *, as_json: bool) -> Iterator[tuple[Callable[[str], None], float]]:
    """How to say on stderr how far it is, and how often: at a glance on a terminal, a line now and then otherwise."""
    console = Console(stderr=True)
    if console.is_terminal and not as_json:
        with console.status("counting") as status:
            yield status.update, GLANCE_S
    else:
        tell = partial(console.print, soft_wrap=True, highlight=False, markup=False)
        yield tell, settings.run.plain_interval_s


async def _tell(found: Survey, total: int | None, tell: Callable[[str], None], interval_s: float) -> None:
    while True:
        await anyio.sleep(interval_s)
        rows = found.plan.rows
        if found.choice is None:
            tell(f"{rows:,} {f'of {total:,} ' if total else ''}rows counted")
        else:
            tell(f"{found.looked:,} of {rows:,} rows looked at")


# --- for machines ----------------------------------------------------------------------------------------------------


def _facts(settings: Settings, found: Survey, code: Exit) -> dict[str, Any]:
    plan = found.plan
    assert found.choice is not None
    assert found.schedule is not None
    return {
        "exit_code": int(code),
        "rows": plan.rows,
        "distinct_contents": plan.contents,
        "distinct_contents_at_most": plan.contents + plan.taken_for_copies,
        "already_done": plan.done,
        "failed_before": plan.failed_before,
        "under_way": plan.under_way,
        "duplicates": plan.duplicates,
        "rejected": sum(group.count for group in plan.rejections),
        "rejected_by_reason": [asdict(group) for group in plan.rejections],
        "to_upload_files": plan.upload_files,
        "to_upload_bytes": plan.upload_bytes,
        "to_analyse_videos": plan.videos,
        "to_analyse_minutes": round(plan.minutes, 4),
        "segment_definitions": plan.definitions,
        "billed_minutes": round(plan.billed_minutes, 4),
        "unknown_length_videos": plan.unknown_length,
        "output_tokens_low": round(plan.tokens_low),
        "output_tokens_high": round(plan.tokens_high),
        "past_answers": plan.past_answers or 0,
        **_money_facts(plan.cost, ""),
        **_money_facts(plan.remote_cost if settings.is_local else None, "remote_"),
        **_schedule_facts(found.schedule, ""),
        **_schedule_facts(found.remote_schedule, "remote_"),
        "drawn_requests": found.schedule.drawn.requests,
        "drawn_video_minutes": round(found.schedule.drawn.minutes, 4),
        "drawn_output_tokens": round(found.schedule.drawn.tokens),
        "budget": [_fit_facts(fit) for fit in _fits(settings, plan)],
        "lifetime": lifetime_facts(settings),
        "delivery": found.choice.way,
        "delivery_reason": found.choice.reason,
        "platform": platform_name(settings),
    }


def _money_facts(money: Money | None, of: str) -> dict[str, Any]:
    """The same names whatever is known; None is not asked."""
    prices = {} if money is None else money.prices
    is_known = money is not None and not money.unpriced
    return {
        f"{of}cost_low_usd": round(money.low_usd, 6) if money and is_known else None,
        f"{of}cost_high_usd": round(money.high_usd, 6) if money and is_known else None,
        f"{of}unpriced_models": sorted(money.unpriced) if money else [],
        f"{of}prices": [{"model": model} | prices[model].model_dump(mode="json") for model in sorted(prices)],
    }


def _fits(settings: Settings, plan: Plan) -> list[Fit]:
    """The budget against what a run would take; its own caps are untouched yet."""
    purview = Purview(settings.scope, "", settings.budget.day_s)
    return fits(plan, standings_of(settings.budget_file, caps_of(settings.budget), purview))


def _fit_facts(fit: Fit) -> dict[str, Any]:
    (standing,) = budget_facts([fit.standing])
    return standing | {"needed_low": round(fit.low, 6), "needed_high": round(fit.high, 6), "verdict": fit.verdict}


def _schedule_facts(schedule: Schedule | None, of: str) -> dict[str, Any]:
    """The same names whatever holds; None is not asked."""
    limited = schedule if schedule and schedule.is_limited else None
    window = limited and limited.longest.binding
    return {
        f"{of}hours": round(limited.longest.seconds / 3600, 4) if limited else None,
        f"{of}days": limited.days if limited else None,
        f"{of}binding_limit": {"unit": window.unit, "most": window.most, "window": limited.span(window.length_s)}
        if limited and window
        else None,
    }


# --- for people ------------------------------------------------------------------------------------------------------


def _lines(settings: Settings, found: Survey, unread: Sequence[str]) -> Iterator[str]:
    plan = found.plan
    assert found.choice is not None
    assert found.schedule is not None
    yield _label("rows", f"{plan.rows:,}, {_distinct(plan)}")
    yield from (_label("", line) for line in _settled(plan))
    yield _label("to upload", f"{_count(plan.upload_files, 'file')}, {size(plan.upload_bytes)}")
    yield _label("to analyse", _analyses(plan))
    yield _label("money", _money(plan.cost, plan))
    for number, fit in enumerate(_fits(settings, plan)):
        yield _label("" if number else "budget", _fit(fit, settings.budget.day_s))
    yield _label("time", _time(found.schedule))
    if (lifetime := lifetime_facts(settings)) is not None:
        yield from _lifetime(lifetime, plan.minutes)
    yield _label("delivery", f"{found.choice.way} ({found.choice.reason})")
    forgotten = settings.is_local and settings.platform.kind == "auto"
    name = platform_name(settings)
    yield _label(
        "platform", f"{name}{f' (no {API_KEY_VARIABLE} is set)' if forgotten else ''}; nothing was asked of it"
    )
    if settings.is_local:
        yield _label("elsewhere", f"on the remote platform: {_money(plan.remote_cost, plan, told_from=0)}")
    if found.remote_schedule is not None and found.remote_schedule.longest.seconds:
        yield _label("", f"under its limits (limits.tier {settings.limits.tier}): {_time(found.remote_schedule)}")
    yield from _rejections(plan.rejections)
    for sentence in unread:
        yield f"not looked into: {one_line(sentence)}"


def _label(name: str, text: str) -> str:
    return f"{name:<11}{text}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _distinct(plan: Plan) -> str:
    told = f"{plan.contents:,} distinct contents"
    if not plan.taken_for_copies:
        return told
    copies = _count(plan.taken_for_copies, "file")
    at_most = plan.contents + plan.taken_for_copies
    return f"{told} (at most {at_most:,}: {copies} taken for copies by size, beginning and end)"


def _settled(plan: Plan) -> Iterator[str]:
    counts = (
        (plan.done, "already done"),
        (plan.duplicates, "of the same content and question as another row: paid once"),
        (plan.under_way, "asked for already, only to be collected"),
        (plan.failed_before, "failed before: `pipeline retry` tries them again, `run` does not"),
        (sum(group.count for group in plan.rejections), "would be rejected, see below"),
    )
    return (f"{count:,} {words}" for count, words in counts if count)


def _analyses(plan: Plan) -> str:
    parts = [_count(plan.videos, "video"), f"{plan.minutes:,.1f} min of video"]
    if plan.definitions:
        parts.append(f"{plan.definitions:,} segment definitions")
    parts.append(f"{plan.billed_minutes:,.1f} min billed")
    if plan.unknown_length:
        parts.append(f"and {plan.unknown_length:,} of unknown length, whose minutes are in no sum here")
    return ", ".join(parts)


def _money(money: Money, plan: Plan, told_from: int | None = None) -> str:
    if money.unpriced:
        return f"unknown: no price is set for {', '.join(sorted(money.unpriced))}; see prices.models"
    if not plan.videos:
        return "$0.00"
    if not money.high_usd:
        return f"$0.00: {_sources(money)} charges nothing"
    told_from = plan.past_answers if told_from is None else told_from
    answers = "answers as long as earlier ones" if told_from else "answers from nothing to the token cap"
    told = f"${money.low_usd:,.2f} to ${money.high_usd:,.2f} ({answers}; prices of {_sources(money)})"
    return f"{told}, and the minutes of {plan.unknown_length:,} unknown" if plan.unknown_length else told


def _sources(money: Money) -> str:
    told = {f"{price.source}{f', {price.as_of}' if price.as_of else ''}" for price in money.prices.values()}
    return " and ".join(sorted(told))


def _fit(fit: Fit, day_s: float) -> str:
    """Such as `$12.10 of $80.00 in 24 h is committed: perhaps too little for $50.00 to $90.00`."""
    cap, committed = fit.standing.cap, fit.standing.committed
    told = portion_shown(cap.unit, committed, cap.most) if committed else shown(cap.unit, cap.most)
    told = f"{told} {span_shown(cap.span, day_s)}{' is committed' if committed else ''}"
    if fit.verdict == "enough":
        return f"{told}: enough"
    amount = "perhaps too little" if fit.verdict == "perhaps" else "too little"
    return f"{told}: {amount} for {range_shown(cap.unit, fit.low, fit.high)}; there the run pauses"


def _lifetime(facts: Mapping[str, Any], minutes: float) -> Iterator[str]:
    """What the account has left of its life: where it does not do for the plan, or not for much more."""
    if facts["is_said"] and minutes > facts["left"]:
        yield _label(
            "life", f"{facts['left']:,.1f} of the account's {facts['minutes']:,g} lifetime minutes are left: not enough"
        )
    elif facts["notice"] is not None:
        yield _label("life", facts["notice"])


def _time(schedule: Schedule) -> str:
    """Such as `48 h 00 min until the last is asked for: minutes of video bind, 3,000 a day, so 3 days`."""
    if not schedule.is_limited:
        return "no limits hold: as fast as the platform and the line are"
    longest = schedule.longest
    drawn = f"; {schedule.drawn.minutes:,.1f} min were drawn in the last day" if schedule.drawn.minutes else ""
    if longest.binding is None:
        return f"the limits make nothing wait{drawn}"
    window = longest.binding
    what = "asset requests" if longest is schedule.uploads else WORDS[window.unit]
    rate = f"{what} bind, {window.most:,g} {_a(schedule.span(window.length_s))}"
    days = f", so {schedule.days} days or nights" if schedule.days > 1 else ""
    return f"{duration(longest.seconds)} until the last is asked for: {rate}{days}{drawn}"


def _a(span: str) -> str:
    return f"an {span}" if span == "hour" else f"a {span}"


def _rejections(groups: Sequence[Rejection]) -> Iterator[str]:
    if groups:
        yield "rejected, by reason:"
    for group in groups:
        yield f"  {group.count:,} x {group.code}: {one_line(group.message)}"
        yield from (f"      {one_line(source)}" for source in group.sources)
        if group.count > len(group.sources):
            yield f"      and {group.count - len(group.sources):,} more"
