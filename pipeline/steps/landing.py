"""A landing strip for requests that must not be lost: shielded from cancellation, but for a bounded time."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import anyio


class Landing:
    """Shields what is billable. While the run goes on there is no bound; `close_in` sets one for all at once."""

    def __init__(self) -> None:
        self._scopes: set[anyio.CancelScope] = set()
        self._deadline = math.inf

    @contextmanager
    def strip(self) -> Iterator[None]:
        """Let the body finish although its task is cancelled, until the bound is reached."""
        scope = anyio.CancelScope(shield=True, deadline=self._deadline)
        self._scopes.add(scope)
        try:
            with scope:
                yield
        finally:
            self._scopes.discard(scope)
        if scope.cancelled_caught:
            # The bound was reached, so the task's own cancellation is due: it must not run on as if the body had ended.
            raise anyio.get_cancelled_exc_class()

    def close_in(self, seconds: float) -> None:
        """Give everything on the strip this long, measured from now."""
        self._deadline = anyio.current_time() + seconds
        for scope in self._scopes:
            scope.deadline = min(scope.deadline, self._deadline)
