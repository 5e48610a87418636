"""Batches over bare HTTP: what they refuse, how their items go, how they end."""

import base64
import io

import aiohttp
import anyio
import av
import numpy as np
import orjson
import pytest

from pipeline.server.faults import Fault, Outcome

pytestmark = pytest.mark.anyio

ENDED = ("completed", "canceled", "expired")
SEGMENTS = {"type": "segment_definitions", "segment_definitions": [{"id": "s", "description": "Scenes."}]}
UNKNOWN = "0" * 24


@pytest.fixture(scope="module")
async def asset_id(api, video):
    return await api.ready_asset(video)


@pytest.fixture(scope="module")
def picture():
    """A green square, as base64 of a PNG."""
    file = io.BytesIO()
    with av.open(file, "w", format="image2pipe") as container:
        stream = container.add_stream("png")
        stream.width = stream.height = 64
        stream.pix_fmt = "rgb24"
        green = np.zeros((64, 64, 3), np.uint8)
        green[..., 1] = 200
        container.mux(stream.encode(av.VideoFrame.from_ndarray(green, "rgb24")))
        container.mux(stream.encode())
    return base64.b64encode(file.getvalue()).decode()


def item(asset_id, **changes):
    return {"video": {"type": "asset_id", "asset_id": asset_id}, **changes}


def batch_of(*requests, **changes):
    defaults = {"prompt": {"input_text": "What is this?"}}
    return {
        "model_name": "pegasus1.5",
        "analysis_mode": "general",
        "defaults": defaults,
        "requests": list(requests),
        **changes,
    }


async def create(api, body):
    reply = await api("POST", "/analyze/batches", json=body)
    assert reply.status == 201, reply
    return reply.body


async def until(api, batch_id, *wanted):
    with anyio.fail_after(60):
        while (found := (await api("GET", f"/analyze/batches/{batch_id}")).body)["status"] not in (wanted or ENDED):
            await anyio.sleep(0.02)
    return found


async def results(api, batch_id):
    reply = await api("GET", f"/analyze/batches/{batch_id}/results")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/jsonl")
    return [orjson.loads(line) for line in reply.body.splitlines()]


def counts(batch):
    return {name.removesuffix("_items"): n for name, n in batch.items() if name.endswith("_items") and n}


async def test_every_item_becomes_a_task(api, asset_id):
    """Each item is a task with the batch's id, found by its own id and by asset, and the results hold its answer."""
    body = batch_of(item(asset_id, custom_id="one"), item(asset_id))
    created = await create(api, body)
    assert (created["status"], created["total_items"]) == ("pending", 2)
    assert [entry["custom_id"] for entry in created["items"]] == ["one", None]
    ended = await until(api, created["batch_id"])
    assert (ended["status"], counts(ended)) == ("completed", {"total": 2, "ready": 2})
    assert ended["completed_at"] >= ended["created_at"]
    assert (ended["model_name"], ended["analysis_mode"]) == ("pegasus1.5", "general")
    lines = {line["task_id"]: line for line in await results(api, created["batch_id"])}
    for entry in created["items"]:
        task = (await api("GET", f"/analyze/tasks/{entry['task_id']}")).body
        assert (task["batch_id"], task["custom_id"]) == (created["batch_id"], entry["custom_id"])
        assert lines[entry["task_id"]] == {**entry, "status": "ready", "data": task["result"]}


async def test_an_item_overrides_the_defaults(api, asset_id):
    """What an item says replaces the default of that name as a whole; what it leaves out is the default's."""
    mine = {"input_text": "And this?"}
    defaults = {"prompt": {"input_text": "What is this?"}, "temperature": 0.5, "max_tokens": 600, "end_time": 1.5}
    body = batch_of(item(asset_id), item(asset_id, prompt=mine, temperature=0, start_time=0.2), defaults=defaults)
    created = await create(api, body)
    asked = [
        (await api("GET", f"/analyze/tasks/{entry['task_id']}")).body["request_params"] for entry in created["items"]
    ]
    common = {"analysis_mode": "general", "max_tokens": 600, "end_time": 1.5}
    assert asked[0] == {**common, "temperature": 0.5, "prompt_v2": {"input_text": "What is this?"}}
    assert asked[1] == {**common, "temperature": 0, "start_time": 0.2, "prompt_v2": mine}


