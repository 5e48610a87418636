"""How far a run is: a live display on a terminal, one plain line a minute otherwise. Both ask the ledger and the
tally.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import anyio
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pipeline.jobs import State


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where a run stands at one moment, in manifest rows unless named otherwise.

    Attributes:
        rows: read so far; `total` all of them where that is known without delay.
        settled: rows that need nothing more: written, failed, or done before.
        skipped: of these, settled by an earlier run, in whichever way.
        elapsed_s: since the run was opened.
        paused: nothing new is begun, until `pipeline tune --resume`.
    """

    rows: int
    total: int | None
    settled: int
    skipped: int
    written: int
    failed: int
    in_flight: int
    uploaded_bytes: int
    spent_usd: float
    elapsed_s: float
    paused: bool = False


class Meter:
    """Rates and the time left, from the snapshots of the last minutes."""

    def __init__(self, window_s: float = 120) -> None:
        self._window_s = window_s
        self._seen: deque[tuple[float, int, int]] = deque()

    def note(self, snapshot: Snapshot) -> None:
        """Remember a snapshot."""
        fresh = snapshot.settled - snapshot.skipped
        self._seen.append((snapshot.elapsed_s, fresh, snapshot.uploaded_bytes))
        while self._seen[0][0] < snapshot.elapsed_s - self._window_s:
            self._seen.popleft()

    def bytes_per_s(self) -> float:
        """The upload rate over the window."""
        return self._slope(2)

    def rows_per_s(self) -> float:
        """Rows settled a second over the window, leaving out those that were done before."""
        return self._slope(1)

    def eta_s(self, snapshot: Snapshot) -> float | None:
        """Seconds until every row is settled at the present rate; None while that is not known."""
        rate = self.rows_per_s()
        if snapshot.total is None or rate <= 0:
            return None
        return max(0, snapshot.total - snapshot.settled) / rate

    def _slope(self, column: int) -> float:
        if len(self._seen) < 2 or (seconds := self._seen[-1][0] - self._seen[0][0]) <= 0:
            return 0.0
        return float(self._seen[-1][column] - self._seen[0][column]) / seconds


async def show(
    take: Callable[[], Snapshot],
    count_stages: Callable[[], Mapping[State, int]],
    console: Console,
    *,
    plain_interval_s: float,
    live: bool,
) -> None:
    """Show progress until cancelled.

    Args:
        take: gives the present snapshot.
        count_stages: how many jobs of the whole ledger stand in each state; asked for the live display alone.
        console: where to; stderr, so that stdout keeps the summary alone.
        plain_interval_s: seconds between two plain lines.
        live: a display that redraws itself, instead of lines.
    """
    meter = Meter()
    if live:
        with Live(console=console, refresh_per_second=4, transient=True) as display:
            while True:
                began = time.monotonic()
                snapshot, stages = take(), count_stages()
                took_s = time.monotonic() - began
                meter.note(snapshot)
                display.update(_panel(snapshot, stages, meter))
                await anyio.sleep(max(0.5, 9 * took_s))  # counting a large ledger never takes over a tenth of the time
    started = time.monotonic()
    for tick in range(1, 1_000_000_000):
        await anyio.sleep(max(0.0, started + tick * plain_interval_s - time.monotonic()))
        snapshot = take()
        meter.note(snapshot)
        console.print(plain_line(snapshot, meter), soft_wrap=True, highlight=False, markup=False)


def plain_line(snapshot: Snapshot, meter: Meter) -> str:
    """One line such as `25 of 2,028 videos, 1 failed, 32 in flight, 1.2 GiB up at 35.0 MiB/s, $0.53, 1 h 04 min
    left`.
    """
    return f"{_videos(snapshot)}, {_effort(snapshot, meter)}"


def _videos(snapshot: Snapshot) -> str:
    videos = f"{snapshot.total:,} videos" if snapshot.total is not None else f"{snapshot.rows:,} videos found so far"
    return f"{snapshot.settled:,} of {videos}, {snapshot.failed:,} failed, {snapshot.in_flight:,} in flight"


def _effort(snapshot: Snapshot, meter: Meter) -> str:
    left = meter.eta_s(snapshot)
    time_left = "time left not known yet" if left is None else f"{duration(left)} left"
    if snapshot.paused:
        time_left = "paused by pipeline tune"
    sent = f"{size(snapshot.uploaded_bytes)} up at {size(meter.bytes_per_s())}/s"
    return f"{sent}, ${snapshot.spent_usd:,.2f}, {time_left}"


def _panel(snapshot: Snapshot, stages: Mapping[State, int], meter: Meter) -> RenderableType:
    """Three lines or four, none of which needs more than 80 columns."""
    table = Table.grid(padding=(0, 2))
    shown = [state for state in State if stages.get(state)]
    table.add_row(*(Text(state.value, style="dim") for state in shown))
    table.add_row(*(Text(f"{stages[state]:,}", style=_STYLES.get(state, "bold")) for state in shown))
    return Group(table, Text(_videos(snapshot)), Text(_effort(snapshot, meter)))


_STYLES = {State.FAILED: "bold red", State.WRITTEN: "bold green"}


def size(count: float) -> str:
    """Bytes in binary units: `1.2 GiB`."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def duration(seconds: float) -> str:
    """Seconds as people say them: `42 s`, `3 min 20 s`, `1 h 04 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
