"""How well, how fast and in how much memory the evidence of videos is gathered whose content is known."""

import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sample_videos.broadcast import broadcast
from sample_videos.programme import compose

from benchmarks import evidence_scores as scores
from benchmarks.report import MIB, table

# Choices were made on programmes of other seeds (1 to 9).
FIRST_SEED = 101

# How x264 writes them: most of the speed is that of decoding, which follows the bits of a second.
USUAL, HEAVY = "veryfast", "superfast"

_QUICK = ("--track", "visuals", "--track", "sounds")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many programmes, of how many seconds each, and where they are kept for the next time."""

    programmes: int
    seconds: int
    folder: Path


@dataclass(frozen=True, slots=True)
class Took:
    """What one run of the command took: seconds of CPU, and memory at its peak."""

    cpu_s: float
    peak_bytes: int


def run(sizes: Sizes) -> str:
    """Make what is missing of the programmes, gather their evidence, and compare."""
    seeds = range(FIRST_SEED, FIRST_SEED + sizes.programmes)
    clips = [clip(sizes, seed) for seed in seeds]
    pairs: list[scores.Pair] = []
    whole: list[Took] = []
    quick: list[Took] = []
    for path in clips:
        found, took = _gather(path)
        pairs.append((json.loads(path.with_suffix(".json").read_text(encoding="utf-8")), found))
        whole.append(took)
        quick.append(_gather(path, *_QUICK)[1])
    heavy = [clip(sizes, seed, HEAVY) for seed in seeds]
    heavy_whole = [_gather(path)[1] for path in heavy]
    heavy_quick = [_gather(path, *_QUICK)[1] for path in heavy]
    seconds = sum(truth["duration_s"] for truth, _ in pairs)
    rows = [
        *scores.shots(pairs),
        *scores.titles(pairs),
        *scores.speech(pairs),
        *scores.sounds(pairs),
        (f"whole timeline, times faster than real time, {_rate(clips, seconds)}", f"{_speed(seconds, whole):.1f}", "4"),
        (f"  {_rate(heavy, seconds)}", f"{_speed(seconds, heavy_whole):.1f}", ""),
        (f"shots and sounds alone, {_rate(clips, seconds)}", f"{_speed(seconds, quick):.1f}", "20"),
        (f"  {_rate(heavy, seconds)}", f"{_speed(seconds, heavy_quick):.1f}", ""),
        (
            "memory at its peak, MiB",
            f"{max(took.peak_bytes for took in (*whole, *heavy_whole)) / MIB:.0f}",
            "600 at most",
        ),
    ]
    title = f"evidence of {len(clips)} programmes, {seconds:.0f} s of 1280x720, seeds from {FIRST_SEED}"
    return table(title, ("what", "reached", "target"), rows)


def clip(sizes: Sizes, seed: int, preset: str = USUAL) -> Path:
    """The programme of a seed, made where it is not there yet."""
    sizes.folder.mkdir(parents=True, exist_ok=True)
    path = sizes.folder / f"programme-{seed}-{sizes.seconds}-{preset}.mp4"
    if not path.is_file():
        # In a process of its own: what a process has had at its peak counts for those that it starts, too.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            pool.submit(_make, seed, sizes.seconds, path, preset).result()
    return path


def _make(seed: int, seconds: int, path: Path, preset: str) -> None:
    broadcast(compose(seed, seconds), path, preset)


def _gather(clip: Path, *options: str) -> tuple[dict[str, Any], Took]:
    """Run the command as a user does, in a process of its own whose use is measured."""
    command = [sys.executable, "-m", "pipeline", "evidence", str(clip), "--json", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return json.loads(printed), Took(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def _rate(clips: Sequence[Path], seconds: float) -> str:
    return f"{sum(path.stat().st_size for path in clips) * 8 / seconds / 1e6:.1f} Mbit/s"


def _speed(seconds: float, took: Sequence[Took]) -> float:
    return seconds / sum(each.cpu_s for each in took)
