"""Tasks, against the embedded platform: asked for once, whatever happens on the way."""

import aiohttp
import orjson
import pytest

from pipeline.errors import (
    AssetGone,
    AuthenticationFailed,
    QuotaExhausted,
    RetriesExhausted,
    SourceRejected,
    TaskFailed,
    UnexpectedResponse,
)
from pipeline.models import Medium
from pipeline.server.faults import Fault, Outcome

pytestmark = pytest.mark.anyio

CREATE = {"method": "POST", "path": "/analyze/tasks$"}
LIST = {"method": "GET", "path": "/analyze/tasks$"}
ONE = {"method": "GET", "path": "/analyze/tasks/"}


@pytest.fixture
async def asset(pair, video) -> str:
    return await pair.ready_asset(video)


def created(pair, custom_id: str = "job") -> int:
    return pair.server.store.books().tasks_by_custom_id.get(custom_id, 0)


async def test_the_answer_is_kept_as_received(pair, asset):
    """A finished task carries the platform's own JSON text, and the envelope read from it."""
    options = {"temperature": 0.3, "max_tokens": 600, "start_time_s": 0, "end_time_s": 1.5}
    task = await pair.task_done(await pair.create_task(asset, **options))
    async with (
        aiohttp.ClientSession(headers={"x-api-key": "tlk_a_long_enough_key"}) as session,
        session.get(f"{pair.server.base_url}/analyze/tasks/{task.id}") as response,
    ):
        assert task.raw == await response.text()
    assert (task.status, task.custom_id, task.asset_id) == ("ready", "job", asset)
    assert task.completed_at >= task.created_at
    asked = orjson.loads(task.raw)["request_params"]
    assert (asked["temperature"], asked["max_tokens"]) == (0.3, 600)
    assert (asked["start_time"], asked["end_time"]) == (0, 1.5)


@pytest.mark.parametrize("fault", [{"lose_response": True}, {"drop": True}, {"status": 500}, {"status": 504}])
async def test_no_task_is_created_twice(pair, asset, fault):
    """Whatever happens to the answer of a creation, exactly one task results, and its id is the one returned."""
    pair.faults.add(Fault(**CREATE, **fault))
    task = await pair.create_task(asset)
    assert (await pair.task_done(task)).status == "ready"
    assert created(pair) == 1


async def test_no_task_is_created_twice_without_idempotency(run_pair, video):
    """A platform that has forgotten the Idempotency-Key still gets one task, as it is looked for first."""
    async with run_pair(server={"idempotency_ttl_s": 0.000_001}) as pair:
        asset = await pair.ready_asset(video)
        pair.faults.add(Fault(**CREATE, lose_response=True, times=1))
        task = await pair.create_task(asset)
        assert created(pair) == 1
        assert [found.id for found in await pair.client.tasks.list()] == [task.id]


async def test_every_attempt_carries_the_same_idempotency_key(pair, asset):
    """Where the look finds nothing, the repeated request is still the same one to the platform."""
    pair.faults.add(Fault(**CREATE, lose_response=True))
    pair.faults.add(Fault(**LIST, status=200, body={"data": [], "page_info": {}}))
    await pair.create_task(asset)
    assert pair.requests("POST /analyze/tasks") == 2
    assert created(pair) == 1


async def test_an_unreadable_creation_is_looked_up(pair, asset):
    """A creation that succeeded with an answer nobody can read is found by its custom_id."""
    task = await pair.create_task(asset)
    pair.faults.add(Fault(**CREATE, status=202, body="{"))
    assert (await pair.create_task(asset)).id == task.id
    pair.faults.add(Fault(**CREATE, status=202, body="{"))
    with pytest.raises(UnexpectedResponse):
        await pair.create_task(asset, custom_id="never")


async def test_not_being_able_to_look_is_no_leave_to_pay_again(pair, asset):
    """When a creation may have happened and cannot be looked for, nothing is sent again and the error says so."""
    pair.faults.add(Fault(**CREATE, lose_response=True))
    pair.faults.add(Fault(**LIST, status=400, body={"code": "odd", "message": "No lists today."}))
    with pytest.raises(RetriesExhausted, match=r"may have been created.*No lists today"):
        await pair.create_task(asset)
    assert pair.requests("POST /analyze/tasks") == 1


async def test_what_an_earlier_process_sent_is_adopted(pair, asset):
    """A look finds the task of this custom_id, and nothing where there is none."""
    first = await pair.create_task(asset)
    again = await pair.client.tasks.look(Medium(asset), "job")
    assert (again.id, created(pair)) == (first.id, 1)
    assert await pair.client.tasks.look(Medium(asset), "other") is None


