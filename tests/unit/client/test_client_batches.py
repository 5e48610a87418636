"""Batches against the real embedded platform: created once, read line by line."""

import pytest

from pipeline.client.requests import batch_item
from pipeline.config import BatchSettings
from pipeline.errors import AssetGone, BatchesActive, BatchTooLarge, TaskFailed
from pipeline.models import AnalysisRequest, Medium
from pipeline.server.faults import Fault, Outcome

pytestmark = pytest.mark.anyio

CREATE = "POST /analyze/batches"
SETTINGS = BatchSettings(poll_min_s=0.02, settle_s=0.1)
ASKED = AnalysisRequest("pegasus1.5", "What?")
GONE = "0" * 24


def items(asset_id, *names):
    return [batch_item(ASKED, Medium(asset_id), name, {}) for name in names]


async def create(pair, asset_id, *names, settings=SETTINGS):
    return await pair.client.batches.create("pegasus1.5", "general", items(asset_id, *names), settings)


async def lines(pair, batch_id):
    found = []

    async def note(line):
        found.append(line)

    await pair.client.batches.results(batch_id, note)
    return found


async def ended(pair, batch_id):
    while not (batch := await pair.client.batches.retrieve(batch_id)).is_over:
        pass
    return batch


async def test_items_are_told_by_their_custom_ids(pair, video):
    """A batch that was created names the task of each item, and its results hold a line of each, as received."""
    batch = await create(pair, await pair.ready_asset(video), "a", "b")
    assert (await ended(pair, batch.id)).done_items == 2
    found = {line.custom_id: line for line in await lines(pair, batch.id)}
    assert {name: line.id for name, line in found.items()} == batch.task_ids
    assert all(line.status == "ready" and '"data"' in line.raw for line in found.values())


@pytest.mark.parametrize("fault", [{"lose_response": True}, {"status": 504, "after": 0}], ids=str)
async def test_what_may_have_been_created_is_looked_for(pair, video, fault):
    """After a lost answer the batch is found; a 504 that created nothing asks for smaller ones."""
    asset_id = await pair.ready_asset(video)
    await create(pair, asset_id, "b", "a")  # an older one is none of this submission
    pair.faults.add(Fault(method="POST", path="/analyze/batches$", **fault))
    if fault.get("status"):
        with pytest.raises(BatchTooLarge):
            await create(pair, asset_id, "a", "b")
        assert pair.server.store.books().tasks_created == 2
        return
    batch = await create(pair, asset_id, "a", "b")
    assert (pair.requests(CREATE), pair.server.store.books().tasks_created) == (2, 4)
    assert {line.id for line in await lines(pair, batch.id)} == set(batch.task_ids.values())


async def test_a_batch_that_was_not_created_is_sent_again(pair, video):
    """A connection that broke before anything was done costs a second request, and no second batch."""
    pair.faults.add(Fault(method="POST", path="/analyze/batches$", drop=True))
    asset_id = await pair.ready_asset(video)
    await create(pair, asset_id, "a")
    assert pair.server.store.books().tasks_created == 1


async def test_too_many_active_batches_are_told_from_a_rate(run_pair, video):
    """Where as many batches are active as may be, that is said at once; a rate that is exceeded is waited for."""
    async with run_pair({"batch_active_max": 1, "analysis_seconds": 30}) as pair:
        asset_id = await pair.ready_asset(video)
        pair.faults.add(Fault(method="POST", path="/analyze/batches$", status=429))
        await create(pair, asset_id, "a")
        with pytest.raises(BatchesActive):
            await create(pair, asset_id, "b", settings=SETTINGS.model_copy(update={"max_active": 1}))
        assert pair.requests(CREATE) == 3


async def test_a_missing_asset_refuses_the_batch(pair, video):
    """An asset that is not there is told as such, and nothing is created."""
    await pair.ready_asset(video)
    with pytest.raises(AssetGone):
        await create(pair, GONE, "a")
    assert pair.server.store.books().tasks_created == 0


async def test_results_that_break_off_are_read_again(pair, video):
    """A stream of results that breaks is begun anew; a failed line carries its reason."""
    pair.faults.add_outcome(Outcome(message="It rains.", custom_id="a"))
    batch = await create(pair, await pair.ready_asset(video), "a", "b")
    await ended(pair, batch.id)
    pair.faults.add(Fault(method="GET", path="/results$", cut_after=1))
    found = {line.custom_id: line for line in await lines(pair, batch.id)}
    assert (found["a"].status, found["a"].error_message) == ("failed", "It rains.")
    assert found["b"].status == "ready"


async def test_a_batch_can_be_canceled_while_it_is_under_way(run_pair, video):
    """What waits is canceled; a batch that is over cannot be, which is told."""
    async with run_pair({"analysis_concurrency": 1, "analysis_seconds": 0.3}) as pair:
        batch = await create(pair, await pair.ready_asset(video), "a", "b", "c")
        await pair.client.batches.cancel(batch.id)
        assert (await ended(pair, batch.id)).status == "canceled"
        assert {line.status for line in await lines(pair, batch.id)} >= {"canceled"}
        with pytest.raises(TaskFailed):
            await pair.client.batches.cancel(batch.id)
