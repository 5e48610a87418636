"""The reading half of the ledger: point look-ups and streams, on a connection of their own."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.errors import LedgerError
from pipeline.jobs import Job, State
from pipeline.ledger.causes import without_ids
from pipeline.ledger.opening import SCHEMA_VERSION, for_reading
from pipeline.ledger.records import (
    JOB_COLUMNS,
    JOBS,
    FailureGroup,
    HeldAsset,
    PaidAnswer,
    SourceRow,
    job_of,
    source_of,
    upload_of,
)
from pipeline.models import FileStamp

# Every failed source with the reason, in which the file's name and ids would tell apart what is alike.
_FAILED = """
    SELECT error, code, sources.source AS name,
        without_ids(iif(substr(message, 1, length(jobs.source) + 2) = jobs.source || ': ',
            substr(message, length(jobs.source) + 3), replace(message, jobs.source, 'the file'))) AS reason
    FROM jobs JOIN sources USING (key) WHERE state = 'failed' AND written = 0 AND stale = 0
"""


class LedgerView:
    """What an output folder remembers, for reading; sees everything that was committed before the question."""

    def __init__(self, path: Path) -> None:
        """Open an existing ledger.

        Raises:
            LedgerError: there is none, or it cannot be read.
        """
        self._path = path
        try:
            self._reading = sqlite3.connect(
                for_reading(path),
                uri=True,
                isolation_level=None,
                timeout=30,
                check_same_thread=False,  # worker threads may take turns with a view, never share one
            )
            self._reading.row_factory = sqlite3.Row
            self._reading.create_function("without_ids", 1, without_ids, deterministic=True)
            version = self._reading.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()[0]
        except sqlite3.Error as error:
            raise LedgerError(f"cannot read the ledger {path}: {error}; check --out") from error
        if version != SCHEMA_VERSION:
            raise LedgerError(
                f"the ledger {path} has version {version}, this program reads {SCHEMA_VERSION}; "
                "`pipeline run` brings an older one up to date"
            )

    def close(self) -> None:
        """Let go of the file."""
        self._reading.close()

    # --- identities ------------------------------------------------------------------------------------------------

    def known_content(self, path: str, stamp: FileStamp) -> str | None:
        """The content identity of a file that was hashed before and has not changed since."""
        row = self._one(
            "SELECT content FROM files WHERE path = ? AND size_bytes = ? AND mtime_ns = ?",
            (os.fsencode(path), stamp.size_bytes, stamp.mtime_ns),
        )
        return row["content"] if row else None

    # --- jobs ------------------------------------------------------------------------------------------------------

    def find(self, key: str, source: str) -> tuple[State, bool] | None:
        """The state of a job and whether this source's line is written; None where the pair is unknown."""
        row = self._one(
            "SELECT jobs.state, sources.written FROM jobs JOIN sources USING (key)"
            " WHERE key = ? AND sources.source = ? AND sources.stale = 0",
            (key, source),
        )
        return (State(row["state"]), bool(row["written"])) if row else None

    def sink_bytes(self, name: str) -> int:
        """How far a sink is accounted for."""
        row = self._one("SELECT bytes FROM sinks WHERE name = ?", (name,))
        return int(row["bytes"]) if row else 0

    def job(self, key: str) -> Job | None:
        """One job without its raw answer."""
        row = self._one(f"SELECT {JOB_COLUMNS} FROM {JOBS} WHERE key = ?", (key,))
        return job_of(row) if row else None

    def raw(self, key: str) -> str:
        """The platform's last answer to a job, unparsed; empty where there is none."""
        row = self._one("SELECT raw FROM answers WHERE key = ? ORDER BY number DESC LIMIT 1", (key,))
        return str(row["raw"]) if row else ""

    def raws(self, key: str) -> list[str]:
        """Every answer to a job that was paid for, unparsed; the last one last."""
        return [row["raw"] for row in self._all("SELECT raw FROM answers WHERE key = ? ORDER BY number", (key,))]

    def answer(self, key: str, number: int) -> str:
        """The answer to one attempt of a job, unparsed."""
        row = self._one("SELECT raw FROM answers WHERE key = ? AND number = ?", (key, number))
        return str(row["raw"]) if row else ""

    def paid_answers(self, scope: str, after: int, limit: int = 1000) -> list[PaidAnswer]:
        """Answers of a platform scope that stand behind a row, in their order."""
        rows = self._all(
            "SELECT answers.rowid AS row, answers.key AS key, number, updated_at FROM answers JOIN jobs USING (key)"
            " JOIN recipes ON recipes.id = jobs.recipe_id WHERE answers.rowid > ? AND scope = ?"
            " ORDER BY answers.rowid LIMIT ?",
            (after, scope, limit),
        )
        return [
            PaidAnswer(row["row"], row["key"], row["number"], datetime.fromisoformat(row["updated_at"])) for row in rows
        ]

    def answered(self, key: str) -> frozenset[str]:
        """The tasks that those answers came from."""
        rows = self._all("SELECT task_id FROM answers WHERE key = ? AND task_id IS NOT NULL", (key,))
        return frozenset(row["task_id"] for row in rows)

    def sources(self, key: str, *, written: bool) -> list[SourceRow]:
        """The rows of a job whose lines are written, or still to be written."""
        rows = self._all(
            "SELECT source, path, metadata, pays, run_id FROM sources"
            " WHERE key = ? AND written = ? AND (written OR NOT stale) ORDER BY source",
            (key, written),
        )
        return [source_of(row) for row in rows]

    def job_of_source(self, source: str, recipe_id: str) -> Job | None:
        """The job that a source has for a recipe, by the content it was last read with."""
        row = self._one(
            "SELECT key FROM sources JOIN jobs USING (key) WHERE sources.source = ? AND sources.recipe_id = ?"
            " AND NOT stale AND content NOT LIKE 'unread:%' LIMIT 1",
            (source, recipe_id),
        )
        return self.job(row["key"]) if row else None

    def jobs(self, *states: State, scope: str | None = None) -> Iterator[Job]:
        """Stream the jobs in the given states, a thousand rows at a time, while others are saved."""
        return map(job_of, self._job_rows(states, scope))

    def _job_rows(self, states: Sequence[State], scope: str | None = None) -> Iterator[sqlite3.Row]:
        for state in states:
            after = 0
            while rows := self._all(
                f"SELECT {JOB_COLUMNS}, updated_at, jobs.rowid AS row FROM {JOBS} WHERE state = ? AND jobs.rowid > ?"
                " AND (? IS NULL OR scope = ?) ORDER BY jobs.rowid LIMIT 1000",
                (state.value, after, scope, scope),
            ):
                yield from rows
                after = rows[-1]["row"]

    # --- assets ----------------------------------------------------------------------------------------------------

    def held_asset(self, scope: str, content: str) -> HeldAsset | None:
        """What the platform is known to hold of a content."""
        row = self._one(
            "SELECT upload, asset_id, duration_s FROM assets WHERE scope = ? AND content = ?", (scope, content)
        )
        return HeldAsset(upload_of(row["upload"]), row["asset_id"], row["duration_s"]) if row else None

    def picture(self, content: str) -> str | None:
        """Where a file of this content was seen last, as the operating system spells it."""
        row = self._one("SELECT path FROM pictures WHERE content = ?", (content,))
        return os.fsdecode(row["path"]) if row else None

    def waits(self, limit: int = 500) -> list[tuple[float, float]]:
        """(video seconds, seconds from submission to answer) of recent answers to tasks, newest first."""
        rows = self._all(
            "SELECT duration_s, wait_s FROM jobs WHERE state = 'written' AND wait_s > 0 AND duration_s > 0"
            " AND delivery = 'task'"
            " ORDER BY updated_at DESC LIMIT ?",
            (limit,),
        )
        return [(row["duration_s"], row["wait_s"]) for row in rows]

    def recipes_with_answers(self, at_least: int) -> frozenset[str]:
        """The ids of recipes that were answered so often."""
        rows = self._all(
            "SELECT recipe_id FROM jobs JOIN answers USING (key) GROUP BY recipe_id HAVING count(*) >= ?", (at_least,)
        )
        return frozenset(row["recipe_id"] for row in rows)

    def answers_to(self, recipe_id: str, limit: int) -> Iterator[str]:
        """Answers to a recipe, unparsed, newest first."""
        sql = (
            "SELECT raw FROM jobs JOIN answers USING (key) WHERE recipe_id = ?"
            " ORDER BY jobs.rowid DESC, number DESC LIMIT ?"
        )
        return (str(row["raw"]) for row in self._all(sql, (recipe_id, limit)))

    # --- the whole -------------------------------------------------------------------------------------------------

    def scopes(self) -> list[str]:
        """Every platform scope that something of this folder was asked in."""
        return [row["scope"] for row in self._all("SELECT DISTINCT scope FROM recipes ORDER BY scope", ())]

    def counts(self) -> dict[State, int]:
        """How many jobs stand in each state."""
        return {State(row[0]): row[1] for row in self._all("SELECT state, count(*) FROM jobs GROUP BY state", ())}

    def spent_usd(self, run_id: str | None = None) -> float:
        """What the written lines cost, of one run or of the folder's life."""
        row = self._one("SELECT total(cost_usd) AS usd FROM sources WHERE ? IS NULL OR run_id = ?", (run_id, run_id))
        return float(row["usd"]) if row else 0.0

    def failures(self) -> Iterator[tuple[Job, SourceRow, datetime]]:
        """Stream every failed job with each of its sources that still has that content, and when it failed."""
        for row in self._job_rows([State.FAILED]):
            job = job_of(row)
            for source in self.sources(job.key, written=False):
                yield job, source, datetime.fromisoformat(row["updated_at"])

    def failure_groups(self, sample: int = 5, most: int = 30) -> list[FailureGroup]:
        """Failed sources grouped by cause, the largest group first, with a few of their names.

        A cause is the reason itself, told without the file's name and ids; where there are more than `most` of them,
        its code.
        """
        groups = self._failure_groups("error, code, reason", sample, most + 1)
        return groups if len(groups) <= most else self._failure_groups("error, code", sample, most)

    def _failure_groups(self, cause: str, sample: int, most: int) -> list[FailureGroup]:
        groups = self._all(
            f"SELECT error, code, min(reason) AS message, count(*) AS n FROM ({_FAILED}) GROUP BY {cause}"
            " ORDER BY n DESC, error, code, message LIMIT ?",
            (most,),
        )
        alike = " AND ".join(f"{column} = ?" for column in cause.split(", "))
        found = []
        for row in groups:
            values = (row["error"], row["code"], row["message"])[: alike.count("?")]
            names = self._all(f"SELECT name FROM ({_FAILED}) WHERE {alike} ORDER BY name LIMIT ?", (*values, sample))
            sources = tuple(name["name"] for name in names)
            found.append(FailureGroup(row["error"], row["code"], row["message"], row["n"], sources))
        return found

    def _one(self, sql: str, values: tuple[Any, ...]) -> sqlite3.Row | None:
        rows = self._all(sql, values)
        return rows[0] if rows else None

    def _all(self, sql: str, values: tuple[Any, ...]) -> list[sqlite3.Row]:
        try:
            return self._reading.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise LedgerError(
                f"cannot read the ledger {self._path}: {error}; what was saved is intact, run again"
            ) from error
