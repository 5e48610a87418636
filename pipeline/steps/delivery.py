"""How a question is asked: each way has a step that asks and one that waits for the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from pipeline.config import BatchSettings, UploadSettings
from pipeline.jobs import Job
from pipeline.models import Delivery, Recipe
from pipeline.modes.models import rules_of
from pipeline.steps.drawing import Drawing
from pipeline.steps.packing import batch_problem


class Way(Protocol):
    """One way to ask.

    The law: `submit` takes a job from `uploaded` on. Its intent is durable before anything billable leaves. A job that
    has an intent already may have been submitted by a process that is gone: it is looked for before it is sent again,
    or, where nothing can be looked up, fails rather than be paid twice.
    """

    async def submit(self, job: Job, /) -> Job:
        """Ask."""
        ...

    async def poll(self, job: Job, /) -> Job:
        """Wait for the answer of what was submitted."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """How the questions of a run are asked.

    Attributes:
        way: of every question.
        otherwise: of one that cannot go by batch, where that is not what was asked for.
        reason: why, as the log tells it.
        longest_s: what lasts longer goes by task in place of batch; None is no bound.
    """

    way: Delivery
    otherwise: Delivery
    reason: str
    longest_s: float | None = None

    def of(self, recipe: Recipe) -> Delivery:
        """The way of one question."""
        return self.otherwise if self.way == "batch" and batch_problem(recipe) else self.way

    def uploading(self, settings: UploadSettings) -> UploadSettings:
        """How videos are brought to the platform: a batch takes assets only."""
        if self.way != "batch":
            return settings
        return settings.model_copy(update={"inline_max_bytes": 0, "url_sources": "asset"})


def choose(
    wanted: Literal["task", "sync", "batch", "auto"], model: str, rows: int | None, settings: BatchSettings
) -> Choice:
    """The rule of delivery `auto`, once for a run.

    Args:
        wanted: as configured.
        model: that is asked.
        rows: of the manifest, where that is known beforehand; None is unknown, and likely many.
        settings: from how many on batches are worth it, and up to which length of video: one that takes long would
            keep its whole batch from being over.
    """
    auto_from, longest_s = settings.auto_from, settings.auto_longest_s
    if wanted != "auto":
        return Choice(wanted, wanted, "configured")
    if (rules := rules_of(model)) is None or not rules.batches:
        return Choice("task", "task", f"batches do not take {model}")
    if rows is None:
        return Choice("batch", "task", "the number of rows is not known beforehand", longest_s)
    if rows >= auto_from:
        return Choice("batch", "task", f"at least {auto_from:,} rows", longest_s)
    return Choice("task", "task", f"{rows:,} rows, and batches begin at {auto_from:,}")


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The steps that leave `uploaded` and `submitted`: each job's own way does them."""

    drawing: Drawing
    ways: Mapping[Delivery, Way]
    choice: Choice

    async def submit(self, job: Job) -> Job:
        """Ask in the way that was chosen; a submission that may have left already is that way's to find."""
        way = job.delivery if job.intent else self.choice.of(job.recipe)
        with self.drawing.settling(job) as settle:
            asked = await self.ways[way].submit(replace(job, delivery=way))
            settle(asked)
        return asked

    async def poll(self, job: Job) -> Job:
        """Wait in the way in which it was asked."""
        with self.drawing.settling(job) as settle:
            answered = await self.ways[job.delivery].poll(job)
            settle(answered)
        return answered
