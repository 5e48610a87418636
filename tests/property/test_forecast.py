"""Properties of the time that limits make a run take."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.client.forecast import forecast
from pipeline.client.windows import Window, Windows
from pipeline.models import Draw, Drawn

MARGIN = 1e-6
units = st.sampled_from(["requests", "minutes", "tokens"])
windows = st.lists(
    st.builds(Window, unit=units, most=st.integers(5, 60), length_s=st.sampled_from([10.0, 70.0, 450.0])),
    min_size=1,
    max_size=5,
)
amounts = st.integers(0, 300)
totals = st.builds(Draw, requests=amounts, minutes=amounts, tokens=amounts)
before = st.lists(
    st.builds(Drawn, at=st.floats(-500, 0), draw=st.builds(Draw, requests=amounts, minutes=amounts, tokens=amounts)),
    max_size=4,
).map(lambda drawn: sorted(drawn, key=lambda one: one.at))


@given(windows, totals, before)
def test_no_window_alone_takes_longer(lanes: list[Window], total: Draw, drawn: list[Drawn]) -> None:
    """All of them together are never quicker than one, and the one that binds is the slowest."""
    told = forecast(lanes, total, drawn)
    alone = [forecast([lane], total, drawn) for lane in lanes]
    assert told.seconds >= max(one.seconds for one in alone) - MARGIN
    if told.binding is not None:
        assert forecast([told.binding], total, drawn).seconds >= max(one.seconds for one in alone) - MARGIN


@given(windows, totals, before, st.sampled_from(["requests", "minutes", "tokens"]), st.integers(0, 50))
def test_more_never_takes_less(lanes: list[Window], total: Draw, drawn: list[Drawn], unit: str, more: int) -> None:
    """Of any kind."""
    larger = Draw(**{name: getattr(total, name) + more * (name == unit) for name in ("requests", "minutes", "tokens")})
    assert forecast(lanes, larger, drawn).seconds >= forecast(lanes, total, drawn).seconds - MARGIN


@given(windows, st.integers(1, 80), st.integers(1, 5), st.integers(0, 5), before)
def test_the_limits_themselves_let_nobody_through_earlier(
    lanes: list[Window], count: int, minutes: int, tokens: int, drawn: list[Drawn]
) -> None:
    """The account that a run draws on, asked by a virtual clock, admits its last draw no earlier than was forecast."""
    each = Draw(1, minutes, tokens)
    told = forecast(lanes, Draw(count, count * minutes, count * tokens), drawn)
    account = Windows(Window(lane.unit, lane.most, lane.length_s) for lane in lanes)
    for one in drawn:
        account.add(one)
    now = 0.0
    for _ in range(count):
        while (wait := account.wait(each, now)).seconds > 0:
            now += wait.seconds
        account.add(Drawn(now, each))
    # what was drawn within one bin is taken to leave with the last of it
    bin_s = min(60.0, min(lane.length_s for lane in lanes) / 60) if drawn else 0.0
    assert now >= told.seconds - bin_s * (2 + told.seconds / min(lane.length_s for lane in lanes)) - MARGIN
