"""How a batch leaves: its intents first, then once; what the platform will not take is taken out, the rest is sent."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import anyio
import structlog

from pipeline.client import Platform
from pipeline.client.batches import draw_of
from pipeline.config import BatchSettings
from pipeline.errors import (
    AssetGone,
    BatchesActive,
    BatchTooLarge,
    PipelineError,
    RetriesExhausted,
    SourceRejected,
    UnexpectedResponse,
    VideoError,
)
from pipeline.jobs import Job, State
from pipeline.ledger import Ledger
from pipeline.models import Batch, Draw
from pipeline.steps.gathering import Seat, Slots, tell_all
from pipeline.steps.landing import Landing
from pipeline.steps.media import about

log = structlog.get_logger()

# Where a refusal says which item it is about. A hint only: that item is asked about alone before it is believed.
NUMBERED = re.compile(r"\brequests[.\[](\d+)")

# How often one item is sent whose asset is ready by our looks and not by the platform's.
MAX_REFUSALS = 3


@dataclass(frozen=True, slots=True)
class Sender:
    """Creates batches and tells every seat what became of it."""

    platform: Platform
    ledger: Ledger
    settings: BatchSettings
    landing: Landing
    slots: Slots

    async def send(self, seats: list[Seat]) -> None:
        """Create a batch of these, or several; takes over the slot of the first."""
        waiting = [seats]
        try:
            while waiting:
                portion = waiting.pop(0)
                waiting[:0] = await self._send_one(portion)
                if waiting:
                    await self.slots.acquire()
        except PipelineError as error:  # it ends the run, or pauses it
            tell_all(seats, error)

    async def _send_one(self, seats: list[Seat]) -> list[list[Seat]]:
        """Create one batch; what is left to be sent instead where that cannot be."""
        batch: Batch | None = None
        rest: list[list[Seat]] = []
        try:
            batch, rest = await self._try(seats)
        finally:
            self.slots.release(batch.id if batch else None)
        return rest

    async def _try(self, seats: list[Seat]) -> tuple[Batch | None, list[list[Seat]]]:
        try:
            return await self._create(seats), []
        except BatchTooLarge as error:
            log.warning("batch.split", items=len(seats), reason=error.message)
            return None, _halves(seats)
        except (RetriesExhausted, UnexpectedResponse) as error:  # the intents stay: it may have been created
            for seat in seats:
                seat.tell(seat.job.failed(_for(seat, error)))
        except VideoError as error:
            return None, await self._without_the_bad(seats, error)
        return None, []

    async def _create(self, seats: list[Seat]) -> Batch:
        async with self.platform.analyses.drawn(Draw(), draw_of(seats[0].parcel.custom_id)):
            return await self._create_once(seats)

    async def _create_once(self, seats: list[Seat]) -> Batch:
        parcel = seats[0].parcel
        items = [seat.item for seat in seats]
        with self.landing.strip():
            await self._save_intents(seats)
            while True:
                try:
                    batch = await self.platform.batches.create(parcel.model, parcel.mode, items, self.settings)
                    break
                except BatchesActive as error:
                    log.info("batch.waiting", reason=error.message)
                    await self._until_others_end()
            await self._submitted(seats, batch)
        return batch

    async def _save_intents(self, seats: list[Seat]) -> None:
        now = datetime.now(UTC)
        for seat in seats:
            attempt = seat.job.attempt if seat.job.intent else seat.job.attempt + 1
            seat.job = replace(seat.job, attempt=attempt, intent=True, batch_id=None, submitted_at=now)
        await self.ledger.save_all([seat.job for seat in seats])

    async def _submitted(self, seats: list[Seat], batch: Batch) -> None:
        jobs = [submitted(seat.job, batch.id, batch.task_ids.get(seat.job.key)) for seat in seats]
        await self.ledger.save_all(jobs)
        log.info("batch.submitted", batch_id=batch.id, items=len(seats))
        for seat, job in zip(seats, jobs, strict=True):
            seat.tell(job)

    async def _until_others_end(self) -> None:
        while True:
            await anyio.sleep(self.settings.poll_min_s)
            if await self.platform.batches.active() < self.settings.max_active:
                return

    async def _without_the_bad(self, seats: list[Seat], error: VideoError) -> list[list[Seat]]:
        """Take out whom a refusal is about; the rest is to be sent."""
        log.warning("batch.refused", items=len(seats), code=error.code, reason=error.message)
        if error.status in {404, 409} and len(good := await self._with_assets(seats)) < len(seats):
            return [good] if good else []
        if len(seats) == 1:
            return self._once_more(seats[0], error)
        if (number := _number(error)) is not None and number < len(seats):
            return [[seats[number]], seats[:number] + seats[number + 1 :]]
        return _halves(seats)

    def _once_more(self, seat: Seat, error: VideoError) -> list[list[Seat]]:
        """The one that is refused alone is the bad one, unless its asset has become ready in between."""
        seat.refusals += 1
        if error.status == 409 and seat.refusals < MAX_REFUSALS:
            return [[seat]]
        seat.tell(_refused(seat, error))
        return []

    async def _with_assets(self, seats: Sequence[Seat]) -> list[Seat]:
        """Those whose asset is there and ready; the others are told why they are not."""
        good: list[Seat] = []

        async def look(seat: Seat) -> None:
            assert seat.job.asset_id is not None
            try:
                await self.platform.watch.asset_ready(seat.job.asset_id)
            except VideoError as error:
                seat.tell(_refused(seat, error))
            else:
                good.append(seat)

        async with anyio.create_task_group() as group:
            for seat in seats:
                group.start_soon(look, seat)
        return good


def submitted(job: Job, batch_id: str, task_id: str | None) -> Job:
    """The job as an item of a batch; without its task's id it is found by its key."""
    return job.to(State.SUBMITTED, task_id=task_id, batch_id=batch_id, submitted_at=datetime.now(UTC), intent=False)


def _refused(seat: Seat, error: VideoError) -> Job | VideoError:
    """A refusal that costs nothing; one of the asset is for the step to answer that looks after media."""
    one = _for(seat, error)
    if isinstance(error, AssetGone | SourceRejected):
        return one
    return replace(seat.job, intent=False).failed(one)


def _for(seat: Seat, error: VideoError) -> VideoError:
    """A copy of an error that many share, naming the video."""
    return about(seat.job, type(error)(error.message, code=error.code, status=error.status))


def _halves(seats: list[Seat]) -> list[list[Seat]]:
    middle = len(seats) // 2
    return [half for half in (seats[:middle], seats[middle:]) if half]


def _number(error: VideoError) -> int | None:
    found = NUMBERED.search(error.message)
    return int(found[1]) if found else None
