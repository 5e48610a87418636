"""The processes that media work runs in."""

import os
import time

import anyio
import psutil
import pytest

from pipeline.server.inspect import inspect
from pipeline.server.workers import JobRejected, WorkerCrashed, WorkerPool

pytestmark = pytest.mark.anyio


def begun() -> None:
    """Nothing to note."""


@pytest.fixture
async def pool(tmp_path):
    async with WorkerPool(1, tmp_path / "log", timeout_s=30) as opened:
        yield opened


async def test_jobs_run_elsewhere_one_after_another(pool):
    """Jobs run in one process that is not this one, and is used again."""
    first, second = [await pool.run(begun, os.getpid) for _ in range(2)]
    assert first == second != os.getpid()


async def test_a_verdict_comes_back_as_one(pool, tmp_path):
    """A file that is no video is a rejection with its sentence, and the worker lives on."""
    worker = await pool.run(begun, os.getpid)
    (tmp_path / "notes.mp4").write_text("no video")
    with pytest.raises(JobRejected):
        await pool.run(begun, inspect, tmp_path / "notes.mp4")
    assert await pool.run(begun, os.getpid) == worker


async def test_a_bug_costs_one_job(pool, tmp_path):
    """An exception nobody expects, or a sudden death, ends the worker and its job; the next job gets another."""
    for bug, argument in ((os.stat, "/no/such/file"), (os._exit, 3)):
        with pytest.raises(WorkerCrashed):
            await pool.run(begun, bug, argument)
    assert await pool.run(begun, os.getpid) != os.getpid()
    assert "FileNotFoundError" in (tmp_path / "log").read_text()


async def test_a_silent_job_is_ended(tmp_path):
    """A job that takes too long is ended, and its process with it."""
    async with WorkerPool(1, tmp_path / "log", timeout_s=0.5) as pool:
        with pytest.raises(WorkerCrashed, match=r"no answer within 0\.5 s"):
            await pool.run(begun, time.sleep, 3600)


async def test_a_cancelled_job_leaves_no_process(pool):
    """Cancelling a job ends its process at once."""
    before = set(psutil.Process().children())
    await pool.run(begun, os.getpid)
    (worker,) = set(psutil.Process().children()) - before
    with anyio.move_on_after(0.1):
        await pool.run(begun, time.sleep, 3600)
    assert not worker.is_running()
    assert await pool.run(begun, os.getpid) != worker.pid


async def test_chatter_does_not_disturb_answers(pool):
    """What a job prints goes to the log."""
    await pool.run(begun, print, "hello")
    assert await pool.run(begun, len, "four") == 4
