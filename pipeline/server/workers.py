"""Worker processes for media work, which is CPU-bound and may crash inside a decoder.

Not `concurrent.futures` nor `anyio.to_process`: those import the caller's `__main__` again in the child, and their
children outlive a parent that is killed. These start a plain interpreter and end with their stdin, see worker.py.
"""

import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE
from types import TracebackType
from typing import ParamSpec, Self, TypeVar, cast

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from pipeline.server.worker import LENGTH

P = ParamSpec("P")
T = TypeVar("T")


class JobRejected(Exception):
    """The job looked at the media and will not have it; the message is one sentence for people."""


class WorkerCrashed(Exception):
    """The process died or was ended for its silence; only the job it had is lost."""


class WorkerPool:
    """At most `processes` workers, started when first needed; use as `async with`.

    Jobs wait in the order they came. A worker that crashed is replaced by the next job that needs one.
    """

    def __init__(self, processes: int, log: Path, timeout_s: float) -> None:
        """`log` takes what workers print and their tracebacks; a job silent for `timeout_s` is ended."""
        self._limiter = anyio.CapacityLimiter(processes)
        self._log = log
        self._timeout_s = timeout_s
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
            WorkerCrashed: it raised anything else, took too long, or took the process down.
        """
        assert not kwargs, "jobs take positional arguments"
        async with self._limiter:
            begin()
            process = await self._take()
            is_fit = False
            try:
                with anyio.fail_after(self._timeout_s):
                    verdict, value = await _ask(process, pickle.dumps((function, args)))
                is_fit = True
            except TimeoutError:
                raise WorkerCrashed(f"no answer within {self._timeout_s:g} s") from None
            finally:
                if is_fit:
                    self._idle.append(process)
                else:
                    await _end(process)
        if verdict == "rejected":
            raise JobRejected(cast("str", value))
        return cast("T", value)

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
        with self._log.open("ab") as log:
            return await anyio.open_process(
                [sys.executable, "-m", "pipeline.server.worker"],
                stdin=PIPE,
                stdout=PIPE,
                stderr=log,
                env={**os.environ, "PYTHONPATH": path.rstrip(os.pathsep)},
            )


async def _ask(process: Process, job: bytes) -> tuple[str, object]:
    assert process.stdin is not None
    assert process.stdout is not None
    answers = BufferedByteReceiveStream(process.stdout)
    try:
        await process.stdin.send(LENGTH.pack(len(job)) + job)
        (length,) = LENGTH.unpack(await answers.receive_exactly(LENGTH.size))
        answer: tuple[str, object] = pickle.loads(await answers.receive_exactly(length))  # noqa: S301 - our own child
    except (anyio.BrokenResourceError, anyio.EndOfStream, anyio.IncompleteRead) as error:
        raise WorkerCrashed("the worker process died") from error
    return answer


async def _end(process: Process) -> None:
    with anyio.CancelScope(shield=True):
        if process.returncode is None:
            process.kill()
        await process.aclose()
