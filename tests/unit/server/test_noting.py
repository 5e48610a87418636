"""What is observed of an asset before it is asked about."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import psutil
import pytest

from pipeline.server import clock
from pipeline.server.engines import EngineRequest, SegmentQuestion
from pipeline.server.engines.evidence.senses import ALL
from pipeline.server.noting import Footage, Noting, with_its_file
from pipeline.server.workers import Caps, JobRejected, WorkerCrashed, WorkerPool

from .engines.evidence.hostile import intra

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pool(tmp_path: Path) -> AsyncIterator[WorkerPool]:
    async with WorkerPool(2, tmp_path / "log", Caps(1024, 60)) as opened:
        yield opened


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Four seconds."""
    intra(tmp_path / "film.mp4", "libx264", 100)
    return tmp_path / "film.mp4"


def about(path: Path, start_s: float | None = None, end_s: float | None = None) -> EngineRequest:
    return EngineRequest(path, "What?", None, start_s, end_s, notes=path.parent / "notes")


class Jobs:
    """Counts the pieces of work that workers took up."""

    def __init__(self) -> None:
        self.begun = 0

    def begin(self) -> None:
        self.begun += 1

    async def of(self, noting: Noting, *requests: EngineRequest) -> int:
        """How many it took until all were seen, which came at once."""
        before = self.begun
        async with anyio.create_task_group() as group:
            for request in requests:
                assert request.path is not None
                group.start_soon(noting.see, Footage(request.path, 4), request, ALL, self.begin)
        return self.begun - before


async def test_who_asks_at_once_waits_for_one_look(pool: WorkerPool, film: Path) -> None:
    """Also where a small window was noted before. What is noted is looked for once, by whoever comes first."""
    noting, jobs = Noting(pool), Jobs()
    window, whole = about(film, 1, 2), about(film)
    assert await jobs.of(noting, window, window, window) == 1
    # each looks into the notes, and one into the file
    assert await jobs.of(noting, whole, whole, whole) == 3 + 1
    assert await jobs.of(noting, window, whole, whole) == 0
    assert await jobs.of(noting, about(film, 3, 4)) == 1
    assert sorted(path.name for path in (film.parent / "notes").iterdir()) == ["1000-2000.json", "whole.json"]
    shots = SegmentQuestion(({"id": "shot", "time_ranges": [{"start_time": 1, "end_time": 2}]},))
    (film.parent / "notes" / "whole.json").unlink()
    asked = EngineRequest(film, "", None, segments=shots, notes=film.parent / "notes")
    assert await jobs.of(Noting(pool), asked) == 1


async def test_what_is_noted_waits_for_nobody(pool: WorkerPool, film: Path, tmp_path: Path) -> None:
    """While the whole is observed, questions go on for which a small window is enough; who leaves leaves no process."""
    await Noting(pool).see(Footage(film, 4), about(film, 1, 2), ALL, lambda: None)
    film.unlink()
    os.mkfifo(film)  # whoever looks into the file waits for ever
    noting, jobs, others = Noting(pool), Jobs(), set(psutil.Process().children())
    async with anyio.create_task_group() as group:
        group.start_soon(noting.see, Footage(film, 4), about(film), ALL, jobs.begin)
        while jobs.begun < 2:
            await anyio.sleep(0.01)
        await noting.see(Footage(film, 4), about(film, 1, 2), ALL, jobs.begin)
        group.cancel_scope.cancel()
    # the one that looked is gone, the one that the other question took is free
    assert len(psutil.Process().children()) == len(others)
    assert [path.name for path in (tmp_path / "notes").iterdir()] == ["1000-2000.json"]


@pytest.mark.parametrize("kind", ["rejected", "crashed"])
async def test_a_look_that_fails_does_so_for_all_who_had_asked(kind: str, tmp_path: Path) -> None:
    """Whether the file is refused or takes its worker down, that happens once, wherever the others waited.

    Who asks later has it tried again.
    """
    film, told = tmp_path / "film.mp4", []
    if kind == "rejected":
        film.write_text("no video")
    else:
        os.mkfifo(film)  # whoever looks into the file waits until its time is up
    async with WorkerPool(2, tmp_path / "log", Caps(1024, 0.5 if kind == "crashed" else 60)) as pool:
        noting, jobs = Noting(pool), Jobs()

        async def see(asked_at: float | None = None) -> None:
            with pytest.raises((JobRejected, WorkerCrashed)) as failure:
                await noting.see(Footage(film, 4), about(film), ALL, jobs.begin, asked_at)
            told.append(str(failure.value))

        before = clock.now()
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(see)
        await see(before)
        assert jobs.begun == 1
        await see()
    assert jobs.begun == 2
    assert (len(told), len(set(told))) == (7, 1)


async def test_who_leaves_leaves_the_look_to_the_next(pool: WorkerPool, tmp_path: Path) -> None:
    """A task that is canceled while it has a file observed costs those that wait for that no more than time."""
    film, jobs = tmp_path / "film.mp4", Jobs()
    os.mkfifo(film)  # whoever looks into the file waits for ever
    noting = Noting(pool)

    async def see(scope: anyio.CancelScope) -> None:
        with scope:
            await noting.see(Footage(film, 4), about(film), ALL, jobs.begin)

    async with anyio.create_task_group() as group:
        group.start_soon(see, leaves := anyio.CancelScope())
        while jobs.begun < 1:
            await anyio.sleep(0.01)
        group.start_soon(see, stays := anyio.CancelScope())
        while not noting._turns[tmp_path / "notes"].statistics().tasks_waiting:
            await anyio.sleep(0.01)
        film.unlink()
        intra(film, "libx264", 100)
        leaves.cancel()
    assert (leaves.cancelled_caught, stays.cancelled_caught, jobs.begun) == (True, False, 2)


def test_notes_go_with_their_file(film: Path) -> None:
    """Also those that are written when the file is gone already."""
    notes = film.parent / "notes"
    notes.mkdir()
    with with_its_file(film, notes):
        pass
    assert notes.exists()
    with with_its_file(film, notes):
        film.unlink()
        (notes / "whole.json").write_text("late")
    assert not notes.exists()
