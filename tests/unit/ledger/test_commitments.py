"""The file of what is committed: over runs, between folders, and where the ledger knows better."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.budget import Cap, Commitment, Spending
from pipeline.errors import LedgerError
from pipeline.ledger.commitments import Commitments, Purview, standings_of

pytestmark = pytest.mark.anyio
DAY_S = 86_400.0
MINUTE = Spending(minutes=1)
LIFE, DAY, RUN = Cap("life", "minutes", 3), Cap("day", "minutes", 2), Cap("run", "minutes", 1)
Opened = Callable[..., Commitments]


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    def open_(*caps: Cap, run: str = "run", folder: str = "folder", scope: str = "scope") -> Commitments:
        return Commitments(tmp_path / "budget.db", caps, Purview(scope, run, DAY_S), folder)

    return open_


def minute(key: str, number: int = 1, *, ago_s: float = 0) -> Commitment:
    return Commitment(key, number, MINUTE, time.time() - ago_s)


async def test_as_many_as_fit_of_one_look(opened: Opened) -> None:
    """In their order, and a small one behind a large one that does not fit."""
    large = Commitment("large", 1, Spending(minutes=5), time.time())
    with opened(LIFE) as mine:
        assert await mine.reserve([minute("a"), large, minute("b"), minute("c"), minute("d")]) == [
            *(True, False, True, True),
            False,
        ]
        assert await mine.reserve([minute("a")]) == [True]  # it is there already, once
        assert [one.committed for one in await mine.standings()] == [3]


async def test_folders_share_the_day_and_the_life_and_no_run(opened: Opened) -> None:
    """What another folder of the account has reserved is missing here, at once; another account has its own."""
    with (
        opened(RUN, DAY, LIFE) as mine,
        opened(RUN, DAY, LIFE, run="other", folder="other") as theirs,
        opened(DAY, scope="elsewhere") as elsewhere,
    ):
        assert await mine.reserve([minute("a")]) == [True]
        assert await theirs.reserve([minute("a")]) == [True]
        assert [one.committed for one in await mine.standings()] == [1, 2, 2]
        theirs.release("a")
        assert [one.committed for one in await theirs.standings()] == [0, 1, 1]
        assert await elsewhere.reserve([minute("z")]) == [True]
        assert [one.committed for one in await elsewhere.standings()] == [1]


async def test_a_day_ends_and_a_life_does_not(opened: Opened) -> None:
    """What was committed more than a day ago has left the day."""
    with opened(DAY, LIFE) as first:
        await first.reserve([minute("a", ago_s=DAY_S + 1), minute("b", ago_s=DAY_S - 60)])
    with opened(DAY, LIFE, run="next") as second:
        assert [one.committed for one in await second.standings()] == [1, 2]
        shortage = await second.shortage(Spending(minutes=1.5))
        assert shortage is not None
        standing, resume_at = shortage
        assert (standing.cap, resume_at) == (LIFE, None)
        assert await second.shortage(MINUTE) is None


async def test_a_shortage_of_the_day_tells_its_end(opened: Opened) -> None:
    """It is over when the oldest that matters is a day old."""
    with opened(DAY) as mine:
        committed = minute("a", ago_s=100)
        await mine.reserve([committed])
        shortage = await mine.shortage(Spending(minutes=1.5))
        assert shortage is not None
        assert shortage[1] == pytest.approx(committed.at + DAY_S)


async def test_a_settled_answer_is_not_held_again(opened: Opened) -> None:
    """A run that was killed after settling and before its ledger knew the answer does not count it twice."""
    with opened(LIFE) as mine:
        await mine.reserve([minute("a"), minute("b")])
        mine.settle("a", 1, Spending(minutes=0.5))
        await mine.hold([minute("a"), minute("b"), minute("c")])
        assert await mine.open_keys() == ["b", "c"]
        assert [one.committed for one in await mine.standings()] == [2.5]


async def test_answers_are_accounted_for_once(opened: Opened) -> None:
    """Those that were reserved are settled, those from before there was a budget are added, none is added again."""
    with opened(LIFE) as mine:
        await mine.reserve([minute("a", 2)])
        answers = [("a", 1), ("a", 2), ("b", 1)]
        new = await mine.unsettled(answers)
        assert new == answers
        await mine.account([minute(*one) for one in new], 17)
        assert (await mine.unsettled(answers), await mine.accounted()) == ([], 17)
        assert await mine.open_keys() == []
        assert [one.committed for one in await mine.standings()] == [3]


async def test_status_reads_beside_a_run(opened: Opened, tmp_path: Path) -> None:
    """Whoever only looks needs no turn; where there is no file yet nothing is committed."""
    purview = Purview("scope", "", DAY_S)
    assert [one.committed for one in standings_of(tmp_path / "none.db", [LIFE], purview)] == [0]
    with opened(LIFE) as mine:
        await mine.reserve([minute("a")])
        (standing,) = standings_of(tmp_path / "budget.db", [LIFE], purview)
        assert (standing.committed, standing.reserved) == (1, 1)


async def test_a_file_that_is_none(opened: Opened, tmp_path: Path) -> None:
    """What cannot be opened is told with its path and what to do."""
    (tmp_path / "budget.db").write_text("no database " * 100)
    with pytest.raises(LedgerError, match=r"budget\.db.*run again"):
        opened(LIFE)
