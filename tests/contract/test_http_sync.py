"""`POST /analyze` over bare HTTP: whole answers, streams, refusals, clients that leave."""

import base64

import aiohttp
import anyio
import orjson
import pytest

from pipeline.server.faults import Fault
from tests.contract.stills import inline, still

pytestmark = pytest.mark.anyio

KEY = {"x-api-key": "tlk_test"}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
SEGMENTS = {"type": "segment_definitions", "segment_definitions": [{"id": "a", "description": "b"}]}
PICTURE = {"name": "one", "base64_string": inline(still())}


@pytest.fixture(scope="module")
async def asset_id(api, video):
    return await api.ready_asset(video)


def by_asset(asset_id, **changes):
    return {"video": {"type": "asset_id", "asset_id": asset_id}, "prompt": "What is this?", **changes}


def events(raw):
    assert raw.endswith(b"\n")
    return [orjson.loads(line) for line in raw.splitlines()]


async def test_the_answer_comes_whole(api, asset_id):
    """With stream false the answer is one JSON object with id, text, reason and usage, and no error."""
    reply = await api("POST", "/analyze", json=by_asset(asset_id, stream=False))
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert set(reply.body) == {"id", "data", "finish_reason", "usage"}
    assert (reply.body["finish_reason"], "2.00 seconds" in reply.body["data"]) == ("stop", True)
    assert reply.body["usage"]["output_tokens"] > 0


async def test_the_answer_comes_in_pieces(api, asset_id):
    """Without stream the answer is NDJSON: a start, pieces that make up the text, and an end with usage."""
    whole = (await api("POST", "/analyze", json=by_asset(asset_id, stream=False))).body
    reply = await api("POST", "/analyze", json=by_asset(asset_id))
    assert (reply.status, reply.headers["Transfer-Encoding"]) == (200, "chunked")
    start, *pieces, end = events(reply.body)
    assert start["event_type"] == "stream_start"
    assert {piece["event_type"] for piece in pieces} == {"text_generation"}
    assert len(pieces) > 1
    assert "".join(piece["text"] for piece in pieces) == whole["data"]
    assert end == {
        "event_type": "stream_end",
        "finish_reason": "stop",
        "metadata": {**start["metadata"], "usage": whole["usage"]},
    }


async def test_pieces_are_sent_as_they_come(run_platform, video):
    """Each piece leaves the platform when it is there: the first arrives while the last is still being waited for."""
    async with run_platform(stream_piece_seconds=3600) as api, aiohttp.ClientSession() as session:
        body = by_asset(await api.ready_asset(video))
        async with session.post(api.platform.base_url + "/analyze", json=body, headers=KEY) as response:
            with anyio.fail_after(30):
                assert orjson.loads(await response.content.readline())["event_type"] == "stream_start"


async def test_a_cut_answer_says_so_in_either_form(run_platform, video):
    """An answer that reaches max_tokens has finish_reason `length` and a warning, whole or at the end of the stream."""
    async with run_platform(max_tokens_min=2) as api:
        body = by_asset(await api.ready_asset(video), max_tokens=2)
        whole = (await api("POST", "/analyze", json={**body, "stream": False})).body
        end = events((await api("POST", "/analyze", json=body)).body)[-1]
        for found in (whole, end):
            assert (found["finish_reason"], bool(found["error"]["message"])) == ("length", True)


async def test_a_stream_can_be_broken(api, asset_id):
    """The switchboard cuts a stream after so many lines: what was sent arrives, the end does not."""
    fault = api.platform.faults.add(Fault(path="/analyze$", cut_after=2))
    url, lines = api.platform.base_url + "/analyze", []
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, json=by_asset(asset_id), headers=KEY) as response,
    ):
        with pytest.raises(aiohttp.ClientPayloadError):
            lines.extend([line async for line in response.content])
    assert api.platform.faults.hits(fault) == 1
    assert len(events((await api("POST", "/analyze", json=by_asset(asset_id))).body)) > 2


