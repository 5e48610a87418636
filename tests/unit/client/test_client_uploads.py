"""Multipart uploads, against the embedded platform."""

import os
import ssl
from pathlib import Path

import anyio
import pytest
import trustme

from pipeline.client import UploadSession
from pipeline.config import ServerSettings
from pipeline.errors import RetriesExhausted, SourceUnreadable, UnexpectedResponse, UploadExpired, UploadRejected
from pipeline.server.app import serve
from pipeline.server.faults import Fault

pytestmark = pytest.mark.anyio

CHUNKS = "PUT /chunks/{upload_id}/{index}"
URLS = "POST /assets/multipart-uploads/{upload_id}/presigned-urls"
REPORTS = "POST /assets/multipart-uploads/{upload_id}"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    return folder


@pytest.fixture
def file(archive: Path) -> Path:
    """Ten and a half chunks."""
    path = archive / "a.mp4"
    path.write_bytes(os.urandom(10_500))
    return path


def kept(session: UploadSession) -> UploadSession:
    """The session as another process knows it."""
    return UploadSession(
        session.upload_id, session.asset_id, session.size_bytes, session.chunk_bytes, session.upload_headers
    )


async def test_a_real_video_becomes_ready(pair, video):
    """A video sent in chunks becomes an asset that is ready."""
    asset = await pair.client.watch.asset_ready(await pair.send(video))
    assert (asset.status, pair.media(asset.id)) == ("ready", video.read_bytes())


async def test_every_byte_travels_once(pair, file, meter):
    """All chunks arrive once, in their places, reported in batches, and the bytes add up."""
    asset_id = await pair.send(file, meter)
    assert pair.media(asset_id) == file.read_bytes()
    assert meter.total == 10_500
    assert (pair.requests(CHUNKS), pair.requests(REPORTS)) == (11, 6)
    assert pair.requests("GET /assets/multipart-uploads/{upload_id}") == 0


@pytest.mark.parametrize(("initial", "asked"), [(0, 2), (2, 1), (50, 1), (60, 0)])
async def test_urls_are_asked_for_in_pages_of_fifty(run_pair, archive, initial, asked):
    """Chunks without an initial URL get one by requests for at most fifty of them."""
    path = archive / "a.mp4"
    path.write_bytes(bytes(52 * 100))
    async with run_pair(server={"chunk_bytes": 100, "initial_urls": initial}) as pair:
        await pair.send(path)
        assert pair.requests(URLS) == asked


async def test_reports_hold_fifty_chunks_at_most(run_pair, archive):
    """The largest allowed batch is still within what the platform takes in one report."""
    path = archive / "a.mp4"
    path.write_bytes(bytes(120 * 10))
    async with run_pair(server={"chunk_bytes": 10}, upload={"report_batch": 50, "chunks": 8}) as pair:
        await pair.send(path)
        assert pair.requests(REPORTS) == 3


async def test_upload_headers_are_honoured(run_pair, file):
    """Chunks carry the headers that the platform names, also when another process goes on."""
    async with run_pair(server={"upload_headers": {"X-Shelf": "left", "Content-Type": "video/mp4"}}) as pair:
        asset_id = await pair.send(file)
        assert pair.media(asset_id) == file.read_bytes()


async def test_chunks_in_flight_are_capped_for_all_files_together(pair, archive, stamp):
    """However many files upload at once, no more chunks than the cap are on their way."""
    held = pair.faults.add(Fault(path="^/chunks/", times=None, delay_s=60))
    async with anyio.create_task_group() as group:
        for name in ("a", "b", "c"):
            path = archive / name
            path.write_bytes(bytes(5000))
            group.start_soon(pair.send, path)
        while pair.faults.hits(held) < 3:
            await anyio.sleep(0.01)
        await anyio.sleep(0.2)
        assert pair.faults.hits(held) == 3
        pair.faults.clear()
        group.cancel_scope.cancel()


