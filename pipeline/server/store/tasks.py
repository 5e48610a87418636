"""Analysis tasks as they are remembered, and the idempotency keys they were created under."""

import sqlite3
from dataclasses import dataclass
from typing import Literal

from pipeline.server import clock
from pipeline.server.paging import Page
from pipeline.server.store.database import Database, Where

TaskStatus = Literal["queued", "pending", "processing", "ready", "failed", "canceled"]


@dataclass(frozen=True, slots=True)
class NewTask:
    """What a task asks.

    Attributes:
        id: new, see `new_id`.
        custom_id: the client's name for it.
        batch_id: the batch it belongs to.
        source: how the video comes; None where the question is about pictures alone.
        asset_id: the video, where `source` is `asset_id`.
        video_url: the video, where `source` is `url`.
        mode: the analysis mode, apart so that lists can be filtered.
        request: what is asked, as JSON text that `schemas.Ask` reads; media sent along are left out.
        duration: that of the video in seconds, where it is known already.
    """

    id: str
    custom_id: str | None
    batch_id: str | None
    source: Literal["asset_id", "url", "base64_string"] | None
    asset_id: str | None
    video_url: str | None
    mode: Literal["general", "time_based_metadata"]
    request: str
    duration: float | None


@dataclass(frozen=True, slots=True)
class Task(NewTask):
    """One task. `result` and `error` are JSON text."""

    status: TaskStatus
    created_at: float
    completed_at: float | None
    result: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Key:
    """An Idempotency-Key with a digest of the request it came with."""

    key: str
    digest: str
    ttl_s: float


@dataclass(frozen=True, slots=True)
class Earlier:
    """The task that a key stands for already, and whether it was made by an equal request."""

    task_id: str
    is_same_request: bool


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks a list shows; None is any."""

    status: str | None = None
    video_url: str | None = None
    asset_id: str | None = None
    analysis_mode: str | None = None


_UNENDED = "status IN ('queued', 'pending', 'processing')"


class TaskStore:
    """The tasks table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def earlier(self, key: Key) -> Earlier | None:
        """The task that a key made, if it is still remembered."""
        row = self._database.maybe(
            "SELECT task_id, digest FROM idempotency WHERE key = ? AND created_at > ?", key.key, clock.now() - key.ttl_s
        )
        return Earlier(row["task_id"], row["digest"] == key.digest) if row is not None else None

    def add(self, task: NewTask, key: Key | None) -> Earlier | None:
        """Remember a new task, `queued`; where the key was used before, remember nothing and return that."""
        at = clock.now()
        with self._database.transaction():
            if key is not None:
                if earlier := self.earlier(key):
                    return earlier
                self._database.run(
                    "INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?)", key.key, key.digest, task.id, at
                )
            self.insert(task, at)
        return None

    def insert(self, task: NewTask, at: float) -> None:
        """Remember a new task, `queued`, in the books too; for use inside a transaction."""
        self._database.run(
            "INSERT INTO tasks (id, custom_id, batch_id, status, source, asset_id, video_url, mode, request,"
            " created_at, duration) VALUES (?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?)",
            task.id,
            task.custom_id,
            task.batch_id,
            task.source,
            task.asset_id,
            task.video_url,
            task.mode,
            task.request,
            at,
            task.duration,
        )
        self._database.run("INSERT INTO created_tasks (task_id, custom_id) VALUES (?, ?)", task.id, task.custom_id)

    def get(self, task_id: str) -> Task | None:
        row = self._database.maybe("SELECT * FROM tasks WHERE id = ?", task_id)
        return _task(row) if row else None

    def page(self, page: Page, wanted: TaskFilter) -> tuple[list[Task], int]:
        """Newest first."""
        where = Where().equal("status", wanted.status).equal("video_url", wanted.video_url)
        where.equal("asset_id", wanted.asset_id).equal("mode", wanted.analysis_mode)
        rows, total = self._database.page("tasks", where, page)
        return [_task(row) for row in rows], total

    def unfinished(self) -> list[str]:
        """Ids of the tasks that have not ended, oldest first, all `queued` again."""
        with self._database.transaction():
            self._database.run("UPDATE tasks SET status = 'queued' WHERE status IN ('pending', 'processing')")
            rows = self._database.all("SELECT id FROM tasks WHERE status = 'queued' ORDER BY seq")
        return [row[0] for row in rows]

    def pending(self, task_id: str) -> bool:
        """False if the task was deleted or has ended meanwhile."""
        return self._database.run(f"UPDATE tasks SET status = 'pending' WHERE id = ? AND {_UNENDED}", task_id) > 0

    def processing(self, task_id: str, duration: float | None = None) -> bool:
        """False if the task was deleted or has ended meanwhile."""
        statement = (
            f"UPDATE tasks SET status = 'processing', duration = coalesce(?, duration) WHERE id = ? AND {_UNENDED}"
        )
        return self._database.run(statement, duration, task_id) > 0

    def end(
        self,
        task_id: str,
        status: Literal["ready", "failed", "canceled"],
        result: str | None = None,
        error: str | None = None,
    ) -> bool:
        """Let a task reach its last state, which it keeps: False if it was deleted or has ended meanwhile.

        `result` and `error` are JSON text.
        """
        statement = f"UPDATE tasks SET status = ?, completed_at = ?, result = ?, error = ? WHERE id = ? AND {_UNENDED}"
        return self._database.run(statement, status, clock.now(), result, error, task_id) > 0

    def delete(self, task_id: str) -> None:
        self._database.run("DELETE FROM tasks WHERE id = ?", task_id)


def _task(row: sqlite3.Row) -> Task:
    return Task(
        id=row["id"],
        custom_id=row["custom_id"],
        batch_id=row["batch_id"],
        source=row["source"],
        asset_id=row["asset_id"],
        video_url=row["video_url"],
        mode=row["mode"],
        request=row["request"],
        duration=row["duration"],
        status=row["status"],
        created_at=row["created_at"],
        completed_at=row["completed_at"],
        result=row["result"],
        error=row["error"],
    )
