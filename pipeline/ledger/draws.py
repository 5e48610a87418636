"""What was drawn on the account's limits in the last day, and in its life, over runs and, where they share the file,
output folders.
"""

import sqlite3
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pipeline.errors import LedgerError
from pipeline.ledger.opening import for_reading
from pipeline.models import Draw, Drawn

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS draws (
        id INTEGER PRIMARY KEY, scope TEXT NOT NULL, class TEXT NOT NULL, at REAL NOT NULL, requests REAL NOT NULL,
        minutes REAL NOT NULL, tokens REAL NOT NULL, key TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS draws_by_time ON draws (scope, class, at);
    CREATE INDEX IF NOT EXISTS draws_by_key ON draws (key) WHERE key <> '';
    CREATE TABLE IF NOT EXISTS lives (
        scope TEXT NOT NULL, class TEXT NOT NULL, minutes REAL NOT NULL, PRIMARY KEY (scope, class)
    ) STRICT, WITHOUT ROWID;
"""


_LAST = "(SELECT max(id) FROM draws WHERE scope = ? AND class = ? AND key = ?)"
# A batch lives for a day, so by then it is known of every draw whether it was billed.
_DAYS_KEPT = 3


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
            keep_s: draws older than this count no more, but for the account's life.

        Raises:
            LedgerError: it cannot be opened.
        """
        self._path, self._keep_s = path, keep_s
        self._of = (scope, name)
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
            (*self._of, drawn.at, *astuple(drawn.draw), drawn.key),
        )
        if drawn.key and drawn.draw.minutes:  # what has no key are others' draws, guessed from what the platform says
            self._db.execute(
                "INSERT INTO lives VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET minutes = minutes + excluded.minutes",
                (*self._of, drawn.draw.minutes),
            )

    def left(self, keys: Collection[str], at: float) -> None:
        """Let the last draws for these keys have left at a time."""
        self._change([(f"UPDATE draws SET at = ? WHERE id = {_LAST}", (at, *self._of, key)) for key in keys])

    def settle(self, key: str, tokens: float) -> None:
        """Let the last draw for a job have taken so many tokens, for good."""
        self._change([(f"UPDATE draws SET tokens = ?, key = '' WHERE id = {_LAST}", (tokens, *self._of, key))])

    def forget(self, key: str) -> None:
        """Let the last draw for a key be none."""
        self._change([self._given_back(key), (f"DELETE FROM draws WHERE id = {_LAST}", (*self._of, key))])

    def unbilled(self, key: str) -> None:
        """Let the last draw for a key take nothing from the account's life; for its day it stays."""
        nameless = f"UPDATE draws SET key = '' WHERE id = {_LAST}"  # so that it is given back once
        self._change([self._given_back(key), (nameless, (*self._of, key))])

    def lifetime_minutes(self) -> float:
        """What was drawn for keys since this file began, less what was not billed."""
        try:
            row = self._db.execute("SELECT minutes FROM lives WHERE scope = ? AND class = ?", self._of).fetchone()
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        return float(row[0]) if row else 0.0

    def _given_back(self, key: str) -> tuple[str, tuple[Any, ...]]:
        minutes = f"coalesce((SELECT minutes FROM draws WHERE id = {_LAST}), 0)"
        sql = f"UPDATE lives SET minutes = max(0, minutes - {minutes}) WHERE scope = ? AND class = ?"
        return sql, (*self._of, key, *self._of)

    def _change(self, statements: list[tuple[str, tuple[Any, ...]]]) -> None:
        """Carry out all of them, or none."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            for sql, values in statements:
                self._db.execute(sql, values)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def remembered(self) -> list[Drawn]:
        """Every draw that is not too old, within a turn."""
        oldest = time.time() - self._keep_s
        self._db.execute(
            "DELETE FROM draws WHERE scope = ? AND class = ? AND at < ?",
            (*self._of, oldest - (_DAYS_KEPT - 1) * self._keep_s),
        )
        return _since(self._db, *self._of, oldest)

    def _unusable(self, error: sqlite3.Error) -> LedgerError:
        return LedgerError(
            f"cannot use the file of the account's limits {self._path}: {error}; "
            "repair its permissions or free disk space, then run again"
        )


def drawn_since(path: Path, scope: str, name: str, oldest: float) -> list[Drawn]:
    """What stands in the file, without touching it; nothing where there is none.

    Args:
        path: of the file.
        scope: the platform and account.
        name: of the endpoint class.
        oldest: epoch seconds; what was drawn before is left out.

    Raises:
        LedgerError: it cannot be read.
    """
    if not path.exists():
        return []
    try:
        with closing(sqlite3.connect(for_reading(path), uri=True, timeout=10)) as db:
            return _since(db, scope, name, oldest)
    except sqlite3.Error as error:
        raise LedgerError(
            f"cannot read the file of the account's limits {path}: {error}; repair its permissions"
        ) from error


def _since(db: sqlite3.Connection, scope: str, name: str, oldest: float) -> list[Drawn]:
    rows = db.execute(
        "SELECT at, requests, minutes, tokens, key FROM draws WHERE scope = ? AND class = ? AND at >= ? ORDER BY at",
        (scope, name, oldest),
    )
    return [Drawn(at, Draw(requests, minutes, tokens), key) for at, requests, minutes, tokens, key in rows]
