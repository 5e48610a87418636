"""The processes that media work runs in."""

import os
import signal
import subprocess
import sys
import time

import anyio
import psutil
import pytest

from pipeline.server import memory
from pipeline.server.engines import EngineError, OnPiece
from pipeline.server.engines.evidence.gather import gather
from pipeline.server.inspect import MediaLimits, MediaRejected, inspect
from pipeline.server.workers import Caps, JobRejected, WorkerCrashed, WorkerPool

from .engines.evidence.hostile import intra
from .engines.evidence.odd import tone, write

pytestmark = pytest.mark.anyio


def begun() -> None:
    """Nothing to note."""


@pytest.fixture
async def pool(tmp_path):
    async with WorkerPool(1, tmp_path / "log", Caps(memory_mib=512, seconds=30)) as opened:
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


async def test_how_a_process_ended_is_told(pool):
    """A signal is told by its name, which is how decoders crash; an exit by its code."""
    with pytest.raises(WorkerCrashed, match=r"crashed \(SIGSEGV\)"):
        await pool.run(begun, signal.raise_signal, signal.SIGSEGV)
    with pytest.raises(WorkerCrashed, match=r"died \(exit code 3\)"):
        await pool.run(begun, os._exit, 3)


async def test_a_job_that_takes_too_much_memory(pool):
    """Memory beyond the cap costs the job, with a reason; less than it does not."""
    assert await pool.run(begun, len, bytes(100_000_000)) == 100_000_000
    with pytest.raises(WorkerCrashed, match="took more memory than 512 MiB"):
        await pool.run(begun, bytearray, 600_000_000)
    assert await pool.run(begun, len, "four") == 4


def crash_with(held: int) -> None:
    """As native code does that does not look whether it was given memory; held long enough to be seen."""
    taken = bytes(held)
    time.sleep(0.3)
    signal.raise_signal(signal.SIGSEGV if taken else 0)


async def test_a_crash_for_want_of_memory(pool):
    """Where a process crashed that had most of what it may, the reason names memory; else it does not."""
    with pytest.raises(WorkerCrashed, match=r"crashed \(SIGSEGV\), perhaps for want of memory.* 512 MiB$"):
        await pool.run(begun, crash_with, 300_000_000)
    with pytest.raises(WorkerCrashed, match=r"crashed \(SIGSEGV\)$"):
        await pool.run(begun, crash_with, 10)


async def test_memory_that_runs_out_below(tmp_path):
    """FFmpeg or the models' libraries are refused it: that costs the one asset, a fresh process serves the next."""
    film, sound, small = (tmp_path / name for name in ("film.mp4", "sound.ts", "small.mp4"))
    intra(film, "libx264", 3, size=(4096, 2160))
    intra(small, "libx264", 3)
    write(sound, sounds=[(tone(1, 48_000), 48_000, "mono")], sound_codec="mp2")
    limits = MediaLimits(min_duration_s=0, min_side=16)
    for most_mib, function, given in (
        (56, inspect, (film, limits)),
        (130, gather, (sound, None, None, ("speech",))),
    ):
        async with WorkerPool(1, tmp_path / "log", Caps(most_mib, 30)) as pool:
            with pytest.raises(WorkerCrashed, match="memory"):
                await pool.run(begun, function, *given)
            assert (await pool.run(begun, inspect, small, limits)).width == 64


async def test_a_silent_job_is_ended(tmp_path):
    """A job that takes too long is ended, and its process with it."""
    async with WorkerPool(1, tmp_path / "log", Caps(512, 0.5)) as pool:
        with pytest.raises(WorkerCrashed, match=r"took longer than 0\.5 s$"):
            await pool.run(begun, time.sleep, 3600)


async def test_other_jobs_go_on(tmp_path):
    """A job that goes down leaves the one beside it alone."""
    async with WorkerPool(2, tmp_path / "log", Caps(512, 30)) as pool, anyio.create_task_group() as group:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        group.start_soon(pool.run, begun, pipe.read_text)
        with pytest.raises(WorkerCrashed):
            await pool.run(begun, os._exit, 3)
        async with await anyio.open_file(pipe, "w") as end:
            await end.write("go on")


async def test_more_video_may_take_longer(tmp_path):
    """The time that a job may take grows with its video; how much it was is told."""
    caps = Caps(512, seconds=0.1, seconds_per_minute=0.5)
    assert (caps.most_s(0), caps.most_s(240)) == (0.1, 2.0)
    async with WorkerPool(1, tmp_path / "log", caps) as pool:
        with pytest.raises(WorkerCrashed, match=r"took longer than 0\.75 s for 1\.5 minutes of video$"):
            await pool.run_about(90, begun, time.sleep, 3600)


def test_memory_is_watched_where_the_kernel_does_not_bound_it():
    """Elsewhere than on Linux a thread ends the process that has had too much."""
    program = "from pipeline.server import memory; memory.watch(1)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == memory.OVERRAN


def test_what_tells_of_memory():
    """Failed allocations are known by any of the exceptions that they come as, others are not taken for them."""
    refused = MediaRejected("video_file_broken", "It cannot be read.")
    refused.__cause__, refused.__suppress_context__ = MemoryError(), True
    native = RuntimeError("[ONNXRuntimeError] : 6 : Status Message: std::bad_alloc")
    assert [memory.is_out(error) for error in (refused, native, ValueError("bad"))] == [True, True, False]


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


def spell(word: str, on_piece: OnPiece) -> int:
    """A job that gives pieces; one that is empty is refused."""
    for letter in word:
        on_piece(letter)
    if word.endswith("!"):
        raise EngineError("too loud")
    return len(word)


async def test_pieces_come_before_the_result(pool):
    """A job tells pieces of its result while it works; a verdict after pieces is still one, and the worker lives on."""
    pieces: list[str] = []
    assert await pool.run_in_pieces(pieces.append, 0, begun, spell, "word") == 4
    with pytest.raises(JobRejected, match="too loud"):
        await pool.run_in_pieces(pieces.append, 0, begun, spell, "oh!")
    assert pieces == [*"word", *"oh!"]
    assert await pool.run(begun, len, "four") == 4


def test_a_worker_reads_no_configuration() -> None:
    """What a worker and any engine's module import leaves out the settings, which are half of a start."""
    loads = "import sys, pipeline.server.worker, pipeline.server.engines; print('pipeline.config' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
