"""Whose request it was: requests are counted for whoever asked, across the tasks that work for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class RequestCount:
    """How many HTTP requests were sent on somebody's behalf, every attempt counted."""

    def __init__(self) -> None:
        self.sent = 0


_COUNT: ContextVar[RequestCount | None] = ContextVar("request_count", default=None)


@contextmanager
def counted_requests() -> Iterator[RequestCount]:
    """Count the requests of the body and of every task it starts; what is asked for many at once counts for nobody."""
    count = RequestCount()
    token = _COUNT.set(count)
    try:
        yield count
    finally:
        _COUNT.reset(token)


def note_request() -> None:
    """One more request has left."""
    if (count := _COUNT.get()) is not None:
        count.sent += 1
