"""What is behind a URL, asked of the host that serves it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from pipeline.errors import SourceRejected

pytestmark = pytest.mark.anyio

VIDEO = {"Content-Type": "video/mp4"}


@dataclass
class Host:
    """A host that says what it is told to, by method."""

    url: str = ""
    status: dict[str, int] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    seen: list[web.Request] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        if request.path == "/moved.mp4":
            raise web.HTTPFound("/film.mp4")
        return web.Response(status=self.status.get(request.method, 200), headers=self.headers)

    @property
    def methods(self) -> list[str]:
        return [request.method for request in self.seen]


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    made = Host(headers=dict(VIDEO))
    app = web.Application()
    app.router.add_route("*", "/{name:.*}", made.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/film.mp4"
    yield made
    await runner.cleanup()


@pytest.mark.parametrize(
    "kind", ["video/mp4", "video/mp2t; x=y", "application/octet-stream", "text/plain", "audio/mpegurl"]
)
async def test_what_may_be_a_video_passes_with_one_question(pair, host, kind):
    """A video, and what is not known to be anything else, costs one HEAD without key and body."""
    host.headers = {"Content-Type": kind}
    await pair.client.sources.check(host.url)
    assert host.methods == ["HEAD"]
    assert "x-api-key" not in host.seen[0].headers


@pytest.mark.parametrize("status", [404, 410])
async def test_what_is_gone_is_rejected(pair, host, status):
    """The message names the URL, the status and a remedy."""
    host.status = {"HEAD": status}
    with pytest.raises(SourceRejected, match=rf"film\.mp4: there is nothing \(HTTP {status}\); give a URL"):
        await pair.client.sources.check(host.url)


@pytest.mark.parametrize("status", [401, 403])
async def test_what_is_closed_is_rejected_unless_a_get_opens_it(pair, host, status):
    """A URL that is signed for GET alone refuses HEAD; where GET is refused, too, the video cannot be had."""
    host.status = {"HEAD": status, "GET": status}
    with pytest.raises(SourceRejected, match="does not let the video be fetched"):
        await pair.client.sources.check(host.url)
    host.status = {"HEAD": status}
    host.seen.clear()
    await pair.client.sources.check(host.url)
    assert host.methods == ["HEAD", "GET"]
    assert host.seen[1].headers["Range"] == "bytes=0-0"


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/json", "image/png"])
async def test_a_page_is_no_video(pair, host, kind):
    """What says that it is something else is rejected, with what it says."""
    host.headers = {"Content-Type": kind}
    with pytest.raises(SourceRejected, match=rf"it is {kind.partition(';')[0]}, not a video; give the direct link"):
        await pair.client.sources.check(host.url)


async def test_what_is_too_large_is_rejected(run_pair, host):
    """The size that the host tells counts as that of a file does."""
    host.headers = {**VIDEO, "Content-Length": "2000"}
    async with run_pair(upload={"max_bytes": 2000}) as pair:
        await pair.client.sources.check(host.url)
    async with run_pair(upload={"max_bytes": 1999}) as pair:
        with pytest.raises(SourceRejected, match="2,000 bytes are more than the platform takes") as caught:
            await pair.client.sources.check(host.url)
    assert caught.value.code == "video_filesize_too_large"


@pytest.mark.parametrize("status", [405, 501, 500, 503, 429])
async def test_a_host_that_answers_no_head_says_nothing(pair, host, status):
    """What is not known passes: the platform finds out."""
    host.status = {"HEAD": status}
    host.headers = {"Content-Type": "text/html"}
    await pair.client.sources.check(host.url)
    assert host.methods == ["HEAD"]


async def test_a_host_that_is_not_reached_says_nothing(run_pair):
    """The platform may reach what this machine does not."""
    async with run_pair(upload={"head_timeout_s": 0.3}) as pair:
        await pair.client.sources.check("http://127.0.0.1:9/film.mp4")
        await pair.client.sources.check("http://[::bad/film.mp4")


async def test_redirects_are_followed(pair, host):
    """The answer counts that stands at the end."""
    host.headers = {"Content-Type": "text/html"}
    with pytest.raises(SourceRejected):
        await pair.client.sources.check(host.url.replace("film", "moved"))


async def test_signatures_are_sent_to_the_letter(pair, host):
    """A URL goes out as it is written."""
    await pair.client.sources.check(f"{host.url}?X-Sig=a%2Fb%2bc+d&x=%7E")
    assert host.seen[0].raw_path == "/film.mp4?X-Sig=a%2Fb%2bc+d&x=%7E"
