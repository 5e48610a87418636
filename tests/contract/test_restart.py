"""The platform's process may die at any instant, and so may its workers."""

import ssl
import sys

import anyio
import psutil
import pytest
import trustme
from anyio.streams.buffered import BufferedByteReceiveStream

from pipeline.config import ServerSettings
from pipeline.errors import ConfigError, FolderLocked
from pipeline.server.app import serve
from tests.contract.remote import ROOT, platform_process, upload_form

pytestmark = pytest.mark.anyio

BUSY = """
import sys, time, anyio
from pathlib import Path
from pipeline.server.workers import Caps, WorkerPool

async def main():
    async with WorkerPool(1, Path(sys.argv[1]), Caps(2048, 3600)) as pool, anyio.create_task_group() as group:
        await pool.run(lambda: None, len, "")
        group.start_soon(pool.run, lambda: None, time.sleep, 3600)
        await anyio.sleep(0.1)
        print(flush=True)

anyio.run(main)
"""


async def test_a_killed_platform_takes_up_its_work(tmp_path, video):
    """After kill -9 every acknowledged asset and task is there, is worked on again and ends, under the same id."""
    async with platform_process(tmp_path, asset_seconds=3600) as remote:
        waiting = (await remote.ask("POST", "/assets", data=upload_form(video)))["_id"]
        identity = remote.instance_id
    async with platform_process(tmp_path, analysis_seconds=3600) as remote:
        assert remote.instance_id == identity
        await remote.until(f"/assets/{waiting}", "ready")
        body = {"video": {"type": "asset_id", "asset_id": waiting}, "prompt": "What?", "custom_id": "one"}
        task = (await remote.ask("POST", "/analyze/tasks", json=body))["task_id"]
        await remote.until(f"/analyze/tasks/{task}", "processing")
    async with platform_process(tmp_path) as remote:
        await remote.until(f"/analyze/tasks/{task}", "ready")
        books = await remote.ask("GET", remote.base_url.removesuffix("/v1.3") + "/_books")
        assert books["tasks_by_custom_id"] == {"one": 1}


async def test_a_killed_platform_keeps_the_chunks_it_has(tmp_path):
    """After kill -9 a session goes on: stored chunks can be reported, URLs made before still work."""
    async with platform_process(tmp_path, chunk_bytes=1000, port=0) as remote:
        wanted = {"filename": "f.mp4", "type": "video", "total_size": 1500}
        session = await remote.ask("POST", "/assets/multipart-uploads", json=wanted)
        first, second = (entry["url"] for entry in session["upload_urls"])
        options = {"headers": {"Content-Type": "application/octet-stream"}}
        async with remote.session.put(first, data=bytes(1000), **options) as response:
            etag = response.headers["ETag"]
        origin = remote.base_url.removesuffix("/v1.3")
    async with platform_process(tmp_path, chunk_bytes=77) as remote:
        here = remote.base_url.removesuffix("/v1.3")
        async with remote.session.put(second.replace(origin, here), data=bytes(500), **options) as response:
            other = response.headers["ETag"]
        async with remote.session.put(first.replace(origin, here), data=bytes(1000), **options) as response:
            assert response.status == 403
        chunks = [
            {"chunk_index": n, "proof": proof, "proof_type": "etag", "chunk_size": size}
            for n, proof, size in ((1, etag, 1000), (2, other, 500))
        ]
        path = f"/assets/multipart-uploads/{session['upload_id']}"
        assert (await remote.ask("POST", path, json={"completed_chunks": chunks}))["total_completed"] == 2


async def test_workers_die_with_a_killed_platform(tmp_path, video):
    """No worker process outlives a platform that was killed."""
    async with platform_process(tmp_path) as remote:
        asset = (await remote.ask("POST", "/assets", data=upload_form(video)))["_id"]
        await remote.until(f"/assets/{asset}", "ready")
        workers = psutil.Process(remote.process.pid).children()
        assert workers
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert alive == []


async def test_a_busy_worker_dies_with_its_parent(tmp_path):
    """A worker in the middle of a job ends at once when its parent is killed."""
    process = await anyio.open_process([sys.executable, "-c", BUSY, str(tmp_path / "log")], cwd=ROOT, stderr=None)
    await BufferedByteReceiveStream(process.stdout).receive_until(b"\n", 200)
    workers = psutil.Process(process.pid).children()
    process.kill()
    await process.aclose()
    assert workers
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert alive == []


async def test_https(run_platform):
    """With an SSL context the platform speaks https, chunk URLs included."""
    authority = trustme.CA()
    server, client = (
        ssl.create_default_context(purpose) for purpose in (ssl.Purpose.CLIENT_AUTH, ssl.Purpose.SERVER_AUTH)
    )
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(client)
    async with run_platform(ssl_context=server) as api:
        assert api.platform.base_url.startswith("https://")
        reply = await api(
            "POST",
            "/assets/multipart-uploads",
            json={"filename": "f.mp4", "type": "video", "total_size": 10},
            ssl=client,
        )
        headers = {"Content-Type": "application/octet-stream"}
        put = await api("PUT", reply.body["upload_urls"][0]["url"], data=bytes(10), headers=headers, ssl=client)
        assert put.status == 200


