"""Listening for the platform's events: one that says that a task has ended has that task looked at at once.

An event is a hint and never an answer: it carries none, may be lost, come twice or too early. What is true is what the
platform says when the task is retrieved, and without any event the task is looked at all the same, only later.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import time

import anyio
import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from pipeline.client.recent import Recent
from pipeline.client.signatures import HEADER, why_not
from pipeline.config import WebhookSettings
from pipeline.errors import ConfigError

log = structlog.get_logger()

# An event is a few hundred bytes; its ids have some thirty characters.
MAX_BODY_BYTES = 64 * 1024
MAX_ID = 200
REMEMBERED = 10_000
BODY_TIMEOUT_S = 10.0
TASK_ENDED = frozenset({"analyze.task.ready", "analyze.task.failed", "analyze.task.canceled"})
# How the events of batches are called is not documented; each batch has one (twelvelabs 1.3.6).
BATCH = ".batch."

Wake = Callable[[str], None]


class _Subject(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str = Field(max_length=MAX_ID)


class _Event(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str = Field(max_length=MAX_ID)
    type: str
    data: _Subject


@dataclass(slots=True)
class Events:
    """What came, counted.

    Attributes:
        received: genuine events, each counted once.
        repeated: genuine events that had come before.
        refused: requests that were no genuine event.
    """

    received: int = 0
    repeated: int = 0
    refused: int = 0


class Receiver:
    """Takes events; those that speak of tasks go to whoever waits for tasks.

    Attributes:
        url: where it listens.
        secret: what events are to be signed with.
        events: what came so far.
    """

    def __init__(self, secret: SecretStr) -> None:
        self.url = ""
        self.events = Events()
        self.secret = secret
        self._seen = Recent(REMEMBERED)
        self._wake: Wake | None = None

    def tell(self, wake: Wake) -> None:
        """From now on `wake` learns of every task and batch that events speak of; until then senders are put off."""
        self._wake = wake

    async def receive(self, request: web.Request) -> web.Response:
        """2xx for every genuine event, whatever it speaks of; 4xx for all else."""
        if self._wake is None:
            return web.Response(status=503)
        with anyio.move_on_after(BODY_TIMEOUT_S) as patience:
            body = await self._body(request)
        if patience.cancelled_caught:
            return self._refuse(408, "it did not arrive in time")
        if body is None:
            return self._refuse(413, f"it has more than {MAX_BODY_BYTES} bytes")
        if reason := why_not(request.headers.get(HEADER), body, self.secret.get_secret_value(), time()):
            return self._refuse(401, reason)
        try:
            event = _Event.model_validate_json(body)
        except ValidationError:
            return self._refuse(400, "it is signed, but no event that this program can read")
        self._take(event, self._wake)
        return web.Response(status=200)

    async def _body(self, request: web.Request) -> bytes | None:
        try:
            return await request.read()
        except web.HTTPRequestEntityTooLarge:
            return None

    def _take(self, event: _Event, wake: Wake) -> None:
        if not self._seen.add(event.id):
            self.events.repeated += 1
            return
        self.events.received += 1
        log.debug("webhook.received", event_id=event.id, type=event.type, task_id=event.data.id)
        if event.type in TASK_ENDED or BATCH in event.type:
            wake(event.data.id)

    def _refuse(self, status: int, reason: str) -> web.Response:
        """Say so in the log: at the 1st, 2nd, 4th, 8th ..., for anyone may send as many as he likes."""
        self.events.refused += 1
        if self.events.refused.bit_count() == 1:
            log.warning("webhook.refused", reason=reason, status=status, refused=self.events.refused)
        return web.Response(status=status)


@asynccontextmanager
async def open_receiver(settings: WebhookSettings, secret: SecretStr) -> AsyncIterator[Receiver]:
    """Listen until the block ends, on any path: a proxy in front may have one.

    Raises:
        ConfigError: the address cannot be listened on.
    """
    receiver = Receiver(secret)
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app.router.add_post("/{path:.*}", receiver.receive)
    # the body stays as it travelled: that is what is signed
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, auto_decompress=False)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, settings.host, settings.port).start()
        except OSError as error:
            raise ConfigError(
                f"webhooks: cannot listen on {settings.host}:{settings.port}: {error.strerror}; choose another"
                " --webhook-port, or 0 for a free one"
            ) from error
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        receiver.url = f"http://{host}:{runner.addresses[0][1]}/"
        log.info("webhook.listening", address=receiver.url)
        yield receiver
    finally:
        with anyio.CancelScope(shield=True):
            await runner.cleanup()
