"""Judging again what was answered already: from the ledger alone, without asking the platform anything."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import SinkError
from pipeline.ledger import Ledger
from pipeline.sinks import result_line
from pipeline.sinks.encoding import decoded
from pipeline.steps.write import Writer, read_answer

JUDGED = ("data", "segments", "valid", "validation_error")


@dataclass(frozen=True, slots=True)
class Revalidation:
    """How many result lines, of answers that were to have a form, are valid, invalid, and now say something else."""

    valid: int = 0
    invalid: int = 0
    changed: int = 0


async def revalidate(ledger: Ledger, writer: Writer, results: Path) -> Revalidation:
    """Parse and validate every written answer that a schema or segments were asked for; `results.jsonl` is made anew
    where that changes a line.

    Args:
        ledger: with the answers as they were received.
        writer: of the same folder, opened.
        results: the folder's `results.jsonl`.

    Raises:
        SinkError, LedgerError: the folder cannot be read or written.
    """
    valid = invalid = changed = 0
    for line in _lines(results):
        job = ledger.job(str(line.get("key")))
        if job is None or not job.recipe.has_form:
            continue
        result = read_answer(job, ledger.raw(job.key))
        valid += result.valid is True
        invalid += result.valid is False
        now = result_line(job, "", {}, result, "")
        changed += [line.get(name) for name in JUDGED] != [now[name] for name in JUDGED]
    if changed:
        await writer.rebuild("results")
    return Revalidation(valid, invalid, changed)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """One after the other: a whole archive's answers are more than memory is for."""
    try:
        with path.open("rb") as file:
            for line in file:
                yield decoded(line) or {}
    except OSError as error:
        raise SinkError(f"cannot read {path}: {error.strerror}; mend the file's permissions, then run again") from error
