"""Levels as lists of what happened and what followed."""

from itertools import pairwise

import pytest

from pipeline.client.levels import REST_ROUNDS, ROUND_S, ROUND_TAKEN, WORTH, Climb, Level, Round, Steps


def rounds(climb: Climb, carries, count: int) -> list[int]:
    """The level after each of so many rounds, where a level carries what a function says."""
    seen = []
    for _ in range(count):
        climb.ended(carries(climb.level.now))
        seen.append(climb.level.now)
    return seen


@pytest.mark.parametrize(
    ("first", "most", "expected"),
    [(1, 64, [2, 4, 8, 16, 32, 64, 64]), (3, 10, [6, 10, 10]), (100, 10, [10])],
)
def test_a_level_doubles_up_to_its_bound(first, most, expected):
    """Before anything went wrong each step doubles the level, and none goes beyond the most."""
    level = Level(first, 1, most)
    for after in expected:
        level.grow("well")
        assert level.now == after


def test_after_a_cut_a_level_grows_gently():
    """Trouble halves the level, and from then on it grows by one, of many by an eighth."""
    level = Level(16, 1, 64)
    assert level.cut(level.ticket, "stall").after == 8
    assert [level.grow("well").after for _ in range(10)] == [9, 10, 11, 12, 13, 14, 15, 16, 18, 20]


def test_a_burst_cuts_once():
    """Trouble of those that left before the cut does not cut again; trouble of those that left after it does."""
    level = Level(16, 1, 64)
    early = [level.ticket] * 16
    assert [level.cut(ticket, "429") is not None for ticket in early] == [True] + [False] * 15
    assert level.cut(level.ticket, "429").after == 4


def test_submissions_grow_by_rounds_that_were_wanted():
    """A round of requests that were taken lets more go at once, unless nobody was waiting: then it proves nothing."""
    steps = Steps(Level(1, 1, 64))
    assert not any(steps.taken(is_wanted=False) for _ in range(10 * ROUND_TAKEN))
    moves = [move for _ in range(3 * ROUND_TAKEN) if (move := steps.taken(is_wanted=True))]
    assert [(move.before, move.after) for move in moves] == [(1, 2), (2, 4), (4, 8)]
    assert steps.refused(steps.level.ticket, "429").after == 4
    assert [steps.taken(is_wanted=True) for _ in range(ROUND_TAKEN - 1)] == [None] * (ROUND_TAKEN - 1)
    assert steps.taken(is_wanted=True).after == 5


def test_uploads_grow_while_it_pays():
    """Where every further chunk carries more, the level goes to its bound and stays there."""
    climb = Climb(Level(8, 1, 32))
    assert rounds(climb, lambda level: level * 1e6, 8) == [8, 16, 16, 32, 32, 32, 32, 32]


def test_uploads_do_not_grow_where_it_does_not_pay():
    """Where the link is full, the trial is taken back, and the next one is smaller and comes later each time."""
    climb = Climb(Level(8, 1, 32))
    seen = rounds(climb, lambda _: 20e6, 80)
    assert seen[:4] == [8, 16, 16, 8]
    trials = [index for index in range(1, 80) if seen[index] > seen[index - 1]]
    assert {seen[index] for index in trials[1:]} == {9}
    pauses = [later - earlier for earlier, later in pairwise(trials)]
    assert pauses[0] > REST_ROUNDS
    assert pauses[1] > 2 * REST_ROUNDS


@pytest.mark.parametrize(("share", "kept"), [(WORTH * 1.01, 16), (WORTH * 0.99, 8)])
def test_a_few_per_cent_decide(share, kept):
    """A level is kept only for what is more than noise."""
    climb = Climb(Level(8, 1, 16))
    assert rounds(climb, lambda level: 20e6 * (1 + share if level > 8 else 1), 4)[-1] == kept


def test_a_cut_ends_a_trial():
    """What a level carried before trouble is no measure for what it carries after it."""
    climb = Climb(Level(8, 1, 32))
    rounds(climb, lambda level: level * 1e6, 2)
    assert climb.cut(climb.level.ticket, "stall").after == 8
    assert climb.ended(1.0) is None
    assert climb.ended(1e6).after == 9
    assert climb.cut(0, "stall of before") is None
    assert climb.ended(1.0) is None
    assert climb.ended(2e6).after == 10  # that trial went on undisturbed, and paid


def test_a_round_takes_time_and_a_turn_of_everybody():
    """A round is over when it has lasted and everybody had a turn; what was before it began does not count."""
    one = Round()
    one.moved(5_000)
    one.note(100.0, 1.0)
    one.begin(100.0)
    one.moved(1_000)
    assert one.ended_one(100.0 + ROUND_S, at_once=2) is None
    one.moved(1_000)
    assert one.ended_one(100.0 + 2 * ROUND_S, at_once=2) == 2_000 / (2 * ROUND_S)
    assert one.ended_one(100.0 + 2 * ROUND_S, at_once=1) is None


@pytest.mark.parametrize(("idle", "proves"), [(0.08, True), (0.12, False)])
def test_a_round_in_which_places_were_free_proves_nothing(idle, proves):
    """Of what was not asked for nobody learns what the link can carry."""
    one = Round()
    one.begin(100.0)
    one.note(100.0, 1.0)
    one.note(100.0 + ROUND_S * (1 - idle), 0.0)
    one.moved(1_000)
    assert (one.ended_one(100.0 + ROUND_S, at_once=1) is not None) == proves
