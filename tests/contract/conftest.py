"""A running platform, media for it, and two ways to talk to it: bare HTTP and the platform's own package."""

import inspect
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial, reduce
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import anyio.to_thread
import av
import httpx
import numpy as np
import orjson
import pytest
from twelvelabs import AsyncTwelveLabs, TwelveLabs

from pipeline.config import ServerSettings
from pipeline.server.app import Platform, serve

KEY = "tlk_test"


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds, 360x360, ten pictures a second."""
    path = tmp_path_factory.mktemp("media") / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width = stream.height = 360
        stream.pix_fmt = "yuv420p"
        for shade in range(20):
            picture = np.full((360, 360, 3), shade * 12, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())
    return path


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Any
    body: Any


class Api:
    """Bare requests to one platform."""

    def __init__(self, session: aiohttp.ClientSession, platform: Platform) -> None:
        self._session = session
        self.platform = platform

    async def __call__(self, method: str, path: str, **options: Any) -> Reply:
        """`path` is below the base URL unless it is a whole URL."""
        url = path if path.startswith("http") else self.platform.base_url + path
        options.setdefault("headers", {"x-api-key": KEY})
        async with self._session.request(method, url, **options) as response:
            raw = await response.read()
            is_json = response.content_type == "application/json" and raw
            return Reply(response.status, response.headers, orjson.loads(raw) if is_json else raw)

    async def upload(self, path: Path, **fields: str) -> dict[str, Any]:
        reply = await self("POST", "/assets", data=_form(path, fields))
        assert reply.status == 201, reply
        return reply.body

    async def until(self, path: str, *wanted: str) -> dict[str, Any]:
        """Ask until the status is one of the wanted, or an end."""
        with anyio.fail_after(30):
            while True:
                body = (await self("GET", path)).body
                if body["status"] in {*wanted, "ready", "failed", "canceled"}:
                    return body
                await anyio.sleep(0.02)

    async def ready_asset(self, path: Path) -> str:
        asset = await self.until(f"/assets/{(await self.upload(path))['_id']}")
        assert asset["status"] == "ready", asset
        return asset["_id"]

    async def session(self, size: int, **changes: Any) -> dict[str, Any]:
        body = {"filename": "film.mp4", "type": "video", "total_size": size, **changes}
        reply = await self("POST", "/assets/multipart-uploads", json=body)
        assert reply.status == 201, reply
        return reply.body

    async def put(self, url: str, chunk: bytes, **headers: str) -> Reply:
        return await self("PUT", url, data=chunk, headers={"Content-Type": "application/octet-stream", **headers})


def _form(path: Path, fields: dict[str, str]) -> aiohttp.FormData:
    form = aiohttp.FormData({"method": "direct", **fields})
    form.add_field("file", path.read_bytes(), filename=path.name)
    return form


@pytest.fixture
def run_platform(tmp_path: Path) -> Callable[..., Any]:
    """Runs a platform with settings of its own, which are given by name."""

    @asynccontextmanager
    async def run(ssl_context: ssl.SSLContext | None = None, **changes: Any) -> AsyncIterator[Api]:
        settings = ServerSettings(**{"data": tmp_path / "data", "engine": "echo", "chunk_bytes": 1000, **changes})
        async with serve(settings, KEY, ssl_context=ssl_context) as platform, aiohttp.ClientSession() as session:
            yield Api(session, platform)

    return run


@pytest.fixture(scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    """One platform with plain settings for all tests of a module."""
    settings = ServerSettings(data=tmp_path_factory.mktemp("platform"), engine="echo", chunk_bytes=1000, initial_urls=2)
    async with serve(settings, KEY) as platform, aiohttp.ClientSession() as session:
        yield Api(session, platform)


Call = Callable[..., Awaitable[Any]]


@pytest.fixture(params=["sync", "async"])
async def sdk(request: pytest.FixtureRequest, api: Api) -> AsyncIterator[Call]:
    """Calls the official package by either of its clients; a method is given by its dotted name."""
    if request.param == "sync":
        with httpx.Client() as http:
            yield partial(_call_blocking, TwelveLabs(api_key=KEY, base_url=api.platform.base_url, httpx_client=http))
    else:
        async with httpx.AsyncClient() as http:
            yield partial(_call, AsyncTwelveLabs(api_key=KEY, base_url=api.platform.base_url, httpx_client=http))


async def _call_blocking(client: TwelveLabs, name: str, *args: Any, **options: Any) -> Any:
    def call() -> Any:
        result = reduce(getattr, name.split("."), client)(*args, **options)
        return list(result) if hasattr(result, "iter_pages") or inspect.isgenerator(result) else result

    return await anyio.to_thread.run_sync(call)


async def _call(client: AsyncTwelveLabs, name: str, *args: Any, **options: Any) -> Any:
    result = reduce(getattr, name.split("."), client)(*args, **options)
    if not inspect.isasyncgen(result):
        result = await result
    return [item async for item in result] if isinstance(result, AsyncIterable) else result