async def test_a_batch_can_ask_for_segments(api, asset_id):
    """A batch of time_based_metadata has one mode for all, and an item may bring its own definitions."""
    other = {**SEGMENTS, "segment_definitions": [{"id": "other", "description": "Others."}]}
    body = batch_of(
        item(asset_id),
        item(asset_id, response_format=other),
        analysis_mode="time_based_metadata",
        defaults={"response_format": SEGMENTS, "min_segment_duration": 2},
    )
    created = await create(api, body)
    await until(api, created["batch_id"])
    found = {line["task_id"]: line for line in await results(api, created["batch_id"])}
    answers = [orjson.loads(found[entry["task_id"]]["data"]["data"]) for entry in created["items"]]
    assert [list(answer) for answer in answers] == [["s"], ["other"]]


async def test_reference_images_go_to_every_item(api, asset_id, picture):
    """An inline reference image of the defaults is there for each item."""
    source = {"name": "x", "media_type": "image", "base64_string": picture}
    prompt = {"input_text": "Is <@x> in it?", "media_sources": [source]}
    created = await create(api, batch_of(item(asset_id), item(asset_id), defaults={"prompt": prompt}))
    assert counts(await until(api, created["batch_id"])) == {"total": 2, "ready": 2}


async def test_outcomes_can_be_decided_for_items(api, asset_id):
    """The switchboard lets single items fail or be canceled: an error on the failed one alone, and partial success."""
    for status in ("failed", "canceled"):
        api.platform.faults.add_outcome(Outcome(status=status, code="odd", message="As told.", custom_id=f"b-{status}"))
    requests = [item(asset_id, custom_id=f"b-{status}") for status in ("failed", "canceled", "ready")]
    created = await create(api, batch_of(*requests))
    ended = await until(api, created["batch_id"])
    assert (ended["status"], counts(ended)) == ("completed", {"total": 3, "failed": 1, "canceled": 1, "ready": 1})
    lines = {line["custom_id"]: line for line in await results(api, created["batch_id"])}
    assert lines["b-failed"]["error"] == {"code": "odd", "message": "As told."}
    assert {"data", "error"}.isdisjoint(lines["b-canceled"])
    assert "error" not in lines["b-ready"]
    books = api.platform.store.books()
    assert [books.billed_by_custom_id.get(f"b-{status}") for status in ("failed", "canceled", "ready")] == [
        None,
        None,
        1,
    ]


async def test_too_long_a_window_fails_alone(run_platform, video):
    """An item whose window is too long fails with video_duration_too_long, and the others are done."""
    async with run_platform(window_max_s=1.5) as api:
        asset = await api.ready_asset(video)
        created = await create(
            api,
            batch_of(
                item(asset, custom_id="whole"),
                item(asset, custom_id="long", start_time=0, end_time=1.8),
                item(asset, custom_id="short", end_time=1.2),
            ),
        )
        ended = await until(api, created["batch_id"])
        assert counts(ended) == {"total": 3, "ready": 1, "failed": 2}
        lines = {line["custom_id"]: line for line in await results(api, created["batch_id"])}
        assert [lines[name]["error"]["code"] for name in ("whole", "long")] == ["video_duration_too_long"] * 2


async def test_a_deleted_asset_fails_its_items(run_platform, video):
    """An item whose asset is deleted before its turn fails with asset_unavailable."""
    async with run_platform(pending_seconds=0.5) as api:
        asset = await api.ready_asset(video)
        batch_id = (await create(api, batch_of(item(asset))))["batch_id"]
        await api("DELETE", f"/assets/{asset}")
        await until(api, batch_id)
        (line,) = await results(api, batch_id)
        assert (line["status"], line["error"]["code"]) == ("failed", "asset_unavailable")


