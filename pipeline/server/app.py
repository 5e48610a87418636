"""The embedded platform as a whole: `serve` opens everything, listens, and closes everything in reverse."""

import sqlite3
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp
import anyio
import anyio.to_thread
from aiohttp import web

from pipeline.config import ServerSettings
from pipeline.errors import ConfigError, FatalError
from pipeline.server.analyses import Analyses
from pipeline.server.answering import Answering
from pipeline.server.assets import Assets
from pipeline.server.batches import Batches
from pipeline.server.engines import NAMES, engine_of
from pipeline.server.faults import Faults
from pipeline.server.fetching import Fetcher
from pipeline.server.files import Files
from pipeline.server.gate import Gate, Handler
from pipeline.server.limits import Limits
from pipeline.server.openapi import Description
from pipeline.server.pictures import Pictures
from pipeline.server.rules import MODELS
from pipeline.server.signing import Signer
from pipeline.server.sources import Sources
from pipeline.server.store import Store
from pipeline.server.sync import Sync
from pipeline.server.tasks import Tasks
from pipeline.server.transcriptions import Transcriptions
from pipeline.server.uploads import Uploads
from pipeline.server.validation import Validation
from pipeline.server.webhooks import Webhooks
from pipeline.server.workers import Caps, WorkerPool

BASE = "/v1.3"
HOUSEKEEPING_S = 5.0
SHUTDOWN_S = 0.5


@dataclass(frozen=True, slots=True)
class Platform:
    """A running platform.

    Attributes:
        base_url: what clients are given, `http://127.0.0.1:<port>/v1.3`.
        faults: the switchboard.
        store: what is remembered; `store.books()` counts what was done.
        instance_id: a UUID of the data folder; assets uploaded to one instance exist in no other.
    """

    base_url: str
    faults: Faults
    store: Store
    instance_id: str


@dataclass(frozen=True, slots=True)
class Resources:
    """The handlers, by resource."""

    assets: Assets
    uploads: Uploads
    tasks: Tasks
    batches: Batches
    sync: Sync
    transcriptions: Transcriptions


@asynccontextmanager
async def serve(
    settings: ServerSettings,
    api_key: str | None,
    *,
    faults: Faults | None = None,
    ssl_context: ssl.SSLContext | None = None,
) -> AsyncIterator[Platform]:
    """Run the platform until the block ends; what was acknowledged survives a kill at any instant.

    Args:
        settings: see `ServerSettings`.
        api_key: the one key that is accepted; None accepts every key that is not empty.
        faults: a switchboard prepared beforehand.
        ssl_context: serves https with it.

    Raises:
        ConfigError: an unknown engine or model, no Whisper model where one is set, an address that cannot be
            listened on, or an unusable data folder.
        FolderLocked: another platform uses the data folder.
        FatalError: the data folder can no longer be written.
    """
    if settings.engine not in NAMES:
        gone = "; evidence with server.tracks: [visuals, sounds] tells the same" if settings.engine == "visual" else ""
        raise ConfigError(f"server.engine: no engine {settings.engine!r}; there are {', '.join(sorted(NAMES))}{gone}")
    if settings.engine == "openai" and not settings.openai.model:
        raise ConfigError("server.openai.model: the engine openai needs the name of a model; set it beside base_url")
    engine_of(settings)  # so that what an engine needs and has not is told before anything is opened
    if unknown := sorted(set(settings.models) - set(MODELS)):
        raise ConfigError(f"server.models: no model {', '.join(unknown)}; there are {', '.join(MODELS)}")
    faults = faults or Faults()
    async with AsyncExitStack() as stack:
        stack.enter_context(_single_failure(settings.data))
        files, store = _open_data(stack, settings)
        signer = Signer(store.secret, settings.url_ttl_s)
        faults.attach(signer)
        inspectors = await stack.enter_async_context(
            WorkerPool(settings.inspect_processes, files.worker_log, Caps.of(settings))
        )
        analysts = await stack.enter_async_context(
            WorkerPool(settings.analysis_processes, files.worker_log, Caps.of(settings))
        )
        session = await stack.enter_async_context(aiohttp.ClientSession(auto_decompress=False))
        fetcher = Fetcher(session, settings)
        validation = Validation(settings, store, files, inspectors, fetcher)
        stack.callback(validation.close)
        limits = Limits(settings, on_refusal=store.count_refusal)
        answering = Answering(settings, analysts, fetcher, limits)
        sources, pictures = Sources(settings, store), Pictures(settings, store, files, inspectors, fetcher)
        analyses = Analyses(settings, store, files, answering, pictures, faults)
        stack.callback(analyses.close)
        transcriptions = Transcriptions(settings, store, files, answering)
        stack.callback(transcriptions.close)
        webhooks = Webhooks(settings, store, session)
        analyses.listen(webhooks.task_ended)
        store.batches.listen(webhooks.batch_ended)
        group = await stack.enter_async_context(anyio.create_task_group())
        stack.callback(group.cancel_scope.cancel)
        for work in (validation.run, analyses.run, transcriptions.run, webhooks.run):
            group.start_soon(work)
        resources = Resources(
            Assets(settings, store, files, validation, signer),
            Uploads(settings, store, files, validation, signer),
            Tasks(settings, store, files, analyses, sources, pictures, limits),
            Batches(settings, store, files, analyses, sources, pictures, faults, limits),
            Sync(settings, files, answering, sources, pictures, faults, limits),
            transcriptions,
        )
        group.start_soon(_keep_house, store, files, resources.batches)
        app = _application(settings, Gate(BASE, api_key, store, faults, limits), store, faults, resources)
        address = await _listen(stack, app, settings, ssl_context)
        yield Platform(address + BASE, faults, store, store.instance_id)


