"""How fast the embedded platform answers small requests while it gathers the evidence of a long video."""

import http.client
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import av
from av.stream import Stream

from benchmarks.processes import embedded_platform
from benchmarks.report import table

_EVERY_S = 0.05
# The last packets of a programme may begin after what is called its end.
_GAP_S = Fraction(1, 4)
_ENDED = ("ready", "failed")
_BOUNDARY = "a-boundary-that-is-in-no-video"


@dataclass(frozen=True, slots=True)
class Api:
    """One connection to a platform, on which one request follows the other."""

    connection: http.client.HTTPConnection
    base: str

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> dict[str, Any]:
        """A request that has to succeed, and its answer."""
        self.connection.request(method, self.base + path, body, {"x-api-key": "any", "Content-Type": kind})
        with self.connection.getresponse() as response:
            answer: dict[str, Any] = json.load(response)
        if response.status >= http.client.BAD_REQUEST:
            raise SystemExit(f"{method} {path} was answered {response.status}: {answer}")
        return answer


def run(programme: Path, minutes: int) -> str:
    """Show a programme over and over for so long, ask what is in it, and time requests until that is answered."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _repeat(programme, minutes * 60, folder / "long.mp4")
        settings = {"engine": "evidence", "analysis_processes": 2}
        with embedded_platform(folder / "platform", **settings) as base_url:
            address = urlsplit(base_url)
            with closing(http.client.HTTPConnection(address.netloc, timeout=60)) as connection:
                api = Api(connection, address.path)
                asset = _upload(api, folder / "long.mp4")
                began = time.perf_counter()
                took_ms = sorted(1000 * took_s for took_s in _answers(api, asset))
                seconds = time.perf_counter() - began
    title = f"requests during the analysis of {minutes} minutes of video, {seconds:.0f} s, {len(took_ms):,} requests"
    rows = [(name, f"{took_ms[int(share * (len(took_ms) - 1))]:.1f}", target) for name, share, target in _SHARES]
    return table(title, ("answered within", "ms", "target"), rows)


_SHARES = (("half of them", 0.5, ""), ("99 of 100", 0.99, "100"), ("all", 1.0, ""))


def _upload(api: Api, path: Path) -> str:
    begin = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="method"\r\n\r\ndirect\r\n--{_BOUNDARY}\r\n'
    begin += 'Content-Disposition: form-data; name="file"; filename="long.mp4"\r\n\r\n'
    form = begin.encode() + path.read_bytes() + f"\r\n--{_BOUNDARY}--\r\n".encode()
    asset: str = api.ask("POST", "/assets", form, f"multipart/form-data; boundary={_BOUNDARY}")["_id"]
    while (found := api.ask("GET", f"/assets/{asset}"))["status"] not in _ENDED:
        time.sleep(_EVERY_S)
    if found["status"] == "failed":
        raise SystemExit(f"the video was refused: {found['error']}")
    return asset


def _answers(api: Api, asset: str) -> Iterator[float]:
    """Ask about the asset; the seconds that each other request takes until that is answered."""
    body = {"video": {"type": "asset_id", "asset_id": asset}, "prompt": "What is shown?", "model_name": "pegasus1.5"}
    task = f"/analyze/tasks/{api.ask('POST', '/analyze/tasks', json.dumps(body).encode())['task_id']}"
    for path in cycle((f"/assets/{asset}", "/assets", "/analyze/tasks", task)):
        began = time.perf_counter()
        answer = api.ask("GET", path)
        yield time.perf_counter() - began
        if path == task and answer["status"] in _ENDED:
            if answer["status"] == "failed":
                raise SystemExit(f"the analysis failed: {answer['error']}")
            return
        time.sleep(_EVERY_S)


def _repeat(source: Path, seconds: int, target: Path) -> None:
    """The same packets over and over, each time with later times."""
    with av.open(str(target), "w") as written:
        begins = Fraction(0)
        streams: dict[int, Stream] = {}
        while begins < seconds:
            with av.open(str(source)) as read:
                streams = streams or {stream.index: written.add_stream_from_template(stream) for stream in read.streams}
                for packet in read.demux():
                    if packet.dts is None or packet.pts is None:
                        continue
                    later = round(begins / packet.time_base)
                    packet.pts, packet.dts = packet.pts + later, packet.dts + later
                    packet.stream = streams[packet.stream.index]
                    written.mux(packet)
                begins += Fraction(read.duration or 0, av.time_base) + _GAP_S
