"""What a benchmark prints: the machine, and tables."""

import os
import platform
import sqlite3
import statistics
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path

MIB = 1024 * 1024
GIB = 1024 * MIB
PACKAGES = ("aiohttp", "anyio", "pydantic", "twelvelabs", "httpx")


def machine() -> str:
    """The facts that every number depends on."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = models[0].partition(":")[2].strip() if models else platform.machine()
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return "\n".join(
        [
            f"machine: {os.cpu_count()} x {model}, {platform.system()} {platform.release()}, load before {load}",
            f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {versions}",
        ]
    )


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A titled Markdown table, aligned for the terminal: the first column to the left, numbers to the right."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    rule = ["-" * width if column == 0 else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    body = [
        "| " + " | ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) + " |"
        for line in (head, rule, *lines[1:])
    ]
    return "\n".join([f"### {title}", "", *body, ""])


def middle(values: Iterable[float]) -> float:
    """The median."""
    return statistics.median(values)
