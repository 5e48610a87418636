"""Analysis tasks over bare HTTP: idempotency, states, filters, refusals."""

import base64

import anyio
import pytest

from pipeline.server.faults import Outcome

pytestmark = pytest.mark.anyio

KEYED = {"x-api-key": "tlk_test", "Idempotency-Key": "job-1"}


@pytest.fixture(scope="module")
async def asset_id(api, video):
    return await api.ready_asset(video)


def by_asset(asset_id: str, **changes):
    return {"video": {"type": "asset_id", "asset_id": asset_id}, "prompt": "What is this?", **changes}


def inline(video):
    return {"type": "base64_string", "base64_string": base64.b64encode(video.read_bytes()).decode()}


async def create(api, body, **options):
    reply = await api("POST", "/analyze/tasks", json=body, **options)
    assert reply.status == 202, reply
    return reply.body["task_id"]


async def test_an_idempotency_key_makes_one_task(api, asset_id):
    """The same request under the same key, also at the same time, makes one task and gets one answer."""
    headers = {**KEYED, "Idempotency-Key": "at-once"}
    ids = []

    async def send():
        ids.append(await create(api, by_asset(asset_id, custom_id="at-once"), headers=headers))

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(send)
    assert len(set(ids)) == 1
    assert api.platform.store.books().tasks_by_custom_id["at-once"] == 1


async def test_a_key_used_for_another_request_is_refused(api, asset_id):
    """The same key with another body is answered 409 in the nested shape, and makes no task."""
    headers = {**KEYED, "Idempotency-Key": "other-body"}
    await create(api, by_asset(asset_id), headers=headers)
    created = api.platform.store.books().tasks_created
    reply = await api("POST", "/analyze/tasks", json=by_asset(asset_id, prompt="Else?"), headers=headers)
    assert (reply.status, reply.body["error"]["code"]) == (409, "idempotency_key_reused")
    assert api.platform.store.books().tasks_created == created


async def test_a_key_used_for_another_request_can_be_replayed(run_platform, video):
    """Where the setting says `replay`, the same key always gets the first answer."""
    async with run_platform(idempotency_conflict="replay") as api:
        asset = await api.ready_asset(video)
        first = await create(api, by_asset(asset), headers=KEYED)
        assert await create(api, by_asset(asset, prompt="Else?"), headers=KEYED) == first


async def test_a_key_is_forgotten_after_its_time(run_platform, video):
    """After its time, a setting, a key makes a new task."""
    async with run_platform(idempotency_ttl_s=0.001) as api:
        asset = await api.ready_asset(video)
        first = await create(api, by_asset(asset), headers=KEYED)
        await anyio.sleep(0.01)
        assert await create(api, by_asset(asset), headers=KEYED) != first


async def test_custom_ids_need_not_be_unique(api, asset_id):
    """Two tasks may share a custom_id; a task without one shows null."""
    first = await create(api, by_asset(asset_id, custom_id="twin"))
    assert await create(api, by_asset(asset_id, custom_id="twin")) != first
    other = await create(api, by_asset(asset_id))
    assert (await api("GET", f"/analyze/tasks/{other}")).body["custom_id"] is None


async def test_tasks_pass_through_their_states(run_platform, video):
    """With one place for an analysis the first task is `processing` while the second stays `queued`."""
    async with run_platform(analysis_concurrency=1, analysis_seconds=3600) as api:
        asset = await api.ready_asset(video)
        first, second = await create(api, by_asset(asset)), await create(api, by_asset(asset))
        assert (await api.until(f"/analyze/tasks/{first}", "processing"))["status"] == "processing"
        assert (await api.until(f"/analyze/tasks/{second}", "queued"))["status"] == "queued"
        refused = await api("DELETE", f"/analyze/tasks/{first}")
        assert (refused.status, refused.body["error"]["code"]) == (409, "task_processing")
        assert (await api("DELETE", f"/analyze/tasks/{second}")).status == 200


async def test_a_task_may_stay_pending(run_platform, video):
    """A task that has left the queue is `pending` until its analysis begins."""
    async with run_platform(pending_seconds=3600) as api:
        task = await create(api, by_asset(await api.ready_asset(video)))
        assert (await api.until(f"/analyze/tasks/{task}", "pending"))["status"] == "pending"


@pytest.mark.parametrize("status", ["failed", "canceled"])
async def test_outcomes_can_be_decided(api, asset_id, status):
    """The switchboard lets a task end `failed` or `canceled`, with a code and a message and no result."""
    api.platform.faults.add_outcome(Outcome(status=status, code="user_canceled", message="As told.", custom_id=status))
    task = await api.until(f"/analyze/tasks/{await create(api, by_asset(asset_id, custom_id=status))}")
    assert (task["status"], task["error"]) == (status, {"message": "As told.", "code": "user_canceled"})
    assert "result" not in task
    assert "completed_at" in task


