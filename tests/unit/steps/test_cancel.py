"""Taking back what was submitted, at a real platform."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from pipeline.client import Platform
from pipeline.config import ServerSettings
from pipeline.errors import RetriesExhausted
from pipeline.jobs import Job, State
from pipeline.ledger import Ledger
from pipeline.models import AnalysisRequest, FileStamp, Identity, Medium, Recipe, Video
from pipeline.server.app import serve
from pipeline.steps.cancel import Cancellation, UnderWay, cancel, under_way
from scripts.sample_videos.odd import tiny_video
from tests.unit.client.conftest import KEY, open_client

pytestmark = pytest.mark.anyio

RECIPE = Recipe("local", "pegasus1.5", "What?")
SLOW = {"analysis_seconds": 3600}


@dataclass(frozen=True)
class Folder:
    """An output folder and its platform, which holds one asset."""

    ledger: Ledger
    client: Platform
    asset_id: str

    async def uploaded(self, name: str, **facts: Any) -> Job:
        identity = Identity(f"blake3:{name}", FileStamp(1, 1))
        accepted = await self.ledger.accept(Video(f"/films/{name}.mp4", None), RECIPE, identity, "r")
        job = accepted.to(State.UPLOADED, asset_id=self.asset_id, duration_s=60.0, **facts)
        await self.ledger.save(job)
        return job

    async def create(self, job: Job) -> str:
        asked = AnalysisRequest("pegasus1.5", "What?")
        task = await self.client.tasks.create(
            Medium(self.asset_id), asked, custom_id=job.key, idempotency_key=job.idempotency_key
        )
        return task.id

    async def submitted(self, name: str) -> Job:
        job = await self.uploaded(name, attempt=1)
        job = job.to(State.SUBMITTED, task_id=await self.create(job))
        await self.ledger.save(job)
        return job

    async def status(self, task_id: str | None) -> str:
        return (await self.client.tasks.retrieve(str(task_id))).status

    def found(self, is_meant: Callable[[str], bool] = lambda _: True) -> UnderWay:
        return under_way(self.ledger, "local", is_meant)

    async def cancel(self) -> Cancellation:
        return await cancel(self.ledger, self.client, self.found())

    def now(self, job: Job) -> Job:
        found = self.ledger.job(job.key)
        assert found is not None
        return found


@pytest.fixture
def open_folder(tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[Folder]]:
    @asynccontextmanager
    async def opened(**platform: Any) -> AsyncIterator[Folder]:
        path = tmp_path / "film.mp4"
        path.write_bytes(tiny_video(1))
        status = path.stat()
        settings = ServerSettings(data=tmp_path / "platform", engine="echo", **platform)
        with anyio.fail_after(60):
            async with (
                serve(settings, KEY) as server,
                open_client(server.base_url) as client,
                Ledger(tmp_path / "ledger.db") as ledger,
            ):
                stamp = FileStamp(status.st_size, status.st_mtime_ns)
                asset = await client.assets.create_direct(
                    str(path), stamp, filename="film.mp4", content_hash="blake3:1", on_bytes=lambda _: None
                )
                yield Folder(ledger, client, (await client.watch.asset_ready(asset.id)).id)

    return opened


async def test_what_is_canceled_may_be_asked_again(open_folder):
    """A canceled job has failed from `uploaded`, without a task, with a code of its own."""
    async with open_folder(**SLOW) as folder:
        job = await folder.submitted("a")
        assert (folder.found().minutes, folder.found().of_unknown_length) == (1.0, 0)
        assert await folder.cancel() == Cancellation(canceled=1)
        assert await folder.status(job.task_id) == "canceled"
        after = folder.now(job)
        assert after.failure is not None
        assert (after.state, after.task_id, after.intent) == (State.FAILED, None, False)
        assert (after.failure.code, after.failure.state) == ("task_canceled", State.UPLOADED)
        assert folder.found().jobs == ()


async def test_what_has_ended_is_left_to_be_collected(open_folder):
    """A job whose task is ready stays submitted; one that was given up on is submitted again."""
    async with open_folder() as folder:
        waiting, given_up = await folder.submitted("a"), await folder.submitted("b")
        await folder.ledger.save(given_up.failed(RetriesExhausted("gave up", code="task_unfinished")))
        for job in (waiting, given_up):
            while await folder.status(job.task_id) != "ready":
                await anyio.sleep(0.01)
        assert await folder.cancel() == Cancellation(ended=2)
        for job in (waiting, given_up):
            assert (folder.now(job).state, folder.now(job).task_id) == (State.SUBMITTED, job.task_id)


async def test_given_up_but_under_way(open_folder):
    """A task that was no longer waited for is canceled as well."""
    async with open_folder(**SLOW) as folder:
        job = await folder.submitted("a")
        await folder.ledger.save(job.failed(RetriesExhausted("gave up", code="task_unfinished")))
        assert await folder.cancel() == Cancellation(canceled=1)
        assert await folder.status(job.task_id) == "canceled"


async def test_a_submission_that_was_cut_off(open_folder):
    """A submission that may have left is looked for: canceled where it arrived, left as it was where it did not."""
    async with open_folder(**SLOW) as folder:
        arrived = await folder.uploaded("a", attempt=1, intent=True)
        absent = await folder.uploaded("b", attempt=1, intent=True)
        task_id = await folder.create(arrived)
        assert await folder.cancel() == Cancellation(canceled=1, absent=1)
        assert await folder.status(task_id) == "canceled"
        assert folder.now(absent) == absent


async def test_what_cannot_be_canceled_is_told(open_folder):
    """A task that the platform does not know is named with its video, and nothing else is kept from being canceled."""
    async with open_folder(**SLOW) as folder:
        job = await folder.submitted("a")
        await folder.ledger.save(replace(job, task_id="f" * 24))
        await folder.submitted("b")
        done = await folder.cancel()
        assert (done.canceled, len(done.problems)) == (1, 1)
        assert done.problems[0].startswith("/films/a.mp4: canceling task")
        assert folder.now(job).state is State.SUBMITTED


async def test_what_is_left_alone(open_folder):
    """Jobs of batches, of other sources, and of other platforms are not canceled; nor is what others wait for, too."""
    async with open_folder(**SLOW) as folder:
        meant, shared, other = [await folder.submitted(name) for name in ("a", "shared", "other")]
        await folder.ledger.accept(Video("/b.mp4", None), RECIPE, Identity(shared.content, FileStamp(1, 1)), "r")
        for name in ("in a batch", "other in it"):
            job = await folder.submitted(name)
            await folder.ledger.save(replace(job, batch_id="f" * 24, delivery="batch"))
        found = folder.found(lambda source: source.startswith("/films/") and "other" not in source)
        assert ([job.key for job in found.jobs], found.batches, found.in_batches) == ([meant.key], {}, 1)
        assert folder.found().batches == {"f" * 24: 2}
        assert under_way(folder.ledger, "elsewhere", lambda _: True).jobs == ()
        assert other.key in {job.key for job in folder.found().jobs}
