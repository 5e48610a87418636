"""Upload sessions over bare HTTP: what a client has to cope with."""

import socket
from urllib.parse import urlsplit

import anyio
import pytest

pytestmark = pytest.mark.anyio

SIZE = 2500


def reported(index: int, etag: str, size: int = 1000) -> dict[str, object]:
    return {"chunk_index": index, "proof": etag, "proof_type": "etag", "chunk_size": size}


async def report(api, session, *chunks):
    path = f"/assets/multipart-uploads/{session['upload_id']}"
    return await api("POST", path, json={"completed_chunks": list(chunks)})


async def urls(api, session, start=1, count=3):
    path = f"/assets/multipart-uploads/{session['upload_id']}/presigned-urls"
    reply = await api("POST", path, json={"start": start, "count": count})
    assert reply.status == 200, reply
    return [entry["url"] for entry in reply.body["upload_urls"]]


def stored(api, session) -> dict[int, int]:
    return api.platform.store.books().chunks_stored.get(session["upload_id"], {})


async def until(is_so) -> None:
    """Wait until something is so."""
    with anyio.fail_after(30):
        while True:
            if is_so():
                return
            await anyio.sleep(0.01)


async def test_a_session_answers_as_documented(api):
    """A new session names its chunks, its first URLs and the headers to send."""
    session = await api.session(SIZE, user_metadata={"a": 1, "empty": ""})
    assert [entry["chunk_index"] for entry in session["upload_urls"]] == [1, 2]
    assert session["upload_headers"] == {"Content-Type": "application/octet-stream"}
    asset = (await api("GET", f"/assets/{session['asset_id']}")).body
    assert (asset["status"], asset["method"], asset["user_metadata"]) == ("processing", "multipart", {"a": 1})


async def test_chunks_in_any_order_make_the_file(api):
    """Chunks sent and reported in any order, with and without ETag quotes, give back the very bytes."""
    session = await api.session(SIZE)
    body = bytes(range(250)) * 10
    proofs = []
    for index, url in reversed(list(enumerate(await urls(api, session), start=1))):
        chunk = body[(index - 1) * 1000 : index * 1000]
        etag = (await api.put(url, chunk)).headers["ETag"]
        assert etag[0] == etag[-1] == '"'
        proofs.append(reported(index, etag.strip('"') if index == 2 else etag, len(chunk)))
    answer = (await report(api, session, *proofs)).body
    assert (answer["processed_chunks"], answer["total_completed"]) == (3, 3)
    assert (await api("GET", answer["url"], headers={})).body == body
    status = (await api("GET", f"/assets/multipart-uploads/{session['upload_id']}")).body
    assert (status["status"], status["uploaded_size"], status["chunks_pending"]) == ("completed", SIZE, 0)


async def test_a_url_works_once(api):
    """A chunk URL that was used is refused with 403, and the chunk stays as it was stored."""
    session = await api.session(SIZE)
    (url,) = await urls(api, session, count=1)
    assert (await api.put(url, bytes(1000))).status == 200
    again = await api.put(url, bytes(1000))
    assert (again.status, again.body["code"]) == (403, "url_used")
    assert stored(api, session) == {1: 1}


async def test_an_expired_url_is_refused(api):
    """URLs handed out before they were expired are refused, URLs asked for afterwards work."""
    session = await api.session(SIZE)
    old = await urls(api, session, count=1)
    api.platform.faults.expire_urls()
    refused = await api.put(old[0], bytes(1000))
    assert (refused.status, refused.body["code"]) == (403, "url_expired")
    assert (await api.put((await urls(api, session, count=1))[0], bytes(1000))).status == 200


async def test_a_url_ends_with_its_time(run_platform):
    """A chunk URL is refused once its life, a setting, is over."""
    async with run_platform(url_ttl_s=0.001) as api:
        session = await api.session(SIZE)
        await anyio.sleep(0.01)
        assert (await api.put(session["upload_urls"][0]["url"], bytes(1000))).body["code"] == "url_expired"


