"""What to do with an answer that is there: write it, or ask once more where it misses the form that was asked for."""

from dataclasses import dataclass

import structlog

from pipeline.jobs import Job, State
from pipeline.ledger import Ledger
from pipeline.steps.write import Writer, read_answer

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answers:
    """The step that leaves `analyzed`.

    Attributes:
        max_reasks: how often an invalid answer of one video is asked for again; every answer is paid.
    """

    ledger: Ledger
    writer: Writer
    max_reasks: int

    async def settle(self, job: Job) -> Job:
        """Write the job's lines; an invalid answer sends the job back to be submitted under a new attempt instead.

        The answer is in the ledger by now and stays there, whatever comes after it.

        Raises:
            UnexpectedResponse, SinkError, LedgerError: as `Writer.write`.
        """
        if self._may_ask_again(job):
            result = read_answer(job, job.raw or self.ledger.raw(job.key))
            if result.valid is False:
                log.warning(
                    "answer.asked_again", source=job.source, task_id=job.task_id, reason=result.validation_error
                )
                return job.to(State.UPLOADED, task_id=None, raw="", reasks=job.reasks + 1)
        return await self.writer.write(job)

    def _may_ask_again(self, job: Job) -> bool:
        """A job that has a line already stays with its answer, though a further source joined it."""
        return job.recipe.has_form and job.reasks < self.max_reasks and not self.ledger.sources(job.key, written=True)
