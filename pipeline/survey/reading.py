"""Headers that have to be read: enough in one message to be worth one, few enough that every process has some."""

from dataclasses import dataclass, field

import anyio
from anyio.abc import TaskGroup

from pipeline.media.probe import Prober
from pipeline.survey.found import Survey
from pipeline.survey.looking import Looker
from pipeline.survey.sorting import Candidate, Sorter

MOST_TOGETHER = 16


@dataclass(slots=True)
class Reading:
    """Candidates on their way to being judged."""

    looker: Looker
    sorter: Sorter
    prober: Prober
    found: Survey
    group: TaskGroup
    _waiting: list[Candidate] = field(default_factory=list)
    _turns: anyio.Semaphore = field(init=False)
    _together: int = field(init=False)

    def __post_init__(self) -> None:
        at_once = 2 * self.prober.processes
        self._turns = anyio.Semaphore(at_once)
        self._together = max(1, min(MOST_TOGETHER, self.found.plan.rows // (4 * at_once)))

    async def add(self, candidate: Candidate) -> None:
        """One more; waits where enough are under way."""
        self._waiting.append(candidate)
        if len(self._waiting) >= self._together:
            await self.begin()

    async def begin(self) -> None:
        """Read the headers of those that wait."""
        if not self._waiting:
            return
        together, self._waiting = self._waiting, []
        await self._turns.acquire()
        self.group.start_soon(self._read, together)

    async def _read(self, together: list[Candidate]) -> None:
        try:
            headers = await self.prober.headers([candidate.path for candidate in together])
        finally:
            self._turns.release()
        for candidate, header in zip(together, headers, strict=True):
            self.looker.saw(candidate.look, header)
            self.sorter.judge(candidate, header)
            self.found.looked += 1
