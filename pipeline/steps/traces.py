"""Submissions of a process that is gone: looked for in the platform's batches before anything is sent again."""

from collections.abc import Collection, Container, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import anyio
import structlog

from pipeline.client import Platform
from pipeline.config import BatchSettings
from pipeline.jobs import Job, State
from pipeline.ledger import Ledger
from pipeline.models import Batch, Task

log = structlog.get_logger()

# How far the clock of this machine and the platform's may be apart.
MARGIN = timedelta(days=1)


@dataclass(slots=True)
class Traces:
    """What batches hold of submissions that a process which is gone may have made. Looked up once for all of them."""

    platform: Platform
    ledger: Ledger
    settings: BatchSettings
    scope: str
    _lock: anyio.Lock = field(default_factory=anyio.Lock)
    _found: dict[str, list[tuple[str, str]]] | None = None

    async def of(self, job: Job, answered: Container[str]) -> tuple[str, str] | None:
        """The batch and the task of a job that has an intent, the newest that has not failed and is not among those
        that answered it before.

        Raises:
            VideoError, PauseRun, FatalError: it cannot be looked up now.
        """
        async with self._lock:
            if self._found is None:
                self._found = await self._look()
        return next((trace for trace in self._found.get(job.key, []) if trace[1] not in answered), None)

    async def _look(self) -> dict[str, list[tuple[str, str]]]:
        intents = {
            job.key: job.submitted_at
            for job in self.ledger.jobs(State.UPLOADED, State.FAILED, scope=self.scope)
            if job.intent and job.delivery == "batch"
        }
        moments = [moment for moment in intents.values() if moment is not None]
        await anyio.sleep(_left_s(moments, self.settings.settle_s))
        found: dict[str, list[tuple[str, str]]] = {}
        async for batch in self.platform.batches.newer_than(None):
            if batch.created_at is not None and moments and batch.created_at < min(moments) - MARGIN:
                break
            await self._trace(batch, intents.keys(), found)
        log.info("batch.traced", intents=len(intents), found=len(found))
        return found

    async def _trace(self, batch: Batch, keys: Collection[str], found: dict[str, list[tuple[str, str]]]) -> None:
        seen: dict[str, str] = {}

        async def note(line: Task) -> None:
            if line.custom_id is not None and line.custom_id in keys and line.status not in {"failed", "canceled"}:
                seen[line.custom_id] = line.id

        await self.platform.batches.results(batch.id, note)
        for key, task_id in seen.items():
            found.setdefault(key, []).append((batch.id, task_id))


def _left_s(moments: Sequence[datetime], settle_s: float) -> float:
    """Seconds until the last of them is settled; a clock that went back makes no longer wait than that."""
    if not moments:
        return 0.0
    age_s = (datetime.now(UTC) - max(moments)).total_seconds()
    return min(settle_s, max(0.0, settle_s - age_s))
