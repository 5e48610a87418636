"""Levels, whatever happens in whatever order: within bounds, one cut a burst, and back again once it is over."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.client.levels import GENTLE, Climb, Level, Steps

BOUNDS = st.tuples(st.integers(1, 40), st.integers(1, 40)).map(sorted)
FIRST = st.integers(1, 100)
CARRIED = st.floats(0, 1e9)
# a ticket is told by how many cuts ago it was drawn
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("taken"), st.booleans()),
        st.tuples(st.just("refused"), st.integers(0, 3)),
        st.tuples(st.just("ended"), CARRIED),
        st.tuples(st.just("failed"), st.integers(0, 3)),
        st.tuples(st.just("bound"), BOUNDS),
    ),
    max_size=200,
)


@given(FIRST, BOUNDS, EVENTS)
def test_a_level_never_leaves_its_bounds(first, bounds, events):
    """Growth, cuts and other bounds in any order never take a level out of them, nor to nothing."""
    steps, climb = Steps(Level(first, *bounds)), Climb(Level(first, *bounds))
    for what, value in events:
        moves = []
        if what == "taken":
            moves.append(steps.taken(is_wanted=value))
        elif what == "ended":
            moves.append(climb.ended(value))
        elif what == "refused":
            moves.append(steps.refused(steps.level.ticket - value, "429"))
        elif what == "failed":
            moves.append(climb.cut(climb.level.ticket - value, "stall"))
        else:
            bounds = value
            moves += [steps.level.bind(*bounds, "told to"), climb.bind(*bounds, "told to")]
        assert all(move is None or move.before != move.after for move in moves)
        for level in (steps.level, climb.level):
            assert max(1, bounds[0]) <= level.now <= bounds[1]


@given(st.integers(1, 64), st.lists(st.integers(0, 63), min_size=1, max_size=100))
def test_one_burst_is_one_cut(level_now, order):
    """Of all that were on their way together, whoever is refused first cuts, and nobody after, in whatever order."""
    steps, climb = Steps(Level(level_now, 1, 64)), Climb(Level(level_now, 1, 64))
    tickets = [steps.level.ticket] * 64
    for index in order:
        steps.refused(tickets[index], "429")
        climb.cut(tickets[index], "stall")
    assert steps.level.now == climb.level.now == max(1, level_now // 2)


@given(st.integers(1, 32), st.integers(1, 12), st.booleans())
def test_a_level_recovers(most, cuts, slow):
    """However many bursts there were, a link that carries more with every chunk is used again in the end, up to what
    could not be told from noise.
    """
    climb = Climb(Level(8, 1, most))
    for _ in range(cuts):
        climb.cut(climb.level.ticket, "stall")
    for _ in range(3 * most + 3):
        climb.ended(climb.level.now * (1e4 if slow else 1e8))
    assert climb.level.now > most * (1 - 1 / GENTLE) - 1


@given(st.integers(1, 64), st.integers(1, 12))
def test_submissions_recover(most, cuts):
    """However often they were refused, submissions that are taken from then on reach their bound again."""
    steps = Steps(Level(8, 1, most))
    for _ in range(cuts):
        steps.refused(steps.level.ticket, "429")
    for _ in range(64 * 64):
        steps.taken(is_wanted=True)
    assert steps.level.now == most


@given(st.integers(2, 16), st.lists(st.floats(0.985, 1.015), min_size=400, max_size=400))
def test_a_full_link_keeps_its_level_in_noise(first, noise):
    """Where more chunks carry no more, noise below what a level has to gain does not drive it up."""
    climb = Climb(Level(first, 1, 64))
    for factor in noise:
        climb.ended(20e6 * factor)
    assert climb.level.now <= first + 1
