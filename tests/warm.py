"""Programs in processes that have their libraries already, which are half of what a short command takes.

One process loads the libraries, and forks whenever a test starts a module or a script: what is ours is loaded anew
each time, under the arguments, variables, folder and streams of that start. A start that asks for anything that a fork
could not have, a terminal or variables that Python itself reads, gets a process of the usual kind.
"""

import atexit
import ctypes
import gc
import json
import os
import runpy
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any

ROOT = Path(__file__).parents[1]
LIBRARIES = (
    "aiofiles",
    "aiohttp.web",
    "aiolimiter",
    "anyio._backends._asyncio",
    "av",
    "blake3",
    "click",
    "orjson",
    "pydantic_settings",
    "pydantic.json_schema",
    "rich.live",
    "sqlite3",
    "structlog",
    "yaml",
)
# Read by Python and its libraries when they are loaded.
EARLY = ("PYTHON", "LANG", "LC_", "LD_", "MALLOC", "SSL_", "TZ")
# Of `subprocess.Popen`, behind the streams: signals, users, file mode, session and process group as they come.
PLAIN = (True, None, None, None, -1, False, -1)
MESSAGE_BYTES = 2**20
SET_CHILD_SUBREAPER = 36


class Process(subprocess.Popen):
    """`subprocess.Popen`, with the libraries loaded before where that can be. It stands in for a part of it that has no
    public name, and leaves to that part whatever it does not know.
    """

    def _execute_child(
        self, args: Any, executable: Any, preexec: Any, close_fds: bool, pass_fds: Any, cwd: Any, env: Any, *more: Any
    ) -> None:
        _, _, shell, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, *rest = more
        command = [args] if isinstance(args, str | bytes | Path) else list(map(os.fsdecode, args))
        variables = dict(os.environ if env is None else env)
        streams = [given if given != -1 else own for own, given in enumerate((p2cread, c2pwrite, errwrite))]
        is_plain = (executable, preexec, pass_fds, shell, tuple(rest)) == (None, None, (), False, PLAIN)
        if not (is_plain and _is_program(command) and _fits(variables) and not any(map(os.isatty, streams))):
            super()._execute_child(args, executable, preexec, close_fds, pass_fds, cwd, env, *more)
            return
        self.pid = _nursery().start(command[1:], variables, os.fspath(cwd or Path.cwd()), streams)
        self._child_created = True
        self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)


def run(command: Any, *, timeout: float | None = None, **options: Any) -> "subprocess.CompletedProcess[bytes]":
    """`subprocess.run` that captures what is printed."""
    given = options.pop("input", None)
    if given is not None:
        options["stdin"] = subprocess.PIPE
    with Process(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options) as process:
        try:
            out, err = process.communicate(given, timeout=timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def _is_program(command: Sequence[str]) -> bool:
    return command[0] == sys.executable and (command[1] == "-m" or command[1].endswith(".py"))


def _early(variables: Mapping[str, str]) -> dict[str, str]:
    found = {name: value for name, value in variables.items() if name.startswith(EARLY)}
    return found if found.get("PYTHONPATH") != str(ROOT) else {n: v for n, v in found.items() if n != "PYTHONPATH"}


def _fits(variables: Mapping[str, str]) -> bool:
    return sys.platform == "linux" and _early(variables) == _early(os.environ)


class Nursery:
    """The process that forks, from the side of the tests."""

    def __init__(self) -> None:
        self._door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = Lock()
        command = [sys.executable, __file__, str(theirs.fileno())]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, env=environment, pass_fds=[theirs.fileno()], **streams)
        theirs.close()

    def start(self, program: Sequence[str], variables: Mapping[str, str], folder: str, streams: list[int]) -> int:
        """A program under way, a child of this process; its process id."""
        request = json.dumps([program, variables, folder]).encode()
        with self._lock:
            _adopt(True)  # it forks twice, so that the child's parent is gone and this process becomes it
            try:
                socket.send_fds(self._door, [request], streams)
                pid = int(self._door.recv(MESSAGE_BYTES))
                assert self._door.recv(MESSAGE_BYTES) == b"gone"
            finally:
                _adopt(False)
        return pid

    def close(self) -> None:
        self._door.close()
        self._process.wait()


@cache
def _nursery() -> Nursery:
    nursery = Nursery()
    atexit.register(nursery.close)
    return nursery


def _adopt(yes: bool) -> None:
    assert ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, int(yes), 0, 0, 0) == 0


def main() -> None:
    """Load the libraries, then fork for every request; the fork becomes the program."""
    for name in LIBRARIES:
        import_module(name)
    gc.freeze()  # or every fork would soon have its own copy of all that was loaded
    door = socket.socket(fileno=int(sys.argv[1]))
    while (found := socket.recv_fds(door, MESSAGE_BYTES, 3))[0]:
        request, streams, *_ = found
        if (between := os.fork()) == 0:
            if (pid := os.fork()) == 0:
                door.close()
                become(*json.loads(request), streams)
                return
            door.send(str(pid).encode())
            os._exit(0)
        os.waitpid(between, 0)
        door.send(b"gone")
        for stream in streams:
            os.close(stream)


def become(program: list[str], variables: dict[str, str], folder: str, streams: list[int]) -> None:
    """Be `python -m MODULE` or `python SCRIPT`."""
    for own, (given, name, mode) in enumerate(zip(streams, ("stdin", "stdout", "stderr"), "rww", strict=True)):
        os.dup2(given, own)
        os.close(given)
        plain = getattr(sys, name)
        lines = 1 if name == "stderr" else -1
        stream = os.fdopen(own, mode, lines, encoding=plain.encoding, errors=plain.errors, closefd=False)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    if program[0] == "-m":
        _, module, *sys.argv[1:] = program
        sys.path[0] = folder
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    else:
        sys.argv = program
        sys.path[0] = str(Path(program[0]).parent)
        runpy.run_path(program[0], run_name="__main__")


if __name__ == "__main__":
    main()
