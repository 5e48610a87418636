"""What is left of the minutes that an account has for its life."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.config import LimitSettings, OutputSettings, PlatformSettings, Settings
from pipeline.ledger.draws import Draws
from pipeline.ledger.lifetime import Lifetime, lifetime_of
from pipeline.models import Draw, Drawn


@pytest.mark.parametrize(
    ("said", "minutes"),
    [
        ({}, None),
        ({"analyze_per_day": 5}, None),
        ({"tier": "free"}, 600),
        ({"tier": "tier1"}, None),
        ({"tier": None}, None),
        ({"lifetime_minutes": 90}, 90),
        ({"tier": "free", "lifetime_minutes": None}, None),
        ({"tier": "free", "lifetime_minutes": 90}, 90),
    ],
)
def test_only_a_plan_that_was_named_ends(said: dict[str, Any], minutes: float | None) -> None:
    """The free plan's minutes are kept where it was named, others where they were; nobody is stopped by a default."""
    assert LimitSettings(**said).effective_lifetime_minutes == minutes


def standing(folder: Path, drawn: float, **said: Any) -> Lifetime | None:
    settings = Settings(
        platform=PlatformSettings(kind="remote"),
        output=OutputSettings(dir=folder),
        limits=LimitSettings(**said),
    )
    with Draws(folder / "limits.db", settings.scope, "analyze", 86_400) as draws, draws.turn():
        draws.add(Drawn(1.0e9, Draw(1, drawn, 0), "k"))
    return lifetime_of(settings)


@pytest.mark.parametrize(("drawn", "told"), [(540, None), (541.25, "58.8 of the account's 600 lifetime minutes")])
def test_near_the_end_it_is_told_how_much_is_left(tmp_path: Path, drawn: float, told: str | None) -> None:
    """Once less than a tenth is left there is a sentence about it, and none before."""
    found = standing(tmp_path, drawn, tier="free")
    assert found is not None
    assert found.left == 600 - drawn
    assert found.notice is None if told is None else found.notice is not None and found.notice.startswith(told)


def test_whose_plan_is_not_known_gets_a_hint(tmp_path: Path) -> None:
    """Where no plan was named, the end of the free one is told as a guess, and not at all once it is passed."""
    near = standing(tmp_path, 590)
    assert near is not None
    assert "if it is on the free plan" in (near.notice or "")
    assert standing(tmp_path, 20) is None  # it has drawn 610
    assert standing(tmp_path, 0, tier="tier1") is None


def test_a_folder_without_draws_has_all_left(tmp_path: Path) -> None:
    """Where nothing was ever drawn, nothing is missing, and no file is made by asking."""
    settings = Settings(output=OutputSettings(dir=tmp_path), limits=LimitSettings(tier="free"))
    found = lifetime_of(settings)
    assert found is not None
    assert found.left == 600
    assert not list(tmp_path.iterdir())
