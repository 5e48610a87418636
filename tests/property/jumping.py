"""An event loop whose clock jumps, so that hours of waiting pass in no time."""

import asyncio
import selectors
from collections.abc import Awaitable, Callable


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer instead of waiting for it."""

    def __init__(self) -> None:
        self.moment = 1000.0
        super().__init__(JumpingSelector(self))

    def time(self) -> float:
        return self.moment


class JumpingSelector(selectors.SelectSelector):
    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None):
        self._loop.moment += max(timeout or 0, 1e-6)
        return super().select(0)


def on_jumping_clock(main: Callable[[], Awaitable[None]]) -> None:
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(main())
