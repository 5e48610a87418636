"""How much may be on its way at once, found by trying. Pure: what happened comes in, a move goes out if one is due."""

from dataclasses import dataclass

# After so many requests that were taken one after the other while others had to wait, more are let go at once. A
# creation takes about a tenth of a second, so one after the other are 600 a minute, more than any tier takes: there is
# no haste, and an account that is stricter than was thought refuses few.
ROUND_TAKEN = 20
# How much more a level has to carry to be kept; one more where there are eight promises 12 %. One round and the next of
# the same level differed by 0.4 % in the middle and by 2.5 % in one case of ten (8 connections held to 20 MiB/s each,
# two cores to themselves, 24 rounds), and with the cores shared by 8 % and 15 % (26 rounds). There a trial is as much
# luck as proof: a level that is kept for nothing is still within its bounds, and one that is given up is tried again.
WORTH = 0.04
# The share of a level that is added where growth is gentle, one at least: less could not be told from noise.
GENTLE = 8
# After a trial in vain so many rounds pass before the next one, twice as many each time.
REST_ROUNDS = 10
MAX_REST_ROUNDS = 640
# A round of uploads lasts so long at least, and until as many bodies have ended as leave at once.
ROUND_S = 2.0
# Between two chunks of one worker lies a moment in which its place is free.
FULL = 0.9


@dataclass(frozen=True, slots=True)
class Move:
    """From one level to another."""

    before: int
    after: int
    why: str


class Level:
    """How many at once, within bounds: doubled at first, a little more once it was too many, halved by trouble.

    Whoever leaves takes the ticket of the moment along, and trouble comes with it: those that were on their way when
    the level was cut say nothing new, so that a burst of trouble cuts once.

    Attributes:
        now: how many at once.
        ticket: of whoever leaves now.
    """

    def __init__(self, first: int, least: int, most: int) -> None:
        self.ticket = 0
        self.least, self.most = least, most
        self.now = self._within(first)
        self._is_gentle = False

    def grow(self, why: str) -> Move | None:
        """Let more go at once; None where that is the most already."""
        return self._go(self.now + max(1, self.now // GENTLE) if self._is_gentle else self.now * 2, why)

    def go_back(self, level: int, why: str) -> Move | None:
        """More was in vain: from now on grow gently."""
        self._is_gentle = True
        return self._go(level, why)

    def is_news(self, ticket: int) -> bool:
        """Whether one with this ticket left after the last cut."""
        return ticket == self.ticket

    def cut(self, ticket: int, why: str) -> Move | None:
        """Trouble for one that left with this ticket."""
        if not self.is_news(ticket):
            return None
        self.ticket += 1
        return self.go_back(self.now // 2, why)

    def bind(self, least: int, most: int, why: str) -> Move | None:
        """Other bounds."""
        self.least, self.most = least, most
        return self._go(self.now, why)

    def _go(self, wanted: int, why: str) -> Move | None:
        before, self.now = self.now, self._within(wanted)
        return Move(before, self.now, why) if self.now != before else None

    def _within(self, wanted: int) -> int:
        return max(self.least, min(self.most, wanted))


class Steps:
    """Grows by what was taken: a round of requests without a refusal, while more wanted to leave than were let."""

    def __init__(self, level: Level) -> None:
        self.level = level
        self._taken = 0

    def taken(self, *, is_wanted: bool) -> Move | None:
        """A request was taken.

        Args:
            is_wanted: whether another had to wait; else more at once would change nothing.
        """
        if not is_wanted:
            return None
        self._taken += 1
        round_taken = max(ROUND_TAKEN, self.level.now)
        if self._taken < round_taken:
            return None
        self._taken = 0
        return self.level.grow(f"{round_taken} in a row were taken, and more are waiting")

    def refused(self, ticket: int, why: str) -> Move | None:
        """One that left with this ticket was refused."""
        self._taken = 0
        return self.level.cut(ticket, why)


class Climb:
    """Grows as long as it pays: a level is kept only where it carries more bytes a second than the one before."""

    def __init__(self, level: Level) -> None:
        self.level = level
        self._before: tuple[int, float] | None = None  # the level before a trial, and what it carried
        self._is_settling = True  # what left before a move still counts in the round after it
        self._rest_rounds = 0
        self._next_rest = REST_ROUNDS

    def ended(self, bytes_per_s: float) -> Move | None:
        """A round is over in which all places were taken."""
        if self._is_settling:
            self._is_settling = False
            return None
        if self._before is not None and (back := self._judge(*self._before, bytes_per_s)) is not None:
            return back
        if self._rest_rounds:
            self._rest_rounds -= 1
            return None
        return self._try(bytes_per_s)

    def cut(self, ticket: int, why: str) -> Move | None:
        """Trouble for one that left with this ticket."""
        if self.level.is_news(ticket):
            self._begin_anew()
        return self.level.cut(ticket, why)

    def bind(self, least: int, most: int, why: str) -> Move | None:
        """Other bounds."""
        self._begin_anew()
        return self.level.bind(least, most, why)

    def _try(self, bytes_per_s: float) -> Move | None:
        before = self.level.now
        move = self.level.grow(f"{_speed(bytes_per_s)} with {before}; perhaps more carry more")
        if move is not None:
            self._before = (before, bytes_per_s)
            self._is_settling = True
        return move

    def _judge(self, before: int, carried: float, bytes_per_s: float) -> Move | None:
        self._before = None
        if bytes_per_s >= carried * (1 + WORTH):
            self._next_rest = REST_ROUNDS
            return None
        self._is_settling = True
        self._rest_rounds = self._next_rest
        self._next_rest = min(2 * self._next_rest, MAX_REST_ROUNDS)
        told = f"{_speed(bytes_per_s)} with {self.level.now}, {_speed(carried)} with {before}: no better"
        return self.level.go_back(before, told)

    def _begin_anew(self) -> None:
        self._before = None
        self._is_settling = True
        self._rest_rounds = 0
        self._next_rest = REST_ROUNDS


class Round:
    """What uploads carry in a stretch of time; it proves something only where all places were taken throughout."""

    def __init__(self) -> None:
        self._fullness = 0.0
        self.begin(0.0)

    def begin(self, now: float) -> None:
        """Count from here."""
        self._began = self._noted_at = now
        self._bytes = self._ended = 0
        self._full_s = 0.0

    def note(self, now: float, fullness: float) -> None:
        """From now on this share of the places is taken."""
        self._full_s += (now - self._noted_at) * self._fullness
        self._noted_at, self._fullness = now, min(1.0, fullness)

    def moved(self, count: int) -> None:
        """Bytes left."""
        self._bytes += count

    def ended_one(self, now: float, at_once: int) -> float | None:
        """One body is through; bytes a second where that ends a round which was full."""
        self._ended += 1
        if (seconds := now - self._began) < ROUND_S or self._ended < at_once:
            return None
        self.note(now, self._fullness)
        carried = self._bytes / seconds if self._full_s >= FULL * seconds else None
        self.begin(now)
        return carried


def _speed(bytes_per_s: float) -> str:
    return f"{bytes_per_s / 1024 / 1024:,.1f} MiB/s"
