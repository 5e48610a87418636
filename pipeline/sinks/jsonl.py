"""Lines of JSON in a file: group-committed, and whole after every crash."""

import contextlib
import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiofiles
import anyio
import structlog
from aiofiles.threadpool.binary import AsyncFileIO
from anyio import to_thread
from anyio.lowlevel import checkpoint, checkpoint_if_cancelled

from pipeline.errors import SinkError
from pipeline.sinks.contract import Line, SinkAltered
from pipeline.sinks.encoding import decoded, encoded

log = structlog.get_logger()

REWRITE_LINES = 500  # encoded at once while a file is rewritten


@dataclass(slots=True)
class _Group:
    """Lines that share one write and one flush to the disk."""

    parts: list[bytes] = field(default_factory=list)
    size_bytes: int = 0
    start: int = 0
    done: anyio.Event = field(default_factory=anyio.Event)
    error: OSError | None = field(default_factory=lambda: InterruptedError("the write was broken off"))

    def add(self, data: bytes) -> int:
        """Where the data ends within the group."""
        self.parts.append(data)
        self.size_bytes += len(data)
        return self.size_bytes


class JsonlSink:
    """See `contract.Sink`. Writes go through aiofiles; whoever comes while one is under way shares the next."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: AsyncFileIO | None = None
        self._end = 0
        self._torn = False
        self._writing = anyio.Lock()
        self._forming: _Group | None = None

    async def open(self, known_bytes: int) -> list[dict[str, Any]]:
        with _refusals(self._path):
            lines, end, lacks_newline = await to_thread.run_sync(_survey, self._path, known_bytes)
            await self._reopen()
            if end != self._end:
                await self._cut(end)
            if lacks_newline:
                await self._write(b"\n")
        return lines

    async def append(self, lines: Sequence[Line]) -> int:
        assert self._file is not None, "open comes first"
        await checkpoint_if_cancelled()
        data = b"".join(map(encoded, lines))
        leads = self._forming is None
        group = self._forming = self._forming or _Group()
        behind = group.add(data)
        with anyio.CancelScope(shield=True):  # a line that left is waited for: the caller has to know that it is there
            if leads:
                await self._commit(group)
            else:
                await group.done.wait()
        if group.error is not None:
            raise _refusal(self._path, group.error) from group.error
        return group.start + behind

    async def _commit(self, group: _Group) -> None:
        try:
            async with self._writing:
                self._forming = None  # whoever comes from here on shares the next write
                group.start = self._end
                await self._write(b"".join(group.parts))
                group.error = None
        except OSError as error:
            group.error = error
        finally:
            group.done.set()

    async def _write(self, data: bytes) -> None:
        """Put data behind the last good byte, durably, or leave nothing of it."""
        if self._torn:
            await self._cut(self._end)
        assert self._file is not None
        self._torn = True
        try:
            rest = memoryview(data)
            while rest:  # a disk that fills up takes a part first, and refuses the rest
                rest = rest[await self._file.write(rest) :]
            await to_thread.run_sync(os.fsync, self._file.fileno())
        except OSError:
            with contextlib.suppress(OSError):  # the next write tries again, and so does the next opening
                await self._cut(self._end)
            raise
        self._end += len(data)
        self._torn = False

    async def _cut(self, end: int) -> None:
        assert self._file is not None
        await self._file.truncate(end)
        await self._file.seek(end)
        await to_thread.run_sync(os.fsync, self._file.fileno())
        self._end = end
        self._torn = False

    async def rewrite(self, lines: Iterable[Line]) -> int:
        fresh = self._path.with_name(f"{self._path.name}.new")
        async with self._writing:
            with _refusals(self._path):
                try:
                    await self._fill(fresh, iter(lines))
                    await to_thread.run_sync(_put_in_place, fresh, self._path)
                except BaseException:  # cancelled, or refused by the disk: the old file stays
                    fresh.unlink(missing_ok=True)
                    raise
                await self._reopen()
        return self._end

    async def _fill(self, fresh: Path, lines: Iterator[Line]) -> None:
        with anyio.CancelScope(shield=True):  # a file whose opening is broken off would never be closed
            file = await aiofiles.open(fresh, "wb")
        try:
            while batch := list(itertools.islice(lines, REWRITE_LINES)):
                await file.write(b"".join(map(encoded, batch)))
                await checkpoint()
            await file.flush()
            await to_thread.run_sync(os.fsync, file.fileno())
        finally:
            with anyio.CancelScope(shield=True):
                await file.close()

    async def _reopen(self) -> None:
        with anyio.CancelScope(shield=True):
            await self.close()
            self._file = await aiofiles.open(self._path, "r+b", buffering=0)
            self._end = await self._file.seek(0, os.SEEK_END)
            self._torn = False

    async def close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            with _refusals(self._path), anyio.CancelScope(shield=True):
                await file.close()


def _survey(path: Path, known_bytes: int) -> tuple[list[dict[str, Any]], int, bool]:
    """The lines beyond `known_bytes`, where the last whole one ends, and whether only its newline is missing.

    From the first line that is not whole, all is left out: it was never accounted for, so it will be written again.
    """
    _create(path)
    lines: list[dict[str, Any]] = []
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        _refuse_altered(path, file.fileno(), size, known_bytes)
        end = file.seek(known_bytes)
        last = b"\n"
        for last in file:
            line = decoded(last)
            if line is None:
                log.warning("sink.tail_cut", path=str(path), cut_bytes=size - end)
                return lines, end, False
            lines.append(line)
            end += len(last)
    return lines, end, not last.endswith(b"\n")


def _refuse_altered(path: Path, fd: int, size: int, known_bytes: int) -> None:
    if size < known_bytes:
        raise SinkAltered(f"{path} has {size} bytes where {known_bytes} were written; it is rebuilt from the ledger")
    if known_bytes and os.pread(fd, 1, known_bytes - 1) != b"\n":
        raise SinkAltered(f"{path} was edited: no line ends at byte {known_bytes}; it is rebuilt from the ledger")


def _create(path: Path) -> None:
    if not path.exists():
        path.touch()
        _flush_folder(path.parent)


def _put_in_place(fresh: Path, path: Path) -> None:
    fresh.replace(path)
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    """A new name survives a power cut only once its folder is on the disk."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextlib.contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _refusal(path, error) from error


def _refusal(path: Path, error: OSError) -> SinkError:
    return SinkError(
        f"cannot write {path}: {error.strerror or error}; free disk space or mend the folder's permissions, then run "
        "again: the ledger is intact, and what is missing will be written"
    )
