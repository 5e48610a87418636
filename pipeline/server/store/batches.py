"""Batches as they are remembered. What their items do is in the tasks table, by `batch_id`."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.server import clock
from pipeline.server.paging import Page
from pipeline.server.store.database import Database, Where
from pipeline.server.store.tasks import NewTask, TaskStore

BatchStatus = Literal["pending", "processing", "canceling", "canceled", "completed", "expired"]
ResultsOrder = Literal["created", "ended", "shuffled"]

WAITING = "('queued', 'pending')"
UNFINISHED = "('queued', 'pending', 'processing')"
# named rather than excluded, so that the index finds them without looking at all that wait
BEGUN = "('processing', 'ready', 'failed', 'canceled')"
ORDERS: dict[ResultsOrder, str] = {
    "created": "seq",
    "ended": "completed_at IS NULL, completed_at, seq",
    # ids are random, and stay what they are
    "shuffled": "id",
}


@dataclass(frozen=True, slots=True)
class NewBatch:
    """What is known when a batch begins."""

    id: str
    analysis_mode: str
    model: str
    total_items: int


@dataclass(frozen=True, slots=True)
class Batch(NewBatch):
    """One batch, and how many of its items are in which status; a deleted task is in none."""

    status: BatchStatus
    created_at: float
    expires_at: float
    ended_at: float | None
    queued: int
    processing: int
    ready: int
    failed: int
    canceled: int


@dataclass(frozen=True, slots=True)
class Overdue:
    """Tasks that their batch no longer lets go on: `waiting` ones have not begun, `processing` ones have."""

    waiting: list[str]
    processing: list[str]


class BatchStore:
    """The batches table."""

    def __init__(self, database: Database, tasks: TaskStore) -> None:
        self._database = database
        self._tasks = tasks
        self._listeners: list[Callable[[Batch], None]] = []

    def listen(self, callback: Callable[[Batch], None]) -> None:
        """Have a batch that ends made known, within the transaction that ends it."""
        self._listeners.append(callback)

    def active(self) -> int:
        """How many batches have not ended."""
        count: int = self._database.one("SELECT count(*) FROM batches WHERE ended_at IS NULL")[0]
        return count

    def add(self, batch: NewBatch, items: Iterable[NewTask], ttl_s: float) -> Batch:
        """Remember a batch, `pending`, and its items, `queued`, in one step."""
        at = clock.now()
        with self._database.transaction():
            self._database.run(
                "INSERT INTO batches (id, status, analysis_mode, model, total_items, created_at, expires_at)"
                " VALUES (?, 'pending', ?, ?, ?, ?, ?)",
                batch.id,
                batch.analysis_mode,
                batch.model,
                batch.total_items,
                at,
                at + ttl_s,
            )
            for item in items:
                self._tasks.insert(item, at)
        return self._known(batch.id)

    def _known(self, batch_id: str) -> Batch:
        batch = self.get(batch_id)
        assert batch is not None
        return batch

    def get(self, batch_id: str) -> Batch | None:
        row = self._database.maybe("SELECT * FROM batches WHERE id = ?", batch_id)
        return self._counted([row])[0] if row else None

    def page(self, page: Page, statuses: Sequence[str], modes: Sequence[str]) -> tuple[list[Batch], int]:
        """Newest first; empty filters match everything."""
        where = Where().among("status", statuses).among("analysis_mode", modes)
        rows, total = self._database.page("batches", where, page)
        return self._counted(rows), total

    def _counted(self, rows: Sequence[sqlite3.Row]) -> list[Batch]:
        counts: dict[str, dict[str, int]] = {row["id"]: {} for row in rows}
        for found in self._database.all(
            f"SELECT batch_id, status, count(*) FROM tasks WHERE batch_id IN ({', '.join('?' * len(rows))})"
            " GROUP BY batch_id, status",
            *(row["id"] for row in rows),
        ):
            counts[found[0]][found[1]] = found[2]
        return [_batch(row, counts[row["id"]]) for row in rows]

    def results(self, batch_id: str, order: ResultsOrder) -> list[str]:
        """The ids of a batch's tasks."""
        rows = self._database.all(f"SELECT id FROM tasks WHERE batch_id = ? ORDER BY {ORDERS[order]}", batch_id)
        return [row[0] for row in rows]

    def cancel(self, batch_id: str) -> Batch:
        """Let an active batch end as canceled."""
        self._database.run(
            "UPDATE batches SET status = 'canceling', ends_as = 'canceled' WHERE id = ? AND ended_at IS NULL", batch_id
        )
        return self._known(batch_id)

    def expire(self) -> None:
        """Let the batches whose time is over end as expired; those that have nothing left to do are settled first."""
        self.settle()
        self._database.run(
            "UPDATE batches SET ends_as = 'expired' WHERE ended_at IS NULL AND expires_at <= ?", clock.now()
        )

    def canceled_items(self) -> list[str]:
        """Tasks that wait in vain, for their batch is canceled."""
        return self._items("canceled", WAITING)

    def overdue_items(self) -> Overdue:
        """Tasks that are unfinished although their batch has expired."""
        return Overdue(self._items("expired", WAITING), self._items("expired", "('processing')"))

    def _items(self, ends_as: str, statuses: str) -> list[str]:
        # a cross join goes from the few batches to their tasks, never the other way round
        rows = self._database.all(
            "SELECT tasks.id FROM batches CROSS JOIN tasks ON tasks.batch_id = batches.id"
            f" WHERE batches.ended_at IS NULL AND batches.ends_as = ? AND tasks.status IN {statuses}",
            ends_as,
        )
        return [row[0] for row in rows]

    def settle(self) -> None:
        """Bring the active batches to the status that follows from their items."""
        with self._database.transaction():
            self._database.run(
                "UPDATE batches SET status = 'processing' WHERE ended_at IS NULL AND status = 'pending' AND EXISTS"
                f" (SELECT 1 FROM tasks WHERE batch_id = batches.id AND status IN {BEGUN})"
            )
            for (batch_id,) in self._database.all(
                "SELECT id FROM batches WHERE ended_at IS NULL AND NOT EXISTS"
                f" (SELECT 1 FROM tasks WHERE batch_id = batches.id AND status IN {UNFINISHED})"
            ):
                self._end(batch_id)

    def _end(self, batch_id: str) -> None:
        self._database.run("UPDATE batches SET status = ends_as, ended_at = ? WHERE id = ?", clock.now(), batch_id)
        for callback in self._listeners:
            callback(self._known(batch_id))

    def delete(self, batch_id: str) -> None:
        """Forget a batch and its tasks."""
        with self._database.transaction():
            self._database.run("DELETE FROM tasks WHERE batch_id = ?", batch_id)
            self._database.run("DELETE FROM batches WHERE id = ?", batch_id)

    def delete_older(self, retention_s: float) -> None:
        """Forget the batches that ended and were created longer ago than this."""
        before = clock.now() - retention_s
        for (batch_id,) in self._database.all(
            "SELECT id FROM batches WHERE ended_at IS NOT NULL AND created_at <= ?", before
        ):
            self.delete(batch_id)


def _batch(row: sqlite3.Row, counts: dict[str, int]) -> Batch:
    return Batch(
        id=row["id"],
        analysis_mode=row["analysis_mode"],
        model=row["model"],
        total_items=row["total_items"],
        status=row["status"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        ended_at=row["ended_at"],
        queued=counts.get("queued", 0) + counts.get("pending", 0),
        processing=counts.get("processing", 0),
        ready=counts.get("ready", 0),
        failed=counts.get("failed", 0),
        canceled=counts.get("canceled", 0),
    )