async def test_results_while_it_runs(run_platform, video):
    """Results can be had while a batch runs: no data for what is not done, and `queued` for all that waits."""
    async with run_platform(analysis_concurrency=1, analysis_seconds=3600, pending_seconds=0.01) as api:
        asset = await api.ready_asset(video)
        batch_id = (await create(api, batch_of(item(asset), item(asset))))["batch_id"]
        running = await until(api, batch_id, "processing")
        assert counts(running) == {"total": 2, "processing": 1, "queued": 1}
        lines = await results(api, batch_id)
        assert [sorted(line) for line in lines] == [["custom_id", "status", "task_id"]] * 2
        assert [line["status"] for line in lines] == ["processing", "queued"]


async def test_results_in_another_order(run_platform, video):
    """The order of the results is a setting: nobody may rely on it."""
    async with run_platform(batch_results_order="shuffled") as api:
        asset = await api.ready_asset(video)
        created = await create(api, batch_of(*(item(asset, custom_id=str(n)) for n in range(20))))
        ids = [entry["task_id"] for entry in created["items"]]
        assert [line["task_id"] for line in await results(api, created["batch_id"])] == sorted(ids) != ids


async def test_results_can_break_off(api, asset_id):
    """A fault cuts the stream of results after some lines."""
    batch_id = (await create(api, batch_of(item(asset_id), item(asset_id))))["batch_id"]
    api.platform.faults.add(Fault(path="/results$", cut_after=1))
    with pytest.raises(aiohttp.ClientError):
        await results(api, batch_id)
    assert len(await results(api, batch_id)) == 2


@pytest.mark.parametrize(
    ("change", "status", "code", "named"),
    [
        ({"model_name": None}, 400, "parameter_invalid", "model_name"),
        ({"model_name": "pegasus1.6"}, 400, "parameter_invalid", "model_name"),
        ({"model_name": "pegasus1.2"}, 400, "parameter_invalid", "model_name"),
        ({"analysis_mode": "both"}, 400, "parameter_invalid", "analysis_mode"),
        ({"requests": []}, 400, "parameter_invalid", "requests"),
        ({"defaults": {}}, 400, "parameter_not_provided", "prompt"),
        ({"defaults": {"prompt": "What?"}}, 400, "parameter_invalid", "prompt"),
        ({"defaults": {"prompt": {"input_text": "x"}, "max_tokens": "unlimited"}}, 400, "parameter_invalid", "max_t"),
        ({"defaults": {"prompt": {"input_text": "x"}, "max_tokens": 511}}, 400, "parameter_invalid", "max_tokens"),
        ({"defaults": {"prompt": {"input_text": "x"}, "colour": 1}}, 400, "parameter_unknown", "colour"),
        ({"analysis_mode": "time_based_metadata"}, 400, None, "requests.0"),
        ({"colour": "red"}, 400, "parameter_unknown", "colour"),
        ({"webhook": "http://x"}, 400, "parameter_unknown", "webhook"),
    ],
)
async def test_a_wrong_batch_is_refused_by_name(api, asset_id, change, status, code, named):
    """Every wrong member of a batch is answered 400, nested, with its name."""
    reply = await api("POST", "/analyze/batches", json=batch_of(item(asset_id), **change))
    assert (reply.status, reply.body["error"]["code"]) == (status, code or reply.body["error"]["code"])
    assert named in reply.body["error"]["message"]


