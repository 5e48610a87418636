"""Where draws on an account are remembered."""

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from pipeline.models import Draw, Drawn


class Book(Protocol):
    """Where draws are remembered over runs, and shared between output folders.

    The law: within `turn` nobody else draws. It gives every draw that is remembered where others have drawn since the
    turn before, else None.
    """

    def turn(self) -> AbstractContextManager[Sequence[Drawn] | None]:
        """Begin to decide."""
        ...

    def add(self, drawn: Drawn) -> None:
        """Remember a draw, within a turn."""
        ...

    def left(self, keys: Collection[str], at: float) -> None:
        """Remember when the last draws for these keys really left, in epoch seconds."""
        ...

    def settle(self, key: str, tokens: float) -> None:
        """Remember what the answer of a job really took."""
        ...

    def forget(self, key: str) -> None:
        """The last draw for a key was none: its request never left."""
        ...

    def unbilled(self, key: str) -> None:
        """The last draw for a key takes nothing from the account's life."""
        ...

    def lifetime_minutes(self) -> float:
        """What was drawn for keys in all the time that is remembered, less what was not billed."""
        ...

    def remembered(self) -> Sequence[Drawn]:
        """Every draw of the last day, within a turn."""
        ...


class Memory:
    """A book that is forgotten with the process, and knows nothing of the life of an account.

    It is there for limits that are set while a run is on, so it keeps sums of a minute each, told as if all of it had
    been drawn last: a day of them needs no more room for a million draws.
    """

    def __init__(self, minute_s: float = 60, day_s: float = 86_400) -> None:
        self._minute_s, self._day_s = minute_s, day_s
        self._sums: deque[tuple[float, Drawn]] = deque()  # each with the moment at which its minute began

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Nobody else draws."""
        yield None

    def add(self, drawn: Drawn) -> None:
        """Add to the sum of this minute."""
        began, at, draw = drawn.at, drawn.at, drawn.draw
        if self._sums and at - self._sums[-1][0] < self._minute_s:
            began, sum_ = self._sums.pop()
            at = max(at, sum_.at)
            draw = Draw(
                sum_.draw.requests + draw.requests, sum_.draw.minutes + draw.minutes, sum_.draw.tokens + draw.tokens
            )
        self._sums.append((began, Drawn(at, draw)))
        while at - self._sums[0][1].at > self._day_s:
            self._sums.popleft()

    def left(self, keys: Collection[str], at: float) -> None:
        """A sum cannot be taken apart."""

    def settle(self, key: str, tokens: float) -> None:
        """The estimate stays, as a sum cannot be taken apart."""

    def forget(self, key: str) -> None:
        """It stays, as a sum cannot be taken apart."""

    def unbilled(self, key: str) -> None:
        """Lives are not counted here."""

    def lifetime_minutes(self) -> float:
        """Lives are not counted here."""
        return 0.0

    def remembered(self) -> list[Drawn]:
        """A sum for each minute in which anything was drawn."""
        return [drawn for _, drawn in self._sums]
