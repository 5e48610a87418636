"""The order of a run: whatever the sizes, every row is fed once, and neither kind of file waits for the other."""

from itertools import pairwise

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.client.clock import loop_time
from pipeline.feed import Mixed, Sizes, Smallest, Stamped, Window, kept
from pipeline.models import FileStamp, Recipe, Video
from pipeline.steps.lanes import Lanes, Rule
from tests.property.jumping import on_jumping_clock

RECIPE = Recipe("local", "pegasus1.5", "?")
SIZES = st.lists(st.integers(1, 10**10), max_size=60)
LARGE = 1000


def is_large(size: int) -> bool:
    return size >= LARGE


def row(number: int, size: int) -> Stamped:
    return Video(f"{number}.mp4", f"{number}.mp4"), RECIPE, FileStamp(size, 0)


def fed(window: Window, sizes: list[int], ahead: int) -> list[int]:
    """The numbers of the rows in the order in which a window of this length gives them."""
    out = []
    for number, size in enumerate(sizes):
        window.add(row(number, size))
        if len(window) >= ahead:
            out.append(window.take())
    out += [window.take() for _ in range(len(window))]
    return [int(video.source.removesuffix(".mp4")) for video, _, _ in out]


@given(SIZES, st.integers(1, 80), st.booleans())
def test_every_row_is_fed_once(sizes, ahead, smallest):
    """No order loses a row or feeds it twice, however far it looks ahead."""
    window = Smallest() if smallest else Mixed(is_large, lambda: True)
    assert sorted(fed(window, sizes, ahead)) == list(range(len(sizes)))


@given(SIZES, st.integers(1, 80))
def test_smallest_feeds_none_before_a_smaller_one_that_was_seen(sizes, ahead):
    """A row is fed before all larger ones that had been read by then; where all are read, the order is by size."""
    order = fed(Smallest(), sizes, ahead)
    for place, number in enumerate(order):
        seen = ahead + place
        assert all(sizes[later] >= sizes[number] for later in order[place:] if later < seen)
    assert ahead < len(sizes) or [sizes[number] for number in order] == sorted(sizes)


@given(st.lists(st.sampled_from([1, LARGE]), max_size=60), st.integers(1, 80))
def test_mixed_feeds_both_kinds_by_turns(sizes, ahead):
    """While both kinds wait neither is fed twice in a row, and each kind comes in the order of the manifest."""
    order = fed(Mixed(is_large, lambda: True), sizes, ahead)
    for kind in (1, LARGE):
        of_kind = [number for number in order if sizes[number] == kind]
        assert of_kind == sorted(of_kind)
    for place, (one, other) in enumerate(pairwise(order)):
        waiting = {sizes[number] for number in order[place:] if number < ahead + place}
        assert sizes[one] != sizes[other] or len(waiting) < 2


@given(st.lists(st.sampled_from([1, LARGE]), max_size=60))
def test_mixed_feeds_no_more_large_ones_than_may_be_in_flight(sizes):
    """While as many large files are in flight as may be, others are fed, as long as there are any."""
    order = fed(Mixed(is_large, lambda: False), sizes, len(sizes) + 1)
    assert [sizes[number] for number in order] == sorted(sizes)


@given(st.lists(st.integers(1, 10**10), min_size=1, max_size=40))
def test_large_is_what_is_above_the_mean(sizes):
    """The largest file is a large one unless all are alike, and the smallest never is."""
    seen = Sizes()
    for size in sizes:
        seen.note(size)
    assert seen.is_large(max(sizes)) == (len(set(sizes)) > 1)
    assert not seen.is_large(min(sizes))


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 12), st.integers(0, 40), st.integers(0, 40), st.lists(st.floats(0, 100), min_size=80))
def test_uploads_of_either_kind_never_wait_for_the_other(places, large, small, arrivals):
    """A short upload never waits for a two-hour one to end, nor does a long one wait while short ones keep coming;
    never more than there are places go at once.
    """
    share = kept(places)
    inside = {True: 0, False: 0}
    waited: list[tuple[bool, float]] = []

    async def main() -> None:
        lanes = Lanes(Rule(places, share), is_large)

        async def upload(size: int, after_s: float) -> None:
            await anyio.sleep(after_s)
            came = loop_time()
            async with lanes.hold(size):
                waited.append((is_large(size), loop_time() - came))
                inside[is_large(size)] += 1
                assert sum(inside.values()) <= places
                assert inside[True] <= places - share
                await anyio.sleep(7200 if is_large(size) else 1)
                inside[is_large(size)] -= 1

        async with anyio.create_task_group() as group:
            for size, after_s in zip([LARGE] * large + [1] * small, arrivals, strict=False):
                group.start_soon(upload, size, after_s)

    on_jumping_clock(main)
    assert len(waited) == large + small
    assert all(wait_s <= small / share + 1.1 for was_large, wait_s in waited if not was_large)
    # with a round of long ones before it, each waits for that, and for one short one at most
    rounds = -(-large // share)
    assert all(wait_s <= rounds * 7201 + 1.1 for was_large, wait_s in waited if was_large)
    assert sum(wait_s <= 1.1 for was_large, wait_s in waited if was_large) >= min(large, share)


@pytest.mark.parametrize(("places", "inside_then"), [(1, 2), (2, 2), (5, 5), (100, 12)])
def test_places_change_while_uploads_wait(places, inside_then):
    """More places take up who waits at once, fewer leave those inside alone; and everybody is served."""
    seen = []

    async def main() -> None:
        lanes = Lanes(Rule(2))
        inside = 0

        async def upload() -> None:
            nonlocal inside
            async with lanes.hold(1):
                inside += 1
                await anyio.sleep(100)
                seen.append(inside)
                inside -= 1

        async with anyio.create_task_group() as group:
            for _ in range(12):
                group.start_soon(upload)
            await anyio.sleep(1)
            lanes.bind(places)
            await anyio.sleep(1)
            assert inside == inside_then

    on_jumping_clock(main)
    assert len(seen) == 12
    assert max(seen[2:]) <= places


@given(st.integers(1, 12), st.lists(st.booleans(), max_size=20))
def test_whoever_gives_up_leaves_the_place_to_the_next(places, gives_up):
    """An upload that is cancelled while it waits, or while it is under way, keeps no place."""
    done = []

    async def main() -> None:
        lanes = Lanes(Rule(places))

        async def upload(number: int, *, impatient: bool) -> None:
            with anyio.move_on_after(0.5 if impatient else 1e6):
                async with lanes.hold(1):
                    await anyio.sleep(1)
                    done.append(number)

        async with anyio.create_task_group() as group:
            for number, impatient in enumerate(gives_up):
                group.start_soon(lambda n=number, i=impatient: upload(n, impatient=i))

    on_jumping_clock(main)
    assert sorted(done) == [number for number, impatient in enumerate(gives_up) if not impatient]
