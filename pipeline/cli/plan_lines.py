"""A plan for people: a few lines."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.budget import portion_shown, range_shown, shown, span_shown
from pipeline.cli.summary import lifetime_facts, one_line, platform_name
from pipeline.client.account import WORDS
from pipeline.config import API_KEY_VARIABLE, Settings
from pipeline.plan import Fit, Money, Plan, Rejection, Schedule
from pipeline.progress import duration, size
from pipeline.survey import Survey


def lines_of(settings: Settings, found: Survey, unread: Sequence[str]) -> Iterator[str]:
    """What is counted, what it costs and takes, and what would be refused."""
    plan = found.plan
    assert found.choice is not None
    assert found.schedule is not None
    yield _label("rows", f"{plan.rows:,}, {_distinct(plan)}")
    yield from (_label("", line) for line in _settled(plan))
    yield _label("to upload", f"{_count(plan.upload_files, 'file')}, {size(plan.upload_bytes)}")
    yield _label("to analyse", _analyses(plan))
    yield _label("money", _money(plan.cost, plan))
    for number, fit in enumerate(found.fits):
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
