"""What was drawn on the account's limits in the last day, over runs and, where they share the file, output folders."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.errors import LedgerError
from pipeline.models import Draw, Drawn

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS draws (
        id INTEGER PRIMARY KEY, scope TEXT NOT NULL, class TEXT NOT NULL, at REAL NOT NULL, requests REAL NOT NULL,
        minutes REAL NOT NULL, tokens REAL NOT NULL, key TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS draws_by_time ON draws (scope, class, at);
    CREATE INDEX IF NOT EXISTS draws_by_key ON draws (key) WHERE key <> '';
"""


class Draws:
    """One endpoint class of one account in the file. Its facts are worth no flush: a power cut may cost the last ones,
    and the platform has the last word.
    """

    def __init__(self, path: Path, scope: str, name: str, keep_s: float) -> None:
        """Open the file.

        Args:
            path: made where it is missing.
            scope: the platform and account.
            name: of the endpoint class.
            keep_s: draws older than this are forgotten.

        Raises:
            LedgerError: it cannot be opened.
        """
        self._path, self._scope, self._name, self._keep_s = path, scope, name, keep_s
        self._version = -1
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=10)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    @contextmanager
    def turn(self) -> Iterator[Sequence[Drawn] | None]:
        """Decide while nobody else does; gives everything that is remembered where others have drawn meanwhile.

        Raises:
            LedgerError: the file cannot be used.
        """
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        try:
            version = int(self._db.execute("PRAGMA data_version").fetchone()[0])
            yield self.remembered() if version != self._version else None
            self._version = version
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def add(self, drawn: Drawn) -> None:
        """Remember a draw, within a turn."""
        self._db.execute(
            "INSERT INTO draws (scope, class, at, requests, minutes, tokens, key) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self._scope, self._name, drawn.at, *astuple(drawn.draw), drawn.key),
        )

    def settle(self, key: str, tokens: float) -> None:
        """Let the last draw for a job have taken so many tokens."""
        try:
            self._db.execute(
                "UPDATE draws SET tokens = ? WHERE id = (SELECT max(id) FROM draws WHERE key = ?)", (tokens, key)
            )
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def remembered(self) -> list[Drawn]:
        """Every draw that is not too old, within a turn."""
        oldest = time.time() - self._keep_s
        self._db.execute(
            "DELETE FROM draws WHERE scope = ? AND class = ? AND at < ?", (self._scope, self._name, oldest)
        )
        rows = self._db.execute(
            "SELECT at, requests, minutes, tokens, key FROM draws WHERE scope = ? AND class = ? ORDER BY at",
            (self._scope, self._name),
        )
        return [Drawn(at, Draw(requests, minutes, tokens), key) for at, requests, minutes, tokens, key in rows]

    def _unusable(self, error: sqlite3.Error) -> LedgerError:
        return LedgerError(
            f"cannot use the file of the account's limits {self._path}: {error}; "
            "repair its permissions or free disk space, then run again"
        )
