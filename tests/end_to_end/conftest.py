"""Whole nights in miniature: the platform in a process of its own, the command line in others, real small videos."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from scripts.sample_videos.odd import tiny_video
from tests import warm

ROOT = Path(__file__).parents[2]
KILLED_RUN = Path(__file__).with_name("killed_run.py")
KEY = "tlk_test"
PATIENCE_S = 60  # how long a test waits for what is bound to happen

# A small video travels in one request, a large one in many chunks.
CHUNK_BYTES = 4096
DIRECT_MAX_BYTES = 12_000
LARGE_BYTES = 10 * CHUNK_BYTES - 1000

UPLOAD = {"direct_max_bytes": DIRECT_MAX_BYTES, "files": 2, "chunks": 2, "report_batch": 2}
# A crash leaves unreported, for every file on its way: a batch in the hands of each worker, and a batch not yet full.
UNREPORTED_CHUNKS = UPLOAD["files"] * (UPLOAD["chunks"] * UPLOAD["report_batch"] + UPLOAD["report_batch"] - 1)
QUICK = {
    "upload": UPLOAD,
    "polling": {
        "first_look_s": 0.05,
        "per_video_minute_s": 0.1,
        "min_s": 0.05,
        "max_s": 0.5,
        "tick_s": 0.02,
        "asset_min_s": 0.03,
        "asset_max_s": 0.3,
    },
    "retry": {"base_s": 0.05, "max_s": 0.3},
    "limits": {"tier": None, "read_per_minute": None},
}

_seeds = count(1)


def until(happened: Callable[[], object], process: "subprocess.Popen[bytes]") -> None:
    """Wait for what is bound to happen while a process runs."""
    end = time.monotonic() + PATIENCE_S
    while not happened():
        assert process.poll() is None, "the process has ended"
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def environment(**more: str) -> dict[str, str]:
    """This process's own without any settings, with the key."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PIPELINE_")}
    return {**own, "TWELVE_LABS_API_KEY": KEY, **more}


@dataclass(frozen=True)
class Books:
    """What a platform did: see `pipeline.server.store.Books`."""

    requests: Counter[str]
    tasks: Counter[str]
    tasks_created: int
    started: dict[str, dict[str, int]]

    @classmethod
    def read(cls, body: dict[str, Any]) -> "Books":
        tasks = Counter(body["tasks_by_custom_id"])
        return cls(Counter(body["requests"]), tasks, body["tasks_created"], body["chunks_started"])

    def since(self, earlier: "Books") -> "Books":
        """What was done after `earlier`, if no session of then was gone on with."""
        started = {upload: chunks for upload, chunks in self.started.items() if upload not in earlier.started}
        created = self.tasks_created - earlier.tasks_created
        return Books(self.requests - earlier.requests, self.tasks - earlier.tasks, created, started)


