"""What is observed of an asset before it is asked about: one look at a time, and nothing left of a deleted asset."""

import shutil
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from weakref import WeakValueDictionary

import anyio

from pipeline.server import clock
from pipeline.server.engines import EngineRequest
from pipeline.server.engines.answers.noted import is_noted, note
from pipeline.server.engines.evidence.senses import Senses
from pipeline.server.workers import JobRejected, WorkerCrashed, WorkerPool

# how many windows are known, without a look into the notes, to be noted or to have failed
MOST_KNOWN = 4096

T = TypeVar("T")
_Window = tuple[Path | None, float | None, float | None, tuple[object, ...], Senses]


@dataclass(frozen=True, slots=True)
class Footage:
    """The file that is asked about, and how long it is."""

    path: Path
    duration_s: float


@dataclass(frozen=True, slots=True)
class _Failure:
    """How a look ended for all who had asked for it until then."""

    at: float
    kind: type[JobRejected | WorkerCrashed]
    message: str


class Noting:
    """Has assets observed in worker processes."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool
        self._turns: WeakValueDictionary[Path, anyio.Lock] = WeakValueDictionary()
        self._known: OrderedDict[_Window, None] = OrderedDict()
        self._failed: OrderedDict[_Window, _Failure] = OrderedDict()

    async def see(
        self,
        video: Footage,
        request: EngineRequest,
        senses: Senses,
        begin: Callable[[], None],
        asked_at: float | None = None,
    ) -> None:
        """See that what the question needs is in the notes on its file; `begin` is called as in WorkerPool.

        Of questions that come at once one looks, and the others wait for it without a worker, unless what they need is
        there already. A look that fails does so for all who had asked until then, at `asked_at`, which is now where it
        is not given; who asks later has another one tried.

        Raises:
            JobRejected, WorkerCrashed: see WorkerPool.
        """
        assert request.notes is not None
        asked_at = clock.now() if asked_at is None else asked_at
        if await self._is_noted(request, senses, begin):
            return
        window = _window(request, senses)
        async with self._turns.setdefault(request.notes, anyio.Lock()):
            failed = self._failed.get(window)
            if failed is not None and failed.at >= asked_at:
                raise failed.kind(failed.message)
            if not self._knows(request, senses):
                try:
                    await self._pool.run_about(video.duration_s, begin, note, request, senses)
                except (JobRejected, WorkerCrashed) as error:
                    _keep(self._failed, window, _Failure(clock.now(), type(error), str(error)))
                    raise
                self._remember(request, senses)

    async def _is_noted(self, request: EngineRequest, senses: Senses, begin: Callable[[], None]) -> bool:
        if self._knows(request, senses):
            return True
        assert request.notes is not None
        is_there = await anyio.Path(request.notes).is_dir()  # of most that are new there is nothing yet
        if is_there and await self._pool.run(begin, is_noted, request, senses):
            self._remember(request, senses)
            return True
        return False

    def _knows(self, request: EngineRequest, senses: Senses) -> bool:
        return _window(request, senses) in self._known

    def _remember(self, request: EngineRequest, senses: Senses) -> None:
        _keep(self._known, _window(request, senses), None)


@contextmanager
def with_its_file(path: Path, notes: Path) -> Iterator[None]:
    """Notes go with the file, also those that are written after it was removed."""
    try:
        yield
    finally:
        if not path.exists():
            shutil.rmtree(notes, ignore_errors=True)


def _keep(kept: OrderedDict[_Window, T], window: _Window, value: T) -> None:
    kept[window] = value
    if len(kept) > MOST_KNOWN:
        kept.popitem(last=False)


def _window(request: EngineRequest, senses: Senses) -> _Window:
    """What of which file a question is about, and what is looked at for it."""
    definitions = request.segments.definitions if request.segments else ()
    ranges = tuple(str(each.get("time_ranges")) for each in definitions)
    return request.notes, request.start_s, request.end_s, ranges, senses
