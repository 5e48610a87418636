"""A proxy that passes everything on to a platform and remembers what was sent and answered."""

from dataclasses import dataclass
from email import message_from_bytes
from email.policy import HTTP
from typing import Any, Self
from urllib.parse import parse_qsl

import aiohttp
import orjson
from aiohttp import web
from yarl import URL

# what belongs to one connection, or to the proxy's own
HOP_BY_HOP = {"connection", "keep-alive", "content-length", "transfer-encoding", "content-encoding"}
SECRET = "x-api-key"


@dataclass(frozen=True)
class Exchange:
    """One request without its key, and its answer. `path` is below the origin and still encoded."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    status: int
    answer_headers: dict[str, str]
    answer: bytes

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.query} {self.body[:2000]!r}"

    @property
    def body_type(self) -> str:
        return _main_type(self.headers)

    @property
    def answer_type(self) -> str:
        return _main_type(self.answer_headers)

    def content(self) -> Any:
        """The body: read from JSON, the fields of a form, or bytes."""
        return content(self.body_type, self.headers.get("content-type", ""), self.body)


def content(main_type: str, content_type: str, body: bytes) -> Any:
    """What a body of this type holds."""
    if main_type == "application/json":
        return orjson.loads(body)
    if main_type == "multipart/form-data":
        return _form(content_type, body)
    return body


def _form(content_type: str, body: bytes) -> dict[str, Any]:
    """Its fields as text; a file is its name and its bytes."""
    whole = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body, policy=HTTP)
    fields: dict[str, Any] = {}
    for part in whole.iter_parts():
        name = part.get_param("name", header="content-disposition")
        raw = part.get_payload(decode=True)
        fields[name] = raw.decode() if part.get_filename() is None else (part.get_filename(), raw)
    return fields


def _main_type(headers: dict[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip()


class Recorder:
    """Listens on a port of its own; use as `async with`. Its clients are kept on this side: it passes the Host on."""

    def __init__(self, base_url: str) -> None:
        self._target = URL(base_url)
        self.exchanges: list[Exchange] = []

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(auto_decompress=False)
        app = web.Application(client_max_size=64 * 1024**2)
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        await self._session.close()

    @property
    def base_url(self) -> str:
        """What clients are given instead of the platform's."""
        return str(self._target.with_port(self._runner.addresses[0][1]))

    async def _pass_on(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        url = self._target.with_path(request.rel_url.raw_path, encoded=True).with_query(
            request.rel_url.raw_query_string
        )
        async with self._session.request(
            request.method, url, data=body or None, headers=headers, allow_redirects=False
        ) as response:
            answer = await response.read()
            status, answer_headers = response.status, response.headers
        self.exchanges.append(
            Exchange(
                request.method,
                request.rel_url.raw_path,
                parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True),
                _plain(request.headers),
                body,
                status,
                _plain(answer_headers),
                answer,
            )
        )
        kept = {name: value for name, value in answer_headers.items() if name.lower() not in HOP_BY_HOP}
        return web.Response(status=status, body=answer, headers=kept)


def _plain(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items() if name.lower() != SECRET}