async def test_a_small_file_is_not_starved_by_a_large_one(pair, archive):
    """A small file that comes later is done while a large one is still under way."""
    large, small = archive / "large", archive / "small"
    large.write_bytes(bytes(100_000))
    small.write_bytes(bytes(2000))
    pair.faults.add(Fault(path="^/chunks/", times=None, delay_s=0.01))
    done = []

    async def send(path: Path) -> None:
        await pair.send(path)
        done.append(path.name)

    async with anyio.create_task_group() as group:
        group.start_soon(send, large)
        while pair.requests(CHUNKS) < 6:
            await anyio.sleep(0.01)
        group.start_soon(send, small)
    assert done == ["small", "large"]


async def test_after_an_interruption_only_missing_chunks_travel(pair, file, stamp, meter, open_client):
    """A cancelled upload reports what has arrived, and another process sends the rest, no chunk twice."""
    session = await pair.client.uploads.open("a.mp4", 10_500, content_hash="blake3:1")
    held = pair.faults.add(Fault(path="^/chunks/", after=5, times=None, delay_s=60))
    async with anyio.create_task_group() as group:

        async def send() -> None:
            await pair.client.uploads.send(session, str(file), stamp(file), on_bytes=meter)

        group.start_soon(send)
        while pair.faults.hits(held) < 3:
            await anyio.sleep(0.01)
        group.cancel_scope.cancel()
    pair.faults.clear()
    assert meter.total == 5000
    async with open_client(pair.server.base_url) as another:
        asset_id = await another.uploads.send(kept(session), str(file), stamp(file), on_bytes=meter)
    assert meter.total == 10_500
    assert pair.media(asset_id) == file.read_bytes()
    stored = pair.server.store.books().chunks_stored[session.upload_id]
    assert stored == dict.fromkeys(range(1, 12), 1)


async def test_a_complete_upload_is_not_sent_again(pair, file, stamp, meter):
    """Going on with an upload that the platform has whole sends nothing."""
    session = await pair.client.uploads.open("a.mp4", 10_500, content_hash="blake3:1")
    first = await pair.client.uploads.send(session, str(file), stamp(file), on_bytes=print)
    assert await pair.client.uploads.send(kept(session), str(file), stamp(file), on_bytes=meter) == first
    assert (meter.total, pair.requests(CHUNKS)) == (0, 11)


async def test_expired_urls_are_asked_for_again(pair, file, stamp):
    """URLs that are refused because their hour is over are replaced, and the upload goes on."""
    session = await pair.client.uploads.open("a.mp4", 10_500, content_hash="blake3:1")
    pair.faults.expire_urls()
    asset_id = await pair.client.uploads.send(session, str(file), stamp(file), on_bytes=print)
    assert pair.media(asset_id) == file.read_bytes()


async def test_urls_known_to_be_too_old_are_not_tried(run_pair, file):
    """A URL that is about to expire by the platform's own clock is replaced before it is refused."""
    async with run_pair(server={"initial_urls": 20, "url_ttl_s": 10}) as pair:
        await pair.send(file)
        assert pair.requests(CHUNKS) == 11
        assert pair.requests(URLS) > 0


async def test_an_expired_session_is_told_apart(run_pair, file, stamp):
    """A session whose day is over raises UploadExpired, in the process that opened it and in any other."""
    async with run_pair(server={"session_ttl_s": 0.1, "initial_urls": 20}) as pair:
        session = await pair.client.uploads.open("a.mp4", 10_500, content_hash="blake3:1")
        await anyio.sleep(0.15)
        for known in (session, kept(session)):
            with pytest.raises(UploadExpired):
                await pair.client.uploads.send(known, str(file), stamp(file), on_bytes=print)


async def test_an_unknown_session_counts_as_expired(pair, file, stamp):
    """A session that the platform does not know raises UploadExpired, so that a new one is opened."""
    for is_fresh in (True, False):
        unknown = UploadSession("f" * 24, "e" * 24, 10_500, 1000, is_fresh=is_fresh)
        with pytest.raises(UploadExpired):
            await pair.client.uploads.send(unknown, str(file), stamp(file), on_bytes=print)