@pytest.mark.parametrize("status", ["failed", "canceled"])
async def test_a_task_that_failed_is_not_adopted(pair, asset, status):
    """A deliberate resubmission makes a new task, although a failed one bears the same name."""
    pair.faults.add_outcome(Outcome(status=status, message="Odd."))
    first = await pair.task_done(await pair.create_task(asset))
    assert first.status == status
    assert await pair.client.tasks.look(Medium(asset), "job") is None
    second = await pair.create_task(asset, idempotency_key="job-2")
    assert second.id != first.id


@pytest.mark.parametrize("status", ["queued", "pending", "processing", "ready", "failed", "canceled", "brand_new"])
async def test_every_state_is_read(pair, asset, status):
    """All six states are read as they are; one that is not known yet counts as still under way."""
    body = {"task_id": "t1", "custom_id": None, "status": status, "created_at": "2026-07-01T00:00:00Z", "new": {}}
    body["error"] = {"message": "Why.", "code": "because"}
    pair.faults.add(Fault(**ONE, status=200, body=body))
    task = await pair.client.tasks.retrieve("t1")
    assert task.status == ("processing" if status == "brand_new" else status)
    assert (task.error_code, task.error_message) == ("because", "Why.")


@pytest.mark.parametrize(
    "changes", [{"task_id": "t2"}, {"custom_id": "another"}, {"video_source": {"type": "asset_id", "asset_id": "a2"}}]
)
async def test_an_answer_about_something_else_is_refused(pair, changes):
    """An answer is accepted only where task id, asset id and custom_id agree with what was asked for."""
    body = {
        "task_id": "t1",
        "custom_id": "job",
        "status": "ready",
        "video_source": {"type": "asset_id", "asset_id": "a1"},
    }
    pair.faults.add(Fault(**ONE, status=200, body={**body, **changes}))
    with pytest.raises(UnexpectedResponse, match="not"):
        await pair.client.tasks.retrieve("t1", expect_asset_id="a1", expect_custom_id="job")
    pair.faults.add(Fault(**ONE, status=200, body=body))
    assert (await pair.client.tasks.retrieve("t1", expect_asset_id="a1", expect_custom_id="job")).id == "t1"


async def test_an_unreadable_answer_shows_its_beginning(pair):
    """An answer that is no JSON is an unexpected response that quotes its first 200 characters."""
    pair.faults.add(Fault(**ONE, status=200, body="<html>" + "x" * 1000))
    with pytest.raises(UnexpectedResponse) as caught:
        await pair.client.tasks.retrieve("t1")
    assert "<html>" + "x" * 194 in caught.value.message
    assert "x" * 195 not in caught.value.message


async def test_half_an_emoji_keeps_no_answer_away(pair):
    """An answer that was cut inside an emoji is received and listed, and its text kept exactly as it came."""
    body = '{"task_id": "t1", "status": "ready", "result": {"data": "a dog \\ud83d"}}'
    pair.faults.add(Fault(**ONE, status=200, body=body))
    task = await pair.client.tasks.retrieve("t1")
    assert (task.status, task.raw) == ("ready", body)
    pair.faults.add(Fault(**LIST, status=200, body=f'{{"data": [{body}]}}'))
    assert [listed.id for listed in await pair.client.tasks.list()] == ["t1"]


@pytest.mark.parametrize("key", ["tlk_this_is_a_wrong_key", "tlk_" + "0" * 60])
async def test_a_wrong_key_ends_everything_at_once(pair, open_client, key):
    """A key that is not accepted is fatal with the first request, and is itself never part of the message."""
    pair.faults.add(Fault(**ONE, status=401, body={"code": "api_key_invalid", "message": f"The key {key} is wrong."}))
    async with open_client(pair.server.base_url, key) as client:
        for _ in range(2):  # once as the fault words it, once as the server does
            with pytest.raises(AuthenticationFailed, match="TWELVE_LABS_API_KEY") as caught:
                await client.tasks.retrieve("t1")
            assert key not in caught.value.message
        assert client.requests == 2


async def test_a_key_without_the_right_is_fatal_too(pair):
    """A plan that does not include the call stops the run, not the video."""
    body = {"error": {"code": "api_allowed_for_paid_plan", "message": "Pay."}}
    pair.faults.add(Fault(**CREATE, status=403, body=body))
    with pytest.raises(AuthenticationFailed, match="Pay"):
        await pair.create_task("a1")


