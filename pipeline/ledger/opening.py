"""Opening the database file: making a new one, bringing an older one up to date, refusing what is neither."""

import os
import sqlite3
from pathlib import Path

from pipeline.errors import LedgerError

SCHEMA_VERSION = "3"
_HERE = Path(__file__).parent


def open_for_writing(path: Path) -> sqlite3.Connection:
    """A connection whose commits survive a power cut, to a ledger of this version.

    Raises:
        LedgerError: the file cannot be opened, is no ledger, or belongs to a newer version.
    """
    try:
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")  # facts about money survive a power cut, not only a kill
        version = _version(db)
        if (scripts := _SCRIPTS.get(version)) is not None:
            told = f"INSERT OR REPLACE INTO meta VALUES ('version', '{SCHEMA_VERSION}')"
            db.executescript(";".join(["BEGIN IMMEDIATE", *map(_sql, scripts), told, "COMMIT"]))
    except sqlite3.Error as error:
        raise LedgerError(
            f"cannot open the ledger {path}: {error}; check the folder, or choose another --out"
        ) from error
    if version != SCHEMA_VERSION and version not in _SCRIPTS:
        db.close()
        raise LedgerError(
            f"the ledger {path} has version {version}, this program writes {SCHEMA_VERSION}; choose another --out"
        )
    return db


def for_reading(path: Path) -> str:
    """The address of a database that is only read. In a folder that cannot be written there is no room for what readers
    share, nor any writer who would need it, unless one has the file open already.
    """
    aside = path.with_name(f"{path.name}-wal")
    is_still = not os.access(path.parent, os.W_OK) and not aside.exists()
    return f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if is_still else ''}"


# What makes a ledger of the present version of one of these; None is a new one.
_SCRIPTS: dict[str | None, tuple[str, ...]] = {
    None: ("schema",),
    "1": ("from_1_aside", "schema", "from_1"),
    "2": ("from_2_aside", "schema", "from_2"),
}


def _sql(name: str) -> str:
    return (_HERE / f"{name}.sql").read_text(encoding="utf-8")


def _version(db: sqlite3.Connection) -> str | None:
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone() is None:
        return None
    row = db.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()
    return None if row is None else str(row["value"])
