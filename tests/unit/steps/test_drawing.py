"""What a question takes of the account, and what it gives back."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from pipeline.client.account import Account
from pipeline.client.windows import Window
from pipeline.errors import AnswerLost, LimitReached, QuotaExhausted, RetriesExhausted, TaskFailed
from pipeline.jobs import Job, State
from pipeline.ledger.draws import Draws
from pipeline.models import Recipe
from pipeline.steps.drawing import Drawing

pytestmark = pytest.mark.anyio

ANSWER = '{"generation_id": "g", "data": "yes", "finish_reason": "stop", "usage": {"output_tokens": 5}}'


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Draws]:
    with Draws(tmp_path / "limits.db", "local", "analyze", 86_400) as draws:
        yield draws


def account(book: Draws, minutes: float = 100) -> Account:
    return Account("analyze", [], max_wait_s=1, book=book, lifetime_minutes=minutes)


def job(name: str, minutes: float) -> Job:
    asked = Job(name, f"blake3:{name}", Recipe("local", "pegasus1.5", "?"), f"{name}.mp4", f"{name}.mp4", None)
    return replace(asked, state=State.UPLOADED, asset_id="a", duration_s=minutes * 60, attempt=1)


def submitted(asked: Job) -> Job:
    return asked.to(State.SUBMITTED, task_id="t")


@pytest.mark.parametrize(
    ("outcome", "drawn"),
    [
        (lambda asked: submitted(asked).to(State.ANALYZED, raw=ANSWER), 30),
        (lambda asked: submitted(asked).to(State.ANALYZED, raw="what?"), 30),
        (submitted, 30),
        (lambda asked: submitted(asked).to(State.UPLOADED).failed(TaskFailed("no", code="task_failed")), 0),
        (lambda asked: submitted(asked).to(State.UPLOADED), 0),  # it is to be submitted again
        (lambda asked: asked.failed(TaskFailed("no", code="parameter_invalid")), 0),
        (lambda asked: replace(asked, intent=True).failed(RetriesExhausted("perhaps")), 30),
        (lambda asked: asked.failed(AnswerLost("perhaps")), 30),
    ],
)
@pytest.mark.parametrize("in_another_run", [False, True])
async def test_only_what_may_be_billed_shortens_a_life(
    book: Draws, outcome, drawn: float, in_another_run: bool
) -> None:
    """What failed, was refused or canceled takes none of the account's minutes, also where a later run learns of it."""
    asked = job("a", 30)
    drawing = Drawing(account(book), 600)
    await drawing.admit(asked)
    drawing.account.leaves([asked.key])
    (Drawing(account(book), 600) if in_another_run else drawing).settle(outcome(asked))
    assert book.lifetime_minutes() == drawn


async def test_the_end_of_a_life_pauses_before_it_is_passed(book: Draws) -> None:
    """A video that would pass the end is refused with how much is left; one that fits still goes."""
    drawing = Drawing(account(book), 600)
    await drawing.admit(job("a", 70))
    with pytest.raises(QuotaExhausted, match=r"^30\.0 of the account's 100 lifetime minutes .* takes 45\.0; .* tier1"):
        await drawing.admit(job("b", 45))
    await drawing.admit(job("c", 30))
    assert book.lifetime_minutes() == 100
    with pytest.raises(QuotaExhausted):
        await Drawing(account(book), 600).admit(job("d", 0.1))


async def test_an_answer_is_settled_although_the_limits_were_taken_off_meanwhile(book: Draws) -> None:
    """Set again later, they are not kept waiting for an answer that came long ago: a wait that is too long pauses."""
    hour = [Window("minutes", 100, 3600)]
    drawing = Drawing(Account("analyze", hour, max_wait_s=1, book=book), 600)
    await drawing.admit(job("a", 90))
    drawing.account.leaves(["a"])
    drawing.account.change([])
    drawing.settle(submitted(job("a", 90)).to(State.ANALYZED, raw=ANSWER))
    drawing.account.change(hour)
    with pytest.raises(LimitReached), anyio.fail_after(30):
        await drawing.admit(job("b", 90))