@pytest.mark.parametrize(
    "fault",
    [{"status": 500}, {"status": 403}, {"status": 408}, {"status": 429}, {"drop": True}, {"lose_response": True}],
)
async def test_chunks_are_repeated_one_by_one(pair, file, meter, fault):
    """A chunk that fails, whichever way, is sent again with a URL that nobody has used, and counted once."""
    pair.faults.add(Fault(path="^/chunks/", after=3, times=2, **fault))
    asset_id = await pair.send(file, meter)
    assert pair.media(asset_id) == file.read_bytes()
    assert meter.total == 10_500
    assert pair.requests(CHUNKS) == 13


async def test_a_broken_connection_is_not_used_behind_our_back(run_pair, file, meter):
    """A request on a reused connection that breaks is never repeated by the HTTP library: every attempt is counted."""
    async with run_pair(upload={"chunks": 1}) as pair:
        pair.faults.add(Fault(method="PUT", path="^/chunks/", after=2, times=1, drop=True))
        pair.faults.add(Fault(method="GET", path="/assets$", after=1, times=1, drop=True))
        await pair.send(file, meter)
        for _ in range(3):
            await pair.client.assets.list()
        assert (pair.requests(CHUNKS), pair.requests("GET /assets")) == (12, 4)
        assert pair.client.requests == sum(pair.server.store.books().requests.values())


async def test_a_chunk_that_is_always_refused_fails_the_video(pair, file):
    """A chunk that fails as often as allowed while others arrive ends this upload with its reason."""
    pair.faults.add(Fault(path="^/chunks/.*/7$", times=None, status=403, body="SignatureDoesNotMatch"))
    with pytest.raises(RetriesExhausted, match=r"sending chunk 7 .* SignatureDoesNotMatch"):
        await pair.send(file)
    assert pair.server.store.books().requests[REPORTS] > 0


async def test_a_lost_report_is_told_again(pair, file):
    """A report whose answer was lost is repeated without harm."""
    pair.faults.add(Fault(method="POST", path="/multipart-uploads/[0-9a-f]+$", lose_response=True, times=2))
    asset_id = await pair.send(file)
    assert pair.media(asset_id) == file.read_bytes()


async def test_a_stalled_chunk_is_sent_again(run_pair, archive, meter):
    """When no byte moves for the stall time, the chunk is given up and sent again."""
    path = archive / "large"
    with path.open("wb") as large:
        large.truncate(32 * 1024 * 1024)
    server = {"chunk_bytes": 32 * 1024 * 1024}
    async with run_pair(server=server, upload={"stall_s": 1, "read_bytes": 512 * 1024}) as pair:
        pair.faults.add(Fault(path="^/chunks/", delay_s=60))
        await pair.send(path, meter)
        assert (pair.requests(CHUNKS), meter.total) == (2, 32 * 1024 * 1024)


async def test_a_platform_that_never_answers_a_chunk_is_asked_again(run_pair, file):
    """A chunk that left whole and is never answered is sent again after the response time."""
    async with run_pair(upload={"stall_s": 0.2}, retry={"response_timeout_s": 0.5}) as pair:
        pair.faults.add(Fault(path="^/chunks/", delay_s=60))
        await pair.send(file)
        assert pair.requests(CHUNKS) >= 12


@pytest.mark.parametrize("how", ["grow", "touch", "truncate"])
async def test_a_file_that_changes_is_never_mixed(run_pair, file, stamp, how):
    """A file that changes while it is read ends the upload, and no chunk of it arrives after the change."""
    async with run_pair(upload={"chunks": 1}) as pair:
        session = await pair.client.uploads.open("a.mp4", 10_500, content_hash="blake3:1")
        before = stamp(file)
        sent = []

        def change(count: int) -> None:
            sent.append(count)
            if len(sent) == 3:
                match how:
                    case "grow":
                        file.write_bytes(file.read_bytes() + b"x")
                    case "touch":
                        os.utime(file, ns=(1, 1))
                    case "truncate":
                        os.truncate(file, 5000)

        with pytest.raises(SourceUnreadable) as caught:
            await pair.client.uploads.send(session, str(file), before, on_bytes=change)
        assert caught.value.code == "source_changed"
        assert set(pair.server.store.books().chunks_stored[session.upload_id]) == {1, 2, 3}


