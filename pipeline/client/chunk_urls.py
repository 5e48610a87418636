"""The presigned URLs of one upload's chunks."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

import anyio

from pipeline.client import chunks, wire
from pipeline.client.clock import loop_time
from pipeline.client.transport import Transport
from pipeline.client.upload_session import UploadSession, ask_of
from pipeline.config import UploadSettings
from pipeline.errors import UnexpectedResponse, VideoError

# A URL that is about to expire would do so on its way.
URL_MARGIN_S = 30.0
# URLs for so many rounds of chunks are at hand before the next page is asked for, so that no chunk waits for its URL.
ROUNDS_AHEAD = 2


@dataclass(frozen=True, slots=True)
class _Timed:
    url: str = field(repr=False)
    good_until: float


class ChunkUrls:
    """Each is given out once, asked for when it is needed and again when it has grown too old."""

    def __init__(
        self, transport: Transport, session: UploadSession, settings: UploadSettings, done: frozenset[int]
    ) -> None:
        self._transport = transport
        self._session = session
        self._page = settings.url_page
        self._reserve = ROUNDS_AHEAD * transport.flow.chunks
        self._ready: dict[int, _Timed] = {}
        self._unneeded = set(done)
        self._fetching = anyio.Lock()
        self._keep(session.urls)

    async def take(self, index: int) -> str:
        """A URL for this chunk that nobody has used; raises UnexpectedResponse where the platform gives none."""
        if (url := self._pop(index)) is not None:
            return url
        async with self._fetching:  # whoever waited here finds the page that another one fetched
            if (url := self._pop(index)) is not None:
                return url
            await self._fetch(index)
            timed = self._ready.pop(index, None)  # just made: not doubted, whatever the clocks say
        if timed is None:
            raise UnexpectedResponse(f"upload {self._session.upload_id}: the platform gave no URL for chunk {index}")
        return timed.url

    @property
    def are_low(self) -> bool:
        """Whether it is time to ask for more; false where every chunk has a URL, or had one."""
        return len(self._ready) < self._reserve and len(self._unneeded) < self._session.total_chunks

    async def fetch_ahead(self) -> None:
        """Ask for a page of URLs before anyone needs them. A refusal is left to whoever comes to need one."""
        async with self._fetching:
            if self.are_low:  # still, after who was here before
                indices = range(1, self._session.total_chunks + 1)
                with suppress(VideoError):
                    await self._fetch(next(index for index in indices if index not in self._unneeded))

    def _pop(self, index: int) -> str | None:
        timed = self._ready.pop(index, None)
        return timed.url if timed is not None and timed.good_until > loop_time() else None

    async def _fetch(self, index: int) -> None:
        first, count = chunks.url_range(index, self._session.total_chunks, self._page, self._unneeded)
        answer = await ask_of(self._transport, self._session, "/presigned-urls", {"start": first, "count": count})
        shape = wire.parse(wire.UrlsShape, answer, "asking for chunk URLs")
        self._keep(wire.chunk_urls(shape.upload_urls, answer.headers))

    def _keep(self, urls: Iterable[wire.ChunkUrl]) -> None:
        now = loop_time()
        for url in urls:
            self._ready[url.index] = _Timed(url.url, now + url.life_s - URL_MARGIN_S)
            self._unneeded.add(url.index)
