"""One multipart upload under way: what has to be kept of it, and how the platform is asked about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import orjson

from pipeline.client import chunks, wire
from pipeline.client.calls import Answer, Call
from pipeline.client.refusals import Meaning
from pipeline.client.transport import Transport
from pipeline.errors import UploadExpired, UploadRejected

# What the platform's own client sends with a chunk, for a session of which only the id was kept.
DEFAULT_HEADERS = {"Content-Type": "application/octet-stream"}


@dataclass(frozen=True, slots=True)
class UploadSession:
    """One upload under way.

    To go on in another process, `upload_id`, `asset_id`, `chunk_bytes` and `upload_headers` have to be kept: the
    platform does not tell them a second time. The URLs are secrets and stay in memory.

    Attributes:
        chunk_bytes: of every chunk but the last.
        upload_headers: sent with every chunk.
        urls: those that came with the session; they may not cover all chunks.
        is_fresh: opened by this process, so that no chunk can be there yet.
    """

    upload_id: str
    asset_id: str
    size_bytes: int
    chunk_bytes: int
    upload_headers: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_HEADERS))
    urls: tuple[wire.ChunkUrl, ...] = field(default=(), repr=False)
    is_fresh: bool = False

    @property
    def total_chunks(self) -> int:
        return chunks.count(self.size_bytes, self.chunk_bytes)


async def ask_of(transport: Transport, session: UploadSession, below: str, request: Mapping[str, Any]) -> Answer:
    """Go on with a session, by a request to it or to what is below it."""
    call = Call(
        "POST", path_of(session) + below, meaning_of("going on with", session), "other", content=orjson.dumps(request)
    )
    return await transport.ask(call)


def meaning_of(doing: str, session: UploadSession) -> Meaning:
    """What refusals of such a request stand for: a session that is unknown is over."""
    return Meaning(f"{doing} upload {session.upload_id}", UploadRejected, UploadExpired)


def path_of(session: UploadSession) -> str:
    """Where the platform has it."""
    return f"/assets/multipart-uploads/{quote(session.upload_id, safe='')}"
