"""Waiting for tasks, against the embedded platform."""

from datetime import UTC, datetime, timedelta

import anyio
import pytest

from pipeline.errors import AuthenticationFailed, RetriesExhausted, TaskFailed, UnexpectedResponse
from pipeline.server.faults import Fault, Outcome

pytestmark = pytest.mark.anyio

LIST = "GET /analyze/tasks"
ONE = "GET /analyze/tasks/{task_id}"


async def run_jobs(pair, video, count: int) -> None:
    asset = await pair.ready_asset(video)

    async def job(number: int) -> None:
        task = await pair.create_task(asset, f"job-{number}")
        done = await pair.task_done(task)
        assert (done.id, done.status, done.custom_id) == (task.id, "ready", f"job-{number}")

    async with anyio.create_task_group() as group:
        for number in range(count):
            group.start_soon(job, number)


async def test_many_tasks_are_asked_about_together(run_pair, video):
    """With many tasks in flight nearly all are retrieved once, when the list has shown them ready."""
    # who is not done by the first look is listed once more, long before anybody would be looked at directly
    async with run_pair(polling={"first_look_s": 3, "tick_s": 0.25, "min_s": 10, "max_s": 10}) as pair:
        await run_jobs(pair, video, count=100)
        assert 100 <= pair.requests(ONE) <= 120
        assert 2 <= pair.requests(LIST) <= 20


async def test_a_few_tasks_are_looked_at_directly(run_pair, video):
    """Where few tasks wait, each is retrieved: the look that finds it done brings its answer along."""
    async with run_pair() as pair:
        asset = await pair.ready_asset(video)
        tasks = [await pair.create_task(asset, f"job-{number}") for number in range(2)]
        while pair.server.store.books().billed < 2:  # by the platform's own books, which takes no request
            await anyio.sleep(0.01)
        async with anyio.create_task_group() as group:
            for task in tasks:
                group.start_soon(pair.task_done, task)
        assert (pair.requests(LIST), pair.requests(ONE)) == (0, 2)


@pytest.mark.parametrize("status", ["failed", "canceled"])
async def test_every_end_is_seen(run_pair, video, status):
    """Tasks that fail or are canceled end the wait as well, although the list is asked for ready ones."""
    async with run_pair(polling={"list_from": 2}) as pair:
        asset = await pair.ready_asset(video)
        pair.faults.add_outcome(Outcome(status=status, message="Odd.", code="because", times=None))
        seen = []

        async def job(number: int) -> None:
            done = await pair.task_done(await pair.create_task(asset, f"job-{number}"))
            seen.append((done.status, done.error_code, done.error_message))

        async with anyio.create_task_group() as group:
            for number in range(5):
                group.start_soon(job, number)
        assert pair.requests(LIST) > 0
        assert seen == [(status, "because", "Odd.")] * 5


async def test_tasks_of_an_earlier_night_are_found_at_once(run_pair, video):
    """Tasks that were submitted long ago are looked at without waiting for a first look."""
    async with run_pair(polling={"first_look_s": 3600, "list_from": 2}) as pair:
        asset = await pair.ready_asset(video)
        yesterday = datetime.now(UTC) - timedelta(days=1)
        tasks = [await pair.create_task(asset, f"job-{number}") for number in range(4)]
        async with anyio.create_task_group() as group:
            for task in tasks:
                group.start_soon(lambda task=task: pair.task_done(task, submitted_at=yesterday))


async def test_an_error_for_all_reaches_everyone_as_itself(run_pair):
    """A key that is refused while many wait is raised to each of them, not as a group and not elsewhere."""
    async with run_pair(polling={"list_from": 2}) as pair:
        pair.faults.add(Fault(method="GET", status=401, times=None, body={"code": "api_key_invalid", "message": "No."}))
        caught = []

        async def wait(number: int) -> None:
            try:
                if number % 2:
                    await pair.client.watch.asset_ready(f"a{number}")
                else:
                    await pair.client.watch.task_done(f"t{number}", asset_id=None, custom_id=None, video_minutes=None)
            except AuthenticationFailed:
                caught.append(number)

        async with anyio.create_task_group() as group:
            for number in range(10):
                group.start_soon(wait, number)
        assert sorted(caught) == list(range(10))


async def test_a_list_that_is_refused_costs_only_requests(run_pair, video):
    """Where the platform gives no list, every task is looked at by itself."""
    async with run_pair(polling={"list_from": 2}) as pair:
        pair.faults.add(Fault(method="GET", path="/analyze/tasks$", status=400, times=None))
        await run_jobs(pair, video, count=6)
        assert pair.requests(ONE) >= 6


async def test_an_answer_for_another_job_is_not_accepted(pair, video):
    """A task that bears another custom_id than expected is an unexpected response to its waiter."""
    task = await pair.create_task(await pair.ready_asset(video))
    with pytest.raises(UnexpectedResponse):
        await pair.task_done(task, custom_id="another")


async def test_a_task_that_is_gone_fails(pair):
    """A task that the platform does not know ends the wait as failed with status 404."""
    with pytest.raises(TaskFailed) as caught:
        await pair.client.watch.task_done("0" * 24, asset_id=None, custom_id=None, video_minutes=None)
    assert caught.value.status == 404


async def test_waiting_for_a_task_ends(run_pair, video):
    """A task that does not end is given up after its time, in words that say how to go on waiting."""
    async with run_pair(server={"analysis_seconds": 60}, polling={"give_up_s": 0.2}) as pair:
        task = await pair.create_task(await pair.ready_asset(video))
        with pytest.raises(RetriesExhausted, match="goes on waiting") as caught:
            await pair.task_done(task)
        assert caught.value.code == "task_unfinished"


async def test_who_stops_waiting_disturbs_nobody(run_pair, video):
    """Cancelling one waiter leaves the others waiting and answered."""
    async with run_pair(server={"analysis_seconds": 0.2}) as pair:
        asset = await pair.ready_asset(video)
        tasks = [await pair.create_task(asset, f"job-{number}") for number in range(3)]
        with anyio.move_on_after(0.05) as scope:
            await pair.task_done(tasks[0])
        assert scope.cancelled_caught
        async with anyio.create_task_group() as group:
            for task in tasks[1:]:
                group.start_soon(pair.task_done, task)


async def test_what_a_block_raises_comes_out_as_itself(run_pair):
    """An error raised while the platform is open leaves it as that error, not as a group."""
    with pytest.raises(RetriesExhausted):
        async with run_pair():
            raise RetriesExhausted("enough")


async def test_what_earlier_runs_saw_times_the_first_look(run_pair, video):
    """With the waits of earlier runs a first look comes when similar videos were done, not when the settings guess."""
    async with run_pair(polling={"first_look_s": 3600}) as pair:
        pair.client.watch.learn([(2.0, 0.3), (7200.0, 3600.0)])
        task = await pair.create_task(await pair.ready_asset(video))
        assert (await pair.task_done(task, video_minutes=2 / 60)).status == "ready"
