"""Opening the database file: making a new one, bringing an older one up to date, refusing what is neither."""

import sqlite3
from pathlib import Path

from pipeline.errors import LedgerError

SCHEMA_VERSION = "2"
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
        if version is None:
            db.executescript(f"BEGIN IMMEDIATE;{_sql('schema')};INSERT INTO meta VALUES ('version', '2');COMMIT")
        elif version == "1":
            db.executescript(f"BEGIN IMMEDIATE;{_ASIDE};{_sql('schema')};{_sql('from_1')};COMMIT")
    except sqlite3.Error as error:
        raise LedgerError(
            f"cannot open the ledger {path}: {error}; check the folder, or choose another --out"
        ) from error
    if version not in {None, "1", SCHEMA_VERSION}:
        db.close()
        raise LedgerError(
            f"the ledger {path} has version {version}, this program writes {SCHEMA_VERSION}; choose another --out"
        )
    return db


_ASIDE = """
    ALTER TABLE jobs RENAME TO jobs_1; ALTER TABLE sources RENAME TO sources_1;
    DROP INDEX jobs_by_state; DROP INDEX sources_by_source; DROP INDEX sources_by_run
"""


def _sql(name: str) -> str:
    return (_HERE / f"{name}.sql").read_text(encoding="utf-8")


def _version(db: sqlite3.Connection) -> str | None:
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone() is None:
        return None
    row = db.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()
    return None if row is None else str(row["value"])