async def test_a_file_of_another_size_than_its_session_is_refused(pair, file, stamp):
    """A session is not filled from a file that has another size by now."""
    session = await pair.client.uploads.open("a.mp4", 10_499, content_hash="blake3:1")
    with pytest.raises(SourceUnreadable):
        await pair.client.uploads.send(session, str(file), stamp(file), on_bytes=print)


async def test_neighbours_do_not_disturb_each_other(pair, archive):
    """Files that differ in their suffix alone upload at once, and nothing is written beside them."""
    files = [archive / "a.mp4", archive / "a.mov"]
    for path in files:
        path.write_bytes(os.urandom(9_000))
    archive.chmod(0o555)
    assets = {}

    async def send(path: Path) -> None:
        assets[path] = await pair.send(path)

    async with anyio.create_task_group() as group:
        for path in files:
            group.start_soon(send, path)
    assert {path: pair.media(asset) for path, asset in assets.items()} == {path: path.read_bytes() for path in files}
    assert sorted(archive.iterdir()) == sorted(files)


async def test_a_path_of_any_bytes_is_read(pair, archive, stamp):
    """A file whose name is no UTF-8 is uploaded from where it lies."""
    path = Path(os.fsdecode(os.fsencode(archive) + b"/odd-\xff\n.mp4"))
    path.write_bytes(b"x" * 1500)
    session = await pair.client.uploads.open("odd", 1500, content_hash="blake3:1")
    asset_id = await pair.client.uploads.send(session, str(path), stamp(path), on_bytes=print)
    assert pair.media(asset_id) == b"x" * 1500


async def test_a_platform_that_miscounts_chunks_is_not_believed(pair):
    """A session whose number of chunks does not fit its sizes is an unexpected answer, without its secrets."""
    answer = {
        "upload_id": "u",
        "asset_id": "a",
        "chunk_size": 1000,
        "total_chunks": 3,
        "upload_urls": [{"chunk_index": 1, "url": "http://127.0.0.1/x?signature=secret"}],
    }
    pair.faults.add(Fault(method="POST", path="/multipart-uploads$", status=201, body=answer))
    with pytest.raises(UnexpectedResponse, match="counts 3 chunks"):
        await pair.client.uploads.open("a.mp4", 10_500, content_hash="blake3:1")
    pair.faults.add(Fault(method="POST", path="/multipart-uploads$", status=201, body={**answer, "chunk_size": 0}))
    with pytest.raises(UnexpectedResponse) as caught:
        await pair.client.uploads.open("a.mp4", 10_500, content_hash="blake3:1")
    assert "secret" not in str(caught.value)


async def test_a_refused_session_is_an_upload_error(run_pair):
    """A file that the platform will not take is refused with its reason when the session is opened."""
    async with run_pair(server={"session_max_bytes": 1000}) as pair:
        with pytest.raises(UploadRejected, match="at most 1,000 bytes"):
            await pair.client.uploads.open("a.mp4", 1001, content_hash="blake3:1")


async def test_uploads_travel_over_tls(tmp_path, file, stamp, open_client):
    """With certificates of its own, a platform is reached over TLS for requests and chunks alike."""
    authority = trustme.CA()
    ours, theirs = ssl.create_default_context(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.configure_trust(ours)
    authority.issue_cert("127.0.0.1").configure_cert(theirs)
    settings = ServerSettings(data=tmp_path / "platform", engine="echo", chunk_bytes=1000)
    async with (
        serve(settings, None, ssl_context=theirs) as server,
        open_client(server.base_url, ssl=ours) as client,
    ):
        session = await client.uploads.open("a.mp4", 10_500, content_hash="blake3:1")
        asset_id = await client.uploads.send(session, str(file), stamp(file), on_bytes=print)
        assert (tmp_path / "platform" / "media" / asset_id).read_bytes() == file.read_bytes()
