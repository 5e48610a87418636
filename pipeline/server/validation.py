"""What happens to an asset after its upload: fetched if it came as a URL, looked at, then `ready` or `failed`."""

import anyio
import orjson

from pipeline.config import ServerSettings
from pipeline.server.fetching import Fetcher, FetchFailed
from pipeline.server.files import Files
from pipeline.server.inspect import inspect
from pipeline.server.stills import inspect_still
from pipeline.server.store import Store
from pipeline.server.store.assets import Asset
from pipeline.server.workers import JobRejected, WorkerCrashed, WorkerPool

AT_ONCE = 32


class Validation:
    """Takes assets in `processing` to their end."""

    def __init__(
        self, settings: ServerSettings, store: Store, files: Files, pool: WorkerPool, fetcher: Fetcher
    ) -> None:
        self._settings = settings
        self._store = store
        self._files = files
        self._pool = pool
        self._fetcher = fetcher
        self._send, self._receive = anyio.create_memory_object_stream[str](float("inf"))

    def submit(self, asset_id: str) -> None:
        """Have an asset validated soon."""
        self._send.send_nowait(asset_id)

    def close(self) -> None:
        """Take no more."""
        self._send.close()
        self._receive.close()

    async def run(self) -> None:
        """Work for ever; what a former process left unfinished comes first."""
        for asset in self._store.assets.unfinished():
            self.submit(asset.id)
        async with anyio.create_task_group() as group:
            for _ in range(AT_ONCE):
                group.start_soon(self._work)

    async def _work(self) -> None:
        async for asset_id in self._receive:
            await self.validate(asset_id)

    async def validate(self, asset_id: str) -> None:
        """Look at one asset now; one that was deleted or has ended is left alone."""
        asset = self._store.assets.get(asset_id)
        if asset is None or asset.status != "processing":
            return
        await anyio.sleep(self._settings.asset_seconds)
        try:
            if not asset.received:
                await self._fetch(asset)
            await self._look(asset)
        except (FetchFailed, JobRejected) as verdict:
            self._fail(asset_id, str(verdict))
        except WorkerCrashed as crash:
            self._fail(asset_id, f"The file could not be validated: {crash}.")
        finally:
            if self._store.assets.get(asset_id) is None:  # deleted meanwhile, when its file may not have been there yet
                self._files.forget_asset(asset_id)

    async def _look(self, asset: Asset) -> None:
        path = self._files.media(asset.id)
        if asset.file_type.startswith("image/"):
            if path.stat().st_size > (most := self._settings.reference_max_bytes):
                raise JobRejected(f"The image is larger than {most:,} bytes.")
            still = await self._pool.run(_begun, inspect_still, path, self._settings.image_max_pixels)
            self._store.assets.ready(asset.id, None, None, _json(still.technical_metadata()))
        else:
            facts = await self._pool.run(_begun, inspect, path)
            self._store.assets.ready(asset.id, facts.duration_s, facts.start_s, _json(facts.technical_metadata()))

    async def _fetch(self, asset: Asset) -> None:
        assert asset.url is not None
        size = await self._fetcher.fetch(asset.url, self._files.media(asset.id))
        self._store.assets.received(asset.id, size)

    def _fail(self, asset_id: str, reason: str) -> None:
        self._store.assets.failed(asset_id, reason)
        self._files.media(asset_id).unlink(missing_ok=True)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _begun() -> None:
    """Nobody asks when a validation begins."""
