"""A server that takes multipart uploads and throws the bytes away: python -m benchmarks.discard.

It speaks just enough of the upload endpoints for a client to finish, and costs so little that the client's own cost
shows. It prints its base URL once it listens, and ends with its stdin.
"""

import argparse
import asyncio
import json
import ssl
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, cast

BUFFER_BYTES = 1024 * 1024
FIRST_URLS = 10
URL_LIFE = "2099-01-01T00:00:00Z"
# A throttled connection reads less at once, so that it neither stops nor goes on in leaps.
HELD_BUFFER_BYTES = 256 * 1024
# A timer that is late by less than this did not leave the link idle: bytes were waiting all the while.
LATE_S = 0.01


class Books:
    """What arrived, of all connections."""

    def __init__(self, chunk_bytes: int) -> None:
        self.base = ""
        self.chunk_bytes = chunk_bytes
        self.body_bytes = 0
        self._totals: dict[str, int] = {}
        self._reported: defaultdict[str, set[int]] = defaultdict(set)

    def answer(self, method: str, path: str, body: bytes) -> dict[str, Any]:
        """The answer to a request of the API."""
        parts = path.partition("?")[0].strip("/").split("/")
        request = json.loads(body) if body else {}
        if method == "GET" and parts[-1] == "_bytes":
            return {"body_bytes": self.body_bytes}
        if parts[-1] == "multipart-uploads":
            return self._open(request)
        if parts[-1] == "presigned-urls":
            return self._urls(parts[-2], request["start"], request["count"])
        return self._report(parts[-1], request["completed_chunks"])

    def _open(self, request: dict[str, Any]) -> dict[str, Any]:
        upload_id = f"{len(self._totals) + 1:024x}"
        self._totals[upload_id] = -(-request["total_size"] // self.chunk_bytes)
        first = self._urls(upload_id, 1, min(FIRST_URLS, self._totals[upload_id]))
        return {
            **first,
            "asset_id": upload_id,
            "upload_headers": {"Content-Type": "application/octet-stream"},
            "chunk_size": self.chunk_bytes,
            "total_chunks": self._totals[upload_id],
        }

    def _urls(self, upload_id: str, start: int, count: int) -> dict[str, Any]:
        last = min(start + count, self._totals[upload_id] + 1)
        urls = [
            {"chunk_index": index, "url": f"{self.base}/chunks/{upload_id}/{index}", "expires_at": URL_LIFE}
            for index in range(start, last)
        ]
        return {
            "upload_id": upload_id,
            "start_index": start,
            "count": len(urls),
            "upload_urls": urls,
            "generated_at": "2026-01-01T00:00:00Z",
            "expires_at": URL_LIFE,
        }

    def _report(self, upload_id: str, chunks: list[dict[str, Any]]) -> dict[str, Any]:
        reported = self._reported[upload_id]
        before = len(reported)
        reported.update(chunk["chunk_index"] for chunk in chunks)
        is_complete = len(reported) == self._totals[upload_id]
        return {
            "asset_id": upload_id,
            "processed_chunks": len(chunks),
            "duplicate_chunks": before + len(chunks) - len(reported),
            "total_completed": len(reported),
            **({"url": f"{self.base}/assets/{upload_id}"} if is_complete else {}),
        }


class Connection(asyncio.BufferedProtocol):
    """HTTP/1.1 with Content-Length, one request after the other."""

    # One for all connections: every read is used up before the next one begins.
    _buffer = memoryview(bytearray(BUFFER_BYTES))

    def __init__(self, books: Books, bytes_per_s: float | None) -> None:
        self._books = books
        self._bytes_per_s = bytes_per_s
        self._free_at = 0.0
        self._was_held = False
        self._head = b""
        self._method = self._path = ""
        self._unread = -1  # of the body; -1 while the head is read
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the signature is asyncio's
        return self._buffer[:HELD_BUFFER_BYTES] if self._bytes_per_s else self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        start = 0
        while start < nbytes:
            start = self._take_body(start, nbytes) if self._unread >= 0 else self._take_head(start, nbytes)
            if self._unread == 0 and not self._bytes_per_s:
                self._reply()
        if self._bytes_per_s:
            self._hold(nbytes, self._bytes_per_s)

    def _hold(self, nbytes: int, bytes_per_s: float) -> None:
        """Let this connection pass no more than its rate, and answer when the last byte would have come.

        Time in which nothing came is lost to it, as on a link.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        was_busy = self._was_held and now - self._free_at < LATE_S
        self._free_at = (self._free_at if was_busy else max(self._free_at, now)) + nbytes / bytes_per_s
        self._was_held = self._unread > 0
        self._transport.pause_reading()
        loop.call_at(self._free_at, self._resume)

    def _resume(self) -> None:
        if self._transport.is_closing():
            return
        self._transport.resume_reading()
        if self._unread == 0:
            self._reply()

    def _take_head(self, start: int, end: int) -> int:
        known = len(self._head)
        self._head += bytes(self._buffer[start:end])
        split = self._head.find(b"\r\n\r\n")
        if split < 0:
            return end
        lines = self._head[:split].decode("latin-1").split("\r\n")
        self._method, self._path, _ = lines[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        self._unread = int(headers.get("content-length", "0"))
        self._head = self._body = b""
        return start + split + 4 - known

    def _take_body(self, start: int, end: int) -> int:
        count = min(self._unread, end - start)
        self._unread -= count
        if self._method == "PUT":
            self._books.body_bytes += count
        else:
            self._body += bytes(self._buffer[start : start + count])
        return start + count

    def _reply(self) -> None:
        self._unread = -1
        if self._method == "PUT":
            self._transport.write(b'HTTP/1.1 200 OK\r\nETag: "discarded"\r\nContent-Length: 0\r\n\r\n')
            return
        content = json.dumps(self._books.answer(self._method, self._path, self._body)).encode()
        status = b"201 Created" if self._path.endswith("multipart-uploads") else b"200 OK"
        self._transport.write(
            b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (status, len(content), content)
        )


async def listen(chunk_bytes: int, bytes_per_s: float | None, certificate: Path | None) -> None:
    """Serve on a free port of loopback until stdin ends.

    Args:
        chunk_bytes: of every new upload.
        bytes_per_s: of each connection; None is as fast as it goes.
        certificate: a PEM file with key and certificate; serves https with it.
    """
    context = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    books = Books(chunk_bytes)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(books, bytes_per_s), "127.0.0.1", 0, ssl=context)
    books.base = f"{'https' if context else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    print(books.base, flush=True)
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A server that throws uploads away.")
    parser.add_argument("--chunk-bytes", type=int, required=True)
    parser.add_argument("--bytes-per-s", type=float)
    parser.add_argument("--certificate", type=Path)
    options = parser.parse_args()
    asyncio.run(listen(options.chunk_bytes, options.bytes_per_s, options.certificate))
