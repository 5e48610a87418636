"""What files said of themselves when they were looked at, so that a second look takes no time: a cache.

Nothing depends on it. Where it cannot be kept, everything is looked at again.
"""

import json
import os
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from pipeline.ledger.opening import for_reading
from pipeline.models import FileStamp, Header

log = structlog.get_logger()

NAME = "headers.db"
_SCHEMA = """
    CREATE TABLE IF NOT EXISTS seen (
        path BLOB PRIMARY KEY, size_bytes INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, header TEXT, print BLOB
    ) STRICT, WITHOUT ROWID;
"""
_KEEP = """
    INSERT INTO seen VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        header = iif((size_bytes, mtime_ns) = (excluded.size_bytes, excluded.mtime_ns),
            ifnull(excluded.header, header), excluded.header),
        print = iif((size_bytes, mtime_ns) = (excluded.size_bytes, excluded.mtime_ns),
            ifnull(excluded.print, print), excluded.print),
        size_bytes = excluded.size_bytes, mtime_ns = excluded.mtime_ns
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was seen.

    Attributes:
        stamp: of the file then.
        header: None where nobody has looked.
        print: of a part of its content; None likewise.
    """

    path: str
    stamp: FileStamp
    header: Header | None = None
    print: bytes | None = None


class SeenFiles:
    """The cache of one output folder. `with` lets go of it."""

    def __init__(self, folder: Path) -> None:
        """Open the cache, or one that is forgotten with the process where the folder cannot be written.

        Args:
            folder: of the ledger; made where it is missing.
        """
        self._db = _kept(folder) or _read_only(folder / NAME) or _open("")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def look(self, path: str, stamp: FileStamp) -> Seen | None:
        """What is known of a file that has not changed since."""
        try:
            row = self._db.execute(
                "SELECT header, print FROM seen WHERE path = ? AND size_bytes = ? AND mtime_ns = ?",
                (os.fsencode(path), stamp.size_bytes, stamp.mtime_ns),
            ).fetchone()
        except sqlite3.Error as error:
            log.debug("headers.unread", reason=str(error))
            return None
        return None if row is None else Seen(path, stamp, _header_of(row[0]), row[1])

    def keep(self, seen: Iterable[Seen]) -> None:
        """Remember files; what is known of their present state already stays."""
        rows = [
            (os.fsencode(one.path), one.stamp.size_bytes, one.stamp.mtime_ns, _text_of(one.header), one.print)
            for one in seen
        ]
        try:
            with self._db:
                self._db.executemany(_KEEP, rows)
        except sqlite3.Error as error:
            log.debug("headers.unkept", reason=str(error))


def _kept(folder: Path) -> sqlite3.Connection | None:
    path = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            return _open(str(path))
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:  # it is torn, and worth nothing
            path.unlink()
            return _open(str(path))
    except (OSError, sqlite3.Error) as error:
        log.info("headers.not_kept", reason=str(error))
        return None


def _read_only(path: Path) -> sqlite3.Connection | None:
    try:
        db = sqlite3.connect(for_reading(path), uri=True, check_same_thread=False)
        db.execute("SELECT 1 FROM seen LIMIT 1")
    except sqlite3.Error:
        return None
    return db


def _open(name: str) -> sqlite3.Connection:
    """A database, in a temporary file of its own where there is no name."""
    db = sqlite3.connect(name, timeout=10, check_same_thread=False)  # threads take turns with it
    try:
        db.execute("PRAGMA synchronous = OFF")
        with db:
            db.executescript(_SCHEMA)
            db.execute("DELETE FROM seen WHERE 0")  # a file that cannot be written says so here
    except sqlite3.Error:
        db.close()
        raise
    return db


def _text_of(header: Header | None) -> str | None:
    return None if header is None else json.dumps(asdict(header))


def _header_of(text: str | None) -> Header | None:
    return None if text is None else Header(**json.loads(text))
