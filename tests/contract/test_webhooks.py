"""Webhooks: who is told what, signed, and tried again until it is taken."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import orjson
import pytest
from aiohttp import web
from anyio.abc import SocketAttribute
from pydantic import ValidationError
from twelvelabs.core.pydantic_utilities import parse_obj_as
from twelvelabs.types import (
    AnalyzeTaskCanceledWebhookEvent,
    AnalyzeTaskFailedWebhookEvent,
    AnalyzeTaskReadyWebhookEvent,
)

from pipeline.config import ServerSettings
from pipeline.server import clock
from pipeline.server.faults import Outcome
from tests.contract.remote import platform_process, upload_form

pytestmark = pytest.mark.anyio

SECRET = "shh"
QUICK = {"webhook_secret": SECRET, "webhook_backoff_s": 0.01}
EVENTS = {
    "ready": AnalyzeTaskReadyWebhookEvent,
    "failed": AnalyzeTaskFailedWebhookEvent,
    "canceled": AnalyzeTaskCanceledWebhookEvent,
}


class Receiver:
    """Listens on loopback; answers with the given statuses in turn, then with 204."""

    def __init__(self, *statuses: int) -> None:
        self.url = ""
        self.events: list[dict] = []
        self._statuses = list(statuses)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        fields = dict(part.split("=", 1) for part in request.headers["TL-Signature"].split(","))
        signed = hmac.new(SECRET.encode(), fields["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(fields["v1"], signed)
        assert abs(clock.now() - int(fields["t"])) < 300
        self.events.append(orjson.loads(body))
        return web.Response(status=self._statuses.pop(0) if self._statuses else 204)

    async def until(self, count: int) -> list[dict]:
        with anyio.fail_after(30):
            while len(self.events) < count:
                await anyio.sleep(0.02)
        return self.events


@asynccontextmanager
async def receiver(*statuses: int, port: int = 0) -> AsyncIterator[Receiver]:
    it = Receiver(*statuses)
    app = web.Application()
    app.router.add_post("/hook", it.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        it.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        yield it
    finally:
        await runner.cleanup()


def by_asset(asset_id, **changes):
    return {"video": {"type": "asset_id", "asset_id": asset_id}, "prompt": "What?", **changes}


async def create(api, body):
    return (await api("POST", "/analyze/tasks", json=body)).body["task_id"]


async def settled(ask, path):
    """The resource once none of its deliveries is under way any more."""
    with anyio.fail_after(30):
        while True:
            body = (await ask("GET", path)).body
            if all(hook["delivered"] or "last_error" in hook for hook in body.get("webhooks", [{"delivered": False}])):
                return body
            await anyio.sleep(0.02)


async def test_each_end_of_a_task_is_told(run_platform, video):
    """A task that ends ready, failed or canceled sends the event of that name, which parses as the package's type."""
    async with receiver() as told, run_platform(webhook_urls=[told.url], **QUICK) as api:
        asset = await api.ready_asset(video)
        for status in ("failed", "canceled"):
            api.platform.faults.add_outcome(Outcome(status=status, message="As told.", custom_id=status))
        ids = {status: await create(api, by_asset(asset, custom_id=status)) for status in EVENTS}
        events = {event["data"]["status"]: event for event in await told.until(3)}
        assert {event["id"][:4] for event in events.values()} == {"whe_"}
        for status, event in events.items():
            assert event["type"] == f"analyze.task.{status}"
            parsed = parse_obj_as(EVENTS[status], event)
            assert (parsed.data.id, parsed.data.custom_id) == (ids[status], status)
            assert (parsed.data.video_source.asset_id, parsed.data.video_source.system_metadata.duration > 0) == (
                asset,
                True,
            )
            assert sorted(event["data"]) == sorted(
                {"id", "custom_id", "status", "created_at", "video_source", *(["error"] if status == "failed" else [])}
            )
        assert events["failed"]["data"]["error"] == {"message": "As told."}
        task = await settled(api, f"/analyze/tasks/{ids['ready']}")
        assert task["webhooks"] == [{"url": told.url, "delivered": True, "attempts": 1}]


async def test_an_event_is_tried_until_it_is_taken(run_platform, video):
    """An address that answers 500 and 302 gets the same event again, with the same id, until it answers 2xx."""
    async with receiver(500, 302) as told, run_platform(webhook_urls=[told.url], **QUICK) as api:
        task_id = await create(api, by_asset(await api.ready_asset(video)))
        events = await told.until(3)
        assert [event == events[0] for event in events] == [True] * 3
        with anyio.fail_after(30):
            while not (task := (await api("GET", f"/analyze/tasks/{task_id}")).body)["webhooks"][0]["delivered"]:
                await anyio.sleep(0.02)
        assert task["webhooks"] == [{"url": told.url, "delivered": True, "attempts": 3}]