async def test_closing_leaves_no_process_and_no_litter(run_platform, tmp_path, video):
    """After a clean end no worker is left, and the folder holds only what assets need."""
    before = set(psutil.Process().children())
    async with run_platform() as api:
        asset = await api.ready_asset(video)
        workers = [child for child in psutil.Process().children() if child not in before]
        assert workers
    assert all(not worker.is_running() for worker in workers)
    assert [path.name for path in (tmp_path / "data" / "media").iterdir()] == [asset]
    assert list((tmp_path / "data" / "incoming").iterdir()) == []


async def test_a_crashed_worker_costs_one_asset(run_platform, video):
    """A worker that is killed in the middle fails the asset it had, with a reason; the next one gets a new worker."""
    before = set(psutil.Process().children())
    async with run_platform() as api:
        await api.ready_asset(video)
        (worker,) = set(psutil.Process().children()) - before
        # a stopped worker does not answer, so that it is killed with the job in its hands
        worker.suspend()
        uploaded = (await api.upload(video))["_id"]
        while (await api("GET", f"/assets/{uploaded}")).body["status"] == "processing":
            for child in set(psutil.Process().children()) - before:
                child.kill()
            await anyio.sleep(0.02)
        asset = await api.until(f"/assets/{uploaded}")
        assert (asset["status"], "could not be validated" in asset["error"]["message"]) == ("failed", True)
        await api.ready_asset(video)


async def test_a_data_folder_has_one_platform(run_platform, tmp_path):
    """A second platform on the same data folder is refused, and the folder is free again after the first."""
    async with run_platform():
        with pytest.raises(FolderLocked):
            async with serve(ServerSettings(data=tmp_path / "data"), None):
                pass
    async with run_platform():
        pass


async def test_an_address_in_use_is_a_configuration_error(run_platform, tmp_path):
    """A port that is taken, and an engine that does not exist, are refused before anything is served."""
    async with run_platform() as api:
        port = int(api.platform.base_url.split(":")[2].split("/")[0])
        with pytest.raises(ConfigError, match="cannot listen"):
            async with serve(ServerSettings(data=tmp_path / "other", port=port), None):
                pass
    for engine, told in (("oracle", "there are echo, evidence, openai$"), ("visual", "server.tracks")):
        with pytest.raises(ConfigError, match=told):
            async with serve(ServerSettings(data=tmp_path / "other", engine=engine), None):
                pass


async def test_the_callers_error_is_not_wrapped(run_platform):
    """An error raised inside the block leaves it as it was raised."""
    with pytest.raises(LookupError, match="mine"):
        async with run_platform():
            raise LookupError("mine")


async def test_a_killed_platform_finishes_its_batches(tmp_path, video):
    """After kill -9 a batch goes on where it was: every item ends once and is billed once, a canceled one stays so."""
    async with platform_process(tmp_path, analysis_concurrency=1, analysis_seconds=3600) as remote:
        asset = (await remote.ask("POST", "/assets", data=upload_form(video)))["_id"]
        await remote.until(f"/assets/{asset}", "ready")
        batch = {
            "model_name": "pegasus1.5",
            "analysis_mode": "general",
            "defaults": {"prompt": {"input_text": "What?"}},
        }
        ids = []
        for name in ("kept", "canceled"):
            items = [
                {"video": {"type": "asset_id", "asset_id": asset}, "custom_id": f"{name}{number}"}
                for number in range(20)
            ]
            ids.append((await remote.ask("POST", "/analyze/batches", json={**batch, "requests": items}))["batch_id"])
        await remote.until(f"/analyze/batches/{ids[0]}", "processing")
        await remote.ask("POST", f"/analyze/batches/{ids[1]}/cancel")
    async with platform_process(tmp_path) as remote:
        assert (await remote.until(f"/analyze/batches/{ids[0]}", "completed"))["ready_items"] == 20
        assert (await remote.until(f"/analyze/batches/{ids[1]}", "canceled"))["canceled_items"] == 20
        books = await remote.ask("GET", remote.base_url.removesuffix("/v1.3") + "/_books")
        assert books["billed_by_custom_id"] == {f"kept{number}": 1 for number in range(20)}


async def test_what_takes_too_long_costs_its_asset_alone(run_platform, video):
    """An asset whose validation takes longer than it may fails with that reason, and the platform answers on."""
    async with run_platform(worker_timeout_s=0.01) as api:
        asset = await api.until(f"/assets/{(await api.upload(video))['_id']}")
        assert (asset["status"], "it took longer than 0.01 s" in asset["error"]["message"]) == ("failed", True)
        assert (await api("GET", "/assets")).status == 200
