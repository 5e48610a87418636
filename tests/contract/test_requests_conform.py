"""What the command line sends, in every way of asking, is what the platform publishes and what its package sends."""

import json
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import anyio.to_thread
import pytest

from tests import warm
from tests.contract.conftest import KEY, Api
from tests.contract.official import Official
from tests.contract.published import Published
from tests.contract.recorder import Exchange, Recorder
from tests.contract.stills import still
from tests.end_to_end.cli_world import environment, lines, pipeline
from tests.end_to_end.conftest import KILLED_RUN, QUICK, ROOT, video_bytes

pytestmark = pytest.mark.anyio

CHUNK_BYTES = 4096
LARGE_BYTES = 6 * CHUNK_BYTES
# what a run sends for small and large videos before it asks anything of them
UPLOADS = {
    "assets.create",
    "assets.list",
    "multipart_upload.create",
    "multipart_upload.get_additional_presigned_urls",
    "multipart_upload.report_chunk_batch",
    "files.put_chunk",
}
ANALYZE = {"analyze"}
TASKS = {"analyze_async.tasks.create", "analyze_async.tasks.retrieve"}
# has no counterpart in the package, whose own uploader builds these requests by hand
STORAGE = {"files.put_chunk"}


@dataclass(frozen=True)
class Way:
    """One way to run the command.

    Attributes:
        sends: operations that it has to send, by their `operationId`.
        config: sections of the configuration.
        killed_after: the run is killed right after its ledger has recorded this state with this intent (0 or 1), then
            run again.
        server: settings of the platform.
        hosted: the videos are named by URLs.
        still: an image that the prompt speaks of, or one that is asked about beside each video.
    """

    sends: set[str]
    config: dict[str, Any] = field(default_factory=dict)
    killed_after: tuple[str, str] | None = None
    server: dict[str, Any] = field(default_factory=dict)
    hosted: bool = False
    still: Literal["reference", "subject"] | None = None


# looks that are rare enough to come together
# looks so rare, and analyses so long, that those of all videos fall together however slow the machine is
TOGETHER = {"polling": {"list_from": 2, "tick_s": 2, "first_look_s": 0, "min_s": 2, "max_s": 2}}
OPTIONS = {"temperature": 0.5, "max_tokens": 600, "start_time": 0, "end_time": 1}
INLINE = {"upload": {**QUICK["upload"], "inline_max_bytes": 1_000_000}}
DIRECT = {"upload": {**QUICK["upload"], "url_sources": "direct"}}
BATCHES = {
    "analyze_async.batches.create",
    "analyze_async.batches.list",
    "analyze_async.batches.retrieve",
    "analyze_async.batches.results",
}
BY_BATCH = {
    "run": {"delivery": "batch"},
    "batch": {"gather_s": 0.3, "poll_min_s": 0.1, "poll_max_s": 0.3, "settle_s": 0.3},
}
FORM = {"type": "object", "properties": {"shots": {"type": "integer", "minimum": 0}}, "required": ["shots"]}
SEGMENTS = {
    "prompt": None,
    "segment_definitions": [
        {
            "id": "shots",
            "description": "Every shot.",
            "fields": [
                {"name": "title", "type": "string", "description": "A title.", "enum": ["one", "two"]},
                {"name": "at", "type": "timestamp", "description": "When.", "format": "hh:mm:ss"},
            ],
        }
    ],
    "segment_time_format": "hh:mm:ss.fff",
    "min_segment_duration": 2,
}
UPLOADED_IMAGES = {"upload": {**QUICK["upload"], "inline_image_bytes": 0}}
WAYS = {
    "prompt": Way(UPLOADS | TASKS),
    "options": Way(TASKS, {"recipe": OPTIONS}),
    "schema": Way(TASKS, {"recipe": {"response_schema": FORM}}),
    "segments": Way(TASKS, {"recipe": SEGMENTS}),
    "segments by batch": Way(BATCHES, {**BY_BATCH, "recipe": SEGMENTS}),
    "reference image": Way(TASKS, {"recipe": {"prompt": "<@still>?"}}, still="reference"),
    "reference image, uploaded": Way(TASKS, UPLOADED_IMAGES, still="reference"),
    "images": Way(TASKS, {"recipe": {"model": "pegasus1.6"}}, still="subject"),
    "images, sync": Way(ANALYZE, {"recipe": {"model": "pegasus1.6"}, "run": {"delivery": "sync"}}, still="subject"),
    "sync": Way(UPLOADS | ANALYZE, {"run": {"delivery": "sync"}, "recipe": OPTIONS}),
    "sync, streamed": Way(ANALYZE, {"run": {"delivery": "sync"}, "sync": {"stream": True}}),
    "inside the question": Way(TASKS, INLINE),
    "inside the question, sync": Way(ANALYZE, {**INLINE, "run": {"delivery": "sync"}}),
    "by URL": Way(TASKS, DIRECT, hosted=True),
    "by URL, sync": Way(ANALYZE, {**DIRECT, "run": {"delivery": "sync"}}, hosted=True),
    "batch": Way(BATCHES, BY_BATCH),
    "killed batch": Way(BATCHES, BY_BATCH, killed_after=("uploaded", "1")),
    "list polling": Way({"analyze_async.tasks.list"}, TOGETHER, server={"analysis_seconds": 6}),
    "resumed upload": Way({"multipart_upload.get_status"}, killed_after=("opened", "0")),
    "resumed submission": Way({"analyze_async.tasks.list"}, killed_after=("uploaded", "1")),
}


