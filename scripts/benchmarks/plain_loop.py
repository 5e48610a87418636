"""What one writes first: a loop over `AsyncTwelveLabs` that creates a task and looks once a second until it is done."""

import argparse
import asyncio
import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import IO

from twelvelabs import AsyncTwelveLabs

from benchmarks.costs import Gauge, Usage

LOOK_S = 1.0


async def analyze(client: AsyncTwelveLabs, asset_id: str, free: asyncio.Semaphore, results: IO[str]) -> None:
    """One asset, from the task to a line of results."""
    async with free:
        created = await client.analyze_async.tasks.create(
            video={"type": "asset_id", "asset_id": asset_id},  # type: ignore[arg-type]  # its documents show a dict
            model_name="pegasus1.5",
            prompt="Which colours are there, in the words of the plain loop?",
        )
        assert created.task_id is not None
        task = None
        while task is None or task.status not in {"ready", "failed"}:
            await asyncio.sleep(LOOK_S)
            task = await client.analyze_async.tasks.retrieve(created.task_id)
        results.write(task.model_dump_json() + "\n")


async def loop_over(base_url: str, assets: list[str], at_once: int) -> Usage:
    """All assets, so many at once."""
    client = AsyncTwelveLabs(api_key="bench", base_url=base_url)
    free = asyncio.Semaphore(at_once)
    with tempfile.TemporaryFile("w") as results, Gauge() as gauge:
        async with asyncio.TaskGroup() as group:
            for asset_id in assets:
                group.create_task(analyze(client, asset_id, free, results))
    return gauge.usage


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Analyse assets and print what it cost as JSON.")
    parser.add_argument("base_url")
    parser.add_argument("assets", type=Path, help="a file with one asset id on each line")
    parser.add_argument("--at-once", type=int, required=True)
    options = parser.parse_args()
    usage = asyncio.run(loop_over(options.base_url, options.assets.read_text().split(), options.at_once))
    print(json.dumps(asdict(usage)))
