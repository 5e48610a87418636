"""A platform in a process of its own, which can be killed at any instant."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import anyio
import orjson
from anyio.streams.buffered import BufferedByteReceiveStream

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys, anyio
from pathlib import Path
from pipeline.config import ServerSettings
from pipeline.server.app import serve

async def main():
    settings = ServerSettings.model_validate_json(sys.argv[1])
    async with serve(settings, "tlk_test") as platform:
        print(platform.base_url, platform.instance_id, flush=True)
        await anyio.sleep_forever()

anyio.run(main)
"""


class Remote:
    """A platform in a process of its own, seen through plain requests."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, instance_id: str, process) -> None:
        self.session, self.base_url, self.instance_id, self.process = session, base_url, instance_id, process

    async def ask(self, method: str, path: str, **options):
        url = path if path.startswith("http") else self.base_url + path
        async with self.session.request(method, url, headers={"x-api-key": "tlk_test"}, **options) as response:
            return await response.json()

    async def until(self, path: str, *wanted: str):
        with anyio.fail_after(30):
            while True:
                body = await self.ask("GET", path)
                if body["status"] in wanted:
                    return body
                await anyio.sleep(0.02)


@asynccontextmanager
async def platform_process(data: Path, **changes) -> AsyncIterator[Remote]:
    settings = orjson.dumps({"data": str(data), "engine": "echo", "faults": True, **changes}).decode()
    process = await anyio.open_process([sys.executable, "-c", SCRIPT, settings], cwd=ROOT, stderr=None)
    try:
        line = await BufferedByteReceiveStream(process.stdout).receive_until(b"\n", 200)
        async with aiohttp.ClientSession() as session:
            yield Remote(session, *line.decode().split(), process)
    finally:
        process.kill()
        await process.aclose()


def upload_form(path: Path) -> aiohttp.FormData:
    form = aiohttp.FormData({"method": "direct"})
    form.add_field("file", path.read_bytes(), filename="film.mp4")
    return form
