"""Other processes: those that serve while something is measured, and those that are measured."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

SCRIPTS = Path(__file__).resolve().parents[1]
# Whatever the environment says to the program, the benchmark says it differently.
FOREIGN = ("PIPELINE_", "TWELVE_LABS", "TWELVELABS")
# For a run whose end nobody measures: the platform is a function call away.
OFTEN = {"first_look_s": 0.2, "per_video_minute_s": 0.5, "min_s": 0.2, "tick_s": 0.1, "asset_min_s": 0.1}
LOOKS_OFTEN = {f"PIPELINE_POLLING__{name.upper()}": str(value) for name, value in OFTEN.items()}


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without settings of the pipeline, with the benchmarks importable."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {**kept, "PYTHONPATH": os.pathsep.join([str(SCRIPTS), str(SCRIPTS.parent)]), **(more or {})}


@contextmanager
def serving(command: Sequence[str]) -> Iterator[str]:
    """Run a server of the benchmarks, a module with arguments, which prints a line when ready and ends with stdin."""
    with subprocess.Popen(
        [sys.executable, "-m", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


def output_of(command: Sequence[str], more: Mapping[str, str] | None = None) -> str:
    """What a module with arguments prints; its errors show, and end the benchmark."""
    return subprocess.run(
        [sys.executable, "-m", *command], stdout=subprocess.PIPE, text=True, check=True, env=environment(more)
    ).stdout


@dataclass(frozen=True, slots=True)
class Ended:
    """What a process used from start to end, and what it printed; `peak_bytes` is resident memory at its highest."""

    seconds: float
    cpu_s: float
    peak_bytes: int
    output: str


def ended(command: Sequence[str], more: Mapping[str, str]) -> Ended:
    """Run a module with arguments to its end, which has to be a good one."""
    began = time.perf_counter()
    with started(command, more) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with exit code {process.returncode}: {output}")
    return Ended(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, output)


@contextmanager
def started(command: Sequence[str], more: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A module with arguments, running; killed at the end of the block if it still does."""
    with subprocess.Popen(
        [sys.executable, "-m", *command], stdout=subprocess.PIPE, text=True, env=environment(more)
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def embedded_platform(data: Path, **settings: object) -> Iterator[str]:
    """`pipeline serve` with these server settings and the echo engine; gives its base URL and ends it in order."""
    ready = data.with_name(f"{data.name}.url")
    more = {f"PIPELINE_SERVER__{name.upper()}": str(value) for name, value in {"engine": "echo", **settings}.items()}
    command = ["pipeline", "serve", "--faults", "--port", "0", "--data", str(data), "--ready-file", str(ready)]
    with started(command, more) as process:
        until(ready.exists, f"{' '.join(command)} does not come up")
        yield ready.read_text()
        process.terminate()
        process.wait()


def until(condition: Callable[[], bool], otherwise: str) -> None:
    """Look a hundred times a second until it is true; a RuntimeError with these words after a minute and a half."""
    for _ in range(9_000):
        if condition():
            return
        time.sleep(0.01)
    raise RuntimeError(otherwise)


def requests_by_endpoint(base_url: str) -> dict[str, int]:
    """What an embedded platform was asked so far, by `METHOD /path`."""
    requests: dict[str, int] = _books(base_url)["requests"]
    return requests


def refusals(base_url: str) -> int:
    """How often an embedded platform refused a request for the account's rate."""
    return sum(_books(base_url)["refusals"].values())


def _books(base_url: str) -> dict[str, Any]:
    with urlopen(f"{base_url.removesuffix('/v1.3')}/_books") as answer:
        books: dict[str, Any] = json.load(answer)
    return books
