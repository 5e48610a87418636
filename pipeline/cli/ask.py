"""`pipeline ask`: one question of one video, answered while one watches, before a whole folder is paid for."""

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import click
import orjson

from pipeline import log
from pipeline.app import Run, rows_of
from pipeline.cli.exits import Exit
from pipeline.cli.manifest import checked_manifest
from pipeline.cli.options import one_video_options, settings_from
from pipeline.cli.run import execute, under_signals
from pipeline.cli.streams import say, show
from pipeline.cli.summary import kept_summary, retry_command
from pipeline.config import Settings
from pipeline.errors import ConfigError, FatalError
from pipeline.feed import Row
from pipeline.jobs import Job, State
from pipeline.manifests.single import Single
from pipeline.models import Result
from pipeline.recipes import Recipes
from pipeline.steps.one_request import sync_problem
from pipeline.steps.write import read_answer


@click.command()
@one_video_options
def ask(video: str, question: str | None, config: Path | None, *, as_json: bool, **given: Any) -> int:
    """Ask QUESTION, or what is configured, of VIDEO, a path or a URL; the answer is shown while it arrives.

    It is kept as any other: a later `run` with the same question finds it done, and so does this command.
    """
    given |= {"manifest": video, "prompt": question, "delivery": "sync"}
    settings = settings_from(config, given)
    recipes = Recipes(settings)
    if sync_problem(recipes.configured):  # then it is asked as `run` would, and shown when it is there
        settings = settings_from(config, {**given, "delivery": "task"})
    log.configure(settings.log)
    row = _row(settings, recipes)
    asking = Asking(settings, row, retry_command(settings.output.dir, config, given), as_json)
    return anyio.run(under_signals, settings, asking.drive, None if as_json else asking.hear)


def _row(settings: Settings, recipes: Recipes) -> Row:
    """The one video, and what is asked of it.

    Raises:
        ConfigError, ManifestError: it is none, or several.
    """
    several = ConfigError(
        f"{settings.manifest.source} is not one video; `pipeline run` works through folders and lists"
    )
    if settings.manifest.source == "-":
        raise several
    with tempfile.TemporaryDirectory(prefix="pipeline-") as spool:
        manifest, _ = checked_manifest(settings, recipes, Path(spool))
        if not isinstance(manifest, Single):
            raise several
        return next(rows_of(manifest.videos(), recipes))


@dataclass(slots=True)
class Asking:
    """One question on its way to its answer.

    Attributes:
        again: the command that asks again what failed.
        heard: whether anything of the answer is on stdout.
        open_line: whether the last line there lacks its end.
    """

    settings: Settings
    row: Row
    again: str
    as_json: bool
    heard: bool = False
    open_line: bool = False

    def hear(self, text: str) -> None:
        """Show a piece of the answer."""
        self.heard = True
        self.open_line = not text.endswith("\n")
        show(text)

    async def drive(self, run: Run) -> Exit:
        """Ask, unless the answer is there; then say what it took."""
        await execute(run, (self.row,), anyio.sleep_forever, collect=False)
        job = self._job(run)
        answer = None
        if job is not None and job.state is State.WRITTEN:
            answer = read_answer(job, run.ledger.raw(job.key))
        code = self._code(run, job)
        kept_summary(run, run.snapshot(1), code, self.settings)
        if self.as_json:
            say([orjson.dumps(self._facts(run, job, answer, code)).decode()])
            return code
        if answer is not None and not self.heard:
            self.hear(answer.text)
        if self.open_line:
            self.hear("\n")
        for line in self._remarks(run, job, answer):
            sys.stderr.write(f"{line}\n")
        return code

    def _job(self, run: Run) -> Job | None:
        """What became of the question."""
        video, recipe = self.row
        if (job := run.ledger.job_of_source(video.source, recipe.id)) is not None:
            return job
        return next(
            (
                failed
                for failed, source, _ in run.ledger.failures()
                if source.source == video.source and failed.recipe.id == recipe.id
            ),
            None,
        )

    def _code(self, run: Run, job: Job | None) -> Exit:
        if isinstance(run.runner.stopped_by, FatalError):
            return Exit.FATAL
        if run.runner.stopped_by is not None:
            return Exit.PAUSED
        return Exit.DONE if job is not None and job.state is State.WRITTEN else Exit.SOME_FAILED

    def _remarks(self, run: Run, job: Job | None, answer: Result | None) -> Iterator[str]:
        out = self.settings.output.dir
        if job is not None and job.failure is not None:
            yield f"failed: {job.failure.message} ({job.failure.code})"
            yield f"ask again: {self.again}"
        if answer is not None:
            yield from _faults(answer)
            yield self._took(run, answer)
        if (reason := run.runner.stopped_by) is not None:
            word = "stopped" if isinstance(reason, FatalError) else "paused"
            yield f"{word}: {reason.message}"
            if job is not None and job.state is State.ANALYZED:
                yield f"the answer is kept in {out}; the same command shows it and asks nothing"
            if job is not None and job.intent:
                yield (
                    "the answer was on its way and may have been paid for; the same command tells, and `pipeline retry "
                    f"--out {out}` then asks again, and pays again"
                )

    def _took(self, run: Run, answer: Result) -> str:
        where = f"kept in {self.settings.output.dir}"
        if _was_there(run):
            return f"answered before: nothing was asked, nothing is paid; {where}"
        given = "" if answer.input_tokens is None else f" ({answer.input_tokens:,} input)"
        writer = run.writer
        return (
            f"{writer.output_tokens:,} output tokens{given}, {writer.billed_minutes:,.2f} min of video,"
            f" ${writer.spent_usd:,.4f}; {where}"
        )

    def _facts(self, run: Run, job: Job | None, answer: Result | None, code: Exit) -> dict[str, Any]:
        reason, failure = run.runner.stopped_by, None if job is None else job.failure
        return {
            "run_id": run.id,
            "exit_code": int(code),
            "stopped_by": None if reason is None else {"code": reason.code, "message": reason.message},
            "failure": None if failure is None else {"code": failure.code, "message": failure.message},
            "source": self.row[0].source,
            "key": None if job is None else job.key,
            "text": None if answer is None else answer.text,
            "data": None if answer is None else answer.data,
            "valid": None if answer is None else answer.valid,
            "outcome": None if answer is None else answer.outcome,
            "already_done": answer is not None and _was_there(run),
            "input_tokens": None if answer is None else answer.input_tokens,
            "output_tokens": run.writer.output_tokens,
            "video_minutes": round(run.writer.billed_minutes, 4),
            "cost_usd": round(run.writer.spent_usd, 6),
            "results": str(run.folder.parent.parent / "results.jsonl"),
        }


def _was_there(run: Run) -> bool:
    """Whether no answer came in this run."""
    return not run.tally.stages[State.ANALYZED]


def _faults(answer: Result) -> Iterator[str]:
    """What is not as it should be with an answer."""
    if answer.outcome == "truncated":
        yield "truncated: the answer ended at its bound of tokens; ask with a higher recipe.max_tokens"
    if answer.warning:
        yield f"the platform warns: {answer.warning}"
    if answer.valid is False:
        yield f"the answer does not keep to the schema: {answer.validation_error}"
