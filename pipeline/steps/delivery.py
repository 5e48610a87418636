"""How a question is asked: each way has a step that asks and one that waits for the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from pipeline.jobs import Job
from pipeline.models import Delivery
from pipeline.steps.drawing import Drawing


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
class Deliveries:
    """The steps that leave `uploaded` and `submitted`: each job's own way does them."""

    drawing: Drawing
    ways: Mapping[Delivery, Way]
    chosen: Delivery

    async def submit(self, job: Job) -> Job:
        """Ask in the way that was chosen; a submission that may have left already is that way's to find."""
        way = job.delivery if job.intent else self.chosen
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
