"""The official `twelvelabs` package works against the embedded platform, unchanged."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from twelvelabs import BadRequestError, ConflictError, ForbiddenError, InternalServerError, NotFoundError
from twelvelabs.core.api_error import ApiError
from twelvelabs.types.completed_chunk import CompletedChunk

from pipeline.server.faults import Fault

pytestmark = pytest.mark.anyio


async def until_ended(sdk: Any, name: str, identifier: str) -> Any:
    with anyio.fail_after(30):
        while True:
            found = await sdk(name, identifier)
            if found.status in {"ready", "failed"}:
                return found
            await anyio.sleep(0.05)


def as_file(video: Path, name: str = "film.mp4") -> tuple[str, bytes, str]:
    return name, video.read_bytes(), "video/mp4"


async def ready_asset(sdk: Any, video: Path) -> str:
    asset = await sdk("assets.create", method="direct", file=as_file(video))
    assert (await until_ended(sdk, "assets.retrieve", asset.id)).status == "ready"
    return asset.id


async def test_a_direct_upload_becomes_ready_with_its_facts(sdk, video):
    """A file uploaded with assets.create is `processing` at first, then `ready` with technical metadata."""
    asset = await sdk(
        "assets.create",
        method="direct",
        file=as_file(video),
        filename="mine.mp4",
        user_metadata='{"shelf": 5}',
    )
    assert (asset.status, asset.method, asset.filename, asset.file_type) == (
        "processing",
        "direct",
        "mine.mp4",
        "video/mp4",
    )
    detail = await until_ended(sdk, "assets.retrieve", asset.id)
    assert detail.status == "ready"
    assert detail.size == video.stat().st_size
    assert detail.duration == pytest.approx(2, abs=0.2)
    assert detail.technical_metadata.video_codec == "h264"
    assert detail.user_metadata == {"shelf": 5}


async def test_what_is_no_video_fails_with_a_reason(sdk):
    """A text file renamed to .mp4 is taken, then fails with a message."""
    asset = await sdk("assets.create", method="direct", file=("notes.mp4", b"no video at all" * 99, "video/mp4"))
    detail = await until_ended(sdk, "assets.retrieve", asset.id)
    assert detail.status == "failed"
    assert detail.error.message


async def test_assets_are_listed_newest_first_and_filtered(sdk, video):
    """assets.list pages through everything, newest first, and filters by id and by part of the name."""
    names = [f"{n}-Straße.mp4" for n in range(3)]
    ids = []
    for name in names:
        asset = await sdk("assets.create", method="direct", file=as_file(video, name))
        ids.append(asset.id)
    listed = await sdk("assets.list", asset_ids=ids, page_limit=2)
    assert [asset.id for asset in listed] == ids[::-1]
    by_name = await sdk("assets.list", asset_ids=ids, filename="1-STRASSE", asset_types=["video"])
    assert [asset.filename for asset in by_name] == [names[1]]


async def test_a_deleted_asset_is_gone(sdk, video):
    """assets.delete forgets an asset; retrieving it then raises NotFoundError with the platform's code."""
    asset = await sdk("assets.create", method="direct", file=as_file(video))
    await sdk("assets.delete", asset.id)
    with pytest.raises(NotFoundError) as caught:
        await sdk("assets.retrieve", asset.id)
    assert caught.value.body["code"] == "resource_not_exist"


async def test_upload_file_sends_a_video_in_chunks(sdk, api, video, tmp_path):
    """multipart_upload.upload_file brings a video over in many chunks, each once, and its URL gives it back."""
    source = tmp_path / "big.mp4"
    source.write_bytes(video.read_bytes() + bytes(12_000))
    result = await sdk("multipart_upload.upload_file", source)
    assert (await until_ended(sdk, "assets.retrieve", result.asset_id)).method == "multipart"
    assert (await api("GET", result.asset_url, headers={})).body == source.read_bytes()


async def test_an_upload_session_can_be_followed(sdk, api):
    """Sessions are listed while incomplete, hand out further URLs, and report every chunk's status."""
    session = await sdk("multipart_upload.create", filename="film.mp4", type="video", total_size=2500)
    assert (session.total_chunks, session.chunk_size, len(session.upload_urls)) == (3, 1000, 2)
    assert session.upload_id in {upload.upload_id for upload in await sdk("multipart_upload.list_incomplete_uploads")}
    more = await sdk("multipart_upload.get_additional_presigned_urls", session.upload_id, start=3, count=1)
    put = await api.put(more.upload_urls[0].url, bytes(500))
    report = await sdk(
        "multipart_upload.report_chunk_batch",
        session.upload_id,
        completed_chunks=[CompletedChunk(chunk_index=3, proof=put.headers["ETag"], proof_type="etag", chunk_size=500)],
    )
    assert (report.processed_chunks, report.duplicate_chunks, report.total_completed, report.url) == (1, 0, 1, None)
    chunks = await sdk("multipart_upload.get_status", session.upload_id, page_limit=2)
    assert [chunk.status for chunk in chunks] == ["pending", "pending", "completed"]