@pytest.fixture
def listen(run_platform: Callable[..., Any]) -> Callable[..., Any]:
    """Runs a platform behind a recorder."""

    @asynccontextmanager
    async def run(**settings: Any) -> AsyncIterator[tuple[Api, Recorder]]:
        async with (
            run_platform(chunk_bytes=CHUNK_BYTES, initial_urls=2, **settings) as api,
            Recorder(api.platform.base_url) as recorder,
        ):
            yield api, recorder

    return run


@pytest.mark.parametrize("name", WAYS)
async def test_every_request_is_as_published_and_as_the_package_sends_it(listen, tmp_path, name):
    """Each request of a run, and each answer to it, is as the description says, and the package would send the same."""
    way = WAYS[name]
    videos = write_videos(tmp_path / "videos")
    manifest = hosted(tmp_path, videos) if way.hosted else nullcontext(tmp_path / "videos")
    async with listen(**way.server) as (api, recorder):
        config = write_config(tmp_path / "config.yaml", recorder.base_url, with_still(way, tmp_path, videos))
        with manifest as source:
            await anyio.to_thread.run_sync(partial(run, way, config, source, tmp_path))
        published = Published((await api("GET", "/openapi.json", headers={})).body)
    assert len(lines(tmp_path / "out" / "results.jsonl")) == len(videos)
    with Official() as official:
        sent = {check(published, official, exchange) for exchange in recorder.exchanges}
    assert sent >= way.sends


def check(published: Published, official: Official, exchange: Exchange) -> str:
    """The `operationId` of an exchange that is as it should be."""
    operation, in_path = published.operation(exchange)
    name = operation["operationId"]
    problems = [*published.request_problems(exchange), *published.answer_problems(exchange)]
    if name not in STORAGE:
        problems += official.problems(name, in_path, exchange)
    assert not problems, "\n".join([str(exchange), *problems])
    return name


def write_videos(folder: Path) -> list[Path]:
    """Two that travel in one request, one that travels in chunks."""
    folder.mkdir()
    paths = [folder / f"video {number}.mp4" for number in range(3)]
    for number, path in enumerate(paths):
        path.write_bytes(video_bytes(9000 + number, LARGE_BYTES if number == 2 else 0))
    return paths


def write_config(path: Path, base_url: str, sections: dict[str, Any]) -> Path:
    basic = {
        **QUICK,
        "platform": {"kind": "remote", "base_url": base_url},
        "recipe": {"prompt": "What is to be seen?"},
    }
    names = basic.keys() | sections.keys()
    path.write_text(json.dumps({one: {**basic.get(one, {}), **sections.get(one, {})} for one in names}))
    return path


def with_still(way: Way, folder: Path, videos: list[Path]) -> dict[str, Any]:
    """The way's configuration, with its image put where it belongs."""
    if way.still is None:
        return way.config
    (folder / "still.png").write_bytes(still())
    recipe = way.config.get("recipe", {})
    if way.still == "reference":
        return {**way.config, "recipe": {**recipe, "media_sources": {"still": str(folder / "still.png")}}}
    videos.append((folder / "still.png").rename(folder / "videos" / "still.png"))
    return {**way.config, "manifest": {"suffixes": [".mp4", ".png"]}}


@contextmanager
def hosted(folder: Path, videos: list[Path]) -> Iterator[Path]:
    """A list of URLs, served as long as the block lasts."""
    handler = partial(QuietHandler, directory=str(folder / "videos"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        listed = folder / "urls.txt"
        base = f"http://127.0.0.1:{server.server_port}"
        listed.write_text("".join(f"{base}/{quote(path.name)}\n" for path in videos))
        yield listed
        server.shutdown()
        thread.join()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def run(way: Way, config: Path, manifest: Path, folder: Path) -> None:
    """Run the command to its good end."""
    env = {"TWELVE_LABS_API_KEY": KEY}
    if way.killed_after is not None:
        killed = [sys.executable, KILLED_RUN, config, manifest, folder / "out", *way.killed_after, "1"]
        done = warm.run(killed, cwd=ROOT, env=environment(**env))
        assert done.returncode == -signal.SIGKILL, done
    done = pipeline("run", manifest, "-c", config, "--out", folder / "out", env=env)
    assert done.code == 0, done
