"""A client against the real embedded platform, with settings that make time small."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import av
import numpy as np
import pytest
from pydantic import SecretStr

from pipeline.client import Platform, open_platform
from pipeline.config import LimitSettings, PollingSettings, RetrySettings, ServerSettings, UploadSettings
from pipeline.models import FileStamp
from pipeline.server.app import Platform as Server
from pipeline.server.app import serve

KEY = "tlk_a_long_enough_key"
QUICK_RETRY = {"attempts": 4, "base_s": 0.01, "max_s": 0.05, "outage_s": 0.5}
QUICK_POLLING = {
    "first_look_s": 0.02,
    "per_video_minute_s": 0,
    "min_s": 0.02,
    "max_s": 0.1,
    "tick_s": 0.02,
    "asset_min_s": 0.02,
    "asset_max_s": 0.1,
}


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds, 360x360, ten pictures a second; noise, so that it has some size."""
    path = tmp_path_factory.mktemp("client-media") / "film.mp4"
    dice = np.random.default_rng(7)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width = stream.height = 360
        stream.pix_fmt = "yuv420p"
        for _ in range(20):
            picture = np.kron(dice.integers(0, 255, (18, 18, 3), np.uint8), np.ones((20, 20, 1), np.uint8))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())
    return path


def stamp_of(path: str | bytes | Path) -> FileStamp:
    status = os.stat(path)
    return FileStamp(status.st_size, status.st_mtime_ns)


class Meter:
    """Counts what a transfer reports, calls included."""

    def __init__(self) -> None:
        self.total = 0
        self.calls = 0

    def __call__(self, count: int) -> None:
        self.total += count
        self.calls += 1


@dataclass(frozen=True)
class Pair:
    """A client and the server it talks to."""

    client: Platform
    server: Server

    @property
    def faults(self) -> Any:
        return self.server.faults

    @property
    def requests(self) -> dict[str, int]:
        return self.server.store.books().requests

    async def upload(self, path: Path, content_hash: str = "blake3:1") -> str:
        """The id of a ready asset."""
        asset = await self.client.assets.create_direct(
            str(path), stamp_of(path), filename=path.name, content_hash=content_hash, on_bytes=Meter()
        )
        return (await self.client.watch.asset_ready(asset.id)).id

    async def submit(self, asset_id: str, custom_id: str = "job-1", **changes: Any) -> Any:
        options = {"model": "pegasus1.5", "prompt": "What?", "idempotency_key": f"{custom_id}-1", **changes}
        return await self.client.tasks.create(asset_id, custom_id=custom_id, **options)


def client_of(server: Server, key: str = KEY, **changes: Any) -> AbstractAsyncContextManager[Platform]:
    """A client with quick settings; `retry={...}` and the like change single ones."""
    return open_platform(
        changes.get("base_url", server.base_url),
        SecretStr(key),
        upload=UploadSettings(**{"chunks": 3, "report_batch": 2, **changes.get("upload", {})}),
        polling=PollingSettings(**{**QUICK_POLLING, **changes.get("polling", {})}),
        retry=RetrySettings(**{**QUICK_RETRY, **changes.get("retry", {})}),
        limits=changes.get("limits", LimitSettings.unlimited()),
        ssl=changes.get("ssl"),
    )


@pytest.fixture
def run_pair(tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[Pair]]:
    """A server of its own, as `async with run_pair(server={...}, retry={...}) as pair`."""

    @asynccontextmanager
    async def run(server: dict[str, Any] | None = None, **changes: Any) -> AsyncIterator[Pair]:
        settings = ServerSettings(
            **{"data": tmp_path / "platform", "engine": "echo", "chunk_bytes": 1000, "initial_urls": 2, **(server or {})}
        )
        with anyio.fail_after(60):
            async with serve(settings, KEY) as running, client_of(running, **changes) as client:
                yield Pair(client, running)

    return run


@pytest.fixture
async def pair(run_pair: Callable[..., AbstractAsyncContextManager[Pair]]) -> AsyncIterator[Pair]:
    async with run_pair() as running:
        yield running
