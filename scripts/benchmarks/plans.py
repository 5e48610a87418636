"""A plan of a large archive: how long the first look takes, how long the next, against a loop over its files."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from sample_videos.odd import tiny_video

from benchmarks.processes import Ended, ended
from benchmarks.report import MIB, table

SECONDS = (1.0, 10.0, 60.0)  # of the few videos that all others are copies of, each with content of its own
FEW = 10
HEAD = ("", "files", "seconds", "files/s", "ours : it", "CPU-s", "peak MiB")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many files."""

    files: int


def run(sizes: Sizes) -> str:
    """Measure and return the table."""
    with tempfile.TemporaryDirectory(prefix="bench-plan-") as name:
        folder = Path(name)
        _write(folder / "few", FEW)
        _write(folder / "many", sizes.files)
        loop = ended(["benchmarks.header_loop", str(folder / "many")], {})
        first, second = _plan(folder, "many"), _plan(folder, "many")
        few = _plan(folder, "few")
    rows = [
        _row("pipeline plan", sizes.files, first, first),
        _row("pipeline plan, again", sizes.files, second, first),
        _row("pipeline plan, few files", FEW, few, None),
        _row("one PyAV open after the other", sizes.files, loop, first),
    ]
    return table("the headers of an archive, start-up included", HEAD, rows)


def _write(folder: Path, files: int) -> None:
    folder.mkdir()
    for number in range(files):
        (folder / f"video-{number:06}.mp4").write_bytes(tiny_video(number, seconds=SECONDS[number % len(SECONDS)]))


def _plan(folder: Path, archive: str) -> Ended:
    options = ["--prompt", "What is to be seen?", "--out", str(folder / f"out-{archive}"), "--json"]
    return ended(["pipeline", "plan", str(folder / archive), *options], {})


def _row(name: str, files: int, one: Ended, ours: Ended | None) -> tuple[str, ...]:
    return (
        name,
        f"{files:,}",
        f"{one.seconds:.2f}",
        f"{files / one.seconds:,.0f}",
        "-" if ours is None else f"{one.seconds / ours.seconds:.2f}",
        f"{one.cpu_s:.2f}",
        f"{one.peak_bytes / MIB:.0f}",
    )