async def test_a_task_is_created_followed_and_read(sdk, video):
    """A general analysis runs to `ready` and carries text, reason and usage."""
    asset_id = await ready_asset(sdk, video)
    created = await sdk(
        "analyze_async.tasks.create",
        video={"type": "asset_id", "asset_id": asset_id},
        prompt="What is to be seen in this film, shot by shot?",
        model_name="pegasus1.5",
        temperature=0.5,
        max_tokens=600,
        start_time=0,
        end_time=1.5,
        custom_id="row_7",
        request_options={"additional_headers": {"Idempotency-Key": f"k-{asset_id}"}},
    )
    task = await until_ended(sdk, "analyze_async.tasks.retrieve", created.task_id)
    assert (task.status, task.custom_id, task.request_params.max_tokens) == ("ready", "row_7", 600)
    assert task.video_source.system_metadata.duration == pytest.approx(2, abs=0.2)
    assert "2.00 seconds" in task.result.data
    assert task.result.finish_reason == "stop"
    assert task.result.usage.output_tokens > 0
    assert task.completed_at >= task.created_at


async def test_tasks_are_listed_and_deleted(sdk, video):
    """tasks.list filters by asset and status and cuts prompts to 30 characters; a deleted task is not found."""
    asset_id = await ready_asset(sdk, video)
    created = await sdk(
        "analyze_async.tasks.create", video={"type": "asset_id", "asset_id": asset_id}, prompt="p" * 100
    )
    await until_ended(sdk, "analyze_async.tasks.retrieve", created.task_id)
    listed = await sdk("analyze_async.tasks.list", asset_id=asset_id, status="ready", analysis_mode="general")
    assert [task.task_id for task in listed.data] == [created.task_id]
    assert listed.data[0].request_params.prompt == "p" * 30
    assert listed.page_info.total_results == 1
    await sdk("analyze_async.tasks.delete", created.task_id)
    with pytest.raises(NotFoundError) as caught:
        await sdk("analyze_async.tasks.retrieve", created.task_id)
    assert caught.value.body["error"]["code"] == "resource_not_exist"


async def test_bad_requests_raise_bad_request_error(sdk, video):
    """A missing prompt is a nested 400, a missing file a flat one."""
    asset_id = await ready_asset(sdk, video)
    with pytest.raises(BadRequestError) as caught:
        await sdk("analyze_async.tasks.create", video={"type": "asset_id", "asset_id": asset_id})
    assert caught.value.body["error"]["code"] == "parameter_not_provided"
    with pytest.raises(BadRequestError) as caught:
        await sdk("assets.create", method="direct")
    assert caught.value.body["code"] == "parameter_not_provided"


async def test_faults_raise_the_typed_errors(sdk, api):
    """403, 409, 500 and 429 arrive as the package's errors with status and body."""
    faults, flat = api.platform.faults, {"code": "x", "message": "y"}
    cases = [
        (403, "multipart_upload.get_status", ForbiddenError),
        (409, "assets.delete", ConflictError),
        (500, "multipart_upload.get_status", InternalServerError),
        (429, "assets.retrieve", ApiError),
    ]
    for status, name, error in cases:
        faults.add(Fault(status=status, body=flat))
        with pytest.raises(error) as caught:
            await sdk(name, "some-id")
        assert (caught.value.status_code, caught.value.body) == (status, flat)


async def test_a_wrong_key_is_refused(sdk):
    """A key that is not the platform's is answered 401 in the flat shape."""
    with pytest.raises(ApiError) as caught:
        await sdk("assets.list", request_options={"additional_headers": {"x-api-key": "other"}})
    assert (caught.value.status_code, caught.value.body["code"]) == (401, "api_key_invalid")


async def test_the_packages_own_retry_succeeds(sdk, api):
    """A 503 with Retry-After is retried by the package when it is allowed to, and then served."""
    api.platform.faults.add(Fault(status=503, headers={"Retry-After": "0"}, path="/assets$"))
    assert await sdk("assets.list", asset_ids=["none"], request_options={"max_retries": 5}) == []
