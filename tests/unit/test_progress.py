"""Lines, rates and the time left, from snapshots."""

import io

import anyio
import pytest
from rich.console import Console

from pipeline import progress
from pipeline.jobs import State
from pipeline.progress import Meter, Snapshot, duration, plain_line, size


def at(elapsed_s: float, settled: int = 0, uploaded_bytes: int = 0, **more) -> Snapshot:
    values = {
        "rows": 100,
        "total": 2028,
        "skipped": 0,
        "written": settled,
        "failed": 0,
        "in_flight": 32,
        "spent_usd": 0.531,
        **more,
    }
    return Snapshot(settled=settled, uploaded_bytes=uploaded_bytes, elapsed_s=elapsed_s, **values)


def metered(*snapshots: Snapshot, window_s: float = 120) -> Meter:
    meter = Meter(window_s)
    for snapshot in snapshots:
        meter.note(snapshot)
    return meter


def test_a_line_tells_videos_bytes_rate_spend_and_time_left() -> None:
    """A plain line has all that an operator asks for, in one fixed order."""
    snapshots = at(0), at(60, 25, 1_288_490_189, failed=1)
    assert plain_line(snapshots[1], metered(*snapshots)) == (
        "25 of 2,028 videos, 1 failed, 32 in flight, 1.2 GiB up at 20.5 MiB/s, $0.53, 1 h 20 min left"
    )


def test_an_unknown_total_is_said() -> None:
    """While the manifest is still being read, the line says how many were found so far, and promises no time."""
    line = plain_line(at(0, total=None), metered(at(0)))
    assert line.startswith("0 of 100 videos found so far")
    assert line.endswith("time left not known yet")


def test_rates_are_those_of_the_last_window() -> None:
    """What happened before the window counts no longer."""
    meter = metered(at(0), at(100, 50, 500), at(200, 50, 500), at(300, 60, 1500), window_s=100)
    assert (meter.rows_per_s(), meter.bytes_per_s()) == (0.1, 10)


def test_rows_done_before_make_no_rate() -> None:
    """Rows that an earlier run settled say nothing about how long the rest takes."""
    last = at(10, 1010, skipped=1000)
    meter = metered(at(0), last)
    assert meter.rows_per_s() == 1
    assert meter.eta_s(last) == 1018


@pytest.mark.parametrize("seen", [(), (at(0),), (at(5), at(5)), (at(0), at(9))])
def test_no_time_left_is_promised_without_a_rate(seen: tuple[Snapshot, ...]) -> None:
    """Without two moments apart, or without progress between them, the time left is not known."""
    assert metered(*seen).eta_s(at(10)) is None


def test_the_time_left_is_never_negative() -> None:
    """More rows settled than were counted is an end, not a negative time."""
    last = at(10, 3000)
    assert metered(at(0), last).eta_s(last) == 0


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1024**2, "1.0 MiB"), (5 * 1024**4, "5120.0 GiB")],
)
def test_sizes(count: float, text: str) -> None:
    """Bytes are told in binary units."""
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (200, "3 min 20 s"),
        (3600, "1 h 00 min"),
        (363_840, "101 h 04 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    """Seconds are told as people say them."""
    assert duration(seconds) == text


def shown(console: Console, *, live: bool) -> None:
    async def until_cancelled() -> None:
        with anyio.move_on_after(0.1):
            stages = {State.SUBMITTED: 31, State.FAILED: 1}
            await progress.show(lambda: at(1, 5), lambda: stages, console, plain_interval_s=0.02, live=live)

    anyio.run(until_cancelled)


def test_plain_lines_are_never_wrapped_or_styled() -> None:
    """A plain line stays one line however narrow the output claims to be, and holds no control characters."""
    out = io.StringIO()
    shown(Console(file=out, width=20, force_terminal=False), live=False)
    told = out.getvalue().splitlines()
    assert told
    assert all(line.startswith("5 of 2,028 videos, 0 failed, 32 in flight") for line in told)
    assert "\x1b" not in out.getvalue()


def test_the_display_has_the_stages_that_hold_jobs() -> None:
    """The live display names every stage in which jobs stand, and none besides."""
    out = io.StringIO()
    shown(Console(file=out, width=80, force_terminal=True), live=True)
    assert "submitted" in out.getvalue()
    assert "31" in out.getvalue()
    assert "analyzed" not in out.getvalue()
