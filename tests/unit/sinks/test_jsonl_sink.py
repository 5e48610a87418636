"""Lines of JSON in a file, where the disk or somebody else misbehaves."""

import json
import resource
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from pipeline.errors import SinkError
from pipeline.sinks import JsonlSink, SinkAltered
from pipeline.sinks.encoding import decoded, encoded

pytestmark = pytest.mark.anyio


@pytest.fixture
async def sink(tmp_path: Path) -> AsyncIterator[JsonlSink]:
    sink = JsonlSink(tmp_path / "results.jsonl")
    yield sink
    await sink.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.jsonl"


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """The kernel takes what fits below `size` of a write and refuses the rest, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def read(path: Path) -> list[Any]:
    content = path.read_bytes()
    assert not content or content.endswith(b"\n")
    return [json.loads(line) for line in content.splitlines()]


@pytest.mark.parametrize(
    ("tail", "kept"),
    [
        (b'{"n": 2', []),
        (b'{"n": 2}', [{"n": 2}]),
        (b'{"n": 2}\n', [{"n": 2}]),
        (b"\0\0\0\0\n", []),
        (b'\0\0\n{"n": 3}\n', []),
        (b'{"n": 2}\n\n', [{"n": 2}]),
        (b"[1]\n", []),
        (b'{"n": "\xff"}\n', []),
    ],
)
async def test_a_torn_tail_is_repaired(path: Path, sink: JsonlSink, tail: bytes, kept: list[Any]) -> None:
    """Whole lines beyond the accounted ones come back, the first broken one ends the file, a lost end is added."""
    known = b'{"n": 1}\n'
    path.write_bytes(known + tail)
    assert await sink.open(len(known)) == kept
    assert read(path) == [{"n": 1}, *kept]
    await sink.append([{"n": 9}])
    assert read(path) == [{"n": 1}, *kept, {"n": 9}]


@pytest.mark.parametrize("content", [b"", b'{"n": 1}', b'{"n":\n1}}\n', b'{"n": 1234}\n'])
async def test_an_altered_file_is_refused_and_left_alone(path: Path, sink: JsonlSink, content: bytes) -> None:
    """A file that is shorter than accounted for, or has no line's end there, is not repaired but rebuilt."""
    path.write_bytes(content)
    with pytest.raises(SinkAltered, match="rebuilt from the ledger"):
        await sink.open(9)
    assert path.read_bytes() == content
    assert await sink.rewrite([{"n": 1}]) == len(b'{"n":1}\n')
    await sink.append([{"n": 2}])
    assert read(path) == [{"n": 1}, {"n": 2}]


async def test_a_full_disk_leaves_whole_lines_only(path: Path, sink: JsonlSink) -> None:
    """What the disk took of a refused line is cut off again, and the sink goes on once there is room."""
    await sink.open(0)
    first = await sink.append([{"n": 1}])
    with files_end_at(64 * 1024), pytest.raises(SinkError, match=r"results\.jsonl: .*free disk space") as caught:
        await sink.append([{"n": 2, "text": "x" * 100_000}])
    assert isinstance(caught.value.__cause__, OSError)
    assert path.stat().st_size == first
    await sink.append([{"n": 3}])
    assert read(path) == [{"n": 1}, {"n": 3}]


async def test_all_that_share_a_refused_write_learn_of_it(path: Path, sink: JsonlSink) -> None:
    """No caller is told that its line is safe when the write that carried it was refused."""
    await sink.open(0)
    refused = []

    async def add(n: int) -> None:
        try:
            await sink.append([{"n": n, "text": "x" * 20_000}])
        except SinkError:
            refused.append(n)

    with files_end_at(64 * 1024):
        async with anyio.create_task_group() as group:
            for n in range(30):
                group.start_soon(add, n)
    assert refused
    assert sorted([line["n"] for line in read(path)] + refused) == list(range(30))


async def test_a_rewrite_that_the_disk_refuses_leaves_the_old_file(path: Path, sink: JsonlSink) -> None:
    """Neither a half-written file nor a lost one remains, and the sink still works."""
    await sink.open(0)
    await sink.append([{"n": 1}])
    with files_end_at(64 * 1024), pytest.raises(SinkError):
        await sink.rewrite({"n": n, "text": "x" * 1000} for n in range(1000))
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    await sink.append([{"n": 2}])
    assert read(path) == [{"n": 1}, {"n": 2}]


async def test_a_rewrite_whose_lines_fail_leaves_the_old_file(path: Path, sink: JsonlSink) -> None:
    """An error of whoever supplies the lines passes through, and the file is as it was."""

    def lines() -> Iterator[dict[str, int]]:
        yield {"n": 5}
        raise LookupError

    await sink.open(0)
    await sink.append([{"n": 1}])
    with pytest.raises(LookupError):
        await sink.rewrite(lines())
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert read(path) == [{"n": 1}]


async def test_folders_that_cannot_be_used_are_named(
    public_folder: Path, without_privileges: Callable[[], AbstractContextManager[None]]
) -> None:
    """A missing folder, a folder in the file's place and missing permission are sink errors with a remedy."""
    closed = public_folder / "closed"
    closed.mkdir(mode=0o500)
    (public_folder / "results.jsonl").mkdir()
    with without_privileges():
        for folder in (public_folder / "missing", closed, public_folder):
            sink = JsonlSink(folder / "results.jsonl")
            with pytest.raises(SinkError, match="mend the folder's permissions"):
                await sink.open(0)
            with pytest.raises(SinkError, match="mend the folder's permissions"):
                await sink.rewrite([{"n": 1}])


async def test_waiting_lines_share_a_flush(path: Path, sink: JsonlSink) -> None:
    """Lines that come while a write is under way go out together, in the order they came."""
    await sink.open(0)
    ends: list[int] = []

    async def add(n: int) -> None:
        ends.append(await sink.append([{"n": n}, {"n": n}]))

    async with anyio.create_task_group() as group:
        for n in range(200):
            group.start_soon(add, n)
    assert [line["n"] for line in read(path)] == [n for n in range(200) for _ in range(2)]
    assert ends == sorted(ends)
    assert ends[-1] == path.stat().st_size


def test_text_that_is_not_unicode_never_breaks_a_line() -> None:
    """Half surrogate pairs, huge integers and infinities come out as a line that every parser reads."""
    line = encoded({"\udcff": ["\ud83d", {"x": "ok 🎬\n\u2028"}], "big": 10**30, "inf": [float("inf")]})
    assert line.count(b"\n") == 1
    assert json.loads(line) == {r"\udcff": [r"\ud83d", {"x": "ok 🎬\n\u2028"}], "big": 10**30, "inf": [None]}
    assert decoded(line) is not None


async def test_a_closed_sink_can_be_opened_again(path: Path, sink: JsonlSink) -> None:
    """Closing twice is harmless, and opening goes on where the file ends."""
    await sink.open(0)
    end = await sink.append([{"n": 1}])
    await sink.close()
    await sink.close()
    assert await sink.open(end) == []
    assert await sink.append([]) == end
    assert path.stat().st_size == end