class Server:
    """A platform in a process of its own, with its switchboard and its books open."""

    def __init__(self, data: Path, **settings: Any) -> None:
        self._data = data
        self._port = 0
        # a connection that was kept would not outlive a kill
        self._http = httpx.Client(timeout=PATIENCE_S, limits=httpx.Limits(max_keepalive_connections=0))
        self.base_url = ""
        self.start(**settings)

    def start(self, **settings: Any) -> None:
        """Listen on the data of before, and where it listened before."""
        ready = self._data.with_name(f"{self._data.name}.ready")
        ready.unlink(missing_ok=True)
        # not all tracks, which have models to load
        few = {"chunk_bytes": CHUNK_BYTES, "inspect_processes": 1, "analysis_processes": 1, "tracks": '["visuals"]'}
        values = {**few, **settings}
        command = [sys.executable, "-m", "pipeline", "serve", "--faults", "--port", str(self._port)]
        command += ["--data", str(self._data), "--ready-file", str(ready)]
        variables = {f"PIPELINE_SERVER__{name.upper()}": str(value) for name, value in values.items()}
        self.process = warm.Process(command, cwd=ROOT, env=environment(**variables), stdout=subprocess.DEVNULL)
        until(ready.exists, self.process)
        self.base_url = ready.read_text()
        self._port = httpx.URL(self.base_url).port

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        self.kill()
        self._http.close()

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """The body of an answer; `path` is below the base URL unless it begins with `/_`."""
        base = self.base_url.removesuffix("/v1.3") if path.startswith("/_") else self.base_url
        response = self._http.request(method, base + path, headers={"x-api-key": KEY}, **options)
        response.raise_for_status()
        return response.json() if response.content else None

    def books(self) -> Books:
        return Books.read(self.ask("GET", "/_books"))

    def fault(self, method: str, path: str, **what: Any) -> int:
        """Let something go wrong; see `pipeline.server.faults.Fault`."""
        return self.ask("POST", "/_faults", json={"method": method, "path": path, **what})["number"]

    def outcome(self, **what: Any) -> None:
        """Let a task end otherwise; see `pipeline.server.faults.Outcome`."""
        self.ask("POST", "/_faults/outcomes", json=what)

    def hits(self, fault: int) -> int:
        return self.ask("GET", "/_faults")[fault]["hits"]

    def assets(self, name: str) -> list[dict[str, Any]]:
        """Every asset that came from a file of this name."""
        return self.ask("GET", "/assets", params={"filename": name, "page_limit": 50})["data"]


