"""What is committed under the budgets, in a file of its own that several output folders may share.

Decisions are made within the transaction that records them, so that no two processes spend the same room; they are
durable when awaited, several at a time in one flush.
"""

import sqlite3
import time
from asyncio import Future
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from pipeline.budget import Cap, Commitment, Committed, Span, Spending, Standing, Unit, exceeded, room_at
from pipeline.errors import LedgerError
from pipeline.ledger.group_commit import GroupCommit

_SCHEMA = Path(__file__).with_name("budget.sql")
# Two processes may make the same file in the same moment.
_PATIENCE_S, _AGAIN_S = 10.0, 0.05
# Answers by which the next one is expected.
_RECENT = 20

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Purview:
    """Whose commitments a question is about.

    Attributes:
        scope: the platform and account.
        run: the run's id.
        day_s: how long a day is.
    """

    scope: str
    run: str
    day_s: float

    def committed(self, db: sqlite3.Connection, span: Span, *, reserved: bool = False) -> Spending:
        """What is committed in a span, or of that, what awaits its answer."""
        where, value = self._where(span)
        table = "commitments" if reserved or span == "day" else "totals"
        sql = f"SELECT total(usd), total(minutes), total(tokens) FROM {table} WHERE scope = ? AND {where}"
        row = db.execute(f"{sql} AND open" if reserved else sql, (self.scope, *value)).fetchone()
        return Spending(*(round(amount, 6) for amount in row))

    def standing(self, db: sqlite3.Connection, cap: Cap) -> Standing:
        """Where a cap stands."""
        committed, reserved = (self.committed(db, cap.span, reserved=reserved) for reserved in (False, True))
        return Standing(cap, committed.of(cap.unit), reserved.of(cap.unit))

    def of_day(self, db: sqlite3.Connection, unit: Unit) -> list[tuple[float, float]]:
        """When and how much was committed in the last day, oldest first."""
        where, value = self._where("day")
        sql = f"SELECT at, {unit} FROM commitments WHERE scope = ? AND {where} ORDER BY at"
        return [(row[0], row[1]) for row in db.execute(sql, (self.scope, *value))]

    def _where(self, span: Span) -> tuple[str, tuple[str | float, ...]]:
        if span == "life":
            return "TRUE", ()
        return ("run = ?", (self.run,)) if span == "run" else ("at > ?", (time.time() - self.day_s,))


