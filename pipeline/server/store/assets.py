"""Assets as they are remembered."""

import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.server import clock
from pipeline.server.paging import Page
from pipeline.server.store.database import Database, Where

AssetStatus = Literal["processing", "ready", "failed"]


def new_id() -> str:
    """24 hex digits, as the platform's ids."""
    return secrets.token_hex(12)


@dataclass(frozen=True, slots=True)
class NewAsset:
    """What is known when an asset begins. `received` says whether its file is whole; `user_metadata` is JSON text."""

    id: str
    method: Literal["direct", "url", "multipart"]
    filename: str
    file_type: str
    kind: Literal["video", "audio", "image"]
    user_metadata: str | None = None
    url: str | None = None
    received: bool = False
    size: int | None = None
    enable_hls: bool = False
    enable_thumbnail: bool = False


@dataclass(frozen=True, slots=True)
class Asset:
    """One asset.

    `clock_start` is where the file's own clock begins, in seconds; `technical_metadata` and `user_metadata` are JSON
    text, `error` is the reason of a failed one.
    """

    id: str
    method: str
    status: AssetStatus
    filename: str
    file_type: str
    created_at: float
    user_metadata: str | None
    url: str | None
    received: bool
    enable_hls: bool
    enable_thumbnail: bool
    size: int | None
    duration: float | None
    clock_start: float | None
    technical_metadata: str | None
    error: str | None


class AssetStore:
    """The assets table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, asset: NewAsset) -> Asset:
        """Remember a new asset, `processing`."""
        self._database.run(
            "INSERT INTO assets (id, method, status, filename, filename_folded, file_type, kind, created_at,"
            " user_metadata, url, received, enable_hls, enable_thumbnail, size)"
            " VALUES (?, ?, 'processing', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            asset.id,
            asset.method,
            asset.filename,
            asset.filename.casefold(),
            asset.file_type,
            asset.kind,
            clock.now(),
            asset.user_metadata,
            asset.url,
            asset.received,
            asset.enable_hls,
            asset.enable_thumbnail,
            asset.size,
        )
        added = self.get(asset.id)
        assert added is not None
        return added

    def get(self, asset_id: str) -> Asset | None:
        row = self._database.maybe("SELECT * FROM assets WHERE id = ?", asset_id)
        return _asset(row) if row else None

    def page(
        self, page: Page, ids: Sequence[str], kinds: Sequence[str], filename: str | None
    ) -> tuple[list[Asset], int]:
        """Newest first; empty filters match everything. `filename` is a substring in any letter case."""
        where = Where().among("id", ids).among("kind", kinds)
        if filename:
            where.raw("instr(filename_folded, ?) > 0", filename.casefold())
        rows, total = self._database.page("assets", where, page)
        return [_asset(row) for row in rows], total

    def unfinished(self) -> list[Asset]:
        """Those whose file is to be fetched or validated; uploads under way are not among them."""
        rows = self._database.all(
            "SELECT * FROM assets WHERE status = 'processing' AND (received OR method = 'url') ORDER BY seq"
        )
        return [_asset(row) for row in rows]

    def received(self, asset_id: str, size: int) -> None:
        """The file is whole."""
        self._database.run("UPDATE assets SET received = 1, size = ? WHERE id = ?", size, asset_id)

    def ready(self, asset_id: str, duration: float | None, clock_start: float | None, technical_metadata: str) -> None:
        """The file is good; an image has no duration."""
        self._database.run(
            "UPDATE assets SET status = 'ready', duration = ?, clock_start = ?, technical_metadata = ? WHERE id = ?",
            duration,
            clock_start,
            technical_metadata,
            asset_id,
        )

    def failed(self, asset_id: str, reason: str) -> None:
        self._database.run("UPDATE assets SET status = 'failed', error = ? WHERE id = ?", reason, asset_id)

    def set_metadata(self, asset_id: str, user_metadata: str | None) -> None:
        """Replace the user's metadata; JSON text, None for none."""
        self._database.run("UPDATE assets SET user_metadata = ? WHERE id = ?", user_metadata, asset_id)

    def delete(self, asset_id: str) -> bool:
        """Forget an asset and the upload session it may still have; False if there is none."""
        with self._database.transaction():
            self._database.run(
                "UPDATE uploads SET status = 'failed' WHERE asset_id = ? AND status = 'active'", asset_id
            )
            return self._database.run("DELETE FROM assets WHERE id = ?", asset_id) > 0

    def ids(self) -> list[str]:
        """Of every asset that may have a file."""
        return [row[0] for row in self._database.all("SELECT id FROM assets WHERE status != 'failed'")]


def _asset(row: sqlite3.Row) -> Asset:
    return Asset(
        id=row["id"],
        method=row["method"],
        status=row["status"],
        filename=row["filename"],
        file_type=row["file_type"],
        created_at=row["created_at"],
        user_metadata=row["user_metadata"],
        url=row["url"],
        received=bool(row["received"]),
        enable_hls=bool(row["enable_hls"]),
        enable_thumbnail=bool(row["enable_thumbnail"]),
        size=row["size"],
        duration=row["duration"],
        clock_start=row["clock_start"],
        technical_metadata=row["technical_metadata"],
        error=row["error"],
    )
