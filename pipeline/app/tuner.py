"""What is changed of a run while it is on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import structlog

from pipeline.client import Platform
from pipeline.config.tiers import RATES
from pipeline.config.tuning import Tuning, read_tuning
from pipeline.errors import ConfigError, LedgerError
from pipeline.ledger import control
from pipeline.runner import Runner
from pipeline.steps.lanes import Lanes

LOOK_S = 0.5

log = structlog.get_logger()


@dataclass(slots=True)
class Tuner:
    """Looks at the control file, obeys it, and tells what holds."""

    folder: Path
    run_id: str
    runner: Runner
    platform: Platform
    files: Lanes
    _seen: tuple[int, int] | None = None
    _told: dict[str, Any] = field(default_factory=dict)
    _serial: str = ""
    _problem: str | None = None

    @property
    def is_paused(self) -> bool:
        """Whether nothing new is begun."""
        return self.platform.limits.valve.is_shut

    @contextmanager
    def at_hand(self) -> Iterator[None]:
        """The control file is this run's for the length of the block; one that an earlier run left is none."""
        control.remove(self.folder)
        try:
            yield
        finally:
            control.remove(self.folder)

    async def watch(self) -> None:
        """Obey until cancelled."""
        while True:
            self._look()
            self._tell()
            await anyio.sleep(LOOK_S)

    def _look(self) -> None:
        path = self.folder / control.CONTROL
        try:
            found = path.stat()
        except OSError:
            return
        if (stamp := (found.st_mtime_ns, found.st_ino)) == self._seen:
            return
        self._seen = stamp
        try:
            self._obey(read_tuning(control.read(path)))
        except ConfigError as error:  # written by hand: no reason to stop
            self._problem = error.message
            log.warning("control.ignored", path=str(path), reason=error.message)

    def _obey(self, asked: Tuning) -> None:
        self._problem = None
        self._serial = asked.serial
        flow, limits = self.platform.flow, self.platform.limits
        if asked.workers is not None:
            self.runner.workers = asked.workers
        if asked.uploads is not None:
            self.files.bind(asked.uploads)
        if asked.uploads is not None or asked.chunks is not None:
            flow.bind(asked.uploads or flow.most_videos, asked.chunks or flow.most_chunks)
        if asked.limits:
            limits.change(asked.on(limits.now))
        if asked.paused is not None:
            (limits.valve.shut if asked.paused else limits.valve.open)()
        log.info("run.tuned", **asked.model_dump(exclude_unset=True, exclude={"serial"}))

    def _tell(self) -> None:
        flow, limits = self.platform.flow, self.platform.limits
        holds = {
            "run_id": self.run_id,
            "taken": self._serial,
            "problem": self._problem,
            "paused": self.is_paused,
            "workers": self.runner.workers,
            "in_flight": self.runner.tally.in_flight,
            "uploads": flow.most_videos,
            "uploads_now": flow.videos,
            "chunks": flow.most_chunks,
            "chunks_now": flow.chunks,
            "submissions_now": limits.submissions.now,
            "limits": {name: limits.now.rate(name) for name in RATES} | {"read_per_minute": limits.now.read_per_minute},
        }
        if holds != self._told:
            self._told = holds
            try:
                control.write(self.folder / control.RUNNING, holds)
            except LedgerError as error:  # a full disk ends the run where it matters
                log.warning("control.untold", reason=error.message)