async def test_a_forged_url_is_refused(api):
    """A URL changed to another chunk is refused: the signature covers all of it."""
    session = await api.session(SIZE)
    (url,) = await urls(api, session, count=1)
    forged = await api.put(url.replace("/1?", "/2?"), bytes(1000))
    assert (forged.status, forged.body["code"]) == (403, "signature_invalid")


async def test_a_body_of_the_wrong_size_is_refused_and_the_url_kept(api):
    """A chunk with the wrong Content-Length is answered 400, and its URL still works."""
    session = await api.session(SIZE)
    (url,) = await urls(api, session, count=1)
    assert (await api.put(url, bytes(999))).status == 400
    assert (await api.put(url, bytes(1000))).status == 200


async def test_missing_upload_headers_are_refused(run_platform):
    """A chunk without the headers that upload_headers names is answered 403."""
    async with run_platform(upload_headers={"X-Signed": "yes"}) as api:
        session = await api.session(SIZE)
        url = session["upload_urls"][0]["url"]
        assert (await api.put(url, bytes(1000))).status == 403
        assert (await api.put(url, bytes(1000), **{"X-Signed": "yes"})).status == 200


@pytest.mark.parametrize(("spent", "status"), [("started", 403), ("stored", 200)])
async def test_a_broken_transfer_stores_nothing(run_platform, spent, status):
    """A connection lost within a chunk leaves it pending; whether its URL is spent is a setting."""
    async with run_platform(url_spent=spent) as api:
        session = await api.session(SIZE)
        parts = urlsplit(session["upload_urls"][0]["url"])
        head = (
            f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            "Content-Type: application/octet-stream\r\nContent-Length: 1000\r\n\r\n"
        )
        async with await anyio.connect_tcp(parts.hostname, parts.port) as stream:
            await stream.send(head.encode() + bytes(400))
            await until(lambda: api.platform.store.books().chunks_started)
            raw = stream.extra_attributes[anyio.abc.SocketAttribute.raw_socket]()
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        assert stored(api, session) == {1: 0}
        assert (await report(api, session, reported(1, "x"))).status == 400
        assert (await api.put(session["upload_urls"][0]["url"], bytes(1000))).status == status


async def test_reports_are_idempotent(api):
    """A chunk reported again is counted as a duplicate, and a complete upload answers its URL again."""
    session = await api.session(1000)
    etag = (await api.put(session["upload_urls"][0]["url"], bytes(1000))).headers["ETag"]
    first = (await report(api, session, reported(1, etag))).body
    second = (await report(api, session, reported(1, etag))).body
    assert (second["processed_chunks"], second["duplicate_chunks"]) == (0, 1)
    assert second["url"] == first["url"]


@pytest.mark.parametrize(
    ("chunks", "problem"),
    [
        ([reported(1, '"wrong"')], "proof of chunk 1"),
        ([reported(2, "x")], "Chunk 2 was not received"),
        ([reported(9, "x")], "Chunk 9 was not received"),
        ([], "completed_chunks"),
        ([reported(1, "x")] * 51, "at most 50"),
        ([{"chunk_index": 1}], "proof"),
    ],
)
async def test_a_wrong_report_counts_nothing(api, chunks, problem):
    """A report with anything wrong in it is answered 400, says what, and changes nothing."""
    session = await api.session(SIZE)
    await api.put(session["upload_urls"][0]["url"], bytes(1000))
    reply = await report(api, session, *chunks)
    assert reply.status == 400
    assert problem in reply.body["message"]
    status = (await api("GET", f"/assets/multipart-uploads/{session['upload_id']}")).body
    assert status["chunks_completed"] == 0


async def test_a_reported_chunk_is_final(api):
    """A chunk that was reported is not written again: a further transfer is answered 409."""
    session = await api.session(SIZE)
    etag = (await api.put(session["upload_urls"][0]["url"], bytes(1000))).headers["ETag"]
    await report(api, session, reported(1, etag))
    (url,) = await urls(api, session, count=1)
    assert (await api.put(url, bytes(1000))).status == 409


