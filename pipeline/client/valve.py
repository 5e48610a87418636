"""A door before everything new, which whoever looks after a run shuts and opens."""

import anyio

from pipeline.errors import FatalError, PauseRun


class Valve:
    """Shut, it keeps everyone waiting until it is opened; where the run stops meanwhile, they are sent home."""

    def __init__(self) -> None:
        self.is_shut = False
        self._reason: PauseRun | FatalError | None = None
        self._news = anyio.Event()

    def shut(self) -> None:
        """Let nobody through."""
        if not self.is_shut:
            self.is_shut = True
            self._news = anyio.Event()

    def open(self) -> None:
        """Let everybody through."""
        self.is_shut = False
        self._news.set()

    def dismiss(self, reason: PauseRun | FatalError) -> None:
        """The run stops: nobody waits any longer."""
        self._reason = reason
        self._news.set()

    async def wait(self) -> None:
        """Return at once where the door is open, else once it is.

        Raises:
            PauseRun, FatalError: why the run stopped while it was shut.
        """
        while self.is_shut:
            if self._reason is not None:
                raise self._reason
            await self._news.wait()
