"""Media that the platform fetches itself, from a URL the client names."""

from pathlib import Path

import aiohttp

from pipeline.config import ServerSettings
from pipeline.server.files import Writing


class FetchFailed(Exception):
    """The URL gave no file; the message says why, for people."""


class Fetcher:
    """Downloads with bounded memory."""

    def __init__(self, session: aiohttp.ClientSession, settings: ServerSettings) -> None:
        self._session = session
        self._max_bytes = settings.url_max_bytes
        self._timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=settings.fetch_timeout_s, sock_read=settings.fetch_timeout_s
        )

    async def fetch(self, url: str, path: Path, *, max_bytes: int | None = None) -> int:
        """Download into a file, and return its size in bytes; `max_bytes` where that of a video is too much.

        Raises:
            FetchFailed: unreachable, refused, or larger than the platform takes.
        """
        try:
            async with self._session.get(url, timeout=self._timeout) as response:
                if response.status != 200:
                    raise FetchFailed(f"The URL answered with status {response.status}.")
                return await self._save(response.content, path, max_bytes or self._max_bytes)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            reason = str(error) or type(error).__name__
            raise FetchFailed(f"The URL could not be fetched: {reason}.") from error

    async def _save(self, content: aiohttp.StreamReader, path: Path, max_bytes: int) -> int:
        with Writing(path) as writing:
            async for block in content.iter_any():
                writing.take(block)
                if writing.size > max_bytes:
                    raise FetchFailed(f"The file is larger than {max_bytes:,} bytes.")
        return writing.size
