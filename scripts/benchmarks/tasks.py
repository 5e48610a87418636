"""Many tiny videos that are uploaded already: this pipeline against a plain loop over `AsyncTwelveLabs`."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sample_videos.odd import write_tiny_videos

from benchmarks.costs import Usage
from benchmarks.processes import LOOKS_OFTEN, Ended, embedded_platform, ended, output_of, requests_by_endpoint
from benchmarks.report import MIB, middle, table

STARTS = 3
# No account to protect: the benchmark measures the program, not the platform's rate limits.
UNLIMITED = {"PIPELINE_LIMITS__TIER": "null", "PIPELINE_LIMITS__READ_PER_MINUTE": "null"}
SETTINGS = {"TWELVE_LABS_API_KEY": "bench", **UNLIMITED}
HEAD = (
    "",
    "tasks",
    "at once",
    "seconds",
    "tasks/s",
    "ours : it",
    "requests/task",
    "CPU-ms/task",
    "its CPU : ours",
    "peak MiB",
)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many videos, how many at once, and how many seconds the platform takes for each."""

    tasks: int
    rival_tasks: int
    workers: int
    rival_workers: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Cost:
    """What analysing so many videos took."""

    tasks: int
    at_once: int
    seconds: float
    cpu_s: float
    peak_bytes: int
    requests: int

    @property
    def rate(self) -> float:
        """Tasks a second."""
        return self.tasks / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Of the client, for each task."""
        return self.cpu_s / self.tasks * 1000


@dataclass(frozen=True, slots=True)
class Bench:
    """One embedded platform in a process of its own, and the folder where everything lies."""

    sizes: Sizes
    base_url: str
    folder: Path

    def run(self, videos: str, prompt: str, more: Mapping[str, str] | None = None) -> Ended:
        """`pipeline run` over one of the folders of videos, with further settings."""
        options = ["--base-url", self.base_url, "--out", str(self.folder / "out"), "--workers", str(self.sizes.workers)]
        return ended(
            ["pipeline", "run", str(self.folder / videos), "--prompt", prompt, *options], SETTINGS | dict(more or {})
        )

    def requests(self) -> int:
        """What the platform was asked so far."""
        return sum(requests_by_endpoint(self.base_url).values())

    def start_cpu_s(self, prompt: str) -> float:
        """CPU seconds of a run that has nothing to do."""
        self.run("one", prompt, LOOKS_OFTEN)
        return middle(self.run("one", prompt).cpu_s for _ in range(STARTS))


def run(sizes: Sizes) -> str:
    """Measure and return the table."""
    with tempfile.TemporaryDirectory(prefix="bench-tasks-") as name:
        folder = Path(name)
        write_tiny_videos(folder / "many", sizes.tasks)
        write_tiny_videos(folder / "one", 1)
        at_once = 2 * max(sizes.workers, sizes.rival_workers)
        with embedded_platform(
            folder / "platform", analysis_seconds=sizes.seconds, analysis_concurrency=at_once
        ) as base_url:
            bench = Bench(sizes, base_url, folder)
            bench.run("many", "What is to be seen?", LOOKS_OFTEN)  # uploads, and is not measured
            start_cpu_s = bench.start_cpu_s("What is to be seen?")
            ours = _ours(bench, "Which colours are there?", start_cpu_s)
            rival = _rival(bench)
    return _report(sizes, start_cpu_s, ours, rival)


def _ours(bench: Bench, prompt: str, start_cpu_s: float) -> Cost:
    before = bench.requests()
    used = bench.run("many", prompt)
    return Cost(
        bench.sizes.tasks,
        bench.sizes.workers,
        used.seconds,
        used.cpu_s - start_cpu_s,
        used.peak_bytes,
        bench.requests() - before,
    )


def _rival(bench: Bench) -> Cost:
    lines = (bench.folder / "out" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assets = list(dict.fromkeys(json.loads(line)["asset_id"] for line in lines))[: bench.sizes.rival_tasks]
    (bench.folder / "assets.txt").write_text("\n".join(assets))
    before = bench.requests()
    at_once = bench.sizes.rival_workers
    command = ["benchmarks.plain_loop", bench.base_url, str(bench.folder / "assets.txt"), "--at-once", str(at_once)]
    used = Usage(**json.loads(output_of(command)))
    return Cost(len(assets), at_once, used.seconds, used.cpu_s, used.peak_bytes, bench.requests() - before)


def _report(sizes: Sizes, start_cpu_s: float, ours: Cost, rival: Cost) -> str:
    rows = [
        _row("pipeline run", ours, ours),
        _row("plain loop over AsyncTwelveLabs", rival, ours),
    ]
    title = (
        f"tasks of {sizes.seconds:g} s on assets that are there; {start_cpu_s:.2f} CPU-s of start-up are taken off the "
        "pipeline's"
    )
    return table(title, HEAD, rows)


def _row(name: str, cost: Cost, ours: Cost) -> tuple[str, ...]:
    return (
        name,
        f"{cost.tasks:,}",
        f"{cost.at_once}",
        f"{cost.seconds:.1f}",
        f"{cost.rate:.1f}",
        f"{ours.rate / cost.rate:.1f}",
        f"{cost.requests / cost.tasks:.2f}",
        f"{cost.cpu_ms:.2f}",
        f"{cost.cpu_ms / ours.cpu_ms:.1f}",
        f"{cost.peak_bytes / MIB:.0f}",
    )
