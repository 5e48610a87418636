"""A plan for machines: one object."""

from dataclasses import asdict
from typing import Any

from pipeline.cli.exits import Exit
from pipeline.cli.summary import budget_facts, lifetime_facts, platform_name
from pipeline.config import Settings
from pipeline.plan import Fit, Money, Schedule
from pipeline.survey import Survey


def facts_of(settings: Settings, found: Survey, code: Exit) -> dict[str, Any]:
    """One object; the same names whatever the plan."""
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
        "budget": [_fit_facts(fit) for fit in found.fits],
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