async def test_an_expired_session_takes_nothing(run_platform):
    """After its time a session reads `expired`, refuses chunks, URLs and reports, and its asset fails."""
    async with run_platform(session_ttl_s=0.001) as api:
        session = await api.session(SIZE)
        await anyio.sleep(0.01)
        path = f"/assets/multipart-uploads/{session['upload_id']}"
        assert (await api("GET", path)).body["status"] == "expired"
        assert (await api.put(session["upload_urls"][0]["url"], bytes(1000))).status == 403
        assert (await api("POST", f"{path}/presigned-urls", json={"start": 1, "count": 1})).status == 400
        assert (await report(api, session, reported(1, "x"))).status == 400
    async with run_platform() as api:
        assert (await api.until(f"/assets/{session['asset_id']}"))["status"] == "failed"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"filename": ""}, "parameter_invalid"),
        ({"filename": "x" * 256}, "parameter_invalid"),
        ({"total_size": 0}, "parameter_invalid"),
        ({"total_size": "5"}, "parameter_invalid"),
        ({"total_size": 11 * 1024**3}, "parameter_invalid"),
        ({"type": "image", "total_size": 40_000_000}, "parameter_invalid"),
        ({"type": None}, "parameter_invalid"),
        ({"colour": "red"}, "parameter_unknown"),
    ],
)
async def test_a_wrong_session_request_is_named(api, change, code):
    """Every wrong member of a session request is answered 400 with the code for it, in the flat shape."""
    body = {"filename": "film.mp4", "type": "video", "total_size": SIZE, **change}
    reply = await api("POST", "/assets/multipart-uploads", json=body)
    assert (reply.status, reply.body["code"]) == (400, code)


async def test_url_pages_are_bounded(api):
    """More than 50 URLs at once, or chunks that do not exist, are refused."""
    session = await api.session(100_000)
    path = f"/assets/multipart-uploads/{session['upload_id']}/presigned-urls"
    assert (await api("POST", path, json={"start": 1, "count": 51})).status == 400
    assert (await api("POST", path, json={"start": 101, "count": 1})).status == 400
    assert len(await urls(api, session, start=80, count=50)) == 21
    unknown = path.replace(session["upload_id"], "0" * 24)
    assert (await api("POST", unknown, json={"start": 1, "count": 1})).status == 404


async def test_direct_uploads_have_a_limit(run_platform, video):
    """A direct upload beyond the limit is answered 400 and leaves nothing behind."""
    async with run_platform(direct_max_bytes=1000) as api:
        reply = await api("POST", "/assets", data={"method": "direct", "file": video.open("rb")})
        assert (reply.status, reply.body["code"]) == (400, "video_filesize_too_large")
        assert (await api("GET", "/assets")).body["page_info"]["total_results"] == 0


async def test_a_direct_upload_that_breaks_off_leaves_nothing(run_platform, tmp_path, caplog):
    """A connection lost within a direct upload makes no asset, leaves no file and logs no error."""
    async with run_platform() as api:
        parts = urlsplit(api.platform.base_url)
        head = (
            f"POST {parts.path}/assets HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            "x-api-key: tlk_test\r\nContent-Length: 9999\r\n"
            'Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\nContent-Disposition: form-data; name="file"; '
            'filename="f.mp4"\r\n\r\n'
        )
        incoming = tmp_path / "data" / "incoming"
        async with await anyio.connect_tcp(parts.hostname, parts.port) as stream:
            await stream.send(head.encode() + bytes(5000))
            await until(lambda: any(incoming.iterdir()))
        await until(lambda: not any(incoming.iterdir()))
        assert (await api("GET", "/assets")).body["data"] == []
    assert caplog.records == []


async def test_sync_readiness_answers_with_the_verdict(run_platform, video):
    """Where readiness is `sync`, the answer to an upload has the final status."""
    async with run_platform(asset_readiness="sync") as api:
        assert (await api.upload(video))["status"] == "ready"