@pytest.mark.parametrize(
    ("change", "status", "code", "named"),
    [
        ({"video": None}, 400, "parameter_invalid", "video"),
        ({"video": {"type": "url", "url": "http://x/y.mp4"}}, 400, "parameter_invalid", "video"),
        ({"video": {"type": "asset_id", "asset_id": "xyz"}}, 400, "parameter_invalid", "asset_id"),
        ({"video": {"type": "asset_id", "asset_id": UNKNOWN}}, 404, "resource_not_exist", UNKNOWN),
        ({"custom_id": "twin"}, 400, "parameter_invalid", "twin"),
        ({"custom_id": ""}, 400, "parameter_invalid", "custom_id"),
        ({"temperature": 2}, 400, "parameter_invalid", "temperature"),
        ({"start_time": 1, "end_time": 1}, 400, "parameter_invalid", "start_time"),
        ({"end_time": 50}, 400, "parameter_invalid", "end_time"),
        ({"prompt": {"input_text": ""}}, 400, "parameter_invalid", "input_text"),
        ({"prompt": {"input_text": "<@x>"}}, 400, "parameter_invalid", "x"),
        ({"response_format": SEGMENTS}, 400, "parameter_invalid", "response_format"),
        ({"model_name": "pegasus1.5"}, 400, "parameter_unknown", "model_name"),
    ],
)
async def test_one_wrong_item_refuses_the_batch(api, asset_id, change, status, code, named):
    """A single wrong item is answered with its number and what is wrong, and nothing at all is created."""
    before = api.platform.store.books().tasks_created
    requests = [item(asset_id, custom_id="twin"), {**item(asset_id), **change}]
    reply = await api("POST", "/analyze/batches", json=batch_of(*requests))
    assert (reply.status, reply.body["error"]["code"]) == (status, code)
    assert named in reply.body["error"]["message"]
    assert api.platform.store.books().tasks_created == before


async def test_assets_have_to_be_ready(run_platform, video):
    """An asset that is still processing is answered 409, and taken when it is ready."""
    async with run_platform(asset_seconds=0.3) as api:
        waiting = (await api.upload(video))["_id"]
        reply = await api("POST", "/analyze/batches", json=batch_of(item(waiting)))
        assert (reply.status, waiting in reply.body["error"]["message"]) == (409, True)
        await create(api, batch_of(item((await api.until(f"/assets/{waiting}"))["_id"])))


async def test_a_batch_has_limits(run_platform, video):
    """More requests than a batch takes, more hours than it may hold, and more than are checked in time are refused."""
    settings = {"batch_max_items": 6, "batch_max_hours": 7 / 3600, "batch_creation_max_items": 4}
    async with run_platform(**settings) as api:
        asset = await api.ready_asset(video)
        for count, status, named in ((7, 400, "6"), (5, 504, "smaller"), (4, 400, "hours"), (3, 201, None)):
            reply = await api("POST", "/analyze/batches", json=batch_of(*[item(asset)] * count))
            assert reply.status == status
            assert named is None or named in reply.body["error"]["message"]


async def test_only_so_many_batches_are_active(run_platform, video):
    """A sixth active batch is answered 429, nested, until one has ended."""
    async with run_platform(analysis_concurrency=1, analysis_seconds=3600) as api:
        body = batch_of(item(await api.ready_asset(video)))
        ids = [(await create(api, body))["batch_id"] for _ in range(5)]
        refused = await api("POST", "/analyze/batches", json=body)
        assert (refused.status, refused.body["error"]["code"]) == (429, "too_many_requests")
        await api("POST", f"/analyze/batches/{ids[-1]}/cancel")
        await create(api, body)


async def test_batches_draw_on_the_analyze_budget(run_platform, video):
    """Creating a batch is one request of the analyze class; its 429 is nested, also where that of tasks is empty."""
    async with run_platform(analyze_per_minute=1, rate_body="empty") as api:
        body = batch_of(item(await api.ready_asset(video)))
        await create(api, body)
        refused = await api("POST", "/analyze/batches", json=body)
        assert (refused.status, refused.body["error"]["code"]) == (429, "too_many_requests")
        assert int(refused.headers["Retry-After"]) > 0


