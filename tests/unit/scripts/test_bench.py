"""scripts/bench as a person runs it, at a very small size."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "bench"
UPLOAD = ["--size-mib", "9", "--rival-mib", "9", "--chunk-mib", "4", "--rounds", "1"]
TASKS = ["--tasks", "6", "--rival-tasks", "3", "--workers", "4", "--rival-workers", "2", "--seconds", "0.1"]
LIMITS = ["--videos", "8", "--hours", "2", "--hour-seconds", "1", "--rival-at-once", "2", "--windows", "fixed"]
PLAN = ["--files", "12"]
FEED = ["--rows", "40", "--few-rows", "3", "--orders", "mixed"]


@pytest.mark.parametrize(
    ("benchmark", "sizes", "shown"),
    [
        ("upload", UPLOAD, ["this client", "AsyncTwelveLabs.upload_file", "of the link"]),
        ("tasks", TASKS, ["requests/task", "plain loop over AsyncTwelveLabs"]),
        ("limits", LIMITS, ["of the limit", "2 at once, Retry-After obeyed"]),
        ("plan", PLAN, ["pipeline plan, again", "one PyAV open after the other"]),
        ("feed", FEED, ["rows/s", "to its first upload"]),
    ],
)
def test_each_benchmark_prints_the_machine_and_its_tables(benchmark: str, sizes: list[str], shown: list[str]) -> None:
    """A benchmark measures for real, names the machine, and prints a table that holds us and the rival."""
    done = subprocess.run(
        [sys.executable, SCRIPT, benchmark, *sizes], capture_output=True, text=True, check=False, timeout=110
    )
    assert (done.returncode, done.stderr) == (0, "")
    for words in ("machine: ", "Python ", "| --", *shown):
        assert words in done.stdout


def test_what_is_no_benchmark_is_refused() -> None:
    """A name that is no benchmark's ends with the usage and exit code 2."""
    done = subprocess.run([sys.executable, SCRIPT, "speed"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "invalid choice: 'speed'" in done.stderr
