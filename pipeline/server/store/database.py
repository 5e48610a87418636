"""One SQLite file, used from the event loop's own thread.

A transaction here takes tens of microseconds, less than a hop to another thread: with WAL and `synchronous=NORMAL` a
commit writes no more than the page cache, which survives a killed process. Only checkpoints flush, in a thread.
"""

import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pipeline.errors import ConfigError
from pipeline.server.paging import Page

# The schema is the sequence of its steps: a new database takes all, an older one those it lacks. Steps are only added.
STEPS = ("schema.sql", "002_requests.sql", "003_batches.sql")


class Database:
    """Statements and transactions; use as `with`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.row_factory = sqlite3.Row

    def __enter__(self) -> Self:
        """Create the schema, or bring it up to date.

        Raises:
            ConfigError: the file was written by a later version.
        """
        for setting in ("journal_mode=WAL", "synchronous=NORMAL", "wal_autocheckpoint=0"):
            self._connection.execute(f"PRAGMA {setting}")
        found = self.one("PRAGMA user_version")[0]
        if found > len(STEPS):
            raise ConfigError(
                f"{self._path} has schema {found}, this version reads up to {len(STEPS)}; use another data folder"
            )
        for number in range(found, len(STEPS)):
            self._step(number)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(sqlite3.Error):  # on a full disk the log stays, and is read by the next opening
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()

    def _step(self, number: int) -> None:
        script = resources.files(__package__).joinpath(STEPS[number]).read_text(encoding="utf-8")
        identity = f"INSERT INTO meta VALUES ('instance_id', '{uuid.uuid4()}'), ('secret', '{uuid.uuid4().hex}');"
        # one script, so that a kill leaves either nothing or everything of a step
        self._connection.executescript(
            f"BEGIN; {script} {identity if number == 0 else ''} PRAGMA user_version={number + 1}; COMMIT;"
        )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. No await may happen inside: the connection is shared by every request."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def run(self, statement: str, *values: Any) -> int:
        """Execute, and return how many rows changed."""
        return self._connection.execute(statement, values).rowcount

    def all(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        return self._connection.execute(statement, values).fetchall()

    def maybe(self, statement: str, *values: Any) -> sqlite3.Row | None:
        """The first row, if there is one."""
        row: sqlite3.Row | None = self._connection.execute(statement, values).fetchone()
        return row

    def one(self, statement: str, *values: Any) -> sqlite3.Row:
        """The first row of a query that always has one."""
        row = self.maybe(statement, *values)
        assert row is not None, statement
        return row

    def page(self, table: str, where: "Where", page: Page) -> tuple[list[sqlite3.Row], int]:
        """One page of the rows that match, newest first, and how many match in all."""
        condition, values = where.sql()
        total: int = self.one(f"SELECT count(*) FROM {table} WHERE {condition}", *values)[0]
        rows = self.all(
            f"SELECT * FROM {table} WHERE {condition} ORDER BY seq DESC LIMIT ? OFFSET ?",
            *values,
            page.limit,
            page.offset,
        )
        return rows, total

    def checkpoint(self) -> None:
        """Move the log into the database file; blocking, with a connection of its own, so that a thread can do it."""
        with suppress(sqlite3.Error), closing(sqlite3.connect(self._path)) as connection:  # there is another time
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


class Where:
    """Conditions that all have to hold."""

    def __init__(self) -> None:
        self._conditions = ["1"]
        self._values: list[Any] = []

    def equal(self, column: str, value: object | None) -> Self:
        """No condition where the value is None."""
        return self if value is None else self.raw(f"{column} = ?", value)

    def among(self, column: str, values: Sequence[object]) -> Self:
        """No condition where there are no values."""
        return self.raw(f"{column} IN ({', '.join('?' * len(values))})", *values) if values else self

    def raw(self, condition: str, *values: object) -> Self:
        self._conditions.append(condition)
        self._values.extend(values)
        return self

    def sql(self) -> tuple[str, list[Any]]:
        return " AND ".join(self._conditions), self._values
