"""Listening for events, from the embedded platform and from strangers."""

import time
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx
import orjson
import pytest
import structlog
from pydantic import SecretStr

from pipeline.client.recent import Recent
from pipeline.client.webhooks import MAX_BODY_BYTES, Events, Receiver, open_receiver
from pipeline.config import WebhookSettings
from pipeline.errors import ConfigError
from pipeline.server.faults import Outcome
from pipeline.server.webhooks import sign

pytestmark = pytest.mark.anyio

SECRET = "whsec_0123456789"
ONE = "GET /analyze/tasks/{task_id}"
NEVER = {"first_look_s": 3600, "min_s": 0.05, "max_s": 0.2}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with open_receiver(WebhookSettings(port=0), SecretStr(SECRET)) as opened:
        yield opened


@pytest.fixture
async def woken(receiver: Receiver) -> list[str]:
    """The tasks that events spoke of."""
    tasks: list[str] = []
    receiver.tell(tasks.append)
    return tasks


def event(number: int = 1, kind: str = "analyze.task.ready", task_id: str = "task-1") -> dict[str, Any]:
    return {"id": f"whe_{number}", "created_at": "2026-11-01T00:00:00Z", "type": kind, "data": {"id": task_id}}


async def send(
    receiver: Receiver, told: Any, *, secret: str = SECRET, age_s: int = 0, path: str = "", **headers: str
) -> int:
    body = told if isinstance(told, bytes) else orjson.dumps(told)
    at = int(time.time()) - age_s
    signed = {"TL-Signature": f"t={at},v1={sign(secret, at, body)}", **headers}
    async with httpx.AsyncClient() as http:
        return (await http.post(receiver.url + path, content=body, headers=signed)).status_code


@pytest.mark.parametrize("kind", ["ready", "failed", "canceled"])
async def test_every_end_wakes(receiver, woken, kind):
    """An event of each end of a task wakes that task, on whatever path it comes."""
    assert await send(receiver, event(kind=f"analyze.task.{kind}"), path="some/where") == 200
    assert (woken, receiver.events) == (["task-1"], Events(received=1))


async def test_an_event_counts_once(receiver, woken):
    """An event that comes again is taken again and wakes nobody."""
    assert [await send(receiver, event()) for _ in range(3)] == [200, 200, 200]
    assert (woken, receiver.events) == (["task-1"], Events(received=1, repeated=2))


async def test_other_events(receiver, woken):
    """Genuine events of other things are taken and wake nobody."""
    assert await send(receiver, event(kind="index.task.ready")) == 200
    assert (woken, receiver.events) == ([], Events(received=1))


async def test_strangers_are_refused(receiver, woken):
    """What is not freshly signed with the secret, or is no event, gets 4xx, is counted and logged, and wakes nobody."""
    with structlog.testing.capture_logs() as logged:
        assert await send(receiver, event(), secret="guessed") == 401
        assert await send(receiver, event(), age_s=400) == 401
        assert await send(receiver, event(), **{"TL-Signature": ""}) == 401
        assert await send(receiver, b"\xff" * (MAX_BODY_BYTES + 1)) == 413
        assert await send(receiver, b"not JSON") == 400
        assert await send(receiver, {"id": "whe_1", "type": "analyze.task.ready", "data": {"id": "x" * 10_000}}) == 400
    assert [line["refused"] for line in logged if line["event"] == "webhook.refused"] == [1, 2, 4]
    assert (woken, receiver.events) == ([], Events(refused=6))


async def test_the_raw_body_is_what_counts(receiver, woken):
    """The bytes are verified as they travelled: what says that it is compressed is not unpacked first."""
    assert await send(receiver, event(), **{"Content-Encoding": "gzip"}) == 200
    assert woken == ["task-1"]


async def test_senders_are_put_off_until_somebody_listens(receiver):
    """Before a run is open, events are put off, so that the platform sends them again."""
    assert await send(receiver, event()) == 503
    assert receiver.events == Events()


async def test_a_port_that_is_taken(receiver):
    """An address that cannot be listened on is named, with what to do."""
    port = int(receiver.url.rsplit(":", 1)[1].strip("/"))
    with pytest.raises(ConfigError, match=f"127.0.0.1:{port}.*--webhook-port"):
        async with open_receiver(WebhookSettings(port=port), SecretStr(SECRET)):
            pass


@pytest.mark.parametrize("status", ["ready", "failed", "canceled"])
async def test_an_event_ends_the_wait(run_pair, video, receiver, status):
    """A task that nobody would look at for an hour is retrieved when the platform says that it has ended."""
    told = {"webhook_urls": (receiver.url,), "webhook_secret": SECRET, "analysis_seconds": 0.3}
    async with run_pair(server=told, polling=NEVER) as pair:
        receiver.tell(pair.client.watch.wake)
        if status != "ready":
            pair.faults.add_outcome(Outcome(status=status, message="Odd."))
        task = await pair.create_task(await pair.ready_asset(video))
        assert (await pair.task_done(task)).status == status
        assert receiver.events.received == 1


async def test_an_event_before_anyone_waits(run_pair, video, receiver):
    """An event that overtakes the answer to the task's creation is not lost on whoever waits for it afterwards."""
    told = {"webhook_urls": (receiver.url,), "webhook_secret": SECRET}
    async with run_pair(server=told, polling=NEVER) as pair:
        receiver.tell(pair.client.watch.wake)
        task = await pair.create_task(await pair.ready_asset(video))
        while not receiver.events.received:
            await anyio.sleep(0.01)
        assert (await pair.task_done(task)).status == "ready"
        assert pair.requests(ONE) == 1


async def test_an_event_is_no_answer(run_pair, video):
    """A task that is said to have ended and has not is waited for as before."""
    async with run_pair(server={"analysis_seconds": 1}, polling=NEVER) as pair:
        task = await pair.create_task(await pair.ready_asset(video))
        pair.client.watch.wake(task.id)
        pair.client.watch.wake("f" * 24)
        assert (await pair.task_done(task)).status == "ready"
        assert pair.requests(ONE) > 1


def test_memory_is_bounded():
    """Of ids that were seen the oldest are forgotten."""
    recent = Recent(2)
    assert [recent.add(id_) for id_ in ("a", "b", "a", "c", "a", "c")] == [True, True, False, True, True, False]
    assert [recent.forget(id_) for id_ in ("b", "a", "a")] == [False, True, False]