async def test_every_source_is_taken(run_platform, video, tmp_path):
    """A video by URL, one sent along and images are analysed at once, and nothing of them stays."""
    async with run_platform(image_schemes=["http"]) as api:
        data = video.read_bytes()
        session = await api.session(len(data))
        wanted = session["total_chunks"]
        page = await api(
            "POST",
            f"/assets/multipart-uploads/{session['upload_id']}/presigned-urls",
            json={"start": 1, "count": wanted},
        )
        chunks = []
        for url in page.body["upload_urls"]:
            at = (url["chunk_index"] - 1) * 1000
            chunk = data[at : at + 1000]
            tag = (await api.put(url["url"], chunk)).headers["ETag"]
            chunks.append(
                {"chunk_index": url["chunk_index"], "proof": tag, "proof_type": "etag", "chunk_size": len(chunk)}
            )
        report = f"/assets/multipart-uploads/{session['upload_id']}"
        link = (await api("POST", report, json={"completed_chunks": chunks})).body["url"]
        sources = {
            "url": {"video": {"type": "url", "url": link}},
            "inline": {"video": {"type": "base64_string", "base64_string": base64.b64encode(data).decode()}},
            "images": {"model_name": "pegasus1.6", "image": [PICTURE]},
        }
        for name, source in sources.items():
            reply = await api("POST", "/analyze", json={**source, "prompt": "What?", "stream": False})
            assert (name, reply.status) == (name, 200), reply
        assert list((tmp_path / "data" / "incoming").iterdir()) == []


async def test_a_structured_answer_fits_its_schema(api, asset_id):
    """An answer asked for by a schema is JSON of that form."""
    form = {"type": "json_schema", "json_schema": SCHEMA}
    reply = await api("POST", "/analyze", json=by_asset(asset_id, stream=False, response_format=form))
    assert isinstance(orjson.loads(reply.body["data"])["a"], str)