@contextmanager
def _single_failure(data: Path) -> Iterator[None]:
    # the task group wraps whatever the caller's block raises; the caller should see what it raised
    try:
        yield
    except BaseExceptionGroup as group:
        _, others = group.split(sqlite3.Error)
        if others is None:  # of work that nobody waits for, so that no answer could tell of it
            raise FatalError(
                f"the embedded platform cannot write its data in {data}: {group.exceptions[0]}; "
                "free disk space or repair the folder's permissions, then run again"
            ) from group
        if len(group.exceptions) > 1:
            raise
        raise group.exceptions[0] from None


def _open_data(stack: AsyncExitStack, settings: ServerSettings) -> tuple[Files, Store]:
    try:
        files = stack.enter_context(Files(settings.data))
    except OSError as error:
        raise ConfigError(f"server.data: cannot use the folder {settings.data}: {error.strerror}") from error
    store = stack.enter_context(Store(files.database))
    files.sweep(store.assets.ids(), store.tasks.unfinished())
    return files, store


def _application(
    settings: ServerSettings, gate: Gate, store: Store, faults: Faults, resources: Resources
) -> web.Application:
    api = web.Application(middlewares=[gate.inner])
    # the uploads come first: their paths would read as asset ids
    for resource in (
        resources.uploads,
        resources.assets,
        resources.tasks,
        resources.batches,
        resources.sync,
        resources.transcriptions,
    ):
        api.add_routes(resource.routes())
    # the bound of the outermost application is the one that holds
    app = web.Application(middlewares=[gate.outer], client_max_size=settings.json_max_bytes)
    app.add_subapp(BASE, api)
    app.add_routes([*resources.uploads.open_routes(), *resources.assets.open_routes()])
    app.add_routes(Description(settings, BASE).open_routes())
    if settings.faults:
        app.add_routes([*faults.routes(), web.get("/_books", _books_handler(store))])
    return app


def _books_handler(store: Store) -> Handler:
    async def books(_: web.Request) -> web.Response:
        return web.json_response(asdict(store.books()))  # its keys of chunks are numbers, which JSON writes as text

    return books


async def _keep_house(store: Store, files: Files, batches: Batches) -> None:
    while True:
        for asset_id in store.uploads.expire():
            files.forget_asset(asset_id)
        batches.tend()
        await anyio.to_thread.run_sync(store.checkpoint)
        await anyio.sleep(HOUSEKEEPING_S)


async def _listen(
    stack: AsyncExitStack, app: web.Application, settings: ServerSettings, ssl_context: ssl.SSLContext | None
) -> str:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    stack.push_async_callback(_close, runner)
    site = web.TCPSite(runner, settings.host, settings.port, ssl_context=ssl_context)
    try:
        await site.start()
    except OSError as error:
        raise ConfigError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from error
    port = runner.addresses[0][1]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{'https' if ssl_context else 'http'}://{host}:{port}"


async def _close(runner: web.AppRunner) -> None:
    with anyio.CancelScope(shield=True):
        await runner.cleanup()