async def test_an_asset_is_fetched_from_its_url(api, video):
    """An asset by URL is fetched by the platform, named after the URL, and fails with a reason if it cannot be."""
    session = await api.session(video.stat().st_size)
    content = video.read_bytes()
    proofs = []
    for number in range(0, session["total_chunks"], 50):
        for index, url in enumerate(await urls(api, session, number + 1, 50), start=number + 1):
            chunk = content[(index - 1) * 1000 : index * 1000]
            proofs.append(reported(index, (await api.put(url, chunk)).headers["ETag"], len(chunk)))
    link = (await report(api, session, *proofs)).body["url"]
    made = (await api("POST", "/assets", data=form(method="url", url=link))).body
    asset = await api.until(f"/assets/{made['_id']}")
    assert (asset["status"], asset["method"], asset["size"]) == ("ready", "url", len(content))
    lost = (await api("POST", "/assets", data=form(method="url", url="http://127.0.0.1:9/a%20film.mp4"))).body
    asset = await api.until(f"/assets/{lost['_id']}")
    assert (asset["status"], asset["filename"]) == ("failed", "a film.mp4")
    assert "could not be fetched" in asset["error"]["message"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "parameter_not_provided"),
        ({"method": "post"}, "parameter_invalid"),
        ({"method": "direct"}, "parameter_not_provided"),
        ({"method": "url"}, "parameter_not_provided"),
        ({"method": "url", "url": "ftp://x/y.mp4"}, "parameter_invalid"),
        ({"method": "url", "url": "http://x/y.mp4", "user_metadata": "[1]"}, "parameter_invalid"),
        ({"method": "url", "url": "http://x/y.mp4", "enable_hls": "maybe"}, "parameter_invalid"),
        ({"method": "url", "url": "http://x/y.mp4", "colour": "red"}, "parameter_unknown"),
    ],
)
async def test_a_wrong_asset_form_is_named(api, fields, code):
    """Every wrong field of an asset form is answered 400 with the code for it, in the flat shape."""
    reply = await api("POST", "/assets", data=form(**{**fields, "filename": "x.mp4"}))
    assert (reply.status, reply.body["code"]) == (400, code)


async def test_json_to_a_form_endpoint_and_back_is_refused(api):
    """The wrong kind of body is answered 400 content_type_invalid."""
    assert (await api("POST", "/assets", json={"method": "url"})).body["code"] == "content_type_invalid"
    reply = await api("POST", "/assets/multipart-uploads", data={"filename": "x"})
    assert reply.body["code"] == "content_type_invalid"
    reply = await api("POST", "/analyze/tasks", data={"prompt": "x"})
    assert reply.body["error"]["code"] == "content_type_invalid"


@pytest.mark.parametrize("query", ["page=0", "page=x", "page_limit=51", "page_limit=0", "asset_types=film"])
async def test_a_wrong_query_is_refused(api, query):
    """A page or filter out of its bounds is answered 400 parameter_invalid."""
    reply = await api("GET", f"/assets?{query}")
    assert (reply.status, reply.body["code"]) == (400, "parameter_invalid")


async def test_what_is_not_there_is_404(api):
    """Unknown sessions, assets and endpoints are answered 404 in the flat shape."""
    for path in ("/assets/0", "/assets/multipart-uploads/0", "/indexes"):
        reply = await api("GET", path)
        assert (reply.status, reply.body["code"]) == (404, "resource_not_exist")


async def test_a_deleted_asset_ends_its_session(api):
    """Deleting the asset of an open session ends the session."""
    session = await api.session(SIZE)
    assert (await api("DELETE", f"/assets/{session['asset_id']}")).status == 200
    assert (await api.put(session["upload_urls"][0]["url"], bytes(1000))).status == 403


def form(**fields: str):
    import aiohttp

    data = aiohttp.FormData(default_to_multipart=True)
    for name, value in fields.items():
        data.add_field(name, value)
    return data
