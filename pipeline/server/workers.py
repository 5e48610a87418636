"""Worker processes for media work, which is CPU-bound and may crash inside a decoder.

Not `concurrent.futures` nor `anyio.to_process`: those import the caller's `__main__` again in the child, and their
children outlive a parent that is killed. These start a plain interpreter and end with their stdin, see worker.py.
"""

import os
import pickle
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from types import TracebackType
from typing import ParamSpec, Self, TypeVar, cast

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from pipeline.config import ServerSettings
from pipeline.config.section import MIB
from pipeline.server.engines.contract import OnPiece
from pipeline.server.memory import OVERRAN, data_of
from pipeline.server.worker import LENGTH

P = ParamSpec("P")
T = TypeVar("T")
A = TypeVar("A")

# How long a process that closed its end may take until it can be told how it ended.
_DYING_S = 1.0
# Native code that is refused memory may crash or leave: of one that had so much of it that may be why.
_MUCH = 0.5
_LOOK_EVERY_S = 0.05


class JobRejected(Exception):
    """The job looked at the media and will not have it; the message is one sentence for people."""


class WorkerCrashed(Exception):
    """The process died or was ended for what it took; only the job it had is lost. The message is a clause."""


@dataclass(frozen=True, slots=True)
class Caps:
    """What one job may take: memory, and time by the clock, which grows with the video that it is about."""

    memory_mib: int
    seconds: float
    seconds_per_minute: float = 0.0

    @classmethod
    def of(cls, settings: ServerSettings) -> "Caps":
        """As they were set."""
        return cls(settings.worker_memory_mib, settings.worker_timeout_s, settings.worker_seconds_per_minute)

    def most_s(self, video_s: float) -> float:
        """The seconds for a job about so much video."""
        return max(self.seconds, self.seconds_per_minute * video_s / 60)


class WorkerPool:
    """At most `processes` workers, started when first needed; use as `async with`.

    Jobs wait in the order they came. A worker that crashed is replaced by the next job that needs one.
    """

    def __init__(self, processes: int, log: Path, caps: Caps) -> None:
        """`log` takes what workers print and their tracebacks; a job that takes more than `caps` is ended."""
        self._limiter = anyio.CapacityLimiter(processes)
        self._log = log
        self._caps = caps
        self._idle: list[Process] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._idle:
            await _end(self._idle.pop())

    async def run(self, begin: Callable[[], None], function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a picklable function of a module in a worker; `begin` is called when one is free and the job starts.

        Raises:
            JobRejected: the function raised MediaRejected or EngineError.
            WorkerCrashed: it raised anything else, took too long or too much memory, or took the process down.
        """
        return await self.run_about(0.0, begin, function, *args, **kwargs)

    async def run_about(
        self,
        video_s: float,
        begin: Callable[[], None],
        function: Callable[P, T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """The same for work that grows with so many seconds of video."""
        assert not kwargs, "jobs take positional arguments"
        return cast("T", await self._run(video_s, begin, pickle.dumps((function, args, False)), _no_piece))

    async def run_in_pieces(
        self,
        on_piece: OnPiece,
        video_s: float,
        begin: Callable[[], None],
        function: Callable[[A, OnPiece], T],
        argument: A,
    ) -> T:
        """The same for a function that gives pieces of its result while it works; `on_piece` neither blocks nor raises.

        Where this raises, pieces may have come before.
        """
        return cast("T", await self._run(video_s, begin, pickle.dumps((function, (argument,), True)), on_piece))

    async def _run(self, video_s: float, begin: Callable[[], None], job: bytes, on_piece: OnPiece) -> object:
        async with self._limiter:
            begin()
            process = await self._take()
            is_fit = False
            try:
                verdict, value = await self._ask(process, job, video_s, on_piece)
                is_fit = True
            finally:
                if is_fit:
                    self._idle.append(process)
                else:
                    await _end(process)
        if verdict == "rejected":
            raise JobRejected(cast("str", value))
        return value

    async def _ask(self, process: Process, job: bytes, video_s: float, on_piece: OnPiece) -> tuple[str, object]:
        seen = _Seen()
        try:
            with anyio.fail_after(self._caps.most_s(video_s)):
                async with anyio.create_task_group() as group:
                    group.start_soon(seen.watch, process.pid)
                    try:
                        return await _exchange(process, job, on_piece)
                    except (anyio.BrokenResourceError, anyio.EndOfStream, anyio.IncompleteRead) as error:
                        end = error
                    finally:
                        group.cancel_scope.cancel()
        except TimeoutError:
            about = f" for {video_s / 60:.1f} minutes of video" if video_s else ""
            raise WorkerCrashed(f"it took longer than {self._caps.most_s(video_s):,.6g} s{about}") from None
        raise WorkerCrashed(await self._cause_of_death(process, seen.most_bytes)) from end

    async def _cause_of_death(self, process: Process, most_bytes: int) -> str:
        with anyio.move_on_after(_DYING_S):
            await process.wait()
        code, most_mib = process.returncode, self._caps.memory_mib
        if code == OVERRAN:
            return f"it took more memory than {most_mib:,} MiB"
        is_crash = code is not None and code < 0
        told = f"crashed ({signal.Signals(-code).name})" if code and is_crash else f"died (exit code {code})"
        if most_bytes < _MUCH * most_mib * MIB:
            return f"the worker process {told}"
        return f"the worker process {told}, perhaps for want of memory, of which it may have {most_mib:,} MiB"

    async def _take(self) -> Process:
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None:
                return process
            await _end(process)
        return await self._start()

    async def _start(self) -> Process:
        # the package may be imported from a folder that only this process has on its path
        path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
        try:
            with self._log.open("ab") as log:
                return await anyio.open_process(
                    [sys.executable, "-m", "pipeline.server.worker", str(self._caps.memory_mib * MIB)],
                    stdin=PIPE,
                    stdout=PIPE,
                    stderr=log,
                    env={**os.environ, "PYTHONPATH": path.rstrip(os.pathsep)},
                )
        except OSError as error:  # no memory, processes or files left for one more
            raise WorkerCrashed(f"no worker process could be started ({error.strerror})") from error


class _Seen:
    """How much memory a process was seen to have at most."""

    def __init__(self) -> None:
        self.most_bytes = 0

    async def watch(self, pid: int) -> None:
        while True:
            self.most_bytes = max(self.most_bytes, data_of(pid))
            await anyio.sleep(_LOOK_EVERY_S)


async def _exchange(process: Process, job: bytes, on_piece: OnPiece) -> tuple[str, object]:
    assert process.stdin is not None
    assert process.stdout is not None
    answers = BufferedByteReceiveStream(process.stdout)
    await process.stdin.send(LENGTH.pack(len(job)) + job)
    while (answer := await _receive(answers))[0] == "piece":
        on_piece(cast("str", answer[1]))
    return answer


async def _receive(answers: BufferedByteReceiveStream) -> tuple[str, object]:
    (length,) = LENGTH.unpack(await answers.receive_exactly(LENGTH.size))
    frame: tuple[str, object] = pickle.loads(await answers.receive_exactly(length))  # noqa: S301 - our own child
    return frame


def _no_piece(_: str) -> None:
    """Nobody asked for pieces, and none come."""


async def _end(process: Process) -> None:
    with anyio.CancelScope(shield=True):
        if process.returncode is None:
            process.kill()
        await process.aclose()
