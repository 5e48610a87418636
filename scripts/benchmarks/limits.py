"""An account whose minutes of video an hour bind: how much of them a run uses, against a client that tries and sleeps.

An hour of the platform lasts a few seconds here, so that it is used up several times over within the benchmark. All six
limits are enforced and known to the run; what was used of them is told of whole hours, the last, begun one left out.
"""

import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import cycle, islice
from pathlib import Path

from sample_videos.odd import tiny_video

from benchmarks.processes import LOOKS_OFTEN, embedded_platform, ended, output_of, refusals
from benchmarks.report import table

# Seconds of the video that are looked at, by turns: mixed lengths, the longest six times the shortest.
PARTS = (1.0, 6.0, 2.5, 2.0, 4.0, 1.0, 2.5)
HEAD = ("", "videos", "seconds", "of the limit", "ours : it", "refused", "refused an hour")
WRONG = 4  # times stricter than the run believes
MINUTES = 10  # of an hour: the platform tells whole seconds, which are to be short beside a minute


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many videos, how many hours they fill, how many seconds an hour lasts, how many the rival tries at once, and
    of which kinds the platform's windows are.
    """

    videos: int
    hours: int
    hour_s: float
    rival_workers: int
    windows: Sequence[str]

    @property
    def parts(self) -> list[float]:
        return list(islice(cycle(PARTS), self.videos))

    @property
    def rates(self) -> dict[str, float]:
        """The account: minutes of video an hour bind, the other five have room for twice as much."""
        minutes, requests = sum(self.parts) / 60 / self.hours, self.videos / self.hours
        return {
            "analyze_per_minute": requests / MINUTES * 2,
            "analyze_per_day": requests * 48,
            "video_minutes_per_hour": minutes,
            "video_minutes_per_day": minutes * 48,
            "output_tokens_per_minute": requests * 1200,
            "output_tokens_per_day": requests * 48_000,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """When each task was created, in seconds since the first, with the minutes it looks at; how often was refused."""

    created: Sequence[tuple[float, float]]
    refused: int

    @property
    def seconds(self) -> float:
        return max(at for at, _ in self.created)

    def share(self, minutes_per_hour: float, hour_s: float) -> float:
        """Of what the whole hours allowed."""
        hours = max(1, math.floor(self.seconds / hour_s))
        return sum(minutes for at, minutes in self.created if at < hours * hour_s) / (hours * minutes_per_hour)


def run(sizes: Sizes) -> str:
    """Measure and return the tables."""
    return "\n\n".join(_table(sizes, window) for window in sizes.windows)


def _table(sizes: Sizes, window: str) -> str:
    strict = {name: rate / WRONG for name, rate in sizes.rates.items()}
    with tempfile.TemporaryDirectory(prefix="bench-limits-") as name:
        folder = Path(name)
        with _platform(sizes, folder / "ours", window, sizes.rates) as base_url:
            ours = _ours(sizes, folder / "ours", base_url)
        with _platform(sizes, folder / "rival", window, sizes.rates) as base_url:
            rival = _rival(sizes, folder / "rival", base_url)
        fewer = replace(sizes, videos=sizes.videos // WRONG)
        with _platform(sizes, folder / "wrong", window, strict) as base_url:
            wrong = _ours(fewer, folder / "wrong", base_url, believed=sizes.rates)
    limit = sizes.rates["video_minutes_per_hour"]
    rows = [
        _row("pipeline run", ours, ours, limit, sizes.hour_s),
        _row(f"{sizes.rival_workers} at once, Retry-After obeyed", rival, ours, limit, sizes.hour_s),
        _row(f"pipeline run, account {WRONG} times stricter than configured", wrong, ours, limit / WRONG, sizes.hour_s),
    ]
    return table(f"minutes of video bind: hours of {sizes.hour_s:g} s, {window}", HEAD, rows)


def _row(name: str, one: Outcome, ours: Outcome, limit: float, hour_s: float) -> tuple[str, ...]:
    share = one.share(limit, hour_s)
    return (
        name,
        f"{len(one.created):,}",
        f"{one.seconds:.1f}",
        f"{share:.1%}",
        f"{ours.share(limit, hour_s) / share:.2f}" if len(one.created) == len(ours.created) else "",
        f"{one.refused:,}",
        f"{one.refused / (one.seconds / hour_s):.1f}",
    )


def _ours(sizes: Sizes, folder: Path, base_url: str, believed: Mapping[str, float] | None = None) -> Outcome:
    (folder / "v.mp4").write_bytes(tiny_video(1, seconds=6))
    rows = [{"source": "v.mp4", "id": f"{n}", "prompt": f"{n}?", "end_time": end} for n, end in enumerate(sizes.parts)]
    (folder / "parts.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    lengths = {"hour_s": sizes.hour_s, "day_s": sizes.hour_s * 24, "minute_s": sizes.hour_s / MINUTES, "slack_s": 0.1}
    limits = {"tier": "null", "read_per_minute": "null", **(believed or sizes.rates), **lengths}
    settings = {f"PIPELINE_LIMITS__{name.upper()}": str(value) for name, value in limits.items()}
    options = ["--base-url", base_url, "--out", str(folder / "out"), "--workers", "128", "--prompt", "What?"]
    ended(
        ["pipeline", "run", str(folder / "parts.jsonl"), *options],
        {"TWELVE_LABS_API_KEY": "bench", "PIPELINE_LOG__LEVEL": "error", **LOOKS_OFTEN, **settings},
    )
    lines = [json.loads(line) for line in (folder / "out" / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    parts = sizes.parts
    made = [(datetime.fromisoformat(line["created_at"]).timestamp(), int(line["metadata"]["id"])) for line in lines]
    first = min(at for at, _ in made)
    return Outcome([(at - first, parts[number] / 60) for at, number in made], refusals(base_url))


def _rival(sizes: Sizes, folder: Path, base_url: str) -> Outcome:
    (folder / "v.mp4").write_bytes(tiny_video(1, seconds=6))
    (folder / "parts.json").write_text(json.dumps(sizes.parts))
    given = [base_url, str(folder / "v.mp4"), str(folder / "parts.json"), "--at-once", str(sizes.rival_workers)]
    moments = json.loads(output_of(["benchmarks.trying_loop", *given]))
    minutes = [part / 60 for part in sizes.parts]
    return Outcome([(at - min(moments), part) for at, part in zip(moments, minutes, strict=True)], refusals(base_url))


def _platform(sizes: Sizes, folder: Path, window: str, rates: Mapping[str, float]) -> AbstractContextManager[str]:
    folder.mkdir()
    lengths = {"rate_window_s": sizes.hour_s / MINUTES, "rate_hour_s": sizes.hour_s, "rate_day_s": sizes.hour_s * 24}
    return embedded_platform(folder / "platform", rate_window=window, rate_headers="none", **lengths, **rates)
