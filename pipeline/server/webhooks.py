"""Who is told that a task or a batch has ended: signed events, tried again until an address answers 2xx.

An event is `{"id": "whe_...", "created_at", "type", "data"}`. Its id stays the same at every attempt, so that receivers
can drop what they have seen. `TL-Signature: t=<epoch seconds>,v1=<hex>` signs `<t>.<raw body>` with HMAC-SHA256, anew
at each attempt. Events of tasks are those of twelvelabs 1.3.6: `analyze.task.ready`, `.failed` and `.canceled`, with a
snapshot that holds no result; the tasks of a batch have none. The platform does not document how often it tries, nor
what the notification of a batch looks like; here it is one event, `BATCH_ENDED`, whatever the batch's last status is.
"""

import hashlib
import hmac
import secrets

import aiohttp
import anyio
import orjson

from pipeline.config import ServerSettings
from pipeline.server import clock
from pipeline.server.schemas import batch_counts, video_source
from pipeline.server.store import Store
from pipeline.server.store.batches import Batch
from pipeline.server.store.tasks import Task
from pipeline.server.store.webhooks import Delivery

# a name of ours: `data` is the batch's id, status, times and item counts
BATCH_ENDED = "analyze.batch.ended"
AT_ONCE = 16
LONGEST_WAIT_S = 3600.0


class Webhooks:
    """Remembers the events and delivers them; a batch's in the transaction that ends it, a task's right after."""

    def __init__(self, settings: ServerSettings, store: Store, session: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._store = store
        self._session = session
        self._urls = tuple(dict.fromkeys(settings.webhook_urls))
        self._under_way: set[Delivery] = set()
        self._limiter = anyio.CapacityLimiter(AT_ONCE)
        self._changed = anyio.Event()

    def task_ended(self, task: Task) -> None:
        """Tell of a task, unless it belongs to a batch."""
        if task.batch_id is not None:
            return
        data: dict[str, object] = {
            "id": task.id,
            "custom_id": task.custom_id,
            "status": task.status,
            "created_at": clock.stamp(task.created_at),
        }
        if task.source is not None:
            data["video_source"] = video_source(task)
        if task.error is not None and task.status != "canceled":
            data["error"] = {"message": orjson.loads(task.error)["message"]}
        self._add(task.id, f"analyze.task.{task.status}", data)

    def batch_ended(self, batch: Batch) -> None:
        """Tell of a batch, once."""
        data = {
            "id": batch.id,
            "status": batch.status,
            "created_at": clock.stamp(batch.created_at),
            "total_items": batch.total_items,
            **batch_counts(batch),
        }
        self._add(batch.id, BATCH_ENDED, data)

    def _add(self, subject: str, kind: str, data: dict[str, object]) -> None:
        event_id = f"whe_{secrets.token_hex(12)}"
        event = {"id": event_id, "created_at": clock.stamp(clock.now()), "type": kind, "data": data}
        self._store.webhooks.add(event_id, subject, orjson.dumps(event).decode(), self._urls)
        self._changed.set()

    async def run(self) -> None:
        """Deliver for ever; what a former process left undelivered comes first, unless its address is no longer set."""
        self._store.webhooks.forget_others(self._urls)
        async with anyio.create_task_group() as group:
            while True:
                self._changed = anyio.Event()
                now = clock.now()
                for delivery in self._store.webhooks.due(now):
                    if delivery not in self._under_way:
                        self._under_way.add(delivery)
                        group.start_soon(self._deliver, delivery)
                # what is due already is under way, and says so itself when it has ended
                at = self._store.webhooks.next_due(now)
                with anyio.move_on_after(LONGEST_WAIT_S if at is None else at - now):
                    await self._changed.wait()

    async def _deliver(self, delivery: Delivery) -> None:
        async with self._limiter:
            reason = await self._attempt(delivery)
        if reason is None:
            self._store.webhooks.delivered(delivery)
        else:
            self._store.webhooks.failed(delivery, reason, self._again_at(delivery.attempts + 1))
        self._under_way.discard(delivery)
        self._changed.set()

    async def _attempt(self, delivery: Delivery) -> str | None:
        """Send once; the reason why it was in vain, None where it was not."""
        body = delivery.body.encode()
        headers = {"Content-Type": "application/json", "TL-Signature": self._signature(body)}
        timeout = aiohttp.ClientTimeout(total=self._settings.webhook_timeout_s)
        try:
            async with self._session.post(
                delivery.url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                return None if response.status // 100 == 2 else f"The endpoint answered with status {response.status}."
        except TimeoutError:
            return f"The endpoint did not answer within {self._settings.webhook_timeout_s:g} s."
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return f"The endpoint could not be reached: {error or type(error).__name__}."

    def _again_at(self, attempts: int) -> float | None:
        if attempts >= self._settings.webhook_attempts:
            return None
        return clock.now() + self._settings.webhook_backoff_s * 2.0 ** (attempts - 1)

    def _signature(self, body: bytes) -> str:
        secret = self._settings.webhook_secret
        assert secret is not None, "the settings demand it where there are addresses"
        at = int(clock.now())
        return f"t={at},v1={sign(secret.get_secret_value(), at, body)}"


def sign(secret: str, at: int, body: bytes) -> str:
    """Hex HMAC-SHA256 of `<at>.<body>`."""
    return hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
