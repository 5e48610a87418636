"""The official `twelvelabs` package's batch methods, by both of its clients."""

import anyio
import pytest
from twelvelabs import (
    BadRequestError,
    BatchDefaults,
    BatchItemRequest,
    BatchPrompt,
    BatchVideoContext,
    ConflictError,
    GatewayTimeoutError,
    NotFoundError,
    ServiceUnavailableError,
    TooManyRequestsError,
)

from pipeline.server.faults import Fault, Outcome

pytestmark = pytest.mark.anyio

BATCHES = "analyze_async.batches"
UNKNOWN = "0" * 24


@pytest.fixture(scope="module")
async def asset_id(api, video):
    return await api.ready_asset(video)


def request_of(asset_id, **changes):
    return BatchItemRequest(video=BatchVideoContext(type="asset_id", asset_id=asset_id), **changes)


async def create(sdk, *requests, **changes):
    return await sdk(
        f"{BATCHES}.create",
        model_name="pegasus1.5",
        analysis_mode="general",
        defaults=BatchDefaults(prompt=BatchPrompt(input_text="What is this?"), temperature=0.3),
        requests=list(requests),
        **changes,
    )


async def until_ended(sdk, batch_id):
    with anyio.fail_after(30):
        while True:
            batch = await sdk(f"{BATCHES}.retrieve", batch_id)
            if batch.status in {"completed", "canceled", "expired"}:
                return batch
            await anyio.sleep(0.02)


async def test_a_batch_is_created_followed_and_read(sdk, api, asset_id):
    """create, retrieve and results: every item's line parses, joined by custom_id, with data or an error."""
    api.platform.faults.add_outcome(Outcome(custom_id="bad", code="asset_unavailable", message="Unreadable."))
    created = await create(sdk, request_of(asset_id, custom_id="good"), request_of(asset_id, custom_id="bad"))
    assert (created.status, created.total_items) == ("pending", 2)
    assert (created.expires_at - created.created_at).total_seconds() == pytest.approx(24 * 3600)
    batch = await until_ended(sdk, created.batch_id)
    assert (batch.status, batch.ready_items, batch.failed_items, batch.queued_items) == ("completed", 1, 1, 0)
    assert batch.completed_at >= batch.created_at
    lines = {line.custom_id: line for line in await sdk(f"{BATCHES}.results", created.batch_id)}
    assert "2.00 seconds" in lines["good"].data.data
    assert lines["good"].data.usage.output_tokens > 0
    assert (lines["bad"].error.code, lines["bad"].error.message, lines["bad"].data) == (
        "asset_unavailable",
        "Unreadable.",
        None,
    )
    task = await sdk("analyze_async.tasks.retrieve", lines["good"].task_id)
    assert (task.batch_id, task.result.generation_id) == (created.batch_id, lines["good"].data.generation_id)


async def test_batches_are_listed_and_deleted(sdk, asset_id):
    """`list` filters by several statuses and by mode; delete forgets a batch and its tasks."""
    created = await create(sdk, request_of(asset_id))
    await until_ended(sdk, created.batch_id)
    listed = await sdk(f"{BATCHES}.list", page_limit=50, status=["completed", "expired"], analysis_mode=["general"])
    assert created.batch_id in {batch.batch_id for batch in listed}
    await sdk(f"{BATCHES}.delete", created.batch_id)
    with pytest.raises(NotFoundError) as caught:
        await sdk(f"{BATCHES}.retrieve", created.batch_id)
    assert caught.value.body["error"]["code"] == "resource_not_exist"
    with pytest.raises(NotFoundError):
        await sdk("analyze_async.tasks.retrieve", created.items[0].task_id)


async def test_a_batch_is_canceled(sdk, api, asset_id):
    """`cancel` answers with the batch; canceling or deleting at the wrong time raises ConflictError with its code."""
    created = await create(sdk, *[request_of(asset_id)] * 200)
    with pytest.raises(ConflictError) as caught:
        await sdk(f"{BATCHES}.delete", created.batch_id)
    assert caught.value.body["error"]["code"] == "batch_not_terminal"
    assert (await sdk(f"{BATCHES}.cancel", created.batch_id)).status == "canceling"
    batch = await until_ended(sdk, created.batch_id)
    assert (batch.status, batch.canceled_items + batch.ready_items) == ("canceled", 200)
    with pytest.raises(ConflictError) as caught:
        await sdk(f"{BATCHES}.cancel", created.batch_id)
    assert caught.value.body["error"]["code"] == "batch_canceled"


async def test_a_finished_batch_is_not_canceled(sdk, asset_id):
    """Canceling a completed batch raises ConflictError with batch_completed."""
    created = await create(sdk, request_of(asset_id))
    await until_ended(sdk, created.batch_id)
    with pytest.raises(ConflictError) as caught:
        await sdk(f"{BATCHES}.cancel", created.batch_id)
    assert caught.value.body["error"]["code"] == "batch_completed"


async def test_refusals_raise_the_typed_errors(sdk, api, asset_id):
    """A duplicate custom_id, an unknown and an unready asset, and an unknown batch raise 400, 404 and 409 as typed."""
    with pytest.raises(BadRequestError) as caught:
        await create(sdk, request_of(asset_id, custom_id="x"), request_of(asset_id, custom_id="x"))
    assert caught.value.body["error"]["code"] == "parameter_invalid"
    with pytest.raises(NotFoundError) as caught:
        await create(sdk, request_of(asset_id), request_of(UNKNOWN))
    assert caught.value.body["error"]["code"] == "resource_not_exist"
    session = await api.session(10)
    with pytest.raises(ConflictError) as caught:
        await create(sdk, request_of(session["asset_id"]))
    assert caught.value.body["error"]["code"] == "video_not_ready"
    for name in ("retrieve", "results", "cancel", "delete"):
        with pytest.raises(NotFoundError):
            await sdk(f"{BATCHES}.{name}", UNKNOWN)


async def test_faults_raise_the_typed_errors(sdk, api, asset_id):
    """429, 503 and 504 of a creation arrive as the package's errors, and nothing was created."""
    total = (await api("GET", "/analyze/batches")).body["page_info"]["total_results"]
    body = {"error": {"code": "x", "message": "y"}}
    for status, error in ((429, TooManyRequestsError), (503, ServiceUnavailableError), (504, GatewayTimeoutError)):
        api.platform.faults.add(Fault(method="POST", path="/analyze/batches$", status=status, body=body))
        with pytest.raises(error) as caught:
            await create(sdk, request_of(asset_id))
        assert caught.value.status_code == status
    assert (await api("GET", "/analyze/batches")).body["page_info"]["total_results"] == total
