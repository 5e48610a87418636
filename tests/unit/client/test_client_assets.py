"""Assets, against the embedded platform."""

import os

import anyio
import pytest
from aiohttp import web

from pipeline.errors import AssetGone, RetriesExhausted, SourceRejected, SourceUnreadable, UploadRejected
from pipeline.models import FileStamp, shown
from pipeline.server.faults import Fault

pytestmark = pytest.mark.anyio

NAMES = [
    "plain.mp4",
    'with "quotes".mp4',
    "line\nbreak\r.mp4",
    "emoji 🎬.mp4",
    shown(os.fsdecode(b"not-utf8-\xff.mp4")),
]


async def test_a_direct_upload_arrives_whole_and_becomes_ready(pair, video, stamp, meter):
    """A file sent directly arrives byte for byte, is counted once, and can be waited for until it is ready."""
    asset = await pair.client.assets.create_direct(
        str(video), stamp(video), filename="film.mp4", content_hash="blake3:7", on_bytes=meter
    )
    ready = await pair.client.watch.asset_ready(asset.id)
    assert (ready.status, ready.user_metadata) == ("ready", {"content_hash": "blake3:7"})
    assert ready.duration_s == pytest.approx(2, abs=0.2)
    assert meter.total == video.stat().st_size
    assert pair.media(asset.id) == video.read_bytes()


@pytest.mark.parametrize("name", NAMES)
async def test_names_arrive_as_they_are(pair, video, name):
    """Quotes, line breaks, emoji and bytes that are no UTF-8 survive in a filename, whichever way the file is sent."""
    asset = await pair.create_direct(video, filename=name)
    session = await pair.client.uploads.open(name, 10, content_hash="blake3:1")
    assert pair.filename(asset.id) == pair.filename(session.asset_id) == name


async def test_a_long_name_keeps_its_suffix(pair, video):
    """A name beyond the platform's 255 characters is shortened in its middle."""
    asset = await pair.create_direct(video, filename="x" * 300 + ".mp4")
    assert len(pair.filename(asset.id)) == 255
    assert pair.filename(asset.id).endswith("x.mp4")


async def test_a_url_is_fetched_by_the_platform(pair, video):
    """An asset made from a URL becomes ready without a byte of it passing through the client."""
    app = web.Application()

    async def give(_: web.Request) -> web.FileResponse:
        return web.FileResponse(video)

    app.router.add_get("/shelf/{name}", give)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/shelf/a%20film.mp4"
        asset = await pair.client.assets.create_url(url, content_hash=f"url:{url}")
        ready = await pair.client.watch.asset_ready(asset.id)
    finally:
        await runner.cleanup()
    assert (pair.filename(ready.id), ready.user_metadata["content_hash"]) == ("a film.mp4", f"url:{url}")


async def test_a_failed_asset_is_a_video_error_with_its_reason(pair, tmp_path):
    """Media that the platform will not take ends the wait with the platform's own reason."""
    path = tmp_path / "text.mp4"
    path.write_text("not a video")
    asset = await pair.create_direct(path)
    with pytest.raises(SourceRejected) as caught:
        await pair.client.watch.asset_ready(asset.id)
    reason = (await pair.client.assets.retrieve(asset.id)).error
    assert caught.value.message == f"the platform will not take the video: {reason}"


@pytest.mark.parametrize("fault", [{"lose_response": True}, {"status": 500}, {"drop": True}])
async def test_no_asset_is_made_twice(pair, video, fault):
    """What a lost answer may have made is looked for by name and content before it is made again."""
    pair.faults.add(Fault(method="POST", path="/assets$", **fault))
    asset = await pair.create_direct(video)
    assert [found.id for found in await pair.client.assets.list()] == [asset.id]


async def test_another_content_of_the_same_name_is_not_taken_for_it(pair, video):
    """Looking for a lost asset compares the content hash, not only the name."""
    other = await pair.create_direct(video, content_hash="blake3:other")
    pair.faults.add(Fault(method="POST", path="/assets$", drop=True))
    asset = await pair.create_direct(video, content_hash="blake3:mine")
    assert asset.id != other.id


async def test_bytes_of_a_failed_attempt_are_taken_back(pair, video, stamp, meter):
    """What a repeated upload reports adds up to the file's size, however often it was begun."""
    pair.faults.add(Fault(method="POST", path="/assets$", status=429, times=2))
    await pair.client.assets.create_direct(
        str(video), stamp(video), filename="f.mp4", content_hash="blake3:1", on_bytes=meter
    )
    assert meter.total == video.stat().st_size


