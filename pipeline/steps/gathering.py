"""Jobs that wait until enough of them are there to share a batch."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.abc

from pipeline.config import BatchSettings
from pipeline.errors import PipelineError
from pipeline.jobs import Job
from pipeline.steps.landing import Landing
from pipeline.steps.packing import Packing, Parcel


@dataclass(eq=False, slots=True)
class Seat:
    """One job's place in a batch.

    Attributes:
        item: its question, as the batch will say it.
        refusals: how often it was refused alone.
        leaving: set when its batch is about to be sent; whoever has gone until then travels in none.
    """

    job: Job
    parcel: Parcel
    item: dict[str, Any]
    gone: bool = False
    refusals: int = 0
    leaving: anyio.Event = field(default_factory=anyio.Event)
    _arrived: anyio.Event = field(default_factory=anyio.Event)
    _outcome: Job | PipelineError | None = None

    def tell(self, outcome: Job | PipelineError) -> None:
        """What became of the job; the first word counts."""
        if self._outcome is None:
            self._outcome = outcome
            self.leaving.set()
            self._arrived.set()

    async def taken(self, landing: Landing) -> Job:
        """Wait for what becomes of the job; once it is leaving, that is not given up so easily."""
        try:
            await self.leaving.wait()
        finally:
            self.gone = not self.leaving.is_set()
        with landing.strip():
            await self._arrived.wait()
        if isinstance(self._outcome, PipelineError):
            raise self._outcome
        assert self._outcome is not None
        return self._outcome


class Slots:
    """How many batches may be active at once; those that are on their way count."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._on_their_way = 0
        self._active: set[str] = set()
        self._news = anyio.Event()

    async def acquire(self) -> None:
        """Wait for room for one more."""
        while len(self._active) + self._on_their_way >= self._most:
            await self._news.wait()
        self._on_their_way += 1

    def release(self, batch_id: str | None = None) -> None:
        """The one that was on its way is there, or will never be."""
        self._on_their_way -= 1
        if batch_id is not None:
            self.active(batch_id)
        self._tell()

    def active(self, batch_id: str) -> None:
        """This one is under way."""
        self._active.add(batch_id)

    def ended(self, batch_id: str) -> None:
        """This one is over."""
        self._active.discard(batch_id)
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = anyio.Event()


class Gathering:
    """Packs jobs as they come, and lets a batch leave when it is full, or when no further job has come for a while.

    While no batch may leave, what is gathered grows: a batch that has to wait takes along who comes meanwhile.
    """

    def __init__(
        self, settings: BatchSettings, slots: Slots, send: Callable[[list[Seat]], Coroutine[Any, Any, None]]
    ) -> None:
        """Open it.

        Args:
            settings: how much fits into a batch, and how long it is waited for more.
            slots: how many may be active.
            send: takes one slot over, and tells every seat what became of it.
        """
        self._settings = settings
        self._slots = slots
        self._send = send
        self._packing = Packing(max_items=settings.max_items, max_hours=settings.max_hours)
        self._seats: dict[str, Seat] = {}
        self._came = anyio.Event()

    def join(self, seat: Seat) -> None:
        """One more job."""
        self._seats[seat.parcel.custom_id] = seat
        self._packing.add(seat.parcel)
        self._came.set()

    async def run(self, group: anyio.abc.TaskGroup) -> None:
        """Send what gathers, until cancelled."""
        while True:
            if not self._seats:
                await self._came.wait()
            await self._until_full_or_quiet()
            await self._slots.acquire()
            seats = [self._seats.pop(parcel.custom_id) for parcel in self._packing.take()]
            if seats := [seat for seat in seats if not seat.gone]:
                for seat in seats:
                    seat.leaving.set()
                group.start_soon(self._send, seats)
            else:
                self._slots.release()

    async def _until_full_or_quiet(self) -> None:
        while not self._packing.closed:
            self._came = anyio.Event()
            with anyio.move_on_after(self._settings.gather_s):
                await self._came.wait()
                continue
            return


def tell_all(seats: list[Seat], error: PipelineError) -> None:
    """The same for everybody."""
    for seat in seats:
        seat.tell(error)
