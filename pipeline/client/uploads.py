"""Multipart uploads: one session, its chunks in parallel, their reports, and going on after an interruption."""

from contextlib import suppress
from dataclasses import replace
from functools import partial

import anyio
import orjson

from pipeline.client import chunks, wire
from pipeline.client.body import FileBody, OpenFile, open_file
from pipeline.client.calls import Call, OnBytes
from pipeline.client.chunk_urls import ChunkUrls
from pipeline.client.failures import gravest_failure
from pipeline.client.refusals import Meaning
from pipeline.client.transport import Transport
from pipeline.client.upload_session import DEFAULT_HEADERS, UploadSession, ask_of, meaning_of, path_of
from pipeline.config import UploadSettings
from pipeline.errors import (
    PipelineError,
    SourceUnreadable,
    UnexpectedResponse,
    UploadExpired,
    UploadRejected,
)
from pipeline.models import Chunk, FileStamp, shown

# How often the platform may say that it misses chunks which it took.
ROUNDS = 3
# What was sent is reported even when the rest failed or was cancelled, so that it need not travel again.
LAST_REPORT_S = 3.0


class Uploads:
    """`/assets/multipart-uploads`. Every method raises what `Transport.ask` does, besides what it names itself."""

    def __init__(self, transport: Transport, upload: UploadSettings, threads: anyio.CapacityLimiter) -> None:
        self._transport = transport
        self._settings = upload
        self._threads = threads

    async def open(self, filename: str, size_bytes: int, *, content_hash: str) -> UploadSession:
        """Begin an upload of up to 10 GB.

        A session whose answer was lost is not looked for: it costs nothing and ends by itself after 24 hours.

        Args:
            filename: valid text.
            size_bytes: of the file.
            content_hash: kept with the asset.
        """
        name = wire.filename(filename)
        meaning = Meaning(f"opening the upload of {name!r}", UploadRejected, UploadRejected)
        request = {
            "filename": name,
            "type": "video",
            "total_size": size_bytes,
            "user_metadata": {"content_hash": content_hash},
        }
        call = Call("POST", "/assets/multipart-uploads", meaning, "upload", content=orjson.dumps(request))
        answer = await self._transport.ask(call)
        shape = wire.parse(wire.SessionShape, answer, meaning.doing)
        session = UploadSession(
            shape.upload_id,
            shape.asset_id,
            size_bytes,
            shape.chunk_size,
            upload_headers=shape.upload_headers if shape.upload_headers is not None else dict(DEFAULT_HEADERS),
            urls=tuple(wire.chunk_urls(shape.upload_urls, answer.headers)),
            is_fresh=True,
        )
        if session.total_chunks != shape.total_chunks:
            raise UnexpectedResponse(
                f"{meaning.doing}: the platform counts {shape.total_chunks} chunks of {shape.chunk_size} bytes in "
                f"{size_bytes} bytes"
            )
        return session

    async def send(self, session: UploadSession, path: str, stamp: FileStamp, *, on_bytes: OnBytes) -> str:
        """Send what the platform does not have yet, and return the asset's id once it has everything.

        Args:
            session: a fresh one, or one of an earlier process: then the platform is asked which chunks are missing.
            path: as the operating system spells it.
            stamp: the file's size and modification time when it was hashed.
            on_bytes: told how many bytes have left; a negative number takes back those of a failed attempt.

        Raises:
            UploadExpired: the session is over; open a new one.
            UploadRejected: the platform will not take the file.
            SourceUnreadable: the file cannot be read or has changed; nothing mixed was sent.
        """
        if stamp.size_bytes != session.size_bytes:
            raise SourceUnreadable(f"{shown(path)} has another size than when its upload began", code="source_changed")
        done = frozenset[int]() if session.is_fresh else await self._completed(session)
        async with open_file(path, stamp, self._threads) as file:
            for _ in range(ROUNDS):
                if len(done) == session.total_chunks:
                    return session.asset_id
                sending = _Sending(self._transport, self._settings, session, file, done, on_bytes)
                try:
                    completed = await sending.run()
                except UploadRejected:
                    await self._completed(session)  # raises UploadExpired where that is the reason
                    raise
                if completed == session.total_chunks:
                    return session.asset_id
                session = replace(session, urls=())
                done = await self._completed(session)
        raise UploadRejected(
            f"upload {session.upload_id}: the platform took every chunk {ROUNDS} times and still counts "
            f"{len(done)} of {session.total_chunks}"
        )

    async def _completed(self, session: UploadSession) -> frozenset[int]:
        """Which chunks the platform has; all of them where it says that the upload is complete."""
        done: set[int] = set()
        for page in range(1, chunks.count(session.total_chunks, wire.PAGE) + 1):
            status = await self._status(session, page)
            if status.status == "completed":
                return frozenset(range(1, session.total_chunks + 1))
            if status.status in {"expired", "failed"}:
                raise UploadExpired(f"upload {session.upload_id} is {status.status}")
            if status.total_size not in {None, session.size_bytes}:
                raise UnexpectedResponse(
                    f"upload {session.upload_id} is of {status.total_size} bytes, the file has {session.size_bytes}"
                )
            done.update(chunk.index for chunk in status.uploaded_chunks if chunk.status == "completed")
        return frozenset(done)

    async def _status(self, session: UploadSession, page: int) -> wire.UploadStatusShape:
        meaning = meaning_of("reading the state of", session)
        params = [("page", str(page)), ("page_limit", str(wire.PAGE))]
        answer = await self._transport.ask(Call("GET", path_of(session), meaning, "read", params=params))
        return wire.parse(wire.UploadStatusShape, answer, meaning.doing)