async def test_a_canceled_batch_finishes_what_it_began(run_platform, video):
    """Cancel is answered 202 with `canceling`; waiting items end with batch_canceled, the one being done ends ready."""
    async with run_platform(analysis_concurrency=1, analysis_seconds=1) as api:
        asset = await api.ready_asset(video)
        created = await create(api, batch_of(*(item(asset, custom_id=f"n{n}") for n in range(3))))
        path = f"/analyze/batches/{created['batch_id']}"
        await until(api, created["batch_id"], "processing")
        early = await api("DELETE", path)
        assert (early.status, early.body["error"]["code"]) == (409, "batch_not_terminal")
        for _ in range(2):
            reply = await api("POST", f"{path}/cancel")
            assert (reply.status, reply.body["status"]) == (202, "canceling")
        ended = await until(api, created["batch_id"])
        assert (ended["status"], counts(ended)) == ("canceled", {"total": 3, "ready": 1, "canceled": 2})
        assert ended["canceled_at"]
        task = (await api("GET", f"/analyze/tasks/{created['items'][2]['task_id']}")).body
        assert (task["status"], task["error"]["code"]) == ("canceled", "batch_canceled")
        again = await api("POST", f"{path}/cancel")
        assert (again.status, again.body["error"]["code"]) == (409, "batch_canceled")
        assert api.platform.store.books().billed_by_custom_id == {"n0": 1}


async def test_a_batch_that_waits_is_canceled_at_once(run_platform, video):
    """A batch of which nothing was begun is `canceling` in the answer and `canceled` afterwards."""
    async with run_platform(pending_seconds=3600) as api:
        batch_id = (await create(api, batch_of(item(await api.ready_asset(video)))))["batch_id"]
        assert (await api("POST", f"/analyze/batches/{batch_id}/cancel")).body["status"] == "canceling"
        assert (await until(api, batch_id))["status"] == "canceled"


@pytest.mark.parametrize(("overdue", "code"), [("failed", "batch_processing_timeout"), ("canceled", None)])
async def test_a_batch_expires(run_platform, video, overdue, code):
    """At its time a batch is `expired`: what waits ends with batch_expired, what is processed as a setting says."""
    settings = {"analysis_concurrency": 1, "analysis_seconds": 3600, "batch_ttl_s": 1, "batch_overdue": overdue}
    async with run_platform(**settings) as api:
        asset = await api.ready_asset(video)
        created = await create(api, batch_of(item(asset), item(asset)))
        await until(api, created["batch_id"], "processing")
        ended = await until(api, created["batch_id"])
        assert (ended["status"], "expired_at" in ended) == ("expired", True)
        first, second = await results(api, created["batch_id"])
        assert (first["status"], first.get("error", {}).get("code")) == (overdue, code)
        assert second["status"] == "canceled"
        task = (await api("GET", f"/analyze/tasks/{second['task_id']}")).body
        assert task["error"]["code"] == "batch_expired"
        refused = await api("POST", f"/analyze/batches/{created['batch_id']}/cancel")
        assert (refused.status, refused.body["error"]["code"]) == (409, "batch_expired")
        assert api.platform.store.books().billed == 0


async def test_an_expired_batch_makes_room(run_platform, video):
    """The engines are free for other work once a batch has expired."""
    async with run_platform(analysis_concurrency=1, analysis_seconds=2, batch_ttl_s=0.5) as api:
        asset = await api.ready_asset(video)
        created = await create(api, batch_of(*[item(asset)] * 200))
        await until(api, created["batch_id"])
        task = {"video": item(asset)["video"], "prompt": "What?"}
        task_id = (await api("POST", "/analyze/tasks", json=task)).body["task_id"]
        assert (await api.until(f"/analyze/tasks/{task_id}"))["status"] == "ready"


async def test_old_batches_are_deleted(run_platform, video):
    """A batch is gone with its tasks when its retention is over."""
    async with run_platform(batch_retention_s=0.001) as api:
        created = await create(api, batch_of(item(await api.ready_asset(video))))
        with anyio.fail_after(30):
            while (await api("GET", f"/analyze/batches/{created['batch_id']}")).status != 404:
                await anyio.sleep(0.02)
        assert (await api("GET", f"/analyze/tasks/{created['items'][0]['task_id']}")).status == 404


