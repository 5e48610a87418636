"""What the run may spend: every question is reserved for before it is asked, and settled once it is answered.

A question that does not fit waits while anything is in flight that may free room, or fit in its place; when nothing is,
the run pauses.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
import structlog

from pipeline.budget import (
    Cap,
    Commitment,
    Spending,
    Standing,
    fate,
    is_length_needed,
    price_problem,
    reached,
    spending,
)
from pipeline.config import BudgetSettings, PriceSettings
from pipeline.errors import BudgetReached, TaskFailed, UnexpectedResponse
from pipeline.jobs import Job, State
from pipeline.ledger import Ledger, PaidAnswer
from pipeline.ledger.commitments import Commitments
from pipeline.modes.envelope import Envelope, unwrap
from pipeline.steps.cancel import unanswered

# How often those who wait look again, for another process may have freed room.
LOOK_S = 0.2
# How many of those that wait are looked at, so that small ones go by a large one.
LOOK_BEHIND = 64
# So many that do not fit, with nothing awaited that may free room, tell enough of all that follow.
ENOUGH = 32

log = structlog.get_logger()


@dataclass(eq=False, slots=True)
class _Waiting:
    job: Job
    commitment: Commitment
    reserved: bool = False
    news: anyio.Event = field(default_factory=anyio.Event)


class Purse:
    """The budget of one run.

    Attributes:
        rests_on: whether nothing is in flight in the run but so many jobs, and nothing can follow until one of them is
            done; the run says so once it is there.
    """

    def __init__(
        self,
        commitments: Commitments,
        ledger: Ledger,
        caps: tuple[Cap, ...],
        settings: BudgetSettings,
        prices: PriceSettings,
        scope: str,
    ) -> None:
        """Take it in hand; `square` comes before anything is asked.

        Args:
            commitments: where they are remembered.
            ledger: the truth about what was asked and answered.
            caps: that are kept.
            settings: what the caps were made of.
            prices: by model.
            scope: the platform and account.
        """
        self.rests_on: Callable[[int], bool] = lambda _: True
        self._commitments = commitments
        self._ledger = ledger
        self._caps = caps
        self._settings = settings
        self._prices = prices
        self._scope = scope
        self._queue: list[_Waiting] = []
        self._awaited: set[str] = set()
        self._at_rest = 0
        self._closed: BudgetReached | None = None

    # --- while the run is on ---------------------------------------------------------------------------------------

    async def reserve(self, job: Job, tokens: float) -> None:
        """Return once there is room for a job's question, and taken.

        Args:
            job: about to be asked.
            tokens: that its answer is expected to take.

        Raises:
            TaskFailed: it might take any amount, of video or of money.
            BudgetReached: there is no room, and nothing that could make some.
        """
        number = job.attempt if job.intent else job.attempt + 1
        waiting = _Waiting(job, Commitment(job.key, number, self._expected(job, tokens), time.time()))
        self._queue.append(waiting)
        try:
            await self._look([waiting])
            await self._until_reserved(waiting)
        finally:
            if waiting in self._queue:
                self._queue.remove(waiting)
            self._wake_first()

    def settle(self, job: Job, answer: Envelope | None) -> None:
        """What is reserved for a job is squared with what has become of it, if anything has."""
        self.let_go(job.key)
        match fate(job):
            case "answered":
                self._commitments.settle(job.key, job.attempt, None if answer is None else self._took(job, answer))
            case "lost":
                self._commitments.settle(job.key, job.attempt, None)
            case "free":
                self._commitments.release(job.key)
            case "awaited":
                pass

    def expect(self, key: str) -> None:
        """The answer of a job that was asked before, perhaps by an earlier run, is waited for."""
        self._awaited.add(key)

    def let_go(self, key: str) -> None:
        """Nothing more comes of a job now: what is reserved for it stays, and nobody need wait for it to be freed."""
        self._awaited.discard(key)
        self._wake_first()

    async def usual_tokens(self) -> float | None:
        """What answers of earlier runs took on average; None where there is none."""
        return await self._commitments.usual_tokens()

    async def standings(self) -> list[Standing]:
        """Where every cap stands."""
        return await self._commitments.standings()

    async def _until_reserved(self, waiting: _Waiting) -> None:
        while not waiting.reserved:
            if self._closed is not None:
                raise self._closed
            with anyio.move_on_after(LOOK_S if self._is_first(waiting) else math.inf):
                await waiting.news.wait()
            waiting.news = anyio.Event()
            if self._is_first(waiting) and self._closed is None:
                await self._look(self._queue[:LOOK_BEHIND])
                await self._close_if_stuck()

    async def _look(self, some: list[_Waiting]) -> None:
        """Let in whoever fits."""
        found = await self._commitments.reserve([waiting.commitment for waiting in some])
        for waiting, reserved in zip(some, found, strict=True):
            if reserved and waiting in self._queue:
                self._queue.remove(waiting)
                waiting.reserved = True
                waiting.news.set()
                self._awaited.add(waiting.job.key)

    async def _close_if_stuck(self) -> None:
        """Two looks in a row have to find the run at rest: a slot may be on its way to the next job at one of them."""
        count = len(self._queue)
        is_at_rest = self.rests_on(count) or (count >= ENOUGH and not self._awaited)
        self._at_rest = self._at_rest + 1 if is_at_rest else 0
        if self._at_rest < 2 or not self._queue:
            return
        first = self._queue[0]
        wanted = first.commitment.spending
        if (shortage := await self._commitments.shortage(wanted)) is None:
            return
        standing, resume_at = shortage
        day_s = self._settings.day_s
        self._closed = reached(standing, first.job.source, wanted, day_s=day_s, resume_at=resume_at)
        for waiting in self._queue:
            waiting.news.set()

    def _is_first(self, waiting: _Waiting) -> bool:
        return self._queue[:1] == [waiting]

    def _wake_first(self) -> None:
        if self._queue:
            self._queue[0].news.set()

    def _expected(self, job: Job, tokens: float) -> Spending:
        if problem := price_problem(self._settings, self._prices, job.recipe.model):
            raise TaskFailed(f"{job.source}: {problem}", code="price_unknown")
        unknown = job.recipe.images is None and job.recipe.window_s(job.duration_s) is None
        if unknown and is_length_needed(self._caps, job.recipe, self._prices):
            raise TaskFailed(
                f"{job.source}: its length is not known, so it might take any part of the budget; set an end_time for "
                "it, or upload.url_sources to asset, which tells the length",
                code="length_unknown",
            )
        return spending(job.recipe, job.duration_s, tokens, self._prices)

    def _took(self, job: Job, answer: Envelope) -> Spending:
        duration_s = job.duration_s if answer.duration_s is None else answer.duration_s
        return spending(job.recipe, duration_s, answer.output_tokens, self._prices)

    # --- before and after it ---------------------------------------------------------------------------------------

    async def square(self, tokens: float) -> None:
        """Have the file say what the ledger says: what was answered is settled, what may be under way is reserved, and
        the rest is free again. So nothing leaks after a crash, and nothing that was paid is forgotten, be it from
        before there was a budget.

        Args:
            tokens: that an answer is expected to take.
        """
        await self._account_answers()
        states = (State.SUBMITTED, State.UPLOADED, State.FAILED)
        under_way = {job.key: job for job in unanswered(self._ledger.jobs(*states, scope=self._scope))}
        for key in await self._commitments.open_keys():
            if key not in under_way and (job := self._ledger.job(key)) is not None:
                self.settle(job, None)
            elif key not in under_way:
                self._commitments.release(key)
        await self._commitments.hold([self._under_way(job, tokens) for job in under_way.values()])

    async def _account_answers(self) -> None:
        row = await self._commitments.accounted()
        while answers := self._ledger.paid_answers(self._scope, row):
            row = answers[-1].row
            by_number = {(answer.key, answer.number): answer for answer in answers}
            new = await self._commitments.unsettled(list(by_number))
            await self._commitments.account([self._answered(by_number[one]) for one in new], row)

    def _answered(self, paid: PaidAnswer) -> Commitment:
        job = self._ledger.job(paid.key)
        assert job is not None
        try:
            took = self._took(job, unwrap(self._ledger.answer(paid.key, paid.number)))
        except UnexpectedResponse:  # it was paid all the same
            took = spending(job.recipe, job.duration_s, 0, self._prices)
        return Commitment(paid.key, paid.number, took, paid.at.timestamp())

    def _under_way(self, job: Job, tokens: float) -> Commitment:
        at = time.time() if job.submitted_at is None else job.submitted_at.timestamp()
        return Commitment(job.key, job.attempt, spending(job.recipe, job.duration_s, tokens, self._prices), at)
