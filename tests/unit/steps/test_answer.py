"""The step that leaves `analyzed`: write, or ask again."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import PriceSettings
from pipeline.jobs import Job, State
from pipeline.ledger import Ledger
from pipeline.models import FileStamp, Identity, Recipe, Video
from pipeline.steps.answer import Answers
from pipeline.steps.landing import Landing
from pipeline.steps.revalidate import Revalidation, revalidate
from pipeline.steps.write import Writer

pytestmark = pytest.mark.anyio

FORM = json.dumps({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})
RECIPE = Recipe("local", "pegasus1.5", "what happens?", json_schema=FORM)
IDENTITY = Identity("blake3:1", FileStamp(1, 1))


def raw(text: str) -> str:
    return json.dumps({"status": "ready", "result": {"data": text, "usage": {"output_tokens": 1000}}})


@asynccontextmanager
async def opened(folder: Path, max_reasks: int) -> AsyncIterator[tuple[Ledger, Writer, Answers]]:
    async with (
        Ledger(folder / "ledger.db") as ledger,
        Writer(ledger, folder, PriceSettings(), "r", Landing()) as writer,
    ):
        yield ledger, writer, Answers(ledger, writer, max_reasks)


async def accepted(ledger: Ledger, source: str = "/a.mp4") -> Job:
    return await ledger.accept(Video(source, source), RECIPE, IDENTITY, "r")


async def answered(ledger: Ledger, job: Job, text: str) -> Job:
    """The job with one more attempt, and its answer on the disk."""
    if job.state is State.ACCEPTED:
        job = job.to(State.UPLOADED, asset_id="a", duration_s=60.0)
    number = job.attempt + 1
    job = job.to(State.SUBMITTED, task_id=f"t{number}", attempt=number).to(State.ANALYZED, raw=raw(text))
    await ledger.save(job)
    return job


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


async def test_an_invalid_answer_is_asked_again_and_every_answer_is_accounted(tmp_path: Path) -> None:
    """The second answer is the result; the usage is that of both, and both are kept."""
    async with opened(tmp_path, 1) as (ledger, _, answers):
        job = await answers.settle(await answered(ledger, await accepted(ledger), "no JSON"))
        assert (job.state, job.task_id, job.reasks, job.raw) == (State.UPLOADED, None, 1, "")
        first = job.idempotency_key
        await ledger.save(job)
        assert ledger.answered(job.key) == {"t1"}
        job = await answered(ledger, job, '{"n": 2}')
        assert job.idempotency_key != first
        assert (await answers.settle(job)).state is State.WRITTEN
        assert ledger.raws(job.key) == [raw("no JSON"), raw('{"n": 2}')]
        assert ledger.spent_usd() == pytest.approx(2 * (0.0292 + 0.0075))
    (result,) = lines(tmp_path / "results.jsonl")
    assert (result["data"], result["valid"], result["validation_error"], result["task_id"]) == (
        {"n": 2},
        True,
        None,
        "t2",
    )
    (usage,) = lines(tmp_path / "usage.jsonl")
    assert (usage["billed_minutes"], usage["output_tokens"]) == (2.0, 2000)
    (tmp_path / "usage.jsonl").unlink()
    async with opened(tmp_path, 1):
        pass
    (rebuilt,) = lines(tmp_path / "usage.jsonl")
    assert {**rebuilt, "at": None} == {**usage, "at": None}


async def test_an_answer_that_stays_invalid_is_written_as_such(tmp_path: Path) -> None:
    """After the last attempt the answer is written with the reason, its text untouched."""
    async with opened(tmp_path, 2) as (ledger, _, answers):
        job = await accepted(ledger)
        for _ in range(3):
            job = await answers.settle(await answered(ledger, job, '{"n": "x"}'))
        assert (job.state, job.attempt, job.reasks) == (State.WRITTEN, 3, 2)
    (result,) = lines(tmp_path / "results.jsonl")
    assert (result["text"], result["data"], result["valid"]) == ('{"n": "x"}', {"n": "x"}, False)
    assert result["validation_error"] == "$.n: 'x' is not of type 'integer'"
    (usage,) = lines(tmp_path / "usage.jsonl")
    assert usage["output_tokens"] == 3000


async def test_a_crash_around_asking_again_loses_no_answer(tmp_path: Path) -> None:
    """Whether the decision was recorded or not, the next run takes the same way with the answer it has."""
    async with opened(tmp_path, 1) as (ledger, _, answers):
        key = (await answered(ledger, await accepted(ledger), "no JSON")).key
    async with opened(tmp_path, 1) as (ledger, _, answers):  # the decision was not recorded
        (job,) = ledger.jobs(State.ANALYZED)
        await ledger.save(await answers.settle(job))
    async with opened(tmp_path, 1) as (ledger, _, answers):  # it was
        (job,) = ledger.jobs(State.UPLOADED)
        assert (job.reasks, job.attempt, ledger.raw(key)) == (1, 1, raw("no JSON"))
        assert (await answers.settle(await answered(ledger, job, "no JSON"))).state is State.WRITTEN
        assert len(ledger.raws(key)) == 2


async def test_a_job_with_a_line_keeps_its_answer(tmp_path: Path) -> None:
    """A further source of the same content gets the answer that is written already, however invalid."""
    async with opened(tmp_path, 0) as (ledger, _, answers):
        await answers.settle(await answered(ledger, await accepted(ledger), "no JSON"))
    async with opened(tmp_path, 5) as (ledger, _, answers):
        job = await accepted(ledger, "/b.mp4")
        assert (await answers.settle(job)).state is State.WRITTEN
    assert [line["valid"] for line in lines(tmp_path / "results.jsonl")] == [False, False]


async def test_judging_again_mends_results_from_the_ledger(tmp_path: Path) -> None:
    """Lines that say otherwise than the ledger's answers are made anew; a second time nothing is left to change."""
    async with opened(tmp_path, 0) as (ledger, _, answers):
        await answers.settle(await answered(ledger, await accepted(ledger), '{"n": 1}'))
    results = tmp_path / "results.jsonl"
    before = results.read_bytes()
    results.write_bytes(before.replace(b'"valid":true', b'"valid":null'))
    for changed in (1, 0):
        async with opened(tmp_path, 0) as (ledger, writer, _):
            assert await revalidate(ledger, writer, results) == Revalidation(1, 0, changed)
        assert results.read_bytes() == before
