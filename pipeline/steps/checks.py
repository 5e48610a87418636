"""What can be told of a video before anything of it is sent."""

from dataclasses import dataclass

from pipeline.client import Platform
from pipeline.config import SyncSettings
from pipeline.jobs import Job
from pipeline.media.probe import Prober, beyond_end, windows_of
from pipeline.models import Header
from pipeline.steps.one_request import length_problem


@dataclass(frozen=True, slots=True)
class Checks:
    """Looks at a video before its first byte is sent, as little as what is asked needs.

    Attributes:
        delivery: how questions are asked.
        inline_max_bytes: a file of at most this size gets no asset that would tell its length.
    """

    platform: Platform
    prober: Prober
    sync: SyncSettings
    delivery: str
    inline_max_bytes: int

    async def look(self, job: Job) -> Header:
        """What a job's video says of itself, as far as somebody wants to know; a URL is asked, a file read.

        Raises:
            SourceRejected: what is asked of it cannot be, or there is no video.
        """
        if job.path is None:
            await self.platform.sources.check(job.source)
            return Header()
        if not self._is_wanted(job):
            return Header()
        header = await self.prober.header(job.path)
        problem = beyond_end(job.source, job.recipe, header)
        if problem is None and self.delivery == "sync":
            problem = length_problem(job.source, header.duration_s, self.sync)
        if problem is not None:
            raise problem
        return header

    def _is_wanted(self, job: Job) -> bool:
        return bool(windows_of(job.recipe)) or self.delivery == "sync" or self._is_inline(job)

    def _is_inline(self, job: Job) -> bool:
        return job.stamp is not None and job.stamp.size_bytes <= self.inline_max_bytes
