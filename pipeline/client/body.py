"""Request bodies that are read from a file while they leave, in blocks, never whole in memory and never from a copy.

aiofiles hands every read to a thread: measured at 256 KiB a block it doubles the CPU of an upload (1.0 to 1.4 seconds a
GiB against 0.45 to 0.6). So what the page cache holds is read at once, and only what it does not hold by a thread.
Over TLS a block of 256 KiB is best: 1.05 CPU-seconds a GiB against 1.5 with 512 KiB and 1.3 with 64 KiB.
"""

import mimetypes
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from secrets import token_hex

import anyio
import anyio.to_thread
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

from pipeline.errors import SourceUnreadable
from pipeline.models import FileStamp, shown


class OpenFile:
    """A file that has to stay what it was when it was hashed."""

    def __init__(self, descriptor: int, path: str, stamp: FileStamp, threads: anyio.CapacityLimiter) -> None:
        self._descriptor = descriptor
        self._path = path
        self._stamp = stamp
        self._threads = threads

    async def read(self, offset: int, size_bytes: int) -> bytes:
        """Exactly these bytes, known to be of the unchanged file; raises SourceUnreadable otherwise."""
        if _is_cached(self._descriptor, offset + size_bytes - 1):
            return self._read(offset, size_bytes)
        # a slow network disk may take its time: it shall not hold up the event loop, nor a cancellation
        return await anyio.to_thread.run_sync(
            self._read, offset, size_bytes, abandon_on_cancel=True, limiter=self._threads
        )

    def check(self) -> None:
        """Raise SourceUnreadable if size or modification time are not those of the moment of hashing."""
        status = os.fstat(self._descriptor)
        if (status.st_size, status.st_mtime_ns) != (self._stamp.size_bytes, self._stamp.mtime_ns):
            raise SourceUnreadable(
                f"{shown(self._path)} changed while it was read; run again once nothing writes to it",
                code="source_changed",
            )

    def _read(self, offset: int, size_bytes: int) -> bytes:
        try:
            block = os.pread(self._descriptor, size_bytes, offset)
            while len(block) < size_bytes:  # rare: a file system may give less than was asked for
                more = os.pread(self._descriptor, size_bytes - len(block), offset + len(block))
                if not more:
                    break
                block += more
            self.check()  # after the read, so that these very bytes are known to be old ones
        except OSError as error:
            raise _unreadable(self._path, error) from error
        if len(block) < size_bytes:
            raise SourceUnreadable(f"{shown(self._path)} ends before its size of {self._stamp.size_bytes} bytes")
        return block


@asynccontextmanager
async def open_file(path: str, stamp: FileStamp, threads: anyio.CapacityLimiter) -> AsyncIterator[OpenFile]:
    """Open a file for upload; raises SourceUnreadable if it is missing, forbidden, or changed since it was hashed."""
    try:
        descriptor = await anyio.to_thread.run_sync(os.open, path, os.O_RDONLY | os.O_CLOEXEC, limiter=threads)
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        file = OpenFile(descriptor, path, stamp, threads)
        file.check()
        yield file
    finally:
        os.close(descriptor)


class FileBody(Payload):
    """A range of a file as a request body of exactly known length, between optional fixed bytes.

    Attributes:
        error: why the file could not be read on; aiohttp itself would only say that the body failed.
        sent_bytes: how much of the file has left.
        on_progress: called with the number of bytes of every block that has left.
    """

    def __init__(
        self,
        file: OpenFile,
        offset: int,
        size_bytes: int,
        *,
        block_bytes: int,
        content_type: str = "application/octet-stream",
        head: bytes = b"",
        tail: bytes = b"",
    ) -> None:
        super().__init__(None, content_type=content_type)
        self._file = file
        self._offset = offset
        self._end = offset + size_bytes
        self._block_bytes = block_bytes
        self._head = head
        self._tail = tail
        self._size = len(head) + size_bytes + len(tail)
        self.error: SourceUnreadable | None = None
        self.sent_bytes = 0
        self.on_progress: Callable[[int], None] = lambda _: None

    @property
    def is_sent(self) -> bool:
        """Whether all of the file has left."""
        return self.sent_bytes == self._end - self._offset

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Part of aiohttp's interface; a body that is never whole in memory has no text."""
        raise TypeError(f"a file body cannot be decoded as {encoding} ({errors})")

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Part of aiohttp's interface."""
        await self.write_with_length(writer, None)

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:  # noqa: ARG002 - the length is exact
        """Read and send block by block; the last block leaves only if the file is still the same after its read."""
        if self._head:
            await writer.write(self._head)
        try:
            for offset in range(self._offset, self._end, self._block_bytes):
                block = await self._file.read(offset, min(self._block_bytes, self._end - offset))
                await writer.write(block)
                self.sent_bytes += len(block)
                self.on_progress(len(block))
        except SourceUnreadable as error:
            self.error = error
            raise
        if self._tail:
            await writer.write(self._tail)


def form(fields: Mapping[str, str]) -> tuple[bytes, str]:
    """A multipart/form-data body of text fields, and its content type."""
    boundary = token_hex(16)
    return f"{_fields(boundary, fields)}--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def file_form(file: OpenFile, size_bytes: int, fields: Mapping[str, str], name: str, block_bytes: int) -> FileBody:
    """A multipart/form-data body of text fields and one file, streamed.

    Its name is written as browsers do (WHATWG HTML, multipart/form-data encoding algorithm): UTF-8, with the quote and
    line breaks percent-encoded.
    """
    boundary = token_hex(16)
    quoted = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    head = (
        f"{_fields(boundary, fields)}--{boundary}\r\n"
        f'Content-Disposition: form-data; name="file"; filename="{quoted}"\r\n'
        f"Content-Type: {media_type}\r\n\r\n"
    )
    return FileBody(
        file,
        0,
        size_bytes,
        block_bytes=block_bytes,
        content_type=f"multipart/form-data; boundary={boundary}",
        head=head.encode(),
        tail=f"\r\n--{boundary}--\r\n".encode(),
    )


def _fields(boundary: str, fields: Mapping[str, str]) -> str:
    return "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )


def _is_cached(descriptor: int, offset: int) -> bool:
    """Whether the page cache holds the byte at `offset`: then its block can be read without waiting for a disk."""
    if sys.platform != "linux":
        return False
    try:
        return os.preadv(descriptor, [bytearray(1)], offset, os.RWF_NOWAIT) == 1
    except OSError:  # not in the cache, or a file system that cannot tell
        return False


def _unreadable(path: str, error: OSError) -> SourceUnreadable:
    return SourceUnreadable(
        f"cannot read {shown(path)}: {error.strerror or error}; check that it exists and may be read"
    )
