"""Multipart upload sessions and their chunks as they are remembered."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.server import clock
from pipeline.server.paging import Page
from pipeline.server.store.assets import AssetStore, NewAsset, new_id
from pipeline.server.store.database import Database, Where

UploadStatus = Literal["active", "completed", "failed", "expired"]


@dataclass(frozen=True, slots=True)
class Upload:
    """One session. A session whose time is over reads `expired` even before it is swept."""

    id: str
    asset_id: str
    status: UploadStatus
    total_size: int
    chunk_size: int
    total_chunks: int
    created_at: float
    updated_at: float
    expires_at: float

    def offset(self, index: int) -> int:
        """Where chunk `index`, counted from 1, begins in the file."""
        return (index - 1) * self.chunk_size

    def length(self, index: int) -> int:
        """How many bytes chunk `index` has; only the last may be shorter than the others."""
        return min(self.chunk_size, self.total_size - self.offset(index))


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk that was at least begun. `etag` is None while no whole transfer of it is stored."""

    index: int
    started: int
    stored: int
    etag: str | None
    reported_at: float | None
    updated_at: float


class UploadStore:
    """The sessions, their chunks, and the URLs that are spent."""

    def __init__(self, database: Database, assets: AssetStore) -> None:
        self._database = database
        self._assets = assets

    def add(self, asset: NewAsset, total_size: int, chunk_size: int, ttl_s: float) -> Upload:
        """Open a session and reserve its asset in one step."""
        upload_id, at = new_id(), clock.now()
        with self._database.transaction():
            self._assets.add(asset)
            self._database.run(
                "INSERT INTO uploads (id, asset_id, status, total_size, chunk_size, total_chunks, created_at,"
                " updated_at, expires_at) VALUES (?, ?, 'active', ?, ?, ?, ?, ?, ?)",
                upload_id,
                asset.id,
                total_size,
                chunk_size,
                -(-total_size // chunk_size),
                at,
                at,
                at + ttl_s,
            )
        added = self.get(upload_id)
        assert added is not None
        return added

    def get(self, upload_id: str) -> Upload | None:
        row = self._database.maybe("SELECT * FROM uploads WHERE id = ?", upload_id)
        return _upload(row) if row else None

    def page_incomplete(self, page: Page) -> tuple[list[Upload], int]:
        """Sessions that were not completed, newest first."""
        rows, total = self._database.page("uploads", Where().raw("status != 'completed'"), page)
        return [_upload(row) for row in rows], total

    def chunks(self, upload_id: str, first: int, last: int) -> dict[int, Chunk]:
        """Chunks `first` to `last` as far as they were begun, by index."""
        rows = self._database.all(
            "SELECT * FROM chunks WHERE upload_id = ? AND chunk BETWEEN ? AND ?", upload_id, first, last
        )
        return {row["chunk"]: _chunk(row) for row in rows}

    def reported(self, upload: Upload) -> tuple[int, int]:
        """How many chunks are reported, and how many bytes those are."""
        row = self._database.one(
            "SELECT count(*), max(chunk) FROM chunks WHERE upload_id = ? AND reported_at IS NOT NULL", upload.id
        )
        count, last = row[0], row[1]
        shortfall = upload.chunk_size - upload.length(upload.total_chunks) if last == upload.total_chunks else 0
        return count, count * upload.chunk_size - shortfall

    def spend(self, token: str, expires_at: float) -> bool:
        """Use up a URL; False if it was used before."""
        return self._database.run("INSERT OR IGNORE INTO spent_urls VALUES (?, ?)", token, expires_at) > 0

    def is_spent(self, token: str) -> bool:
        return self._database.maybe("SELECT 1 FROM spent_urls WHERE token = ?", token) is not None

    def chunk_started(self, upload_id: str, index: int) -> None:
        """A transfer begins to write; whatever was stored for the chunk no longer counts."""
        self._database.run(
            "INSERT INTO chunks (upload_id, chunk, started, stored, updated_at) VALUES (?, ?, 1, 0, ?)"
            " ON CONFLICT DO UPDATE SET started = started + 1, etag = NULL, updated_at = excluded.updated_at",
            upload_id,
            index,
            clock.now(),
        )

    def chunk_stored(self, upload_id: str, index: int, etag: str) -> None:
        """A transfer is whole."""
        self._database.run(
            "UPDATE chunks SET stored = stored + 1, etag = ?, updated_at = ? WHERE upload_id = ? AND chunk = ?",
            etag,
            clock.now(),
            upload_id,
            index,
        )

    def report(self, upload: Upload, indexes: Sequence[int]) -> None:
        """Make chunks final; with the last of them the session is complete and the asset's file whole."""
        at = clock.now()
        with self._database.transaction():
            for index in indexes:
                self._database.run(
                    "UPDATE chunks SET reported_at = ?, updated_at = ? WHERE upload_id = ? AND chunk = ?",
                    at,
                    at,
                    upload.id,
                    index,
                )
            is_complete = self.reported(upload)[0] == upload.total_chunks
            self._database.run(
                "UPDATE uploads SET updated_at = ?, status = ? WHERE id = ?",
                at,
                "completed" if is_complete else "active",
                upload.id,
            )
            if is_complete:
                self._assets.received(upload.asset_id, upload.total_size)

    def expire(self) -> list[str]:
        """End the sessions whose time is over, forget old URLs; returns the ids of the assets that fail with them."""
        at = clock.now()
        with self._database.transaction():
            rows = self._database.all("SELECT asset_id FROM uploads WHERE status = 'active' AND expires_at <= ?", at)
            self._database.run("UPDATE uploads SET status = 'expired' WHERE status = 'active' AND expires_at <= ?", at)
            for (asset_id,) in rows:
                self._assets.failed(asset_id, "The upload session expired before the file was complete.")
            self._database.run("DELETE FROM spent_urls WHERE expires_at <= ?", at)
        return [asset_id for (asset_id,) in rows]


def _upload(row: sqlite3.Row) -> Upload:
    is_over = row["status"] == "active" and row["expires_at"] <= clock.now()
    return Upload(
        id=row["id"],
        asset_id=row["asset_id"],
        status="expired" if is_over else row["status"],
        total_size=row["total_size"],
        chunk_size=row["chunk_size"],
        total_chunks=row["total_chunks"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        expires_at=row["expires_at"],
    )


def _chunk(row: sqlite3.Row) -> Chunk:
    return Chunk(row["chunk"], row["started"], row["stored"], row["etag"], row["reported_at"], row["updated_at"])
