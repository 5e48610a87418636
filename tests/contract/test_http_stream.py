"""Streams of `POST /analyze` whose pieces come from a model of one's own, through a worker and the platform."""

import threading

import aiohttp
import anyio
import orjson
import pytest

from tests.chat_completions import endpoint
from tests.contract.published import Published
from tests.contract.recorder import Recorder

pytestmark = pytest.mark.anyio

KEY = {"x-api-key": "tlk_test"}
SAID = "Twenty shades of grey, one after the other."


@pytest.fixture
def run_with(run_platform):
    """Runs a platform whose engine asks the stub, in one worker."""

    def run(stub, **changes):
        asked = {"base_url": stub.url, "model": "seer", "max_frames": 1, "evidence": False, "retries": 0}
        return run_platform(engine="openai", openai=asked, analysis_processes=1, **changes)

    return run


def about(asset_id, **changes):
    return {"video": {"type": "asset_id", "asset_id": asset_id}, "prompt": "What is this?", **changes}


async def test_pieces_are_passed_on_while_the_model_speaks(run_with, video):
    """The first piece arrives while the model has not ended; the end has its reason and the endpoint's own figures."""
    more = threading.Event()
    with endpoint(lambda _: {"content": SAID, "wait": more}) as stub:
        async with run_with(stub) as api, aiohttp.ClientSession() as session:
            body = about(await api.ready_asset(video))
            with anyio.fail_after(60):
                async with session.post(api.platform.base_url + "/analyze", json=body, headers=KEY) as response:
                    start, first = [orjson.loads(await response.content.readline()) for _ in range(2)]
                    assert not more.is_set()
                    more.set()
                    *pieces, end = [orjson.loads(line) async for line in response.content]
            whole = (await api("POST", "/analyze", json={**body, "stream": False})).body
    assert start["event_type"] == "stream_start"
    assert (first["text"] + "".join(piece["text"] for piece in pieces), len(pieces) > 5) == (SAID, True)
    assert end == {
        "event_type": "stream_end",
        "finish_reason": "stop",
        "metadata": {**start["metadata"], "usage": {"output_tokens": 7, "input_tokens": 100}},
    }
    assert (whole["data"], stub.asked[-1].get("stream")) == (SAID, None)


async def test_a_stream_that_broke_off_ends_with_its_reason(run_with, video):
    """What was passed on stands; the end has an error and no reason to have ended, as the description says."""
    with endpoint(lambda _: {"content": SAID, "breaks": "out of memory"}) as stub:
        async with (
            run_with(stub) as api,
            Recorder(api.platform.base_url) as recorder,
            aiohttp.ClientSession() as session,
        ):
            body = about(await api.ready_asset(video))
            async with session.post(recorder.base_url + "/analyze", json=body, headers=KEY) as response:
                start, *pieces, end = [orjson.loads(line) async for line in response.content]
            published = Published((await api("GET", "/openapi.json", headers={})).body)
    assert (response.status, "".join(piece["text"] for piece in pieces)) == (200, SAID)
    assert (end["event_type"], end["metadata"], "finish_reason" in end) == ("stream_end", start["metadata"], False)
    assert "out of memory" in end["error"]["message"]
    assert [published.answer_problems(exchange) for exchange in recorder.exchanges] == [[]]


async def test_what_fails_before_the_first_piece_is_no_stream(run_with, video):
    """It is answered with its status, as without a stream."""
    with endpoint(lambda _: {"refusal": "I will not."}) as stub:
        async with run_with(stub) as api:
            reply = await api("POST", "/analyze", json=about(await api.ready_asset(video)))
    assert (reply.status, "I will not." in reply.body["message"]) == (400, True)


async def test_a_client_that_leaves_in_the_middle_stops_the_work(run_with, video):
    """The one worker is free again for the next question, though the model would have gone on."""
    more = threading.Event()
    sayings = [{"content": SAID, "wait": more}, "next"]
    with endpoint(lambda _: sayings.pop(0)) as stub:
        async with run_with(stub) as api, aiohttp.ClientSession() as session:
            body = about(await api.ready_asset(video))
            with anyio.fail_after(60):
                async with session.post(api.platform.base_url + "/analyze", json=body, headers=KEY) as response:
                    await response.content.readline()
                    response.close()
                reply = await api("POST", "/analyze", json={**body, "stream": False})
            assert (reply.body["data"], more.is_set()) == ("next", False)
            more.set()


async def test_tasks_are_not_streamed(run_with, video):
    """Nobody reads pieces of a task, so that the endpoint is asked for the whole."""
    with endpoint(lambda _: SAID) as stub:
        async with run_with(stub) as api:
            created = (await api("POST", "/analyze/tasks", json=about(await api.ready_asset(video)))).body
            task = await api.until(f"/analyze/tasks/{created['task_id']}", "ready")
    assert (task["result"]["data"], [body.get("stream") for body in stub.asked]) == (SAID, [None])