async def test_a_deleted_batch_stays_billed(api, asset_id):
    """Deleting a batch deletes its tasks, not what was billed."""
    created = await create(api, batch_of(item(asset_id, custom_id="gone")))
    await until(api, created["batch_id"])
    assert (await api("DELETE", f"/analyze/batches/{created['batch_id']}")).status == 200
    for path in (f"batches/{created['batch_id']}", f"tasks/{created['items'][0]['task_id']}"):
        reply = await api("GET", f"/analyze/{path}")
        assert (reply.status, reply.body["error"]["code"]) == (404, "resource_not_exist")
    assert api.platform.store.books().billed_by_custom_id["gone"] == 1


async def test_single_items_are_left_to_their_batch(run_platform, video):
    """A batch's task cannot be canceled by itself; deleted by itself while it waits, it is no longer waited for."""
    async with run_platform(pending_seconds=3600) as api:
        created = await create(api, batch_of(item(await api.ready_asset(video))))
        task = f"/analyze/tasks/{created['items'][0]['task_id']}"
        assert (await api("POST", f"{task}/cancel")).status == 400
        assert (await api("DELETE", task)).status == 200
        assert (await until(api, created["batch_id"]))["status"] == "completed"


async def test_batches_are_listed_and_filtered(run_platform, video):
    """Lists are newest first and paged; status and analysis_mode may be given several times; others are refused."""
    async with run_platform(pending_seconds=3600) as api:
        body = batch_of(item(await api.ready_asset(video)))
        ids = [(await create(api, body))["batch_id"] for _ in range(3)]
        await api("POST", f"/analyze/batches/{ids[0]}/cancel")

        async def listed(query):
            return [batch["batch_id"] for batch in (await api("GET", f"/analyze/batches?{query}")).body["data"]]

        assert await listed("page_limit=2") == ids[:0:-1]
        assert await listed("page_limit=2&page=2") == ids[:1]
        assert await listed("status=canceled&status=expired") == ids[:1]
        assert await listed("status=canceled&status=pending") == ids[::-1]
        assert await listed("analysis_mode=time_based_metadata") == []
        assert await listed("analysis_mode=time_based_metadata&analysis_mode=general&status=pending") == ids[:0:-1]
        for query in ("status=failed", "analysis_mode=both", "page_limit=51"):
            reply = await api("GET", f"/analyze/batches?{query}")
            assert (reply.status, reply.body["error"]["code"]) == (400, "parameter_invalid")


async def test_faults_strike_batches(api, asset_id):
    """A lost answer leaves the batch in the list, where it can be found; a status fault leaves none."""
    total = (await api("GET", "/analyze/batches")).body["page_info"]["total_results"]
    body = batch_of(item(asset_id, custom_id="lost"))
    api.platform.faults.add(Fault(method="POST", path="/analyze/batches$", lose_response=True))
    with pytest.raises(aiohttp.ClientError):
        await api("POST", "/analyze/batches", json=body)
    for status in (503, 504):
        api.platform.faults.add(Fault(method="POST", path="/analyze/batches$", status=status, body={"error": {}}))
        assert (await api("POST", "/analyze/batches", json=body)).status == status
    found = (await api("GET", "/analyze/batches")).body
    assert found["page_info"]["total_results"] == total + 1
    assert [line["custom_id"] for line in await results(api, found["data"][0]["batch_id"])] == ["lost"]


async def test_a_full_batch(run_platform, video):
    """A batch of 1,000 items is created, done and read to the last line, each billed once."""
    async with run_platform(analysis_concurrency=100) as api:
        asset = await api.ready_asset(video)
        names = {f"n{n}" for n in range(1000)}
        for name in ("n0", "n500"):
            api.platform.faults.add_outcome(Outcome(custom_id=name))
        created = await create(api, batch_of(*(item(asset, custom_id=name) for name in names)))
        ended = await until(api, created["batch_id"])
        assert counts(ended) == {"total": 1000, "ready": 998, "failed": 2}
        lines = await results(api, created["batch_id"])
        assert {line["custom_id"] for line in lines} == names
        assert api.platform.store.books().billed_by_custom_id == dict.fromkeys(names - {"n0", "n500"}, 1)