class Commitments:
    """The commitments of one run of one output folder. Operations are queued at once, in the order of their calls."""

    def __init__(self, path: Path, caps: Sequence[Cap], purview: Purview, folder: str) -> None:
        """Open or create the file.

        Args:
            path: of the file.
            caps: that are never exceeded.
            purview: of the run.
            folder: by what name the output folder goes.

        Raises:
            LedgerError: it cannot be opened.
        """
        self._path = path
        self._caps = caps
        self._purview = purview
        self._folder = folder
        self._db = _opened(path)
        self._commits = GroupCommit(self._db, f"the file of the budget {path}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._commits.close()
        self._db.close()

    # --- while the run is on ---------------------------------------------------------------------------------------

    def reserve(self, wanted: Sequence[Commitment]) -> "Future[list[bool]]":
        """Reserve, in this order, whatever fits; tells for each whether it is reserved now. One job awaits one answer:
        what is reserved for it already stays as it is.
        """
        return self._commits.submit(lambda db: self._reserve(db, wanted))

    def settle(self, key: str, number: int, spending: Spending | None) -> "Future[None]":
        """The answer that a job awaits is there and took so much; None: as much as was expected."""
        return _heard(self._commits.submit(lambda db: self._settle(db, key, number, spending)))

    def release(self, key: str) -> "Future[None]":
        """The job awaits no answer any more, and is charged for none."""
        sql = "DELETE FROM commitments WHERE folder = ? AND key = ? AND open"
        return _heard(self._commits.submit(lambda db: _done(db.execute(sql, (self._folder, key)))))

    def shortage(self, wanted: Spending) -> "Future[tuple[Standing, float | None] | None]":
        """The most lasting cap that leaves no room, and when it has; None where there is room by now."""
        return self._commits.submit(lambda db: self._shortage(db, wanted))

    def standings(self) -> "Future[list[Standing]]":
        """Where every cap stands."""
        return self._commits.submit(lambda db: [self._purview.standing(db, cap) for cap in self._caps])

    def usual_tokens(self) -> "Future[float | None]":
        """What recent answers took on average; None where there is none."""
        sql = (
            "SELECT avg(tokens) FROM (SELECT tokens FROM commitments"
            " WHERE scope = ? AND folder = ? AND NOT open AND tokens > 0 ORDER BY id DESC LIMIT ?)"
        )
        values = (self._purview.scope, self._folder, _RECENT)
        return self._commits.submit(lambda db: db.execute(sql, values).fetchone()[0])

    # --- squaring with the ledger ----------------------------------------------------------------------------------

    def accounted(self) -> "Future[int]":
        """Up to which row of the ledger's answers this folder is accounted for."""
        sql = "SELECT total(answers) FROM folders WHERE scope = ? AND folder = ?"
        values = (self._purview.scope, self._folder)
        return self._commits.submit(lambda db: int(db.execute(sql, values).fetchone()[0]))

    def unsettled(self, answers: Sequence[tuple[str, int]]) -> "Future[list[tuple[str, int]]]":
        """Those answers, by job and attempt, that are not settled yet."""
        sql = "SELECT 1 FROM commitments WHERE folder = ? AND key = ? AND number = ? AND NOT open LIMIT 1"
        return self._commits.submit(
            lambda db: [one for one in answers if db.execute(sql, (self._folder, *one)).fetchone() is None]
        )

    def account(self, answered: Sequence[Commitment], row: int) -> "Future[None]":
        """Settle these answers, reserved or not, and remember that the folder is accounted for up to a row."""
        return self._commits.submit(lambda db: self._account(db, answered, row))

    def hold(self, awaited: Sequence[Commitment]) -> "Future[None]":
        """Reserve for what is under way already, whether it fits or not; what was settled before the ledger could say
        so stays settled.
        """
        sql = "SELECT 1 FROM commitments WHERE folder = ? AND key = ? AND number = ? LIMIT 1"

        def hold(db: sqlite3.Connection) -> None:
            for one in awaited:
                is_known = db.execute(sql, (self._folder, one.key, one.number)).fetchone() is not None
                if not (is_known or self._is_open(db, one.key)):
                    self._insert(db, one, run="", is_open=True)

        return self._commits.submit(hold)

    def open_keys(self) -> "Future[list[str]]":
        """Of this folder's jobs, those for which something is reserved."""
        sql = "SELECT key FROM commitments WHERE scope = ? AND folder = ? AND open"
        values = (self._purview.scope, self._folder)
        return self._commits.submit(lambda db: [row[0] for row in db.execute(sql, values)])

    # --- within transactions ---------------------------------------------------------------------------------------

    def _reserve(self, db: sqlite3.Connection, wanted: Sequence[Commitment]) -> list[bool]:
        committed: Committed = {cap.span: self._purview.committed(db, cap.span) for cap in self._caps}
        reserved = []
        for one in wanted:
            is_there = self._is_open(db, one.key)
            fits = is_there or not exceeded(self._caps, committed, one.spending)
            if fits and not is_there:
                self._insert(db, one, run=self._purview.run, is_open=True)
                committed = {span: before + one.spending for span, before in committed.items()}
            reserved.append(fits)
        return reserved

    def _settle(self, db: sqlite3.Connection, key: str, number: int, spending: Spending | None) -> None:
        if spending is None:
            sql = "UPDATE commitments SET open = 0, number = ? WHERE folder = ? AND key = ? AND open"
            db.execute(sql, (number, self._folder, key))
            return
        db.execute(
            "UPDATE commitments SET open = 0, number = ?, usd = ?, minutes = ?, tokens = ?"
            " WHERE folder = ? AND key = ? AND open",
            (number, spending.usd, spending.minutes, spending.tokens, self._folder, key),
        )

    def _account(self, db: sqlite3.Connection, answered: Sequence[Commitment], row: int) -> None:
        sql = "SELECT 1 FROM commitments WHERE folder = ? AND key = ? AND number = ? AND open"
        for one in answered:
            if db.execute(sql, (self._folder, one.key, one.number)).fetchone() is not None:
                self._settle(db, one.key, one.number, one.spending)
            else:
                self._insert(db, one, run="", is_open=False)
        db.execute(
            "INSERT OR REPLACE INTO folders (scope, folder, answers) VALUES (?, ?, ?)",
            (self._purview.scope, self._folder, row),
        )

    def _shortage(self, db: sqlite3.Connection, wanted: Spending) -> tuple[Standing, float | None] | None:
        committed: Committed = {cap.span: self._purview.committed(db, cap.span) for cap in self._caps}
        tight = exceeded(self._caps, committed, wanted)
        if not tight:
            return None
        cap = tight[-1]
        standing = self._purview.standing(db, cap)
        if cap.span != "day":
            return standing, None
        day = self._purview.of_day(db, cap.unit)
        return standing, room_at(cap, day, wanted.of(cap.unit), self._purview.day_s)

    def _is_open(self, db: sqlite3.Connection, key: str) -> bool:
        sql = "SELECT 1 FROM commitments WHERE folder = ? AND key = ? AND open"
        return db.execute(sql, (self._folder, key)).fetchone() is not None

    def _insert(self, db: sqlite3.Connection, one: Commitment, *, run: str, is_open: bool) -> None:
        whose = (self._purview.scope, self._folder, run, one.key, one.number)
        took = (one.spending.usd, one.spending.minutes, one.spending.tokens)
        db.execute(
            "INSERT INTO commitments (scope, folder, run, key, number, at, usd, minutes, tokens, open)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*whose, one.at, *took, is_open),
        )


def standings_of(path: Path, caps: Sequence[Cap], purview: Purview) -> list[Standing]:
    """Where caps stand by a file that runs may be at work on; nothing is committed where there is none.

    Raises:
        LedgerError: it cannot be read.
    """
    if not caps or not path.exists():
        return [Standing(cap, 0.0, 0.0) for cap in caps]
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=30)) as db:
            return [purview.standing(db, cap) for cap in caps]
    except sqlite3.Error as error:
        raise LedgerError(f"cannot read the file of the budget {path}: {error}; check budget.shared_file") from error


def _opened(path: Path) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        _in_wal_mode(db)
        db.execute("PRAGMA synchronous = FULL")  # facts about money survive a power cut, not only a kill
        db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA.read_text(encoding='utf-8')} COMMIT;")
    except sqlite3.Error as error:
        raise LedgerError(
            f"cannot open the file of the budget {path}: {error}; repair its permissions or free disk space, then run "
            "again"
        ) from error
    return db


def _in_wal_mode(db: sqlite3.Connection) -> None:
    """SQLite itself does not wait for another process that does the same at this moment."""
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(_AGAIN_S)  # rare and short: only while others open a new file, too
        else:
            return


def _done(_: sqlite3.Cursor) -> None:
    """What was changed is of no interest."""


def _heard(future: "Future[None]") -> "Future[None]":
    """Nobody has to wait for it: what the file misses it learns when it is squared with the ledger."""
    future.add_done_callback(_tell)
    return future


def _tell(future: "Future[None]") -> None:
    if not future.cancelled() and (error := future.exception()) is not None:
        log.warning("budget.unrecorded", reason=str(error))
