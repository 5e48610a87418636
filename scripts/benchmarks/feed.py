"""A very long manifest: memory, rows a second, and how long the first upload has to wait."""

import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sample_videos.odd import write_tiny_videos

from benchmarks.processes import LOOKS_OFTEN, Ended, embedded_platform, ended, requests_by_endpoint, started, until
from benchmarks.report import MIB, table
from benchmarks.tasks import SETTINGS

# The rows of a long manifest name these by turns, so that every row is read, stat'ed and looked up in the ledger.
VIDEOS = 1_000
WORKERS = 64
ORDERS = ("manifest", "smallest", "mixed")
HEAD = ("--order", "rows", "seconds", "rows/s", "CPU-s", "peak MiB")


@dataclass(frozen=True, slots=True)
class Sizes:
    """Rows of the long manifest and of the short one that it is compared with; the orders of the long one."""

    rows: int
    few_rows: int
    orders: Sequence[str] = ORDERS


@dataclass(frozen=True, slots=True)
class Bench:
    """One embedded platform in a process of its own, and the folder where everything lies."""

    base_url: str
    folder: Path

    def command(self, manifest: Path, out: str, order: str) -> list[str]:
        """`pipeline run` over a manifest."""
        options = ["--base-url", self.base_url, "--out", str(self.folder / out), "--workers", str(WORKERS)]
        return ["pipeline", "run", str(manifest), "--prompt", "What is to be seen?", "--order", order, *options]

    def settled(self, manifest: Path, order: str) -> Ended:
        """A run over rows that an earlier one has settled."""
        return ended(self.command(manifest, "out", order), SETTINGS | LOOKS_OFTEN)

    def first_upload_s(self, manifest: Path, order: str) -> float:
        """Seconds from the start of the program to its first upload, in an output folder that knows nothing."""
        before = self._uploads()
        began = time.perf_counter()
        with started(self.command(manifest, f"out-{order}-{manifest.stem}", order), SETTINGS):
            until(lambda: self._uploads() > before, "no upload has begun")
            return time.perf_counter() - began

    def _uploads(self) -> int:
        return requests_by_endpoint(self.base_url).get("POST /assets", 0)


def run(sizes: Sizes) -> str:
    """Measure and return the tables."""
    with tempfile.TemporaryDirectory(prefix="bench-feed-") as name:
        folder = Path(name)
        videos = write_tiny_videos(folder / "videos", min(VIDEOS, sizes.rows))
        few, many = folder / "few.jsonl", folder / "many.jsonl"
        _write_manifest(few, videos, sizes.few_rows)
        _write_manifest(many, videos, sizes.rows)
        with embedded_platform(folder / "platform", analysis_concurrency=2 * WORKERS) as base_url:
            bench = Bench(base_url, folder)
            bench.settled(folder / "videos", "manifest")  # settles every video, and is not measured
            cases = [("manifest", sizes.few_rows, few), *((order, sizes.rows, many) for order in sizes.orders)]
            settled = {(order, rows): bench.settled(manifest, order) for order, rows, manifest in cases}
            waits = {(order, rows): bench.first_upload_s(manifest, order) for order, rows, manifest in cases}
    return "\n".join(
        [
            table("rows that are done: each is read, stat'ed and looked up in the ledger", HEAD, _rows(settled)),
            table(
                "from the start of the program to its first upload",
                ("--order", "rows", "seconds"),
                [(order, f"{rows:,}", f"{seconds:.2f}") for (order, rows), seconds in waits.items()],
            ),
        ]
    )


def _write_manifest(path: Path, videos: list[Path], rows: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in range(rows):
            video = str(videos[row % len(videos)])
            file.write(json.dumps({"source": video, "id": row, "shelf": f"{row // 100}"}) + "\n")


def _rows(settled: dict[tuple[str, int], Ended]) -> list[tuple[str, ...]]:
    return [
        (
            order,
            f"{rows:,}",
            f"{used.seconds:.2f}",
            f"{rows / used.seconds:,.0f}",
            f"{used.cpu_s:.2f}",
            f"{used.peak_bytes / MIB:.0f}",
        )
        for (order, rows), used in settled.items()
    ]
