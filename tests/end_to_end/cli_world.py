"""What an operator has: the command in a process of its own, files of every kind, a platform to ask."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from scripts.sample_videos.odd import tiny_video
from tests import warm

ROOT = Path(__file__).parents[2]
KEY = "tlk_0123456789abcdefDISTINCTIVE"
PATIENCE_S = 60  # how long a test waits for what is bound to happen
# Root without the capabilities to override and to search (1 and 2, dropped by prctl's 24) meets permissions as all do.
HEED_PERMISSIONS = """
import ctypes, os
if os.geteuid() == 0:
    assert not any(ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) for capability in (1, 2))
"""
PROGRAM = [sys.executable, "-m", "pipeline"]
PROMPT = ("--prompt", "What is to be seen?")
QUICK = {
    "PIPELINE_SERVER__ENGINE": "echo",
    "PIPELINE_SERVER__ANALYSIS_PROCESSES": "1",
    "PIPELINE_POLLING__FIRST_LOOK_S": "0.05",
    "PIPELINE_POLLING__MIN_S": "0.05",
    "PIPELINE_POLLING__MAX_S": "0.3",
    "PIPELINE_POLLING__TICK_S": "0.02",
    "PIPELINE_POLLING__ASSET_MIN_S": "0.05",
    "PIPELINE_POLLING__ASSET_MAX_S": "0.3",
    "PIPELINE_RETRY__BASE_S": "0.05",
    "PIPELINE_RETRY__MAX_S": "0.3",
}


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def summary(self) -> dict[str, Any]:
        """The one object on stdout; anything else there is an error."""
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The log on stderr."""
        return [json.loads(line) for line in self.err.splitlines() if line.startswith("{")]


def environment(**more: str) -> dict[str, str]:
    """This process's own without settings and key, made quick."""
    ours = ("PIPELINE_", "TWELVE_LABS_", "COLUMNS", "LINES")
    own = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**own, "PYTHONPATH": str(ROOT), **QUICK, **more}


def pipeline(*arguments: str | Path, env: Mapping[str, str] | None = None, before: str = "", **options: Any) -> Done:
    """Run a command to its end; whatever is wrong with its input, it never ends in a traceback.

    Args:
        arguments: of the command line.
        env: variables besides those of `environment`.
        before: Python statements that its process runs before it becomes the command.
        options: of `subprocess.run`.
    """
    launcher = (
        [sys.executable, "-c", f"{before}\nimport os, sys\nos.execv(sys.argv[1], sys.argv[1:])"] if before else []
    )
    return shell([*launcher, *PROGRAM, *arguments], env=env, **options)


def shell(command: Any, env: Mapping[str, str] | None = None, **options: Any) -> Done:
    """`pipeline` for a command line as it stands."""
    done = warm.run(command, env=environment(**(env or {})), timeout=PATIENCE_S * 2, **options)
    out, err = (stream.decode("utf-8", "surrogateescape") for stream in (done.stdout, done.stderr))
    assert "Traceback" not in out + err, out + err
    return Done(done.returncode, out, err)


@contextmanager
def running(*arguments: str | Path, env: Mapping[str, str] | None = None, **options: Any) -> Iterator[Any]:
    """A command under way, with its streams as pipes; it is killed where the block leaves it running."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    with warm.Process([*PROGRAM, *arguments], env=environment(**(env or {})), **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: "subprocess.Popen[bytes]") -> Done:
    """Wait for a command under way."""
    out, err = process.communicate(timeout=PATIENCE_S)
    done = Done(process.returncode, out.decode(), err.decode())
    assert "Traceback" not in done.out + done.err, done
    return done


def until(happened: Callable[[], object]) -> Any:
    """Wait for what is bound to happen; what it returned."""
    end = time.monotonic() + PATIENCE_S
    while not (found := happened()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
    return found


def assert_gone(processes: list[psutil.Process]) -> None:
    """Every one of these ends by itself."""
    assert processes
    _, alive = psutil.wait_procs(processes, timeout=PATIENCE_S)
    assert not alive


def lines(path: Path) -> list[dict[str, Any]]:
    """The lines of an output file, each of them whole."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def write_videos(folder: Path, count: int, first_seed: int = 0) -> list[Path]:
    """Valid videos of distinct content."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"video {seed}.mp4" for seed in range(first_seed, first_seed + count)]
    for seed, path in enumerate(paths, first_seed):
        path.write_bytes(tiny_video(seed))
    return paths


class Platform:
    """A platform in a process of its own, which takes one key."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.env = {"PIPELINE_PLATFORM__BASE_URL": base_url, "TWELVE_LABS_API_KEY": KEY}
        self.env |= {"PIPELINE_LIMITS__TIER": "null", "PIPELINE_LIMITS__READ_PER_MINUTE": "null"}

    def books(self) -> dict[str, Any]:
        return httpx.get(self._control("_books")).raise_for_status().json()

    def fault(self, **what: Any) -> None:
        """Let something go wrong; see `pipeline.server.faults.Fault`."""
        httpx.post(self._control("_faults"), json=what).raise_for_status()

    def mend(self) -> None:
        httpx.delete(self._control("_faults")).raise_for_status()

    def _control(self, name: str) -> str:
        return f"{self.base_url.removesuffix('/v1.3')}/{name}"


@contextmanager
def platform(folder: Path, **settings: Any) -> Iterator[Platform]:
    """Run a platform until the block ends."""
    ready = folder / "ready"
    variables = {f"PIPELINE_SERVER__{name.upper()}": str(value) for name, value in settings.items()}
    arguments = ("serve", "--faults", "--port", "0", "--ready-file", ready, "--data", folder / "data")
    streams = {"stdin": None, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with running(*arguments, env={"TWELVE_LABS_API_KEY": KEY, **variables}, **streams) as process:
        until(lambda: ready.exists() or process.poll() is not None)
        yield Platform(ready.read_text())
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)
