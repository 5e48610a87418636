"""The ledger: the only SQL of the client half, and the truth about every job of an output folder.

Writes go through one thread in group commits and are durable when awaited (WAL, `synchronous=FULL`); reads are point
look-ups or streams on a second connection and see everything that was awaited before.
"""

import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.jobs import Job, State
from pipeline.ledger.group_commit import GroupCommit
from pipeline.ledger.opening import open_for_writing
from pipeline.ledger.records import (
    JOB_COLUMNS,
    JOBS,
    FailureGroup,
    HeldAsset,
    PaidAnswer,
    SourceRow,
    WrittenLine,
    job_of,
    job_values,
)
from pipeline.ledger.view import LedgerView
from pipeline.models import Identity, Recipe, Video, Whereabouts

__all__ = ["FailureGroup", "HeldAsset", "Ledger", "LedgerView", "PaidAnswer", "SourceRow", "WrittenLine"]

# What a job is asked for and which file it speaks for is `accept`'s to say.
_ACCEPTED = {"key", "content", "recipe", "source", "path", "size_bytes", "mtime_ns"}
_SAVED = ["updated_at", *(name for name in JOB_COLUMNS.split(", ") if name not in _ACCEPTED)]
_SAVE = f"UPDATE jobs SET {', '.join(f'{name} = :{name}' for name in _SAVED)} WHERE key = :key"


class Ledger(LedgerView):
    """One output folder's memory, for the one run that holds the folder. `async with` commits what is queued and
    closes it.
    """

    def __init__(self, path: Path, on_saved: Callable[[Job], None] | None = None) -> None:
        """Open or create the ledger.

        Args:
            path: the database file.
            on_saved: told of every job once its facts are on the disk.

        Raises:
            LedgerError: the file cannot be opened, is no ledger, or belongs to a newer version.
        """
        writing = open_for_writing(path)
        super().__init__(path)
        self._writing = writing
        self._commits = GroupCommit(writing, f"the ledger {path}")
        self._on_saved = on_saved or (lambda _: None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._commits.close()
        self.close()
        self._writing.close()

    async def accept(self, video: Video, recipe: Recipe, identity: Identity, run_id: str) -> Job:
        """Put a row into the ledger and return its job, which may be new, under way, or done.

        A finished job that gains a source goes back to `analyzed`, because one more line is to be written.
        """
        job = await self._commits.submit(lambda db: _accept(db, video, recipe, identity, run_id))
        self._on_saved(job)
        return job

    async def save(self, job: Job) -> None:
        """Record a job's facts. Queued at once: no cancellation between the answer and the record can lose it."""
        await self._commits.submit(lambda db: _save(db, job))
        self._on_saved(job)

    async def settle(self) -> None:
        """Wait until all that was recorded so far is on the disk, also by tasks that were cancelled meanwhile."""
        await self._commits.submit(lambda _: None)

    async def save_all(self, jobs: Sequence[Job]) -> None:
        """`save` several jobs in one transaction."""

        def save(db: sqlite3.Connection) -> None:
            for job in jobs:
                _save(db, job)

        await self._commits.submit(save)
        for job in jobs:
            self._on_saved(job)

    async def mark_written(
        self, jobs: Sequence[Job], lines: Sequence[WrittenLine], run_id: str, sinks: Mapping[str, int]
    ) -> None:
        """Record in one transaction that every sink holds these lines.

        Args:
            jobs: the jobs in their next state.
            lines: what was written of them.
            run_id: the run that wrote them.
            sinks: sink name -> bytes accounted for.
        """

        def mark(db: sqlite3.Connection) -> None:
            db.executemany(
                "UPDATE sources SET written = 1, pays = ?, cost_usd = ?, run_id = ? WHERE key = ? AND source = ?",
                [(line.pays, line.cost_usd, run_id, line.key, line.source) for line in lines],
            )
            _account(db, sinks)
            for job in jobs:
                _save(db, job)

        await self._commits.submit(mark)
        for job in jobs:
            self._on_saved(job)

    async def account(self, sinks: Mapping[str, int]) -> None:
        """Record how far sinks are accounted for, after one was rebuilt."""
        await self._commits.submit(lambda db: _account(db, sinks))

    async def folder_id(self) -> str:
        """By what name this output folder goes in files that it shares with others."""

        def named(db: sqlite3.Connection) -> str:
            db.execute("INSERT OR IGNORE INTO meta VALUES ('folder', ?)", (secrets.token_hex(8),))
            return str(db.execute("SELECT value FROM meta WHERE name = 'folder'").fetchone()["value"])

        return await self._commits.submit(named)

    async def hold_asset(self, scope: str, content: str, asset_id: str) -> None:
        """The platform holds this content, which is no video of a job, under this id."""
        sql = "INSERT OR REPLACE INTO assets (scope, content, asset_id) VALUES (?, ?, ?)"
        await self._commits.submit(lambda db: db.execute(sql, (scope, content, asset_id)).rowcount)

    async def forget_asset(self, scope: str, content: str, asset_id: str | None) -> None:
        """The platform no longer holds this asset, or refused it; None forgets an upload session that is over.

        What came in its place meanwhile stays.
        """
        sql = "DELETE FROM assets WHERE scope = ? AND content = ? AND asset_id IS ?"
        await self._commits.submit(lambda db: db.execute(sql, (scope, content, asset_id)).rowcount)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _accept(db: sqlite3.Connection, video: Video, recipe: Recipe, identity: Identity, run_id: str) -> Job:
    key = recipe.key(identity.content)
    fresh = Job(key, identity.content, recipe, video.source, video.path, identity.stamp)
    if video.path is not None and identity.stamp is not None:
        db.execute(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)",
            (os.fsencode(video.path), identity.stamp.size_bytes, identity.stamp.mtime_ns, identity.content),
        )
    _remember_pictures(db, recipe.whereabouts)
    db.execute("INSERT OR IGNORE INTO recipes VALUES (?, ?, ?)", (recipe.id, recipe.scope, recipe.canonical()))
    values = job_values(fresh) | {"recipe_id": recipe.id, "run_id": run_id, "updated_at": _now()}
    db.execute(
        f"INSERT OR IGNORE INTO jobs ({', '.join(values)}) VALUES ({', '.join(f':{n}' for n in values)})", values
    )
    asked_id = _asked_id(recipe)
    if identity.is_read:
        _retire_others(db, key, video.source, asked_id)
    else:  # whatever its earlier job still has under way or paid for is no worse for it
        db.execute(
            "UPDATE sources SET stale = 1 WHERE source = ? AND recipe_id = ? AND key <> ? AND written",
            (video.source, asked_id, key),
        )
    metadata = dict(video.metadata) if video.id is None else {"id": video.id, **video.metadata}
    db.execute(
        "INSERT INTO sources (key, source, path, recipe_id, metadata, run_id) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET stale = 0, run_id = iif(written, run_id, excluded.run_id)",
        (key, video.source, values["path"], asked_id, json.dumps(metadata), run_id),
    )
    job = job_of(db.execute(f"SELECT {JOB_COLUMNS} FROM {JOBS} WHERE key = ?", (key,)).fetchone())
    return job if job == fresh else _follow_source(db, job, fresh)


