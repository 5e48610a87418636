"""From `analyzed` to `written`: every sink holds the lines, then the ledger says so. One flush serves all that wait."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import anyio
import structlog

from pipeline.config import PriceSettings
from pipeline.errors import FatalError, UnexpectedResponse
from pipeline.jobs import Job, State
from pipeline.ledger import Ledger, WrittenLine
from pipeline.models import Result
from pipeline.modes import MODES
from pipeline.sinks import JsonlSink, SinkAltered, failure_line, result_line, usage_line
from pipeline.steps.landing import Landing

log = structlog.get_logger()

Line = dict[str, Any]


@dataclass(eq=False, slots=True)
class _Waiting:
    """A job whose lines are to be written; `written` is the job afterwards."""

    job: Job
    answers: list[Result]
    written: Job | None = None


@dataclass(frozen=True, slots=True)
class _Lines:
    """What one group of jobs adds to the sinks, and what the ledger will know of it."""

    results: list[Line]
    usage: list[Line]
    records: list[WrittenLine]


class Writer:
    """The one writer of an output folder. `async with` repairs what a crash left behind before the first line.

    Attributes:
        lines: result lines written so far in this run.
        spent_usd: their cost in US dollars.
        saved_usd: what those would have cost that reuse an answer.
        billed_minutes: minutes of video they are charged for.
        output_tokens: tokens of the answers.
    """

    def __init__(self, ledger: Ledger, folder: Path, prices: PriceSettings, run_id: str, landing: Landing) -> None:
        self.lines = 0
        self.spent_usd = 0.0
        self.saved_usd = 0.0
        self.billed_minutes = 0.0
        self.output_tokens = 0
        self._ledger = ledger
        self._prices = prices
        self._run_id = run_id
        self._landing = landing
        self._results = JsonlSink(folder / "results.jsonl")
        self._usage = JsonlSink(folder / "usage.jsonl")
        self._failures = JsonlSink(folder / "failures.jsonl")
        self._waiting: list[_Waiting] = []
        self._turn = anyio.Lock()
        self._stack = AsyncExitStack()
        # (sink, key, source) of lines that a sink holds and the ledger does not know of yet, since a crash or just now
        self._found: set[tuple[str, str, str]] = set()

    async def __aenter__(self) -> Self:
        for sink in (self._results, self._usage, self._failures):
            self._stack.push_async_callback(sink.close)
        await self._open("results", self._results)
        await self._open("usage", self._usage)
        await self._failures.rewrite(self._failure_lines())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def write(self, job: Job) -> Job:
        """Hand a job's lines to every sink; whoever gets the turn writes for all that wait.

        Raises:
            UnexpectedResponse: the answer cannot be read; the ledger keeps it.
            SinkError, LedgerError: the folder cannot be written.
        """
        waiting = _Waiting(job, self._answers(job))
        self._waiting.append(waiting)
        try:
            async with self._turn:
                if waiting.written is None:
                    with self._landing.strip():
                        await self._write_group()
        finally:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
        assert waiting.written is not None
        return waiting.written

    async def note(self, job: Job) -> None:
        """One log event for every change of state; a failure also gets its lines in `failures.jsonl` at once."""
        if job.state is not State.FAILED or job.failure is None:
            event = f"video.{job.state}"
            log.info(event, key=job.key, source=job.source, asset_id=job.asset_id, task_id=job.task_id)
            return
        log.warning("video.failed", key=job.key, source=job.source, code=job.failure.code, message=job.failure.message)
        sources = self._ledger.sources(job.key, written=False)
        at = datetime.now(UTC)
        await self._failures.append([failure_line(job, row.source, job.failure, self._run_id, at) for row in sources])

    async def settle(self) -> None:
        """Let `failures.jsonl` hold what is failed now, and nothing that was mended since."""
        await self._failures.rewrite(self._failure_lines())

    async def rebuild(self, name: Literal["results", "usage"]) -> None:
        """Make one of these files again from the ledger.

        Raises:
            SinkError, LedgerError: the folder cannot be written; the old file stays.
        """
        sink = {"results": self._results, "usage": self._usage}[name]
        await self._ledger.account({name: await sink.rewrite(self._written_lines(name))})

    async def _write_group(self) -> None:
        group, self._waiting = self._waiting, []
        try:
            lines = self._lines_of(group)
            sizes = {
                "results": await self._append("results", self._results, lines.results),
                "usage": await self._append("usage", self._usage, lines.usage),
            }
            written = [waiting.job.to(State.WRITTEN) for waiting in group]
            await self._ledger.mark_written(written, lines.records, self._run_id, sizes)
        except FatalError:
            self._waiting = group + self._waiting  # each of them learns of it when its turn comes
            raise
        for waiting, job in zip(group, written, strict=True):
            waiting.written = job
        self._found -= {(name, record.key, record.source) for record in lines.records for name in sizes}
        self._count(lines)

    async def _append(self, name: str, sink: JsonlSink, lines: list[Line]) -> int:
        size = await sink.append(lines)
        self._found |= _named(name, lines)
        return size

    def _lines_of(self, group: list[_Waiting]) -> _Lines:
        lines = _Lines([], [], [])
        at = datetime.now(UTC)
        for waiting in group:
            job, answers = waiting.job, waiting.answers
            unpaid = not self._ledger.sources(job.key, written=True)
            for row in self._ledger.sources(job.key, written=False):
                usage = usage_line(job, row.source, answers, self._run_id, self._prices, at, pays=unpaid)
                if ("results", job.key, row.source) not in self._found:
                    lines.results.append(result_line(job, row.source, row.metadata, answers[-1], self._run_id))
                if ("usage", job.key, row.source) not in self._found:
                    lines.usage.append(usage)
                lines.records.append(WrittenLine(job.key, row.source, unpaid, usage["cost_usd"] or 0.0))
                unpaid = False
        return lines

    def _count(self, lines: _Lines) -> None:
        self.lines += len(lines.records)
        self.spent_usd += sum(record.cost_usd for record in lines.records)
        self.saved_usd += sum(line["saved_usd"] or 0 for line in lines.usage)
        self.billed_minutes += sum(line["billed_minutes"] or 0 for line in lines.usage)
        self.output_tokens += sum(line["output_tokens"] for line in lines.usage)

    async def _open(self, name: Literal["results", "usage"], sink: JsonlSink) -> None:
        """Open a sink; one that somebody cut or removed is made again from the ledger."""
        try:
            found = await sink.open(self._ledger.sink_bytes(name))
        except SinkAltered as altered:
            log.warning("sink.rebuilt", sink=name, reason=altered.message)
            await self.rebuild(name)
            return
        self._found |= _named(name, found)

    def _written_lines(self, name: str) -> Iterator[Line]:
        for job in self._ledger.jobs(State.WRITTEN, State.ANALYZED):
            rows = self._ledger.sources(job.key, written=True)
            answers = self._answers(job) if rows else []
            for row in rows:
                if name == "results":
                    yield result_line(job, row.source, row.metadata, answers[-1], row.run_id)
                else:
                    at = answers[-1].completed_at or datetime.now(UTC)
                    yield usage_line(job, row.source, answers, row.run_id, self._prices, at, pays=row.pays)

    def _answers(self, job: Job) -> list[Result]:
        """What every answer of a job said that was paid for; the last one is the job's."""
        if job.reasks == 0:
            return [read_answer(job, job.raw or self._ledger.raw(job.key))]
        return [read_answer(job, raw) for raw in self._ledger.raws(job.key)]

    def _failure_lines(self) -> Iterator[Line]:
        for job, row, at in self._ledger.failures():
            if job.failure is not None:
                yield failure_line(job, row.source, job.failure, row.run_id, at)


def _named(name: str, lines: list[Line]) -> set[tuple[str, str, str]]:
    return {(name, str(line.get("key")), str(line.get("source"))) for line in lines}


def read_answer(job: Job, raw: str) -> Result:
    """What an answer of a job said.

    Raises:
        UnexpectedResponse: it cannot be read; names the video.
    """
    try:
        return MODES[job.recipe.mode].read_answer(raw, job.recipe)
    except UnexpectedResponse as error:
        raise UnexpectedResponse(f"{job.source}: {error.message}", code=error.code) from error