async def test_attempts_end(run_platform, video):
    """After the last attempt an event is given up; the task says how often it was tried and what went wrong."""
    nobody = "http://127.0.0.1:9/hook"
    async with (
        receiver(*[500] * 9) as told,
        run_platform(webhook_urls=[told.url, nobody], webhook_attempts=2, **QUICK) as api,
    ):
        task_id = await create(api, by_asset(await api.ready_asset(video)))
        with anyio.fail_after(30):
            while any(
                hook["attempts"] < 2
                for hook in (await api("GET", f"/analyze/tasks/{task_id}")).body.get("webhooks", [{"attempts": 0}])
            ):
                await anyio.sleep(0.02)
        first, second = (await api("GET", f"/analyze/tasks/{task_id}")).body["webhooks"]
        assert first == {
            "url": told.url,
            "delivered": False,
            "attempts": 2,
            "last_error": "The endpoint answered with status 500.",
        }
        assert (second["url"], second["delivered"], second["attempts"]) == (nobody, False, 2)
        assert second["last_error"]
        assert len(told.events) == 2


async def test_a_silent_address_holds_up_no_other(run_platform, video):
    """An address that never answers is given up after its time, while another gets its event."""

    async def silent(stream):
        async with stream:
            await anyio.sleep_forever()

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, silent)
        mute = f"http://127.0.0.1:{listener.extra(SocketAttribute.local_port)}/hook"
        settings = {"webhook_attempts": 1, "webhook_timeout_s": 0.2, **QUICK}
        async with receiver() as told, run_platform(webhook_urls=[mute, told.url], **settings) as api:
            task_id = await create(api, by_asset(await api.ready_asset(video)))
            await told.until(1)
            task = await settled(api, f"/analyze/tasks/{task_id}")
            assert [hook["delivered"] for hook in task["webhooks"]] == [False, True]
            assert "0.2 s" in task["webhooks"][0]["last_error"]
        group.cancel_scope.cancel()


async def test_a_batch_is_told_once(run_platform, video):
    """A batch sends one event when it has ended, its tasks send none."""
    async with receiver() as told, run_platform(webhook_urls=[told.url], **QUICK) as api:
        item = {"video": {"type": "asset_id", "asset_id": await api.ready_asset(video)}}
        batch = {
            "model_name": "pegasus1.5",
            "analysis_mode": "general",
            "defaults": {"prompt": {"input_text": "What?"}},
            "requests": [item] * 3,
        }
        batch_id = (await api("POST", "/analyze/batches", json=batch)).body["batch_id"]
        await told.until(1)
        body = await settled(api, f"/analyze/batches/{batch_id}")
        assert body["webhooks"] == [{"url": told.url, "delivered": True, "attempts": 1}]
        await create(api, by_asset(item["video"]["asset_id"]))
        first, second = await told.until(2)
        assert (first["type"], second["type"]) == ("analyze.batch.ended", "analyze.task.ready")
        data = first["data"]
        assert (data["id"], data["status"], data["ready_items"]) == (batch_id, "completed", 3)


async def test_without_addresses_nothing_is_told(run_platform, video):
    """Where no address is set, tasks have no member `webhooks`."""
    async with run_platform() as api:
        task = await api.until(f"/analyze/tasks/{await create(api, by_asset(await api.ready_asset(video)))}")
        assert "webhooks" not in task


async def test_events_survive_a_kill(tmp_path, video):
    """An event that nobody took before the platform was killed is delivered by the next one, under the same id."""
    async with receiver(*[500] * 99) as deaf:
        settings = {"webhook_secret": SECRET, "webhook_urls": [deaf.url], "webhook_attempts": 99}
        async with platform_process(tmp_path, webhook_backoff_s=0.2, **settings) as remote:
            asset = (await remote.ask("POST", "/assets", data=upload_form(video)))["_id"]
            await remote.until(f"/assets/{asset}", "ready")
            task_id = (await remote.ask("POST", "/analyze/tasks", json=by_asset(asset)))["task_id"]
            event = (await deaf.until(1))[0]
        port = int(deaf.url.split(":")[2].split("/")[0])
    async with receiver(port=port) as told, platform_process(tmp_path, **settings) as remote:
        assert (await told.until(1))[0] == event
        assert event["data"]["id"] == task_id


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"webhook_urls": ["http://127.0.0.1/hook"]}, "webhook_secret"),
        ({"webhook_urls": ["ftp://127.0.0.1/hook"], "webhook_secret": SECRET}, "ftp"),
        ({"webhook_urls": ["http://"], "webhook_secret": SECRET}, "address"),
    ],
)
def test_wrong_webhook_settings_are_refused(settings, named):
    """An address without a secret to sign with, and one that is not http or https, are refused by name."""
    with pytest.raises(ValidationError, match=named):
        ServerSettings(**settings)