def _asked_id(recipe: Recipe) -> str:
    """What a source is asked, whatever it holds by now: images that are analysed are part of the recipe."""
    return recipe.id if recipe.images is None else replace(recipe, images=None).id


def _remember_pictures(db: sqlite3.Connection, found: Sequence[Whereabouts]) -> None:
    """Where the files of a recipe's images lie, and which content they had; nothing is written where that is known."""
    for one in found:
        path = os.fsencode(one.path)
        db.execute(
            "INSERT INTO pictures (content, path) VALUES (?, ?)"
            " ON CONFLICT DO UPDATE SET path = excluded.path WHERE path <> excluded.path",
            (one.content, path),
        )
        values = {"path": path, "size": one.stamp.size_bytes, "mtime": one.stamp.mtime_ns, "content": one.content}
        db.execute(
            "INSERT INTO files (path, size_bytes, mtime_ns, content) VALUES (:path, :size, :mtime, :content)"
            " ON CONFLICT DO UPDATE SET size_bytes = :size, mtime_ns = :mtime, content = :content"
            " WHERE (size_bytes, mtime_ns, content) <> (:size, :mtime, :content)",
            values,
        )


def _retire_others(db: sqlite3.Connection, key: str, source: str, recipe_id: str) -> None:
    """The source has other content by now: its earlier job no longer speaks for it, and a failure that nobody asks
    for goes.
    """
    others = (source, recipe_id)
    if not db.execute(
        "UPDATE sources SET stale = 1 WHERE source = ? AND recipe_id = ? AND key <> ?", (*others, key)
    ).rowcount:
        return
    retired = "SELECT key FROM sources WHERE source = ? AND recipe_id = ? AND stale = 1 AND written = 0"
    db.execute(
        f"DELETE FROM jobs WHERE state = 'failed' AND task_id IS NULL AND NOT intent AND key IN ({retired})"
        " AND NOT EXISTS (SELECT 1 FROM sources WHERE sources.key = jobs.key AND stale = 0)",
        others,
    )
    db.execute(f"DELETE FROM sources WHERE key IN ({retired}) AND key NOT IN (SELECT key FROM jobs)", others)


def _follow_source(db: sqlite3.Connection, job: Job, fresh: Job) -> Job:
    """Let the job use the file that was just seen with its content; reopen the writing of a job that gained a
    source.
    """
    job = replace(job, source=fresh.source, path=fresh.path, stamp=fresh.stamp)
    if job.state is State.WRITTEN and _unwritten(db, job.key):
        job = job.to(State.ANALYZED)
    db.execute(
        "UPDATE jobs SET source = :source, path = :path, size_bytes = :size_bytes, mtime_ns = :mtime_ns, state = :state"
        " WHERE key = :key",
        job_values(job),
    )
    return job


def _unwritten(db: sqlite3.Connection, key: str) -> bool:
    sql = "SELECT 1 FROM sources WHERE key = ? AND written = 0 AND stale = 0 LIMIT 1"
    return db.execute(sql, (key,)).fetchone() is not None


def _save(db: sqlite3.Connection, job: Job) -> None:
    db.execute(_SAVE, job_values(job) | {"updated_at": _now()})
    if job.state is State.ANALYZED and job.raw:
        db.execute(
            "INSERT OR REPLACE INTO answers (key, number, task_id, raw) VALUES (?, ?, ?, ?)",
            (job.key, job.attempt, job.task_id, job.raw),
        )
    elif job.intent:
        db.execute(
            "UPDATE assets SET duration_s = ? WHERE scope = ? AND content = ? AND asset_id = ?",
            (job.duration_s, job.recipe.scope, job.content, job.asset_id),
        )
    elif job.state in (State.OPENED, State.UPLOADED) and not job.reused_asset and (job.asset_id or job.upload):
        db.execute(
            "INSERT OR REPLACE INTO assets"
            " SELECT ?, content, upload, iif(state = 'uploaded', asset_id, NULL), duration_s FROM jobs WHERE key = ?",
            (job.recipe.scope, job.key),
        )


def _account(db: sqlite3.Connection, sinks: Mapping[str, int]) -> None:
    db.executemany("INSERT OR REPLACE INTO sinks VALUES (?, ?)", sinks.items())