class Archive:
    """A folder of videos, an output folder, and the command that goes from one to the other."""

    def __init__(self, server: Server, folder: Path, **sections: dict[str, Any]) -> None:
        self.server = server
        self.videos = folder / "videos"
        self.out = folder / "out"
        self.videos.mkdir(parents=True)
        self._config = folder / "config.yaml"
        self._before = server.books()
        self.configure(**sections)

    def configure(self, **sections: dict[str, Any]) -> None:
        """Set the configuration: quick settings with these sections over them."""
        names = {"platform", "recipe", *QUICK, *sections}
        basic = {
            "platform": {"kind": "remote", "base_url": self.server.base_url},
            "recipe": {"prompt": "What is to be seen?"},
            **QUICK,
        }
        values = {name: {**basic.get(name, {}), **sections.get(name, {})} for name in names}
        self._config.write_text(json.dumps(values))

    def add(self, *, small: int = 0, large: int = 0) -> list[Path]:
        """Add videos, no two of equal content in the whole session: small ones first."""
        return [self._write(0) for _ in range(small)] + [self._write(LARGE_BYTES) for _ in range(large)]

    def _write(self, least_bytes: int) -> Path:
        seed = next(_seeds)
        path = self.videos / f"video-{seed:04}.mp4"
        path.write_bytes(video_bytes(seed, least_bytes))
        return path

    def run(self, *options: str, command: str = "run", code: int = 0) -> dict[str, Any]:
        """Run the command to its end, which has to be this exit code; its summary."""
        done = warm.run(self._command(command, *options, "--json"), cwd=ROOT, env=environment())
        assert (done.returncode, b"Traceback" in done.stderr) == (code, False), done
        return json.loads(done.stdout)

    @contextmanager
    def running(self) -> Iterator["subprocess.Popen[bytes]"]:
        """A run under way; it is killed where the block leaves it running."""
        command = self._command("run", "--json")
        process = warm.Process(
            command, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def run_killed_after(self, state: str, *, intent: bool = False, nth: int = 1) -> None:
        """A run that kills itself when its ledger has recorded something of this kind for the nth time."""
        command = [sys.executable, str(KILLED_RUN), str(self._config), str(self.videos), str(self.out)]
        done = warm.run([*command, state, str(int(intent)), str(nth)], cwd=ROOT, env=environment())
        assert done.returncode == -signal.SIGKILL, done

    def _command(self, command: str, *options: str) -> list[str]:
        manifest = [str(self.videos)] if command == "run" else []
        whole = [sys.executable, "-m", "pipeline", command, *manifest, "-c", str(self._config)]
        return [*whole, "--out", str(self.out), *options]

    def books(self) -> Books:
        """What the platform did since this archive began."""
        return self.server.books().since(self._before)

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The lines of an output file, each of them whole."""
        return [json.loads(line) for line in (self.out / name).read_bytes().splitlines(keepends=True)]

    def jobs(self) -> list[dict[str, Any]]:
        """What the ledger says of every job."""
        with closing(sqlite3.connect(f"file:{self.out / 'ledger.db'}?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute("SELECT * FROM jobs")]

    def sources(self) -> list[str]:
        """The videos as the outputs name them."""
        return sorted(str(path) for path in self.videos.iterdir())

    def assert_complete(self) -> None:
        """Every video has one result, one line of usage, one finished job and, by the platform's books, one task."""
        results, usage = self.lines("results.jsonl"), self.lines("usage.jsonl")
        assert sorted(line["source"] for line in results) == self.sources()
        assert sorted(map(_pair, usage)) == sorted(map(_pair, results))
        jobs = self.jobs()
        assert {(job["state"], job["intent"]) for job in jobs} == {("written", 0)}
        assert self.books().tasks == Counter({job["key"]: 1 for job in jobs})
        assert self.books().tasks_created == len(jobs)
        tasks = {job["key"]: job["task_id"] for job in jobs}
        assert all(line["task_id"] == tasks[line["key"]] and line["text"] for line in results)

    def assert_sent_once(self, *, crashes: int = 0) -> None:
        """No large video went into two sessions, and no chunk travelled again that no crash had left unreported."""
        sessions = [json.loads(job["upload"])["upload_id"] for job in self.jobs() if job["upload"]]
        started = self.books().started
        assert sorted(started) == sorted(sessions)
        assert all(len(chunks) == 10 for chunks in started.values())
        times = [sent for chunks in started.values() for sent in chunks.values()]
        assert max(times, default=1) <= 1 + crashes
        assert sum(times) - len(times) <= crashes * UNREPORTED_CHUNKS
        assert self.books().requests["PUT /chunks/{upload_id}/{index}"] == sum(times)  # none was refused either

    def assert_uploads_explained(self, *, crashes: int) -> None:
        """Nothing was uploaded or opened again but what was under way in a crash."""
        requests = self.books().requests
        large = sum(job["upload"] is not None for job in self.jobs())
        under_way = crashes * UPLOAD["files"]
        assert requests["POST /assets"] <= len(self.jobs()) - large + under_way
        assert requests["POST /assets/multipart-uploads"] <= large + under_way


def _pair(line: dict[str, Any]) -> tuple[str, str]:
    return line["key"], line["source"]


def video_bytes(seed: int, least_bytes: int = 0) -> bytes:
    """A valid video; beyond its few kilobytes it is filled up in a way that every reader of MP4 passes over."""
    video = tiny_video(seed)
    if least_bytes <= len(video):
        return video
    size = least_bytes - len(video)
    return video + size.to_bytes(4, "big") + b"free" + random.Random(seed).randbytes(size - 8)


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., None]:
    """Waits for what is bound to happen while a process runs."""
    return until


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A platform for all tests that need no settings of their own."""
    running = Server(tmp_path_factory.mktemp("server") / "data")
    yield running
    running.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Runs a platform with settings of its own."""
    with ExitStack() as stack:

        def start(**settings: Any) -> Server:
            running = Server(tmp_path / "server", **settings)
            stack.callback(running.close)
            return running

        yield start


@pytest.fixture
def archive(server: Server, tmp_path: Path) -> Iterator[Archive]:
    """An empty archive on the common platform, whose faults are mended afterwards."""
    yield Archive(server, tmp_path)
    server.ask("DELETE", "/_faults")


@pytest.fixture
def open_archive(tmp_path: Path) -> Callable[..., Archive]:
    """Makes an archive on a platform of its own, with sections of configuration."""
    return partial(_open_archive, tmp_path)


def _open_archive(folder: Path, server: Server, name: str = "archive", **sections: dict[str, Any]) -> Archive:
    return Archive(server, folder / name, **sections)
