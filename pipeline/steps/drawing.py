"""What a question draws on the account: requests and minutes are known beforehand, tokens once it is answered."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pipeline.budget import Standing, fate
from pipeline.client.account import Account
from pipeline.errors import UnexpectedResponse
from pipeline.jobs import Job, State
from pipeline.models import Draw
from pipeline.modes.envelope import Envelope, unwrap
from pipeline.steps.purse import Purse

# How much one more answer moves the expectation: the last twenty or so decide.
WEIGHT = 0.1


@dataclass(slots=True)
class Drawing:
    """Takes room on the account, and in the budget, before a question is asked, and gives back what it did not need.

    Attributes:
        expected_tokens: of the next answer.
        purse: the budget; None where there is none.
    """

    account: Account
    expected_tokens: float
    purse: Purse | None = None

    async def begin(self) -> None:
        """Know of what earlier runs spent and reserved, and what their answers took, before anything is asked."""
        if self.purse is not None:
            await self.purse.square(self.expected_tokens)
            self.expected_tokens = await self.purse.usual_tokens() or self.expected_tokens

    async def end(self) -> Sequence[Standing]:
        """Release what was reserved for questions that were stopped before they left; where the caps stand then."""
        if self.purse is None:
            return ()
        await self.purse.square(self.expected_tokens)
        return await self.purse.standings()

    async def admit(self, job: Job, *, requests: float = 1) -> None:
        """Wait until the budget and the account have room for this question.

        Whether segment definitions multiply what is counted is documented for prices only, so they do not here.

        Args:
            job: about to be asked.
            requests: that it takes; those that leave together with others take none of their own.

        Raises:
            LimitReached, QuotaExhausted, BudgetReached: that would take longer than a run should wait, or more than the
                account's life or the budget has left.
            TaskFailed: what it would take of the budget is not known.
        """
        window_s = job.recipe.window_s(job.duration_s) or 0.0
        most = job.recipe.max_tokens
        tokens = min(self.expected_tokens, most) if isinstance(most, int) else self.expected_tokens
        if self.purse is not None:  # first: who waits for the budget keeps no place on the account
            await self.purse.reserve(job, tokens)
        await self.account.admit(Draw(requests=requests, minutes=window_s / 60, tokens=tokens), job.key)

    @contextmanager
    def settling(self, job: Job) -> Iterator[Callable[[Job], None]]:
        """Have what the job holds on the account settled by what a step makes of it; where the step raises, nothing
        more is expected of the job, and the estimate stays.
        """
        if self.purse is not None and job.state is State.SUBMITTED:
            self.purse.expect(job.key)
        try:
            yield self.settle
        except BaseException:
            self.account.release(job.key)
            if self.purse is not None:
                self.purse.let_go(job.key)
            raise

    def settle(self, job: Job) -> None:
        """What the account and the budget owe a job is known from what became of it; of one that is still submitted it
        is not.
        """
        if job.state is State.SUBMITTED or not (self.account.keeps_books or self.purse):
            return
        answer = _answer(job.raw) if job.state is State.ANALYZED else None
        if fate(job) == "free":
            self.account.unbilled(job.key)
        elif answer is None:
            self.account.release(job.key)
        else:
            self.expected_tokens += WEIGHT * (answer.output_tokens - self.expected_tokens)
            self.account.settle(job.key, answer.output_tokens)
        if self.purse is not None:
            self.purse.settle(job, answer)


def _answer(raw: str) -> Envelope | None:
    try:
        return unwrap(raw)
    except UnexpectedResponse:
        return None
