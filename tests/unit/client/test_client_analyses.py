"""Questions answered in the same request, against the embedded platform: never asked twice behind anybody's back."""

import json
from functools import partial

import anyio
import pytest

from pipeline.client.analyses import Flight
from pipeline.errors import AnswerLost, AssetGone, QuotaExhausted, RetriesExhausted, SourceRejected, TaskFailed
from pipeline.models import AnalysisRequest, Medium
from pipeline.modes.envelope import unwrap
from pipeline.server.faults import Fault

pytestmark = pytest.mark.anyio

ASKED = AnalysisRequest(model="pegasus1.5", prompt="What is to be seen?")
ANALYZE = {"method": "POST", "path": "/analyze$"}
ASKS = "POST /analyze"


@pytest.fixture
async def asset(pair, video) -> str:
    return await pair.ready_asset(video)


def ask(pair, asset: str, *, streamed: bool, flight: Flight | None = None, heard: list[str] | None = None, **asked):
    questions = pair.client.questions
    way = (
        partial(questions.stream, on_text=(heard if heard is not None else []).append) if streamed else questions.whole
    )
    question = AnalysisRequest(**{"model": ASKED.model, "prompt": ASKED.prompt, **asked})
    return way(Medium(asset), question, pictures={}, patience_s=10, flight=flight or Flight())


BOTH = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])


@BOTH
async def test_an_answer_is_kept_as_received(pair, asset, streamed):
    """What comes back is the platform's own text, of which every fact can be read, and nothing is out any more."""
    flight = Flight()
    raw = await ask(pair, asset, streamed=streamed, flight=flight)
    answer = unwrap(raw)
    assert answer.text
    assert answer.generation_id
    assert (answer.finish_reason, answer.outcome) == ("stop", "ready")
    assert answer.output_tokens > 0
    assert not flight.is_out


async def test_a_stream_is_heard_as_it_arrives(run_pair, video):
    """Each piece is told before the next one is sent, and together they are the text."""
    async with run_pair(server={"stream_piece_seconds": 0.01}) as pair:
        heard: list[str] = []
        raw = await ask(pair, await pair.ready_asset(video), streamed=True, heard=heard)
        assert len(heard) > 2
        assert "".join(heard) == unwrap(raw).text
        assert json.loads(raw.splitlines()[-1])["event_type"] == "stream_end"


@BOTH
@pytest.mark.parametrize(
    "fault",
    [{"cut_after": 0, "lose_response": True}, {"drop": True}, {"status": 500}, {"status": 502}, {"status": 504}],
)
async def test_what_may_have_been_answered_is_not_asked_again(pair, asset, streamed, fault):
    """After a connection or an answer that says nothing certain the error says so, and no second request leaves."""
    pair.faults.add(Fault(**ANALYZE, **fault))
    with pytest.raises(AnswerLost, match=r"may have been paid for.*pipeline retry") as caught:
        await ask(pair, asset, streamed=streamed)
    assert caught.value.code == "answer_maybe_lost"
    assert pair.requests(ASKS) == 1


async def test_a_proxy_that_speaks_for_itself_is_no_refusal(pair, asset):
    """A 503 in the words of a proxy may stand for a connection that broke behind it."""
    pair.faults.add(Fault(**ANALYZE, status=503, body="upstream connect error or disconnect/reset before headers"))
    with pytest.raises(AnswerLost):
        await ask(pair, asset, streamed=False)
    assert pair.requests(ASKS) == 1


@pytest.mark.parametrize("lines", [0, 1, 3])
async def test_a_stream_without_its_end_is_no_answer(pair, asset, lines):
    """However much of a stream has arrived, it is an answer only with its last line."""
    pair.faults.add(Fault(**ANALYZE, cut_after=lines))
    heard: list[str] = []
    with pytest.raises(AnswerLost):
        await ask(pair, asset, streamed=True, heard=heard)
    assert len(heard) == max(lines - 1, 0)
    assert pair.requests(ASKS) == 1


