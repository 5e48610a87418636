"""What was drawn on an account, over runs and output folders."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import LedgerError
from pipeline.ledger.draws import Draws, drawn_since
from pipeline.models import Draw, Drawn

DAY_S = 86_400.0


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Draws]:
    return lambda scope="local", name="analyze": Draws(tmp_path / "limits.db", scope, name, DAY_S)


def drawn(minutes: float, *, ago_s: float = 0, key: str = "k") -> Drawn:
    return Drawn(time.time() - ago_s, Draw(1, minutes, 600), key)


def minutes_of(draws: Draws) -> list[float]:
    with draws.turn() as found:
        return [one.draw.minutes for one in found or ()]


def test_another_run_finds_what_was_drawn_in_the_last_day(opened: Callable[..., Draws]) -> None:
    """Oldest first; what is older than it has to be remembered is forgotten."""
    with opened() as first, first.turn():
        for one in (drawn(3), drawn(2, ago_s=3600), drawn(1, ago_s=DAY_S + 1)):
            first.add(one)
    with opened() as second:
        assert minutes_of(second) == [2, 3]


def test_what_others_draw_is_told_once(opened: Callable[..., Draws]) -> None:
    """Two folders on one file: each learns of the other's draws at its next turn, and else of nothing."""
    with opened() as ours, opened() as theirs:
        assert minutes_of(ours) == []
        with theirs.turn():
            theirs.add(drawn(5))
        assert minutes_of(ours) == [5]
        with ours.turn() as found:
            assert found is None


def test_accounts_and_endpoint_classes_are_apart(opened: Callable[..., Draws]) -> None:
    """One file, and each draws on its own."""
    with opened() as ours, opened("elsewhere") as other, opened(name="upload") as uploads:
        with ours.turn():
            ours.add(drawn(5))
        assert (minutes_of(other), minutes_of(uploads)) == ([], [])


def test_a_turn_that_fails_draws_nothing(opened: Callable[..., Draws]) -> None:
    """Whatever a caller raises, the file is as before, and the next one may have its turn."""

    def fail(draws: Draws) -> None:
        with draws.turn():
            draws.add(drawn(5))
            raise ZeroDivisionError

    with opened() as ours, opened() as other:
        with pytest.raises(ZeroDivisionError):
            fail(ours)
        assert minutes_of(other) == []


def test_the_last_draw_of_a_job_is_settled(opened: Callable[..., Draws]) -> None:
    """The tokens that it took stand in the place of those that were expected."""
    with opened() as ours, opened() as other:
        with ours.turn():
            ours.add(drawn(1))
            ours.add(drawn(2))
        ours.settle("k", 42)
        with other.turn() as found:
            assert [(one.draw.minutes, one.draw.tokens) for one in found or ()] == [(1, 600), (2, 42)]


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    """With its path and what to do."""
    (tmp_path / "limits.db").write_bytes(b"no database at all, but long enough to be read as one" * 40)
    with pytest.raises(LedgerError, match=r"limits\.db"):
        Draws(tmp_path / "limits.db", "local", "analyze", DAY_S)


def test_what_is_learned_of_a_draw_is_told_to_others(opened: Callable[..., Draws]) -> None:
    """When it left, and that it never did: of the last draw for its key, and of no other account's."""
    with opened() as ours, opened() as theirs, opened("elsewhere") as other:
        for draws in (ours, other):
            with draws.turn():
                for one in (drawn(1, ago_s=50), drawn(2, ago_s=40), drawn(3, key="gone")):
                    draws.add(one)
        ours.left(["k"], 1.0e12)
        ours.forget("gone")
        with theirs.turn() as found:
            assert [(one.draw.minutes, one.at == 1.0e12) for one in found or ()] == [(1, False), (2, True)]
        assert minutes_of(other) == [1, 2, 3]


def test_the_file_is_read_without_being_touched(opened: Callable[..., Draws], tmp_path: Path) -> None:
    """What was drawn lately, by this account; where there is no file none is made, and what is no file is told."""
    path = tmp_path / "limits.db"
    assert drawn_since(path, "local", "analyze", 0) == []
    assert not path.exists()
    old, late = drawn(1, ago_s=20), drawn(2, ago_s=5)
    with opened() as draws, draws.turn():
        draws.add(old)
        draws.add(late)
    assert drawn_since(path, "local", "analyze", 0) == [old, late]
    assert drawn_since(path, "local", "analyze", time.time() - 10) == [late]
    assert drawn_since(path, "elsewhere", "analyze", 0) == drawn_since(path, "local", "upload", 0) == []
    path.write_bytes(b"no database" * 100)
    with pytest.raises(LedgerError, match="repair its permissions"):
        drawn_since(path, "local", "analyze", 0)


def test_the_life_of_an_account_outlasts_its_days(opened: Callable[..., Draws]) -> None:
    """Minutes drawn for jobs add up over days and runs; what never left or was not billed is taken off, each once, and
    what is only guessed of others is no part of it.
    """
    with opened() as ours:
        with ours.turn():
            for days, key in [(40, "old"), (2, "failed late"), (1.5, "answered"), (0, "failed"), (0, "never left")]:
                ours.add(drawn(10, ago_s=days * DAY_S, key=key))
            ours.add(drawn(1000, key=""))
        assert ours.lifetime_minutes() == 50
        ours.settle("answered", 5)
        ours.forget("never left")
        for key in ("failed", "failed", "failed late", "answered", "unknown"):
            ours.unbilled(key)
        assert ours.lifetime_minutes() == 20
    with opened() as later, opened("elsewhere") as other:
        assert sorted(minutes_of(later)) == [10, 1000]  # of the day nothing is given back but what never left
        assert (later.lifetime_minutes(), other.lifetime_minutes()) == (20, 0)
