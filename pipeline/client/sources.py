"""A URL that the platform is to fetch, asked what is behind it: a question, never a download."""

import structlog

from pipeline.client.transport import Transport
from pipeline.config import UploadSettings
from pipeline.errors import SourceRejected

log = structlog.get_logger()

GONE = frozenset({404, 410})
CLOSED = frozenset({401, 403})
# What a server says instead of a video. Others, and none at all, may well be one.
NO_VIDEO = frozenset(
    {
        "text/html",
        "application/xhtml+xml",
        "application/json",
        "application/xml",
        "text/xml",
        "application/pdf",
    }
)


class Sources:
    """The hosts that URL rows point to. The platform's key is not sent there."""

    def __init__(self, transport: Transport, settings: UploadSettings) -> None:
        self._transport = transport
        self._settings = settings

    async def check(self, url: str) -> None:
        """Look whether a video can be behind a URL; whatever does not say otherwise passes.

        A server that takes no HEAD, is not reached from here or is in trouble says nothing about what the platform
        will find.

        Raises:
            SourceRejected: there is nothing there, or no video, or one that is too large.
        """
        found = await self._transport.peek("HEAD", url, self._settings.head_timeout_s)
        if found is not None and found[0] in CLOSED:
            # a URL that is signed for GET refuses HEAD; of this answer the body is not read
            found = await self._transport.peek("GET", url, self._settings.head_timeout_s) or found
        if found is None:
            log.info("source.unchecked", source=url)
            return
        status, headers = found
        if status in GONE | CLOSED:
            what = "there is nothing" if status in GONE else "the server does not let the video be fetched"
            raise SourceRejected(
                f"{url}: {what} (HTTP {status}); give a URL that anybody can fetch, or download the video and name the "
                "file",
                code="source_unreachable",
            )
        if not 200 <= status < 300:
            return
        kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind in NO_VIDEO or kind.startswith("image/"):
            raise SourceRejected(
                f"{url}: it is {kind}, not a video; give the direct link of a media file, not of a page that shows it",
                code="source_no_video",
            )
        self._check_size(url, headers.get("Content-Length", ""))

    def _check_size(self, url: str, told: str) -> None:
        if told.isdecimal() and int(told) > self._settings.max_bytes:
            raise SourceRejected(
                f"{url}: {int(told):,} bytes are more than the platform takes ({self._settings.max_bytes:,}); split or "
                "re-encode the video",
                code="video_filesize_too_large",
            )