async def test_too_long_a_video_is_refused(run_platform, video):
    """More of an asset than one analysis takes is refused, other videos fail their task; a window passes."""
    async with run_platform(window_max_s=1.5) as api:
        asset = await api.ready_asset(video)
        reply = await api("POST", "/analyze/tasks", json=by_asset(asset))
        assert (reply.status, reply.body["error"]["code"]) == (400, "video_duration_too_long")
        task = await api.until(f"/analyze/tasks/{await create(api, by_asset(asset, end_time=1.2))}")
        assert task["status"] == "ready"
        task = await api.until(f"/analyze/tasks/{await create(api, {'video': inline(video), 'prompt': 'What?'})}")
        assert (task["status"], list(task["error"])) == ("failed", ["message"])


async def test_a_cut_answer_says_so(run_platform, video):
    """An answer that reaches max_tokens is `ready` with finish_reason `length` and a warning."""
    async with run_platform(max_tokens_min=2) as api:
        asset = await api.ready_asset(video)
        task = await api.until(f"/analyze/tasks/{await create(api, by_asset(asset, max_tokens=2))}")
        assert (task["status"], task["result"]["finish_reason"]) == ("ready", "length")
        assert task["result"]["usage"]["output_tokens"] <= 2
        assert task["error"]["message"]


async def test_a_deleted_asset_fails_its_waiting_tasks(run_platform, video):
    """A task whose asset is deleted before its turn fails with a reason."""
    async with run_platform(pending_seconds=1) as api:
        asset = await api.ready_asset(video)
        task = await create(api, by_asset(asset))
        await api("DELETE", f"/assets/{asset}")
        ended = await api.until(f"/analyze/tasks/{task}")
        assert (ended["status"], "deleted" in ended["error"]["message"]) == ("failed", True)


async def test_a_video_can_come_with_the_request(api, video):
    """A base64 video and one by URL are looked at and analysed without becoming assets."""
    task = await api.until(f"/analyze/tasks/{await create(api, {'video': inline(video), 'prompt': 'What?'})}")
    assert (task["status"], task["video_source"]["type"]) == ("ready", "base64_string")
    url = "http://127.0.0.1:9/film.mp4"
    task_id = await create(api, {"video": {"type": "url", "url": url}, "prompt": "What?"})
    task = await api.until(f"/analyze/tasks/{task_id}")
    assert (task["status"], task["video_source"]["url"]) == ("failed", url)
    listed = (await api("GET", "/analyze/tasks", params={"video_url": url})).body
    assert [entry["task_id"] for entry in listed["data"]] == [task_id]


async def test_lists_page_newest_first(run_platform, video):
    """Pages are newest first, say how many there are, and end in an empty page."""
    async with run_platform(list_results=False) as api:
        asset = await api.ready_asset(video)
        ids = [await create(api, by_asset(asset)) for _ in range(5)]
        for task in ids:
            await api.until(f"/analyze/tasks/{task}")
        pages = [(await api("GET", f"/analyze/tasks?page_limit=2&page={page}")).body for page in (1, 2, 3, 4)]
        assert [task["task_id"] for page in pages for task in page["data"]] == ids[::-1]
        assert pages[1]["page_info"] == {"page": 2, "limit_per_page": 2, "total_page": 3, "total_results": 5}
        assert all("result" not in task for page in pages for task in page["data"])
        segmented = (await api("GET", "/analyze/tasks?analysis_mode=time_based_metadata")).body
        assert segmented["data"] == []


async def test_a_list_with_a_wrong_filter_is_refused_flat(api):
    """An unknown status is answered 400 in the flat shape, unlike the other errors of tasks."""
    reply = await api("GET", "/analyze/tasks?status=done")
    assert (reply.status, reply.body["code"]) == (400, "parameter_invalid")


@pytest.mark.parametrize(
    ("change", "code", "named"),
    [
        ({"prompt": None}, "parameter_not_provided", "prompt"),
        ({"prompt": "  "}, "parameter_invalid", "prompt"),
        ({"video": None}, "parameter_not_provided", "video"),
        ({"video": {"type": "asset_id"}}, "parameter_not_provided", "asset_id"),
        ({"video": {"type": "video_id", "video_id": "1"}}, "parameter_invalid", "video"),
        ({"video": {"type": "asset_id", "asset_id": "0"}}, "resource_not_exist", "asset"),
        ({"video": {"type": "url", "url": "file:///etc/passwd"}}, "parameter_invalid", "url"),
        ({"video": {"type": "base64_string", "base64_string": "?"}}, "parameter_invalid", "base64"),
        ({"model_name": "pegasus1.2"}, "parameter_invalid", "model_name"),
        ({"temperature": 1.5}, "parameter_invalid", "temperature"),
        ({"max_tokens": 511}, "parameter_invalid", "max_tokens"),
        ({"max_tokens": "unlimited"}, "parameter_invalid", "unlimited"),
        ({"custom_id": ""}, "parameter_invalid", "custom_id"),
        ({"custom_id": "a b"}, "parameter_invalid", "custom_id"),
        ({"custom_id": "x\n"}, "parameter_invalid", "custom_id"),
        ({"start_time": 1, "end_time": 1}, "parameter_invalid", "start_time"),
        ({"start_time": 0.5, "end_time": 1}, "parameter_invalid", "window"),
        ({"start_time": 5}, "parameter_invalid", "start_time"),
        ({"end_time": 5}, "parameter_invalid", "end_time"),
        ({"colour": "red"}, "parameter_unknown", "colour"),
    ],
)
async def test_a_wrong_task_is_refused_by_name(api, asset_id, change, code, named):
    """Every wrong or unsupported member of a task is answered 400, nested, with the code for it and its name."""
    reply = await api("POST", "/analyze/tasks", json=by_asset(asset_id, **change))
    assert (reply.status, reply.body["error"]["code"]) == (400, code)
    assert named in reply.body["error"]["message"]


async def test_an_asset_has_to_be_ready(api, run_platform, video):
    """A task on an asset that is still processing, or has failed, is answered 400."""
    async with run_platform(asset_seconds=3600) as slow:
        waiting = (await slow.upload(video))["_id"]
        reply = await slow("POST", "/analyze/tasks", json=by_asset(waiting))
        assert (reply.status, reply.body["error"]["code"]) == (400, "video_not_ready")


async def test_a_key_outlives_its_asset(api, video):
    """The same request under the same key gets its answer again although its asset is gone by then."""
    asset = await api.ready_asset(video)
    headers = {**KEYED, "Idempotency-Key": "asset-gone"}
    first = await create(api, by_asset(asset), headers=headers)
    assert (await api("DELETE", f"/assets/{asset}")).status == 200
    assert await create(api, by_asset(asset), headers=headers) == first


async def canceled(api, task_id):
    reply = await api("POST", f"/analyze/tasks/{task_id}/cancel")
    assert (reply.status, reply.body) == (200, {"task_id": task_id, "status": "canceled"})
    return (await api("GET", f"/analyze/tasks/{task_id}")).body


async def test_a_task_is_canceled_while_it_is_processed(run_platform, video):
    """A task that is processed is canceled at once, also twice, and its place is free for the next."""
    async with run_platform(analysis_concurrency=1, analysis_seconds=3600) as api:
        asset = await api.ready_asset(video)
        first, second = await create(api, by_asset(asset)), await create(api, by_asset(asset))
        await api.until(f"/analyze/tasks/{first}", "processing")
        task = await canceled(api, first)
        assert (task["status"], task["error"]["code"]) == ("canceled", "user_canceled")
        assert "result" not in task
        assert (await api.until(f"/analyze/tasks/{second}", "processing"))["status"] == "processing"
        assert await canceled(api, first) == task


async def test_a_waiting_task_is_canceled(run_platform, video, tmp_path):
    """Queued and pending tasks can be canceled, and are never processed; what came along with them is removed."""
    async with run_platform(analysis_concurrency=1, pending_seconds=3600) as api:
        body = {"video": inline(video), "prompt": "What?"}
        first, second = await create(api, body), await create(api, body)
        await api.until(f"/analyze/tasks/{first}", "pending")
        assert [(await canceled(api, task))["status"] for task in (first, second)] == ["canceled", "canceled"]
        assert list((tmp_path / "data" / "tasks").iterdir()) == []


@pytest.mark.parametrize("status", ["ready", "failed"])
async def test_an_ended_task_cannot_be_canceled(api, asset_id, status):
    """Canceling a task that is ready or failed is answered 409, and one that does not exist 404; nested."""
    if status == "failed":
        api.platform.faults.add_outcome(Outcome(custom_id="ended"))
    task = await create(api, by_asset(asset_id, custom_id="ended"))
    before = await api.until(f"/analyze/tasks/{task}")
    assert before["status"] == status
    reply = await api("POST", f"/analyze/tasks/{task}/cancel")
    assert (reply.status, reply.body["error"]["code"]) == (409, f"task_{status}")
    assert (await api("GET", f"/analyze/tasks/{task}")).body == before
    reply = await api("POST", "/analyze/tasks/none/cancel")
    assert (reply.status, reply.body["error"]["code"]) == (404, "resource_not_exist")


async def test_malformed_json_is_refused(api):
    """A body that is not JSON is answered 400 in the nested shape."""
    headers = {**KEYED, "Content-Type": "application/json"}
    reply = await api("POST", "/analyze/tasks", data=b"{", headers=headers)
    assert (reply.status, reply.body["error"]["code"]) == (400, "parameter_invalid")
