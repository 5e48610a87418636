"""The platform's batches: create, retrieve, list, results, cancel. One costs what all of its items cost, so none is
created twice; the platform remembers no Idempotency-Key of batches.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import anyio
import orjson
import structlog

from pipeline.client import wire
from pipeline.client.calls import Answer, Call
from pipeline.client.clock import loop_time
from pipeline.client.refusals import Meaning
from pipeline.client.requests import batch_body
from pipeline.client.transport import Transport
from pipeline.config import BatchSettings
from pipeline.errors import (
    AssetGone,
    BatchesActive,
    BatchTooLarge,
    GatewayTimeout,
    RateLimited,
    RetriesExhausted,
    TaskFailed,
    TransientError,
    UnexpectedResponse,
    VideoError,
)
from pipeline.models import AnalysisMode, Batch, BatchStatus, Task

# The newest thousand batches: more than an account can have had in the day that one lives.
LOOK_BACK_PAGES = 20
ACTIVE: tuple[BatchStatus, ...] = ("pending", "processing", "canceling")
OnLine = Callable[[Task], Awaitable[None]]

log = structlog.get_logger()


def draw_of(custom_id: str) -> str:
    """By which key the request that creates a batch is admitted to the account, besides its items.

    Args:
        custom_id: of the first item.
    """
    return f"batch:{custom_id}"


class Batches:
    """`/analyze/batches`. Every method raises what `Transport.ask` does, besides what it names itself."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(
        self, model: str, mode: AnalysisMode, items: Sequence[Mapping[str, Any]], settings: BatchSettings
    ) -> Batch:
        """Create a batch, exactly once: whatever may have been a success is looked for before it is sent again.

        Args:
            model: of every item.
            mode: of every item.
            items: as `requests.batch_item` makes them.
            settings: how many may be active, and how long one that is on its way is looked for.

        Raises:
            BatchTooLarge: it took the platform too long; nothing was created. Never of a single item.
            BatchesActive: too many are active; nothing was created.
            AssetGone: the platform does not hold an asset of one of the items.
            SourceRejected, TaskFailed: it refuses an item, or all of them; the status 409 says that an asset is not
                ready.
            RetriesExhausted: it may have been created all the same; look for its items before they are sent again.
        """
        wanted = {str(item["custom_id"]) for item in items}
        newest = next(iter(await self.list(page_limit=1)), None)
        meaning = Meaning(f"creating a batch of {len(items):,}", TaskFailed, AssetGone)
        content = orjson.dumps(batch_body(model, mode, items))
        draws = (*wanted, draw_of(items[0]["custom_id"]))
        call = Call("POST", "/analyze/batches", meaning, "analyze", content=content, draws=draws)
        left_at = loop_time()

        async def look() -> Batch | None:
            return await self._look(wanted, newest, left_at + settings.settle_s, settings.poll_min_s)

        async def attempt() -> Batch:
            nonlocal left_at
            left_at = loop_time()
            try:
                answer = await self._transport.once(call)
            except (GatewayTimeout, RateLimited) as error:
                return await self._instead(error, wanted, newest, settings)
            except TransientError as error:
                if error.code == "video_not_ready":
                    raise TaskFailed(error.message, code=error.code, status=409) from error
                raise
            try:
                return wire.parse(wire.BatchShape, answer, meaning.doing).value()
            except UnexpectedResponse:  # it was accepted all the same
                if (found := await look()) is not None:
                    return found
                raise

        return await self._transport.persist(attempt, doing=meaning.doing, rescue=look)

    async def _instead(
        self, error: GatewayTimeout | RateLimited, wanted: set[str], newest: Batch | None, settings: BatchSettings
    ) -> Batch:
        """What a refusal of the batch as a whole comes to: the batch that was created all the same, or an error."""
        if isinstance(error, RateLimited):  # one status for two limits
            if await self.active() >= settings.max_active:
                raise BatchesActive(error.message) from error
            raise error
        if (found := await self._look(wanted, newest, loop_time(), settings.poll_min_s)) is not None:
            return found
        if len(wanted) > 1:
            raise BatchTooLarge(error.message) from error
        raise error

    async def _look(self, wanted: set[str], newest: Batch | None, until: float, every_s: float) -> Batch | None:
        """A batch of exactly these items that is newer than `newest`; looked for until that moment of the loop's clock.

        Raises:
            RetriesExhausted: it cannot be looked up now; that is no leave to send it again.
        """
        try:
            while True:
                async for batch in self.newer_than(newest.id if newest else None):
                    if batch.total_items not in {0, len(wanted)}:
                        continue
                    if (task_ids := await self._items(batch)).keys() == wanted:
                        return replace(batch, task_ids=task_ids)
                if (left_s := until - loop_time()) <= 0:
                    return None
                await anyio.sleep(min(every_s, left_s))
        except VideoError as error:
            raise RetriesExhausted(
                f"a batch of {len(wanted):,} may have been created, but that cannot be looked up: {error.message}",
                code=error.code,
            ) from error

    async def _items(self, batch: Batch) -> dict[str, str]:
        task_ids: dict[str, str] = {}

        async def note(line: Task) -> None:
            if line.custom_id is not None:
                task_ids[line.custom_id] = line.id

        await self.results(batch.id, note)
        return task_ids

    async def newer_than(self, batch_id: str | None) -> AsyncIterator[Batch]:
        """Batches, newest first, down to one that is known; None is all of them, within bounds."""
        for page in range(1, LOOK_BACK_PAGES + 1):
            batches = await self.list(page=page)
            for batch in batches:
                if batch.id == batch_id:
                    return
                yield batch
            if len(batches) < wire.PAGE:
                return

    async def retrieve(self, batch_id: str) -> Batch:
        """One batch with its counts.

        Raises:
            TaskFailed: the platform does not hold it (status 404).
            UnexpectedResponse: it is another batch.
        """
        meaning = Meaning(f"retrieving batch {batch_id}", TaskFailed, TaskFailed)
        answer = await self._transport.ask(Call("GET", _path(batch_id), meaning, "read"))
        batch = wire.parse(wire.BatchShape, answer, meaning.doing).value()
        if batch.id != batch_id:
            raise UnexpectedResponse(f"{meaning.doing}: the platform answered with batch {batch.id}")
        return batch

    async def list(
        self, *, page: int = 1, page_limit: int = wire.PAGE, statuses: Sequence[BatchStatus] = ()
    ) -> tuple[Batch, ...]:
        """One page, newest first; fewer than `page_limit` means that it is the last."""
        params = [("page", str(page)), ("page_limit", str(page_limit)), *(("status", status) for status in statuses)]
        meaning = Meaning("listing batches", TaskFailed, TaskFailed)
        answer = await self._transport.ask(Call("GET", "/analyze/batches", meaning, "read", params=params))
        return tuple(shape.value() for shape in wire.parse(wire.BatchPage, answer, meaning.doing).data)

    async def active(self) -> int:
        """How many batches of the account have not ended, whoever created them; at most a page of them."""
        return sum(not batch.is_over for batch in await self.list(statuses=ACTIVE))

    async def results(self, batch_id: str, on_line: OnLine) -> None:
        """Read the results, line by line as they arrive.

        Args:
            batch_id: of a batch, over or not.
            on_line: told each line as a task, its `raw` as received; where the answer breaks off it is read once more
                from its beginning. A line that cannot be read is left out.

        Raises:
            TaskFailed: the platform does not hold the batch (status 404).
        """
        meaning = Meaning(f"reading the results of batch {batch_id}", TaskFailed, TaskFailed)
        call = Call("GET", f"{_path(batch_id)}/results", meaning, "read")

        async def attempt() -> None:
            async with self._transport.lines(call) as lines:
                async for line in lines:
                    if (task := _line(line, meaning.doing)) is not None:
                        await on_line(task)

        await self._transport.persist(attempt, doing=meaning.doing)

    async def cancel(self, batch_id: str) -> Batch:
        """Let what waits be canceled; what is being processed is finished, and billed.

        Raises:
            TaskFailed: it is over (status 409), or unknown (404).
        """
        meaning = Meaning(f"canceling batch {batch_id}", TaskFailed, TaskFailed)
        answer = await self._transport.ask(Call("POST", f"{_path(batch_id)}/cancel", meaning, "other"))
        return wire.parse(wire.BatchShape, answer, meaning.doing).value()


def _path(batch_id: str) -> str:
    return f"/analyze/batches/{quote(batch_id, safe='')}"


def _line(line: bytes, doing: str) -> Task | None:
    try:
        return wire.parse(wire.BatchLineShape, Answer(200, {}, line), doing).value(line.decode("utf-8", "replace"))
    except UnexpectedResponse as error:
        log.warning("batch.line_unread", why=error.message)
        return None
