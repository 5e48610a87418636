"""The loop that asks again: what counts as a failure of the request, and what as an outage for all."""

from collections.abc import Callable

import anyio
import pytest

from pipeline.client.retry import persist
from pipeline.config import RetrySettings
from pipeline.errors import (
    ConnectionFailed,
    GatewayUnavailable,
    PlatformUnreachable,
    RetriesExhausted,
    ServerUnavailable,
    TransientError,
)

pytestmark = pytest.mark.anyio

SETTINGS = RetrySettings(attempts=3, base_s=0.001, max_s=0.002, outage_s=0.2)


class Side:
    """The other side: fails as told, and may be seen answering others meanwhile."""

    def __init__(self, *errors: TransientError, answers_others: bool = False, was_there: bool = True) -> None:
        self.name = "the platform"
        self.answered_at = anyio.current_time() if was_there else None
        self.attempts = 0
        self._errors = list(errors)
        self._answers_others = answers_others

    async def attempt(self) -> str:
        self.attempts += 1
        if self._answers_others:
            self.answered_at = anyio.current_time()
        if self._errors:
            error = self._errors[0] if len(self._errors) == 1 else self._errors.pop(0)
            if error is not DONE:
                raise error
        return "answer"

    async def ask(self, rescue: Callable[[], object] | None = None) -> str:
        return await persist(self.attempt, doing="asking", health=self, settings=SETTINGS, rescue=rescue)


DONE = TransientError("no error at all")


async def test_failures_before_a_success_are_forgotten():
    """As many failures as one less than allowed do no harm."""
    side = Side(ServerUnavailable("a"), ServerUnavailable("b"), DONE)
    assert (await side.ask(), side.attempts) == ("answer", 3)


@pytest.mark.parametrize("error", [ServerUnavailable("down"), ConnectionFailed("gone"), GatewayUnavailable("away")])
async def test_what_fails_while_others_are_answered_is_exhausted(error):
    """Any failure counts while others are answered, and the last one is told."""
    side = Side(error, answers_others=True)
    with pytest.raises(RetriesExhausted, match=f"asking: gave up after 3 attempts; last: {error.message}"):
        await side.ask()


async def test_an_outage_does_not_use_up_the_attempts():
    """After an outage of any number of attempts a request still has all of its own."""
    outage = [ConnectionFailed("gone")] * 20
    side = Side(*outage, ServerUnavailable("a"), ServerUnavailable("b"), DONE)
    assert (await side.ask(), side.attempts) == ("answer", 23)


async def test_an_outage_ends_in_a_pause():
    """An outage that lasts longer than the settings allow pauses the run."""
    with pytest.raises(PlatformUnreachable, match="not answered anything"):
        await Side(GatewayUnavailable("away")).ask()


async def test_a_long_quiet_before_is_no_outage():
    """That nobody asked anything for long does not count as silence of the platform."""
    side = Side(ConnectionFailed("gone"), ConnectionFailed("gone"), ConnectionFailed("gone"), DONE)
    side.answered_at -= 10_000
    assert await side.ask() == "answer"


async def test_an_address_that_never_answered_is_given_up_soon():
    """Where nothing was ever answered the allowed attempts are all, and the message points to the address."""
    side = Side(ConnectionFailed("refused"), was_there=False)
    with pytest.raises(PlatformUnreachable, match=r"platform\.base_url"):
        await side.ask()
    assert side.attempts == 3


async def test_a_rescue_ends_the_asking():
    """After a failure that may have been a success, what was found is the answer."""

    async def rescue() -> str:
        return "found"

    side = Side(ConnectionFailed("reset", ambiguous=True))
    assert (await side.ask(rescue), side.attempts) == ("found", 1)


async def test_a_rescue_is_not_needed_where_nothing_was_sent():
    """A refused connection is no ambiguity: nothing is looked for."""

    async def rescue() -> str:
        raise AssertionError("looked for what cannot be")

    side = Side(ConnectionFailed("refused"), DONE)
    assert await side.ask(rescue) == "answer"
