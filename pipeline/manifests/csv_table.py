"""Comma-separated values with the names of the columns in the first line.

An empty cell is the same as none in the columns `images`, `id`, `prompt`, `start_time`, `end_time`, `recipe` and
`recipe.<setting>`, and in `source` where there is a column `images`. Cells of `images` and `recipe` are JSON. Every
further column is text and travels as it is; the column `metadata` is nothing special here.
"""

import csv
import difflib
import json
from collections.abc import Iterator, Sequence
from functools import partial
from io import TextIOWrapper
from typing import Any, BinaryIO

from pipeline.manifests.lines import LINE_BYTES
from pipeline.manifests.listed import Numbered
from pipeline.manifests.rows import OF_RECIPE, quoted

NUMBERS = frozenset({"start_time", "end_time"})
PARTICULAR = frozenset(
    ("images", "id", "prompt", "recipe", *NUMBERS, "metadata", "")
)  # columns whose cells are more than text that travels


def read_rows(file: BinaryIO) -> Iterator[Numbered]:
    """Every row that is not blank, with the number of its first line; what is wrong with the header, if anything.

    A cell holds at most 131,072 characters, the bound of Python's csv module.
    """
    with TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="") as text:
        lines = iter(partial(text.readline, LINE_BYTES), "")  # bounded: a file without line ends is not read as a whole
        yield from _rows(_records(lines))


def _records(lines: Iterator[str]) -> Iterator[tuple[int, list[str] | str]]:
    reader = csv.reader(lines, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield line, f"not CSV ({error}); double every quote inside quotes, and close the last one"
            continue
        if cells is None:
            return
        if cells:
            yield line, cells


def _rows(records: Iterator[tuple[int, list[str] | str]]) -> Iterator[Numbered]:
    line, header = next(records, (1, []))
    if isinstance(header, str):
        yield line, header
        return
    columns = [name.strip() for name in header]
    present = [name for name in columns if name in PARTICULAR or name.startswith(OF_RECIPE)]
    problems = list(_header_problems(columns))
    yield from ((line, problem) for problem in problems)
    for line, cells in records:
        if isinstance(cells, str):
            yield line, cells
        elif len(cells) != len(columns):
            yield line, f"{len(cells)} cells where the header has {len(columns)}; put cells that hold commas in quotes"
        elif not problems:
            yield line, _row(columns, cells, present)


def _header_problems(columns: list[str]) -> Iterator[str]:
    if "source" not in columns and "images" not in columns:
        yield f"there is no column `source`{_nearest(columns)}"
    for name in sorted({name for name in columns if name and columns.count(name) > 1}):
        yield f"the column {quoted(name)} stands there twice; rename one of them"


def _nearest(columns: list[str]) -> str:
    if len(columns) == 1 and (separator := next((mark for mark in ";\t|" if mark in columns[0]), None)):
        return f": the columns are separated by {quoted(separator)}; save the table with commas"
    spelled = {name.lower(): name for name in columns}
    close = difflib.get_close_matches("source", spelled, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {quoted(spelled[close[0]])}? rename it"
    return f" among {quoted(', '.join(columns))}; the first line names the columns, and `source` is that of the files"


def _row(columns: list[str], cells: list[str], present: Sequence[str]) -> dict[str, Any] | str:
    row: dict[str, Any] = dict(zip(columns, cells, strict=True))
    for name in present:
        cell = row[name]
        if name in NUMBERS:
            row[name] = _number(cell) if cell else None
        elif name == "recipe" or name.startswith(OF_RECIPE):
            row[name] = _setting(name, cell) if cell else None
        elif name == "images":
            row["source"] = row.get("source") or None
            row[name] = _json(cell) if cell else None
        elif name == "metadata":
            row[name] = {name: cell}
        elif name:
            row[name] = cell or None
        elif any(cell for column, cell in zip(columns, cells, strict=True) if not column):
            return "there is a value in a column without a name; name it in the first line"
    row.pop("", None)
    return row


def _json(cell: str) -> Any:
    """What the cell holds; the cell itself where that is no JSON, so that what is wrong can be told."""
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return cell


def _setting(name: str, cell: str) -> Any:
    """A cell that looks like an object, a list or a quoted text is read as JSON; any other is text as it is."""
    return _json(cell) if name == "recipe" or cell.lstrip()[:1] in {"{", "[", '"'} else cell


def _number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell
