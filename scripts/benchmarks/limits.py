"""An account whose minutes of video an hour bind: how much of them a run uses, against a client that tries and sleeps.

An hour of the platform lasts a few seconds here, so that it is used up several times over within the benchmark.
"""

import json
import tempfile
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle, islice
from pathlib import Path

from sample_videos.odd import tiny_video

from benchmarks.processes import embedded_platform, ended, output_of, refusals
from benchmarks.report import table

# Seconds of the video that are looked at, by turns: mixed lengths, the longest six times the shortest.
PARTS = (1.0, 6.0, 2.5, 2.0, 4.0, 1.0, 2.5)
HEAD = ("", "videos", "seconds", "of the limit", "ours : it", "refused", "refused a window")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many videos, how many hours they fill, how many seconds an hour lasts, how many the rival tries at once."""

    videos: int
    hours: int
    hour_s: float
    rival_workers: int

    @property
    def parts(self) -> list[float]:
        return list(islice(cycle(PARTS), self.videos))

    @property
    def minutes_per_hour(self) -> float:
        return sum(self.parts) / 60 / self.hours


@dataclass(frozen=True, slots=True)
class Outcome:
    """When the first and the last task was created, and how often the platform refused."""

    seconds: float
    refused: int

    def share(self, sizes: Sizes) -> float:
        """Of what a rolling window allows in that time: one whole limit at once, then as much as leaves it."""
        return sum(sizes.parts) / 60 / (sizes.minutes_per_hour * (1 + self.seconds / sizes.hour_s))


def run(sizes: Sizes) -> str:
    """Measure and return the table."""
    with tempfile.TemporaryDirectory(prefix="bench-limits-") as name:
        folder = Path(name)
        rivals = [_ours(sizes, folder / "ours"), _rival(sizes, folder / "rival")]
    names = ("pipeline run", f"{sizes.rival_workers} at once, Retry-After obeyed")
    rows = [_row(name, one, rivals[0], sizes) for name, one in zip(names, rivals, strict=True)]
    title = f"minutes of video bind: {sizes.hours} hours of {sizes.hour_s:g} s each, rolling"
    return table(title, HEAD, rows)


def _row(name: str, one: Outcome, ours: Outcome, sizes: Sizes) -> tuple[str, ...]:
    share, windows = one.share(sizes), one.seconds / sizes.hour_s + 1
    return (
        name,
        f"{sizes.videos:,}",
        f"{one.seconds:.1f}",
        f"{share:.1%}",
        f"{ours.share(sizes) / share:.2f}",
        f"{one.refused:,}",
        f"{one.refused / windows:.1f}",
    )


def _ours(sizes: Sizes, folder: Path) -> Outcome:
    folder.mkdir()
    (folder / "v.mp4").write_bytes(tiny_video(1, seconds=6))
    rows = [{"source": "v.mp4", "prompt": f"{n}?", "end_time": end} for n, end in enumerate(sizes.parts)]
    (folder / "parts.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    limits = {
        "tier": "null",
        "read_per_minute": "null",
        "video_minutes_per_hour": sizes.minutes_per_hour,
        "hour_s": sizes.hour_s,
        "slack_s": 0.05,
    }
    settings = {f"PIPELINE_LIMITS__{name.upper()}": str(value) for name, value in limits.items()}
    with _platform(sizes, folder) as base_url:
        options = ["--base-url", base_url, "--out", str(folder / "out"), "--workers", "128", "--prompt", "What?"]
        ended(["pipeline", "run", str(folder / "parts.jsonl"), *options], {"TWELVE_LABS_API_KEY": "bench", **settings})
        lines = (folder / "out" / "results.jsonl").read_text(encoding="utf-8").splitlines()
        created = sorted(datetime.fromisoformat(json.loads(line)["created_at"]) for line in lines)
        return Outcome((created[-1] - created[0]).total_seconds(), refusals(base_url))


def _rival(sizes: Sizes, folder: Path) -> Outcome:
    folder.mkdir()
    (folder / "v.mp4").write_bytes(tiny_video(1, seconds=6))
    (folder / "parts.json").write_text(json.dumps(sizes.parts))
    with _platform(sizes, folder) as base_url:
        given = [base_url, str(folder / "v.mp4"), str(folder / "parts.json"), "--at-once", str(sizes.rival_workers)]
        seconds = json.loads(output_of(["benchmarks.trying_loop", *given]))["seconds"]
        return Outcome(seconds, refusals(base_url))


def _platform(sizes: Sizes, folder: Path) -> AbstractContextManager[str]:
    return embedded_platform(
        folder / "platform",
        video_minutes_per_hour=sizes.minutes_per_hour,
        rate_hour_s=sizes.hour_s,
        rate_window="rolling",
    )
