"""What goes wrong on purpose, the key, and rate limits, over HTTP."""

import aiohttp
import pytest

from pipeline.server.faults import Fault

pytestmark = pytest.mark.anyio


async def test_a_status_strikes_as_often_as_told(api):
    """A fault with `after` and `times` lets requests pass, then answers in their stead, then passes again."""
    number = api.platform.faults.add(
        Fault(method="GET", path=r"/assets$", after=1, times=2, status=503, body="down", headers={"Retry-After": "7"})
    )
    replies = [await api("GET", "/assets") for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 503, 503, 200]
    assert (replies[1].body, replies[1].headers["Retry-After"]) == (b"down", "7")
    assert api.platform.faults.hits(number) == 2


async def test_a_dropped_request_is_not_carried_out(api):
    """A dropped connection reaches the client as an error, and nothing was done."""
    api.platform.faults.add(Fault(method="POST", path="multipart-uploads$", drop=True))
    before = (await api("GET", "/assets/multipart-uploads")).body["page_info"]["total_results"]
    with pytest.raises(aiohttp.ClientError):
        await api.session(100)
    assert (await api("GET", "/assets/multipart-uploads")).body["page_info"]["total_results"] == before


async def test_a_lost_response_was_carried_out(api, video):
    """A lost response reaches the client as an error although the work was done, and the same key finds it again."""
    asset = await api.ready_asset(video)
    body = {"video": {"type": "asset_id", "asset_id": asset}, "prompt": "What?", "custom_id": "lost"}
    headers = {"x-api-key": "tlk_test", "Idempotency-Key": "lost-1"}
    api.platform.faults.add(Fault(method="POST", path="/analyze/tasks$", lose_response=True))
    with pytest.raises(aiohttp.ClientError):
        await api("POST", "/analyze/tasks", json=body, headers=headers)
    reply = await api("POST", "/analyze/tasks", json=body, headers=headers)
    assert reply.status == 202
    assert api.platform.store.books().tasks_by_custom_id["lost"] == 1


async def test_a_delay_alone_is_only_a_delay(api):
    """A request that was only delayed is then served."""
    api.platform.faults.add(Fault(delay_s=0.01))
    assert (await api("GET", "/assets")).status == 200


async def test_the_switchboard_is_closed_by_default(api):
    """Without the flag neither switchboard nor books can be reached over HTTP."""
    origin = api.platform.base_url.removesuffix("/v1.3")
    assert (await api("GET", f"{origin}/_faults")).status == 404
    assert (await api("GET", f"{origin}/_books")).status == 404


async def test_the_switchboard_works_over_http(run_platform, video):
    """With the flag, faults and outcomes are set, listed and cleared over HTTP, and the books can be read."""
    async with run_platform(faults=True) as api:
        origin = api.platform.base_url.removesuffix("/v1.3")
        assert (await api("POST", f"{origin}/_faults", json={"status": 500, "times": None})).status == 201
        assert (await api("GET", "/assets")).status == 500
        assert (await api("GET", f"{origin}/_faults")).body[0]["hits"] == 1
        assert (await api("POST", f"{origin}/_faults", json={"stat": 1})).body["code"] == "parameter_unknown"
        await api("DELETE", f"{origin}/_faults")
        assert (await api("GET", "/assets")).status == 200
        await api("POST", f"{origin}/_faults/outcomes", json={"status": "canceled"})
        asset = await api.ready_asset(video)
        body = {"video": {"type": "asset_id", "asset_id": asset}, "prompt": "What?", "custom_id": "c"}
        task = (await api("POST", "/analyze/tasks", json=body)).body["task_id"]
        assert (await api.until(f"/analyze/tasks/{task}"))["status"] == "canceled"
        session = await api.session(1500)
        await api("POST", f"{origin}/_faults/expire-urls")
        assert (await api.put(session["upload_urls"][0]["url"], bytes(1000))).status == 403
        books = (await api("GET", f"{origin}/_books")).body
        assert books["tasks_by_custom_id"] == {"c": 1}
        assert books["requests"]["POST /analyze/tasks"] == 1


@pytest.mark.parametrize("headers", [{}, {"x-api-key": ""}, {"x-api-key": "wrong"}])
async def test_the_key_is_checked(api, headers):
    """No key, an empty and a wrong one are answered 401 in the flat shape, on task endpoints too."""
    for path in ("/assets", "/analyze/tasks"):
        reply = await api("GET", path, headers=headers)
        assert (reply.status, reply.body["code"]) == (401, "api_key_invalid")


async def test_a_rate_limit_answers_json(run_platform):
    """Beyond the limit a request is answered 429 too_many_requests with Retry-After and rate headers."""
    async with run_platform(upload_per_minute=1) as api:
        first, second = [await api("POST", "/assets", json={}) for _ in range(2)]
        assert (first.status, first.headers["X-Ratelimit-Remaining"]) == (400, "0")
        assert (second.status, second.body["code"]) == (429, "too_many_requests")
        assert 0 < int(second.headers["Retry-After"]) <= 60
        assert second.headers["X-Ratelimit-Limit"] == "1"
        assert (await api("GET", "/assets")).status == 200


async def test_a_rate_limit_can_be_empty(run_platform):
    """An analysis beyond the limit can be answered with no body, no Retry-After and the other header names."""
    async with run_platform(
        analyze_per_minute=0, rate_body="empty", retry_after=False, rate_headers="x-ratelimit-request"
    ) as api:
        reply = await api("POST", "/analyze/tasks", json={})
        assert (reply.status, reply.body) == (429, b"")
        assert "Retry-After" not in reply.headers
        assert reply.headers["X-RateLimit-Request-Remaining"] == "0"