async def test_a_stream_that_closes_in_order_without_its_end_is_no_answer(pair, asset):
    """The end of the connection is not the end of the answer."""
    pair.faults.add(Fault(**ANALYZE, status=200, body='{"event_type": "text_generation", "text": "half"}\n'))
    with pytest.raises(AnswerLost, match="before its end was told"):
        await ask(pair, asset, streamed=True)


@BOTH
@pytest.mark.parametrize(
    "fault",
    [
        {"status": 429},
        {"status": 503},
        {"status": 503, "body": {"code": "service_unavailable", "message": "Come back."}},
        {"status": 400, "body": {"code": "video_not_ready", "message": "Not yet."}},
    ],
)
async def test_a_refusal_is_asked_again(pair, asset, streamed, fault):
    """What the platform certainly did not carry out is sent again."""
    pair.faults.add(Fault(**ANALYZE, **fault))
    assert unwrap(await ask(pair, asset, streamed=streamed)).text
    assert pair.requests(ASKS) == 2


async def test_refusals_without_an_end_are_no_lost_answer(pair, asset):
    """Where every attempt was refused nothing is out."""
    pair.faults.add(Fault(**ANALYZE, status=400, body={"code": "video_not_ready", "message": "No."}, times=None))
    flight = Flight()
    with pytest.raises(RetriesExhausted):
        await ask(pair, asset, streamed=False, flight=flight)
    assert not flight.is_out


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "parameter_invalid", TaskFailed),
        (400, "video_duration_too_long", SourceRejected),
        (404, "resource_not_exist", AssetGone),
        (429, "usage_limit_exceeded", QuotaExhausted),
    ],
)
@BOTH
async def test_refusals_mean_what_they_mean_elsewhere(pair, asset, streamed, status, code, error):
    """A refusal that is no matter of time is told at once, as itself."""
    pair.faults.add(Fault(**ANALYZE, status=status, body={"code": code, "message": "No."}))
    flight = Flight()
    with pytest.raises(error):
        await ask(pair, asset, streamed=streamed, flight=flight)
    assert pair.requests(ASKS) == 1
    assert not flight.is_out


async def test_a_question_that_waits_for_its_turn_is_not_out(pair, asset):
    """Cancelled in the pause after a 429, a question was never carried out; cancelled in the work, it may have been."""
    working, waiting = Flight(), Flight()
    pair.faults.add(Fault(**ANALYZE, delay_s=30))
    async with anyio.create_task_group() as group:
        group.start_soon(partial(ask, pair, asset, streamed=False, flight=working))
        while not pair.requests(ASKS):
            await anyio.sleep(0.01)
        group.cancel_scope.cancel()
    assert working.is_out
    pair.faults.add(Fault(**ANALYZE, status=429, headers={"Retry-After": "60"}))
    async with anyio.create_task_group() as group:
        group.start_soon(partial(ask, pair, asset, streamed=False, flight=waiting))
        while pair.requests(ASKS) < 2 or waiting.is_out:
            await anyio.sleep(0.01)
        group.cancel_scope.cancel()
    assert not waiting.is_out


async def test_a_long_question_keeps_no_other_waiting(run_pair, video):
    """Where limits let few requests be on their way at once, questions that are answered in place do not take turns;
    nor do they take the connections of other requests.
    """
    limits = {"analyze_per_minute": 600, "connections": 1}
    async with run_pair(limits=limits) as pair:
        asset = await pair.ready_asset(video)
        pair.faults.add(Fault(**ANALYZE, delay_s=30))
        async with anyio.create_task_group() as group:
            group.start_soon(partial(ask, pair, asset, streamed=False))
            while not pair.requests(ASKS):
                await anyio.sleep(0.01)
            assert unwrap(await ask(pair, asset, streamed=False)).text
            group.cancel_scope.cancel()