class _Sending:
    """The chunks of one file on their way; the one task group below the runner's."""

    def __init__(
        self,
        transport: Transport,
        settings: UploadSettings,
        session: UploadSession,
        file: OpenFile,
        done: frozenset[int],
        on_bytes: OnBytes,
    ) -> None:
        self._transport = transport
        self._settings = settings
        self._session = session
        self._file = file
        self._on_bytes = on_bytes
        self._missing = chunks.plan(session.size_bytes, session.chunk_bytes, done)
        self._urls = ChunkUrls(transport, session, settings, done)
        self._unreported: list[dict[str, str | int]] = []
        self._reporting = anyio.Lock()
        self._total_completed = len(done)

    async def run(self) -> int:
        """Send and report every missing chunk; how many the platform then counts as complete."""
        try:
            with gravest_failure():
                async with anyio.create_task_group() as group:
                    # The cap on chunks in flight is the transport's, for all files together and in the order of asking:
                    # one file alone uses all of it, and a small one waits for one chunk a worker at most.
                    for _ in range(min(self._transport.flow.most_chunks, self._session.total_chunks)):
                        group.start_soon(self._work, group)
        except BaseException:
            with anyio.move_on_after(LAST_REPORT_S, shield=True), suppress(PipelineError):
                await self._report(at_least=1)
            raise
        await self._report(at_least=1)
        return self._total_completed

    async def _work(self, group: anyio.abc.TaskGroup) -> None:
        for chunk in self._missing:  # one iterator for all workers: each takes the next chunk
            doing = f"sending chunk {chunk.index} of upload {self._session.upload_id}"
            etag = await self._transport.persist(
                partial(self._put, chunk, doing), doing=doing, line=self._transport.storage
            )
            self._unreported.append(
                {"chunk_index": chunk.index, "proof": etag, "proof_type": "etag", "chunk_size": chunk.size_bytes}
            )
            # both beside the next chunk, whose connection would stand idle for their round trips
            if len(self._unreported) >= self._settings.report_batch:
                group.start_soon(self._report, self._settings.report_batch)
            if self._urls.are_low:
                group.start_soon(self._urls.fetch_ahead)

    async def _put(self, chunk: Chunk, doing: str) -> str:
        await self._transport.limits.valve.wait()  # before a URL is taken, which would grow old
        url = await self._urls.take(chunk.index)
        body = FileBody(self._file, chunk.offset, chunk.size_bytes, block_bytes=self._settings.read_bytes)
        return await self._transport.put(url, self._session.upload_headers, body, self._on_bytes, doing)

    async def _report(self, at_least: int) -> None:
        """Tell the platform what has arrived, in batches, as long as there is enough to tell."""
        async with self._reporting:
            await self._report_in_turn(at_least)

    async def _report_in_turn(self, at_least: int) -> None:
        while len(self._unreported) >= at_least:
            batch = self._unreported[: self._settings.report_batch]
            del self._unreported[: len(batch)]
            try:
                answer = await ask_of(self._transport, self._session, "", {"completed_chunks": batch})
            except BaseException:
                self._unreported += batch  # telling it twice does no harm
                raise
            shape = wire.parse(wire.ReportShape, answer, "reporting chunks")
            self._total_completed = max(self._total_completed, shape.total_completed)
