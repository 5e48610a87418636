"""The write step: every sink holds a job's lines once, whatever was interrupted."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from pipeline.config import PriceSettings
from pipeline.errors import SinkError, UnexpectedResponse
from pipeline.jobs import Job, State
from pipeline.ledger import Ledger
from pipeline.models import FileStamp, Identity, Recipe, Video
from pipeline.steps.landing import Landing
from pipeline.steps.write import Writer

pytestmark = pytest.mark.anyio

RECIPE = Recipe("local", "pegasus1.5", "what happens?")
RAW = json.dumps(
    {
        "task_id": "t1",
        "status": "ready",
        "result": {"generation_id": "g", "data": "A dog.", "finish_reason": "stop", "usage": {"output_tokens": 1000}},
    }
)


@asynccontextmanager
async def opened(folder: Path, run_id: str = "r1") -> AsyncIterator[tuple[Ledger, Writer]]:
    async with (
        Ledger(folder / "ledger.db") as ledger,
        Writer(ledger, folder, PriceSettings(), run_id, Landing()) as writer,
    ):
        yield ledger, writer


async def analyzed(ledger: Ledger, number: int, source: str, raw: str = RAW) -> Job:
    video = Video(source, source, id=f"row {number}")
    identity = Identity(f"blake3:{number}", FileStamp(1, 1))
    job = await ledger.accept(video, RECIPE, identity, "r1")
    job = job.to(State.UPLOADED, asset_id="a", duration_s=60.0).to(State.SUBMITTED, task_id="t1")
    job = job.to(State.ANALYZED, raw=raw)
    await ledger.save(job)
    return job


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


async def test_many_jobs_written_at_once_have_one_line_each(tmp_path: Path) -> None:
    """Jobs that wait together are written together, each with one line in each sink."""
    async with opened(tmp_path) as (ledger, writer):
        jobs = [await analyzed(ledger, n, f"/{n}.mp4") for n in range(50)]
        async with anyio.create_task_group() as group:
            for job in jobs:
                group.start_soon(writer.write, job)
        assert ledger.counts() == {State.WRITTEN: 50}
        assert writer.lines == 50
    assert sorted(line["source"] for line in lines(tmp_path / "results.jsonl")) == sorted(
        f"/{n}.mp4" for n in range(50)
    )
    assert len(lines(tmp_path / "usage.jsonl")) == 50
    assert lines(tmp_path / "results.jsonl")[0]["metadata"]["id"].startswith("row ")


async def test_the_first_of_two_sources_pays(tmp_path: Path) -> None:
    """Two sources of one content have a line each, and the cost stands in one of them."""
    async with opened(tmp_path) as (ledger, writer):
        await analyzed(ledger, 1, "/a.mp4")
        joined = await ledger.accept(Video("/b.mp4", "/b.mp4"), RECIPE, Identity("blake3:1", FileStamp(1, 1)), "r1")
        await writer.write(joined)
        assert ledger.spent_usd() == pytest.approx(0.0292 + 0.0075)
    costs = {line["source"]: line["cost_usd"] for line in lines(tmp_path / "usage.jsonl")}
    assert costs == {"/a.mp4": pytest.approx(0.0367), "/b.mp4": 0}
    reused = {line["source"]: line["reused"] for line in lines(tmp_path / "usage.jsonl")}
    assert reused == {"/a.mp4": None, "/b.mp4": "answer"}


async def test_a_line_that_the_ledger_did_not_learn_of_is_not_written_again(tmp_path: Path) -> None:
    """A crash between the results and the ledger leads to one line, not two."""
    async with opened(tmp_path) as (ledger, writer):
        job = await analyzed(ledger, 1, "/a.mp4")
        await writer.write(job)
        done = (tmp_path / "results.jsonl").read_bytes()
        usage = (tmp_path / "usage.jsonl").read_bytes()
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    async with Ledger(crashed / "ledger.db") as ledger:
        await analyzed(ledger, 1, "/a.mp4")
    (crashed / "results.jsonl").write_bytes(done + usage[:20])
    async with opened(crashed, "r2") as (ledger, writer):
        waiting = ledger.job(job.key)
        assert waiting is not None
        await writer.write(waiting)
    assert (crashed / "results.jsonl").read_bytes() == done
    assert len(lines(crashed / "usage.jsonl")) == 1


@pytest.mark.parametrize("damage", ["removed", "cut", "edited"])
async def test_a_damaged_sink_is_rebuilt_from_the_ledger(tmp_path: Path, damage: str) -> None:
    """Somebody who removes, cuts or edits an output file gets it back, line for line, at the next run."""
    async with opened(tmp_path) as (ledger, writer):
        for number in range(3):
            await writer.write(await analyzed(ledger, number, f"/{number}.mp4"))
    results = tmp_path / "results.jsonl"
    whole = sorted(results.read_text(encoding="utf-8").splitlines())
    if damage == "removed":
        results.unlink()
    else:
        results.write_bytes(results.read_bytes()[:-30] if damage == "cut" else results.read_bytes()[:-1] + b"x")
    async with opened(tmp_path, "r2"):
        pass
    assert sorted(results.read_text(encoding="utf-8").splitlines()) == whole


async def test_an_answer_that_cannot_be_read_stays_in_the_ledger(tmp_path: Path) -> None:
    """A parse failure costs the line, never the answer."""
    async with opened(tmp_path) as (ledger, writer):
        job = await analyzed(ledger, 1, "/a.mp4", raw='{"status": "ready"}')
        with pytest.raises(UnexpectedResponse, match=r"/a\.mp4"):
            await writer.write(job)
        assert ledger.raw(job.key) == '{"status": "ready"}'
    assert lines(tmp_path / "results.jsonl") == []


async def test_a_folder_in_the_way_of_a_sink_is_named(tmp_path: Path) -> None:
    """An output file that cannot be opened is a sink error with its name."""
    (tmp_path / "results.jsonl").mkdir()
    with pytest.raises(SinkError, match=r"results\.jsonl"):
        async with opened(tmp_path):
            pass
