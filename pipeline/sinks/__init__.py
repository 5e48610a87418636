"""Where results go: one file for each kind of sink, one line for each in `SINKS`."""

from collections.abc import Callable
from pathlib import Path

from pipeline.sinks.contract import Line, Sink, SinkAltered
from pipeline.sinks.jsonl import JsonlSink
from pipeline.sinks.lines import failure_line, result_line, usage_line

__all__ = ["SINKS", "JsonlSink", "Line", "Sink", "SinkAltered", "failure_line", "result_line", "usage_line"]

SINKS: dict[str, Callable[[Path], Sink]] = {
    "jsonl": JsonlSink,
}
