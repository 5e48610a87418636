"""What is observed of an asset before it is asked about."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import psutil
import pytest

from pipeline.server.engines import EngineRequest, SegmentQuestion
from pipeline.server.engines.evidence.senses import ALL
from pipeline.server.noting import Footage, Noting, with_its_file
from pipeline.server.workers import Caps, JobRejected, WorkerPool

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


async def test_a_look_that_fails_is_tried_by_the_next(pool: WorkerPool, tmp_path: Path) -> None:
    """The verdict is that of whoever looked; nobody takes it for noted."""
    (tmp_path / "film.mp4").write_text("no video")
    noting = Noting(pool)
    for _ in range(2):
        with pytest.raises(JobRejected, match="cannot be read"):
            await noting.see(Footage(tmp_path / "film.mp4", 4), about(tmp_path / "film.mp4"), ALL, lambda: None)


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