async def test_assets_are_listed_and_one_that_is_gone_is_told(pair, video):
    """Assets come newest first, by id and by part of their name, and a deleted one is told from others."""
    first = await pair.create_direct(video, filename="one.mp4")
    second = await pair.create_direct(video, filename="two.mp4")
    assert [asset.id for asset in await pair.client.assets.list()] == [second.id, first.id]
    assert [asset.id for asset in await pair.client.assets.list([first.id])] == [first.id]
    assert [asset.id for asset in await pair.client.assets.list(filename="TWO")] == [second.id]
    assert [asset.id for asset in await pair.client.assets.list(page=2, page_limit=1)] == [first.id]
    pair.server.store.assets.delete(first.id)
    for use in (pair.client.assets.retrieve, pair.client.watch.asset_ready):
        with pytest.raises(AssetGone):
            await use(first.id)


async def test_a_missing_asset_of_an_older_platform_is_gone_too(run_pair):
    """An id that is unknown is `AssetGone` also where the platform says so with 400."""
    async with run_pair(server={"missing_asset_status": 400}) as pair:
        with pytest.raises(AssetGone):
            await pair.client.assets.retrieve("0" * 24)


async def test_a_refusal_says_what_the_platform_said(run_pair, video):
    """A refused upload is a video error with the platform's message and code."""
    async with run_pair(server={"direct_max_bytes": 100}) as pair:
        with pytest.raises(SourceRejected, match="takes at most 100 bytes") as caught:
            await pair.create_direct(video)
        assert pair.requests("POST /assets") == 1
    assert (caught.value.code, caught.value.status) == ("video_filesize_too_large", 400)


async def test_an_unusual_refusal_is_an_upload_error(pair, video):
    """A refusal with a code of no special meaning is an UploadRejected, and is not repeated."""
    pair.faults.add(Fault(method="POST", path="/assets$", status=400, body={"code": "odd", "message": "No."}))
    with pytest.raises(UploadRejected, match=r"No\. \(HTTP 400, odd\)"):
        await pair.create_direct(video)


async def test_a_file_that_cannot_be_read_is_a_video_error(pair, tmp_path):
    """A file that is missing, or another one than was hashed, fails before a request is made."""
    path = tmp_path / "a.mp4"
    for stamp in (FileStamp(1, 1), FileStamp(2, 1)):
        with pytest.raises(SourceUnreadable, match=r"a\.mp4"):
            await pair.client.assets.create_direct(
                str(path), stamp, filename="a.mp4", content_hash="blake3:1", on_bytes=print
            )
        path.write_text("x")
    assert pair.client.requests == 0


async def test_a_file_that_grows_while_it_is_sent_is_not_uploaded(pair, tmp_path, stamp):
    """A change in the middle of a direct upload ends it, and the platform keeps nothing."""
    path = tmp_path / "a.mp4"
    path.write_bytes(bytes(50_000))
    before = stamp(path)

    def grow(_: int) -> None:
        path.write_bytes(bytes(50_001))

    with pytest.raises(SourceUnreadable) as caught:
        await pair.client.assets.create_direct(
            str(path), before, filename="a.mp4", content_hash="blake3:1", on_bytes=grow
        )
    assert caught.value.code == "source_changed"
    assert await pair.client.assets.list() == ()


async def test_waiting_for_an_asset_ends(run_pair, video):
    """An asset that stays in processing is given up, in words that say how to go on."""
    async with run_pair(server={"asset_seconds": 30}, upload={"ready_timeout_s": 0.1}) as pair:
        asset = await pair.create_direct(video)
        with pytest.raises(RetriesExhausted) as caught:
            await pair.client.watch.asset_ready(asset.id)
    assert caught.value.code == "asset_unfinished"


async def test_many_waiting_assets_share_requests(run_pair, video):
    """Everyone who waits for an asset at the same time is answered by one list request of up to 50 ids."""
    async with run_pair(polling={"tick_s": 0.2}) as pair:
        ids = [await pair.ready_asset(video) for _ in range(3)]
        before = pair.client.requests
        async with anyio.create_task_group() as group:
            for asset_id in ids * 8:
                group.start_soon(pair.client.watch.asset_ready, asset_id)
        assert pair.client.requests - before <= 2


async def test_ids_beyond_a_page_are_asked_in_pages(pair):
    """More ids than a page holds are asked for in pages, and each that is unknown is `AssetGone` for its waiter."""
    gone = []

    async def wait(number: int) -> None:
        try:
            await pair.client.watch.asset_ready(f"{number:024x}")
        except AssetGone:
            gone.append(number)

    async with anyio.create_task_group() as group:
        for number in range(120):
            group.start_soon(wait, number)
    assert len(gone) == 120
    assert pair.requests("GET /assets") == 3
