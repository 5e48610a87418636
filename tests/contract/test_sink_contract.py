"""The law of sinks, held against every kind there is."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from pipeline.sinks import SINKS, Sink, SinkAltered

pytestmark = pytest.mark.anyio


@pytest.fixture(params=SINKS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def path(kind: str, tmp_path: Path) -> Path:
    return tmp_path / f"results.{kind}"


@pytest.fixture
async def sink(kind: str, path: Path) -> AsyncIterator[Sink]:
    sink = SINKS[kind](path)
    yield sink
    await sink.close()


def row(n: int) -> dict[str, Any]:
    return {"n": n, "text": "line\nbreak 🎬", "none": None, "nested": {"list": [1, 2.5, True]}}


async def held(kind: str, path: Path, known_bytes: int = 0) -> list[dict[str, Any]]:
    """What another process would find."""
    reader = SINKS[kind](path)
    try:
        return await reader.open(known_bytes)
    finally:
        await reader.close()


async def test_a_new_sink_is_an_empty_file(kind: str, path: Path, sink: Sink) -> None:
    """Opening creates the file, and finds nothing in it."""
    assert await sink.open(0) == []
    assert path.exists()


async def test_what_was_appended_is_found_again(kind: str, path: Path, sink: Sink) -> None:
    """Lines come back whole and in order, and only those beyond the offset that is accounted for."""
    await sink.open(0)
    ends = [await sink.append([row(n)]) for n in range(3)]
    assert ends == sorted(set(ends))
    for known in range(3):
        assert await held(kind, path, ends[known]) == [row(n) for n in range(known + 1, 3)]
    assert await held(kind, path) == [row(0), row(1), row(2)]


async def test_a_cut_at_any_byte_costs_no_whole_line(kind: str, path: Path, sink: Sink) -> None:
    """Wherever a crash tore the file, opening leaves whole lines and appending goes on behind them."""
    await sink.open(0)
    ends = [await sink.append([row(n)]) for n in range(3)]
    await sink.close()
    content = path.read_bytes()
    for size in range(ends[1], ends[2]):
        path.write_bytes(content[:size])
        found = await sink.open(ends[0])
        assert found in ([row(1)], [row(1), row(2)])
        await sink.append([row(9)])
        await sink.close()
        assert await held(kind, path) == [row(0), *found, row(9)]


async def test_a_file_shorter_than_accounted_for_is_altered(kind: str, path: Path, sink: Sink) -> None:
    """Lost lines are noticed, and a rewrite makes the sink whole and usable."""
    await sink.open(0)
    end = await sink.append([row(0), row(1)])
    await sink.close()
    path.unlink()
    with pytest.raises(SinkAltered):
        await sink.open(end)
    assert await sink.rewrite([row(0), row(1)]) == end
    await sink.append([row(2)])
    assert await held(kind, path) == [row(0), row(1), row(2)]


async def test_simultaneous_lines_all_land_once(kind: str, path: Path, sink: Sink) -> None:
    """Every caller's lines stand together exactly once, and end where the caller was told."""
    await sink.open(0)
    ends: dict[int, int] = {}

    async def add(n: int) -> None:
        ends[n] = await sink.append([row(n), row(n)])

    async with anyio.create_task_group() as group:
        for n in range(50):
            group.start_soon(add, n)
    lines = [line["n"] for line in await held(kind, path)]
    assert lines == [n for n in sorted(ends, key=lambda n: ends[n]) for _ in range(2)]


async def test_a_cancelled_caller_leaves_all_of_its_lines_or_none(kind: str, path: Path, sink: Sink) -> None:
    """Cancelling whoever appends tears no line and stops no sink, and who is told that a line landed finds it there."""
    await sink.open(0)
    told: set[int] = set()

    async def add(n: int) -> None:
        await sink.append([row(n), row(n)])
        told.add(n)

    for n in range(0, 40, 2):
        async with anyio.create_task_group() as group:
            group.start_soon(add, n)
            group.start_soon(add, n + 1)
            for _ in range(n // 4):
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
    await sink.append([row(99)])
    lines = [line["n"] for line in await held(kind, path)]
    assert all(lines.count(n) in (0, 2) for n in range(40))
    assert told == {n for n in range(40) if n in lines}
    assert lines[-1] == 99


async def test_a_call_under_cancellation_leaves_nothing(kind: str, path: Path, sink: Sink) -> None:
    """A cancellation that came before the call is honoured at its door."""
    await sink.open(0)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await sink.append([row(1)])
    assert scope.cancelled_caught
    assert await held(kind, path) == []


async def test_a_rewrite_replaces_everything(kind: str, path: Path, sink: Sink) -> None:
    """After a rewrite the file holds the new lines alone, whether or not the sink was open before."""
    await sink.rewrite(row(n) for n in range(1200))
    size = await sink.rewrite([row(7)])
    assert path.stat().st_size == size
    assert await sink.append([row(8)]) > size
    assert await held(kind, path) == [row(7), row(8)]
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


async def test_a_cancelled_rewrite_leaves_the_old_lines(kind: str, path: Path, sink: Sink) -> None:
    """The old file stays whole, nothing is left beside it, and the sink goes on."""
    await sink.open(0)
    await sink.append([row(1)])
    with anyio.CancelScope() as scope:

        def lines() -> Any:
            for n in range(5000):
                if n == 2000:
                    scope.cancel()
                yield row(n)

        await sink.rewrite(lines())
    assert scope.cancelled_caught
    await sink.append([row(2)])
    assert await held(kind, path) == [row(1), row(2)]
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