@pytest.mark.parametrize("status", [400, 403, 429])
async def test_a_used_up_quota_is_a_pause(pair, status):
    """A used-up quota pauses the run, whatever status it comes with, and is not repeated."""
    pair.faults.add(Fault(**CREATE, status=status, body={"code": "usage_limit_exceeded", "message": "Enough."}))
    with pytest.raises(QuotaExhausted, match="Enough"):
        await pair.create_task("a1")
    assert pair.client.requests == 1


@pytest.mark.parametrize("nested", [True, False])
async def test_a_refusal_is_read_in_either_shape(pair, nested):
    """Message and code of a refused task are the platform's, in its flat and in its nested shape."""
    flat = {"code": "token_limit_exceeded", "message": "Too much."}
    pair.faults.add(Fault(**CREATE, status=400, body={"error": flat} if nested else flat))
    with pytest.raises(TaskFailed, match="Too much") as caught:
        await pair.create_task("a1")
    assert (caught.value.code, caught.value.status) == ("token_limit_exceeded", 400)


async def test_a_video_that_the_platform_will_not_analyse(pair):
    """A refusal because of the video itself says so by its class."""
    pair.faults.add(
        Fault(**CREATE, status=400, body={"error": {"code": "video_duration_too_long", "message": "Long."}})
    )
    with pytest.raises(SourceRejected):
        await pair.create_task("a1")


async def test_an_asset_that_is_gone_is_told_apart(pair):
    """A task on an asset that the platform no longer holds raises AssetGone, so that it is uploaded again."""
    with pytest.raises(AssetGone):
        await pair.create_task("0" * 24)


async def test_an_asset_that_is_not_ready_yet_is_waited_for(run_pair, video):
    """A task on an asset still in processing is asked for again instead of failing."""
    async with run_pair(server={"asset_seconds": 0.2}, retry={"attempts": 100}) as pair:
        asset = await pair.create_direct(video)
        assert (await pair.create_task(asset.id)).id
        assert created(pair) == 1


async def test_tasks_are_listed_and_one_that_is_gone_is_told(pair, asset):
    """Tasks come newest first, by status and asset, and a deleted one is a failed task with status 404."""
    first = await pair.task_done(await pair.create_task(asset, "one"))
    second = await pair.task_done(await pair.create_task(asset, "two"))
    assert [task.custom_id for task in await pair.client.tasks.list(status="ready", asset_id=asset)] == ["two", "one"]
    assert [task.id for task in await pair.client.tasks.list(page=2, page_limit=1)] == [first.id]
    assert await pair.client.tasks.list(status="failed") == ()
    pair.server.store.tasks.delete(second.id)
    with pytest.raises(TaskFailed) as caught:
        await pair.client.tasks.retrieve(second.id)
    assert caught.value.status == 404


async def test_cancel(run_pair, video):
    """A task under way is canceled once and for all; asking again says the same."""
    async with run_pair(server={"analysis_seconds": 3600, "analysis_concurrency": 1}) as pair:
        asset = await pair.ready_asset(video)
        processing, queued = [await pair.create_task(asset, f"job-{number}") for number in range(2)]
        for task in (processing, queued, queued):
            assert await pair.client.tasks.cancel(task.id)
        ends = [await pair.client.tasks.retrieve(task.id) for task in (processing, queued)]
        assert [(end.status, end.error_code) for end in ends] == [("canceled", "user_canceled")] * 2


async def test_cancel_whose_answer_is_lost(run_pair, video):
    """A cancel that was carried out and not answered is asked for again, and has succeeded."""
    async with run_pair(server={"analysis_seconds": 3600}) as pair:
        task = await pair.create_task(await pair.ready_asset(video))
        pair.faults.add(Fault(method="POST", path="/cancel$", lose_response=True))
        assert await pair.client.tasks.cancel(task.id)
        assert pair.requests("POST /analyze/tasks/{task_id}/cancel") == 2


@pytest.mark.parametrize("status", ["ready", "failed"])
async def test_cancel_too_late(pair, video, status):
    """A task that has ended is not canceled, and keeps how it ended."""
    if status == "failed":
        pair.faults.add_outcome(Outcome(status="failed", message="Odd."))
    task = await pair.create_task(await pair.ready_asset(video))
    await pair.task_done(task)
    assert not await pair.client.tasks.cancel(task.id)
    assert (await pair.client.tasks.retrieve(task.id)).status == status


async def test_cancel_of_an_unknown_task(pair):
    """A task that the platform does not hold cannot be canceled."""
    with pytest.raises(TaskFailed, match="canceling task") as caught:
        await pair.client.tasks.cancel("f" * 24)
    assert caught.value.status == 404
