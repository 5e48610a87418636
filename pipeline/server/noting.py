"""What is observed of an asset before it is asked about: one look at a time, and nothing left of a deleted asset."""

import shutil
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

import anyio

from pipeline.server.engines import EngineRequest
from pipeline.server.engines.answers.noted import is_noted, note
from pipeline.server.engines.evidence.senses import Senses
from pipeline.server.workers import JobRejected, WorkerCrashed, WorkerPool

# how many windows are known to be noted without a look into the notes
MOST_KNOWN = 4096

_Window = tuple[Path | None, float | None, float | None, tuple[object, ...], Senses]


@dataclass(frozen=True, slots=True)
class Footage:
    """The file that is asked about, and how long it is."""

    path: Path
    duration_s: float


@dataclass(slots=True, weakref_slot=True)
class _Look:
    """What all wait for who need the same; `failure` is how it ended for all of them, unless it went well."""

    failure: JobRejected | WorkerCrashed | None = None


class Noting:
    """Has assets observed in worker processes."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool
        self._turns: WeakValueDictionary[Path, anyio.Lock] = WeakValueDictionary()
        self._looks: WeakValueDictionary[_Window, _Look] = WeakValueDictionary()
        self._known: OrderedDict[_Window, None] = OrderedDict()

    async def see(self, video: Footage, request: EngineRequest, senses: Senses, begin: Callable[[], None]) -> None:
        """See that what the question needs is in the notes on its file; `begin` is called as in WorkerPool.

        Of questions that come at once one looks, and the others wait for it without a worker, unless what they need is
        there already. A look that fails does so for all who wait for it; who comes later has another one tried.

        Raises:
            JobRejected, WorkerCrashed: see WorkerPool.
        """
        assert request.notes is not None
        if await self._is_noted(request, senses, begin):
            return
        window = _window(request, senses)
        look = self._looks.setdefault(window, _Look())
        async with self._turns.setdefault(request.notes, anyio.Lock()):
            if look.failure is not None:
                raise type(look.failure)(*look.failure.args) from look.failure
            if not self._knows(request, senses):
                try:
                    await self._pool.run_about(video.duration_s, begin, note, request, senses)
                except (JobRejected, WorkerCrashed) as failure:
                    look.failure = failure
                    del self._looks[window]
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
        self._known[_window(request, senses)] = None
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)


@contextmanager
def with_its_file(path: Path, notes: Path) -> Iterator[None]:
    """Notes go with the file, also those that are written after it was removed."""
    try:
        yield
    finally:
        if not path.exists():
            shutil.rmtree(notes, ignore_errors=True)


def _window(request: EngineRequest, senses: Senses) -> _Window:
    """What of which file a question is about, and what is looked at for it."""
    definitions = request.segments.definitions if request.segments else ()
    ranges = tuple(str(each.get("time_ranges")) for each in definitions)
    return request.notes, request.start_s, request.end_s, ranges, senses