@pytest.mark.parametrize(
    ("change", "status", "code", "named"),
    [
        ({"video": {"type": "asset_id", "asset_id": "0"}}, 404, "resource_not_exist", "asset"),
        ({"video": None}, 400, "parameter_not_provided", "video"),
        ({"prompt": None}, 400, "parameter_not_provided", "prompt"),
        ({"custom_id": "a"}, 400, "parameter_unknown", "custom_id"),
        ({"analysis_mode": "time_based_metadata"}, 400, "parameter_unknown", "analysis_mode"),
        ({"min_segment_duration": 2}, 400, "parameter_unknown", "min_segment_duration"),
        ({"max_tokens": "unlimited"}, 400, "parameter_invalid", "max_tokens"),
        ({"max_tokens": 511}, 400, "parameter_invalid", "max_tokens"),
        ({"stream": "yes"}, 400, "parameter_invalid", "stream"),
        ({"model_name": "pegasus1.2"}, 400, "parameter_invalid", "model_name"),
        ({"start_time": 5}, 400, "parameter_invalid", "start_time"),
        ({"end_time": 0.5}, 400, "parameter_invalid", "window"),
        (
            {"response_format": SEGMENTS},
            400,
            "parameter_invalid",
            "response_format",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {**SCHEMA, "additionalProperties": False}}},
            422,
            "response_format_invalid",
            "additionalProperties",
        ),
        ({"video": {"type": "url", "url": "http://127.0.0.1:9/film.mp4"}}, 400, "parameter_invalid", "fetched"),
        ({"video": {"type": "base64_string", "base64_string": inline(still())}}, 400, "parameter_invalid", "file"),
        ({"image": [PICTURE]}, 400, "parameter_invalid", "image"),
        ({"video": None, "model_name": "pegasus1.6", "image": [{"name": "a", "asset_id": "0"}]}, 404,
         "resource_not_exist", "asset"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stream", [True, False])
async def test_a_wrong_question_is_refused(api, asset_id, change, status, code, named, stream):
    """A broken rule is answered flat with its status and code, before any stream begins."""
    reply = await api("POST", "/analyze", json=by_asset(asset_id, **{"stream": stream, **change}))
    assert (reply.status, reply.body["code"]) == (status, code), reply
    assert named in reply.body["message"]


async def test_an_asset_that_is_not_ready_is_refused(run_platform, video):
    """A question about an asset that is still being processed is answered 400."""
    async with run_platform(asset_seconds=3600) as api:
        reply = await api("POST", "/analyze", json=by_asset((await api.upload(video))["_id"]))
        assert (reply.status, reply.body["code"]) == (400, "video_not_ready")


async def test_a_longer_video_is_for_tasks(run_platform, video):
    """A video beyond the bound of one hour is refused, also a part of it, wherever it comes from; a task takes it."""
    async with run_platform(sync_max_s=1.5) as api:
        body = by_asset(await api.ready_asset(video))
        inlined = {"type": "base64_string", "base64_string": base64.b64encode(video.read_bytes()).decode()}
        for change in ({}, {"end_time": 1}, {"video": inlined}):
            reply = await api("POST", "/analyze", json={**body, **change})
            assert (reply.status, reply.body["code"]) == (400, "video_duration_too_long")
        assert (await api("POST", "/analyze/tasks", json=body)).status == 202


@pytest.mark.parametrize("rate_body", ["empty", "json"])
async def test_questions_share_the_budget_of_tasks(run_platform, video, rate_body):
    """Questions and tasks draw on one budget; beyond it the 429 is empty or flat JSON. Streams tell what is left."""
    async with run_platform(analyze_per_minute=2, rate_body=rate_body) as api:
        body = by_asset(await api.ready_asset(video))
        assert (await api("POST", "/analyze", json=body)).headers["X-Ratelimit-Remaining"] == "1"
        assert (await api("POST", "/analyze/tasks", json=body)).status == 202
        reply = await api("POST", "/analyze", json=body)
        assert (reply.status, "Retry-After" in reply.headers) == (429, True)
        assert reply.body == b"" if rate_body == "empty" else reply.body["code"] == "too_many_requests"


async def test_the_work_for_a_client_that_leaves_is_given_up(run_platform, video, tmp_path):
    """When a client hangs up while its question is worked on, the work ends and what it sent along is removed."""
    incoming, patience = tmp_path / "data" / "incoming", anyio.CancelScope()
    inlined = {"type": "base64_string", "base64_string": base64.b64encode(video.read_bytes()).decode()}
    async with run_platform(analysis_seconds=3600) as api, aiohttp.ClientSession() as session:

        async def ask():
            with patience:
                await session.post(
                    api.platform.base_url + "/analyze", json={"video": inlined, "prompt": "What?"}, headers=KEY
                )

        with anyio.fail_after(30):
            async with anyio.create_task_group() as group:
                group.start_soon(ask)
                while not list(incoming.iterdir()):
                    await anyio.sleep(0.02)
                patience.cancel()
            while list(incoming.iterdir()):
                await anyio.sleep(0.02)


async def test_a_question_is_no_task(api, asset_id):
    """What is answered at once is not among the tasks, nor in the books of tasks."""
    created = api.platform.store.books().tasks_created
    assert (await api("POST", "/analyze", json=by_asset(asset_id))).status == 200
    assert api.platform.store.books().tasks_created == created


async def test_minutes_of_video_and_tokens_are_limited(run_platform, video, tmp_path):
    """A question beyond the account's minutes, or after its tokens, is refused with what is left of that dimension."""
    async with run_platform(video_minutes_per_hour=0.05, rate_headers="x-ratelimit-request") as api:
        body = by_asset(await api.ready_asset(video))
        assert (await api("POST", "/analyze/tasks", json=body)).status == 202
        for path in ("/analyze", "/analyze/tasks"):
            reply = await api("POST", path, json=body)
            assert (reply.status, reply.body["code"]) == (429, "too_many_requests")
            assert 0 < int(reply.headers["Retry-After"]) <= 3600
            assert reply.headers["X-RateLimit-Duration-Remaining"] == "0"
        assert api.platform.store.books().refusals == {"analyze: 0.05 minutes of video in 3600 s": 2}
    # a folder of its own: the task above may still be answered in the other one
    async with run_platform(output_tokens_per_day=1, data=tmp_path / "tokens") as api:
        body = by_asset(await api.ready_asset(video))
        assert (await api("POST", "/analyze", json=body)).status == 200
        reply = await api("POST", "/analyze/tasks", json=body)
        assert (reply.status, reply.headers["X-Ratelimit-Limit"]) == (429, "1")
