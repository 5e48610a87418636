"""A client against the real embedded platform, with settings that make time small."""

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
from pipeline.models import AnalysisRequest, FileStamp, Medium, Task
from pipeline.server.app import Platform as Server
from pipeline.server.app import serve

KEY = "tlk_a_long_enough_key"
QUICK_UPLOAD = {"chunks": 3, "report_batch": 2, "read_bytes": 4096}
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
    """Two seconds, 360x360, ten pictures a second; coloured squares, so that it has some size."""
    path = tmp_path_factory.mktemp("client-media") / "film.mp4"
    dice = np.random.default_rng(7)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width = stream.height = 360
        stream.pix_fmt = "yuv420p"
        for _ in range(20):
            picture = np.kron(dice.integers(0, 255, (6, 6, 3), np.uint8), np.ones((60, 60, 1), np.uint8))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())
    return path


class Meter:
    """Counts the bytes that a transfer reports."""

    def __init__(self) -> None:
        self.total = 0

    def __call__(self, count: int) -> None:
        self.total += count


def stamp(path: str | Path) -> FileStamp:
    status = Path(path).stat()
    return FileStamp(status.st_size, status.st_mtime_ns)


@dataclass(frozen=True)
class Pair:
    """A client and the server it talks to."""

    client: Platform
    server: Server
    data: Path

    @property
    def faults(self) -> Any:
        return self.server.faults

    def requests(self, endpoint: str) -> int:
        """How many arrived at `METHOD /path`."""
        return self.server.store.books().requests.get(endpoint, 0)

    def filename(self, asset_id: str) -> str:
        """What the server calls an asset."""
        return self.server.store.assets.get(asset_id).filename

    def media(self, asset_id: str) -> bytes:
        """What the server holds of an asset."""
        return (self.data / "media" / asset_id).read_bytes()

    async def create_direct(self, path: str | Path, content_hash: str = "blake3:1", filename: str = "film.mp4") -> Any:
        return await self.client.assets.create_direct(
            str(path), stamp(path), filename=filename, content_hash=content_hash, on_bytes=Meter()
        )

    async def ready_asset(self, path: Path) -> str:
        return (await self.client.watch.asset_ready((await self.create_direct(path)).id)).id

    async def create_task(self, asset_id: str, custom_id: str = "job", **changes: Any) -> Task:
        key = changes.pop("idempotency_key", f"{custom_id}-1")
        asked = AnalysisRequest(**{"model": "pegasus1.5", "prompt": "What?", **changes})
        return await self.client.tasks.create(Medium(asset_id), asked, custom_id=custom_id, idempotency_key=key)

    async def task_done(self, task: Task, **changes: Any) -> Task:
        options = {"asset_id": task.asset_id, "custom_id": task.custom_id, "video_minutes": None, **changes}
        return await self.client.watch.task_done(task.id, **options)

    async def send(self, path: Path, meter: Meter | None = None) -> str:
        """A whole multipart upload; the asset's id."""
        session = await self.client.uploads.open(path.name, stamp(path).size_bytes, content_hash="blake3:1")
        return await self.client.uploads.send(session, str(path), stamp(path), on_bytes=meter or Meter())


def open_client(base_url: str, key: str = KEY, **changes: Any) -> AbstractAsyncContextManager[Platform]:
    return open_platform(
        base_url,
        SecretStr(key),
        upload=UploadSettings(**{**QUICK_UPLOAD, **changes.get("upload", {})}),
        polling=PollingSettings(**{**QUICK_POLLING, **changes.get("polling", {})}),
        retry=RetrySettings(**{**QUICK_RETRY, **changes.get("retry", {})}),
        limits=LimitSettings(**{**LimitSettings.unlimited().model_dump(), **changes.get("limits", {})}),
        ssl=changes.get("ssl"),
    )


@pytest.fixture(name="open_client")
def open_client_fixture() -> Callable[..., AbstractAsyncContextManager[Platform]]:
    """A client with quick settings; `retry={...}` and the like change single ones."""
    return open_client


@pytest.fixture(name="stamp")
def stamp_fixture() -> Callable[[str | Path], FileStamp]:
    return stamp


@pytest.fixture
def meter() -> Meter:
    return Meter()


@pytest.fixture
def run_pair(tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[Pair]]:
    """Makes pairs with settings of their own; `server={...}`, `retry={...}` and the like change single ones."""

    @asynccontextmanager
    async def run(server: dict[str, Any] | None = None, **changes: Any) -> AsyncIterator[Pair]:
        plain = {"data": tmp_path / "platform", "engine": "echo", "chunk_bytes": 1000, "initial_urls": 2}
        with anyio.fail_after(60):
            async with (
                serve(ServerSettings(**{**plain, **(server or {})}), KEY) as running,
                open_client(running.base_url, **changes) as client,
            ):
                yield Pair(client, running, tmp_path / "platform")

    return run


@pytest.fixture
async def pair(run_pair: Callable[..., AbstractAsyncContextManager[Pair]]) -> AsyncIterator[Pair]:
    async with run_pair() as running:
        yield running
