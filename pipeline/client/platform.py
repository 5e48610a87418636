"""The platform as the rest of the house sees it: its resources over one transport."""

import ssl as tls
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
from pydantic import SecretStr

from pipeline.client.account import Account
from pipeline.client.analyses import Analyses
from pipeline.client.assets import Assets
from pipeline.client.batches import Batches
from pipeline.client.failures import gravest_failure
from pipeline.client.flow import Flow
from pipeline.client.limits import NO_BOOKS, Books, Limits
from pipeline.client.sources import Sources
from pipeline.client.tasks import Tasks
from pipeline.client.transport import Transport, open_transport
from pipeline.client.uploads import Uploads
from pipeline.client.watch import Watch
from pipeline.config import LimitSettings, PollingSettings, RetrySettings, UploadSettings


@dataclass(frozen=True, slots=True)
class Platform:
    """The TwelveLabs platform, or one that speaks like it."""

    assets: Assets
    uploads: Uploads
    tasks: Tasks
    batches: Batches
    questions: Analyses
    sources: Sources
    watch: Watch
    transport: Transport

    @property
    def analyses(self) -> Account:
        """What analyses are drawn on."""
        return self.transport.limits.analyze.account

    @property
    def creations(self) -> Account:
        """What new assets are drawn on."""
        return self.transport.limits.upload.account

    @property
    def flow(self) -> Flow:
        """How many uploads are on their way at once."""
        return self.transport.flow

    @property
    def limits(self) -> Limits:
        """What may be asked how often, and the valve before all that is new."""
        return self.transport.limits

    @property
    def requests(self) -> int:
        """How many HTTP requests have been sent so far, chunks and repeated attempts included."""
        return self.transport.requests


@asynccontextmanager
async def open_platform(
    base_url: str,
    api_key: SecretStr,
    *,
    upload: UploadSettings,
    polling: PollingSettings,
    retry: RetrySettings,
    limits: LimitSettings,
    books: Books = NO_BOOKS,
    ssl: tls.SSLContext | None = None,
) -> AsyncIterator[Platform]:
    """Hold a platform's connections and its watch open until the block ends.

    Args:
        base_url: with the version, e.g. `https://api.twelvelabs.io/v1.3`.
        api_key: sent to the platform only, never to its storage, never logged.
        upload: settings of that name, as the next three.
        polling: when to look again.
        retry: ceilings and timeouts.
        limits: what the account may draw, and connections.
        books: where draws are remembered, by endpoint class.
        ssl: trusts other certificates than the system does.

    Raises:
        ConfigError: the base URL is none.
    """
    async with open_transport(
        base_url, api_key, upload=upload, retry=retry, limits=limits, books=books, ssl=ssl
    ) as transport:
        threads = anyio.CapacityLimiter(upload.chunks)
        assets = Assets(transport, upload, threads)
        tasks = Tasks(transport)
        watch = Watch(assets, tasks, polling, upload.ready_timeout_s)
        # what the caller's block raises comes out as itself, not as a group
        with gravest_failure():
            async with anyio.create_task_group() as group:
                group.start_soon(watch.run)
                uploads = Uploads(transport, upload, threads)
                sources = Sources(transport, upload)
                batches, questions = Batches(transport), Analyses(transport)
                yield Platform(assets, uploads, tasks, batches, questions, sources, watch, transport)
                group.cancel_scope.cancel()
