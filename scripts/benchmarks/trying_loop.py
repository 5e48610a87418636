"""What one writes who has met a 429: so many at once, and a sleep for as long as it says."""

import argparse
import asyncio
import json
import time
from pathlib import Path

from twelvelabs import AsyncTwelveLabs, TwelveLabs
from twelvelabs.core.api_error import ApiError


async def create(client: AsyncTwelveLabs, asset_id: str, end_s: float, free: asyncio.Semaphore) -> float:
    """Create a task however often it takes; when that was."""
    async with free:
        while True:
            try:
                await client.analyze_async.tasks.create(
                    video={"type": "asset_id", "asset_id": asset_id},  # type: ignore[arg-type]  # its documents show a dict
                    model_name="pegasus1.5",
                    prompt="What?",
                    end_time=end_s,
                )
                return time.perf_counter()
            except ApiError as error:
                if error.status_code != 429:
                    raise
                headers = {name.lower(): value for name, value in (error.headers or {}).items()}
                await asyncio.sleep(float(headers.get("retry-after", 1)))


def upload(base_url: str, video: Path) -> str:
    """The id of a ready asset."""
    client = TwelveLabs(api_key="bench", base_url=base_url)
    asset = client.assets.create(method="direct", file=(video.name, video.read_bytes()))
    assert asset.id is not None
    while client.assets.retrieve(asset.id).status != "ready":
        time.sleep(0.1)
    return asset.id


async def loop_over(base_url: str, asset_id: str, parts: list[float], at_once: int) -> list[float]:
    """When the task of each part was created."""
    client = AsyncTwelveLabs(api_key="bench", base_url=base_url)
    free = asyncio.Semaphore(at_once)
    return await asyncio.gather(*(create(client, asset_id, end_s, free) for end_s in parts))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description="Create a task for each part and print when each was, in seconds, as JSON."
    )
    parser.add_argument("base_url")
    parser.add_argument("video", type=Path)
    parser.add_argument("parts", type=Path, help="a JSON list of where each part ends, in seconds")
    parser.add_argument("--at-once", type=int, required=True)
    options = parser.parse_args()
    parts = json.loads(options.parts.read_text())
    asset_id = upload(options.base_url, options.video)
    print(json.dumps(asyncio.run(loop_over(options.base_url, asset_id, parts, options.at_once))))
