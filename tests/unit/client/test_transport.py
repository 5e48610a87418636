"""One request: budgets, pauses, outages, timeouts, secrets."""

from datetime import UTC, datetime

import anyio
import pytest
from structlog.testing import capture_logs

from pipeline.client.body import FileBody, open_file
from pipeline.errors import ConfigError, FatalError, PlatformUnreachable, RetriesExhausted, UnexpectedResponse
from pipeline.server.faults import Fault

pytestmark = pytest.mark.anyio

LIST = {"method": "GET", "path": "/assets$"}
TASKS = {"method": "GET", "path": "/analyze/tasks$"}


async def all_together(count: int, call) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(count):
            group.start_soon(call)


async def test_a_429_pauses_everyone_once(pair):
    """After one 429 nobody of its class asks again before the time it named, and one event tells that time."""
    pair.faults.add(Fault(**LIST, status=429, headers={"retry-after-ms": "1000"}))
    with capture_logs() as logs:
        async with anyio.create_task_group() as group:
            group.start_soon(pair.client.assets.list)
            while not logs:
                await anyio.sleep(0.01)
            for _ in range(20):
                group.start_soon(pair.client.assets.list)
            await anyio.sleep(0.2)
            asked, now = pair.requests("GET /assets"), datetime.now(UTC)
            assert asked == 1 or now >= datetime.fromisoformat(logs[0]["resume_at"])
    assert pair.requests("GET /assets") == 22
    pauses = [entry for entry in logs if entry["event"] == "requests.paused"]
    assert [entry["of"] for entry in pauses] == ["read"]
    assert datetime.fromisoformat(pauses[0]["resume_at"]) <= datetime.now(UTC)


async def test_many_429s_at_once_are_one_pause(pair):
    """Requests that were all on their way when the limit was reached make one pause, and all succeed after it."""
    pair.faults.add(Fault(**LIST, status=429, times=10, headers={"retry-after-ms": "500"}, delay_s=0.5))
    with capture_logs() as logs:
        await all_together(10, pair.client.assets.list)
    assert [entry["event"] for entry in logs] == ["requests.paused"]
    assert pair.requests("GET /assets") == 20


async def test_a_429_of_one_class_leaves_the_others_alone(pair):
    """A pause of the analyses does not hold up reading."""
    pair.faults.add(Fault(method="POST", path="/analyze/tasks$", status=429, headers={"Retry-After": "60"}))
    async with anyio.create_task_group() as group:
        group.start_soon(pair.create_task, "a1")
        while not pair.requests("POST /analyze/tasks"):
            await anyio.sleep(0.01)
        await pair.client.assets.list()
        group.cancel_scope.cancel()


async def test_an_empty_429_is_waited_out(run_pair):
    """A 429 that says nothing at all is retried with growing pauses, more often than attempts are allowed."""
    async with run_pair(retry={"outage_s": 60}) as pair:
        pair.faults.add(Fault(**LIST, status=429, times=7))
        await pair.client.assets.list()
        assert pair.requests("GET /assets") == 8


async def test_endless_429s_without_a_time_pause_the_run(pair):
    """A platform that refuses for longer than an outage may last, and never says until when, pauses the run."""
    pair.faults.add(Fault(**LIST, status=429, times=None))
    with pytest.raises(PlatformUnreachable) as caught:
        await pair.client.assets.list()
    assert caught.value.code == "too_many_requests"


@pytest.mark.parametrize(
    ("rate_headers", "retry_after"), [("x-ratelimit", False), ("x-ratelimit-request", False), ("none", True)]
)
async def test_the_servers_own_limits_are_kept(run_pair, rate_headers, retry_after):
    """More requests than a window allows all succeed, by whichever headers the platform speaks of its limit."""
    server = {
        "read_per_minute": 5,
        "rate_window_s": 1,
        "rate_headers": rate_headers,
        "retry_after": retry_after,
    }
    async with run_pair(server=server, retry={"outage_s": 60}) as pair:
        await all_together(8, pair.client.assets.list)


async def test_a_last_request_is_not_followed_by_a_refused_one(run_pair):
    """Where a success says that nothing remains, the next request waits for the new window by itself."""
    async with run_pair(server={"read_per_minute": 2, "rate_window_s": 1}) as pair:
        for _ in range(3):
            await pair.client.assets.list()
        assert pair.requests("GET /assets") == 3


async def test_our_own_rate_is_kept(run_pair):
    """Configured requests a minute are spread evenly, so that a server with just that limit never refuses."""
    server = {"read_per_minute": 10, "rate_window_s": 0.5, "rate_window": "rolling", "rate_headers": "none"}
    async with run_pair(server=server, limits={"read_per_minute": 60 * 15}) as pair:
        await all_together(20, pair.client.assets.list)
        assert pair.requests("GET /assets") == 20


async def test_a_platform_that_was_never_there(open_client, unused_port):
    """An address where nobody listens ends the run soon, in words that name the setting."""
    async with open_client(f"http://127.0.0.1:{unused_port}/v1.3") as client:
        with pytest.raises(PlatformUnreachable, match=r"has not answered once .* check platform.base_url"):
            await client.assets.list()


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("fault", [{"status": 503}, {"drop": True}])
async def test_an_outage_is_waited_for(run_pair, fault):
    """While nobody at all is answered, attempts do not count against a request."""
    async with run_pair(retry={"attempts": 2, "outage_s": 60}) as pair:
        await pair.client.tasks.list()
        pair.faults.add(Fault(times=8, **fault))
        await pair.client.assets.list()
        assert pair.requests("GET /assets") == 9


@pytest.mark.parametrize("fault", [{"status": 502}, {"drop": True}])
async def test_an_outage_that_lasts_pauses_the_run(pair, fault):
    """When nothing was answered for longer than the settings allow, the run pauses instead of failing its videos."""
    await pair.client.tasks.list()
    pair.faults.add(Fault(times=None, **fault))
    with pytest.raises(PlatformUnreachable, match="not answered anything"):
        await pair.client.assets.list()


async def test_one_request_that_fails_while_others_succeed(pair):
    """A request that finds nobody as often as allowed, while others are answered, fails its video alone."""
    pair.faults.add(Fault(**LIST, status=503, times=None))
    async with anyio.create_task_group() as group:

        async def others() -> None:
            while True:
                await pair.client.tasks.list()
                await anyio.sleep(0.001)

        group.start_soon(others)
        with pytest.raises(RetriesExhausted):
            await pair.client.assets.list()
        group.cancel_scope.cancel()


async def test_an_error_of_the_platform_itself_is_limited(pair):
    """A 500 is an answer to this one request: after the allowed attempts the video fails, however quiet the rest is."""
    pair.faults.add(Fault(**LIST, status=500, times=None, body={"code": "oops", "message": "Broken."}))
    with pytest.raises(RetriesExhausted, match=r"gave up after 4 attempts.*Broken") as caught:
        await pair.client.assets.list()
    assert caught.value.code == "oops"
    assert pair.requests("GET /assets") == 4


async def test_a_retry_after_of_a_busy_server_is_obeyed(pair):
    """A 503 that names a time is not asked again before it."""
    busy = pair.faults.add(Fault(**LIST, status=503, headers={"Retry-After": "60"}))
    async with anyio.create_task_group() as group:
        group.start_soon(pair.client.assets.list)
        while not pair.faults.hits(busy):
            await anyio.sleep(0.01)
        await anyio.sleep(0.3)
        group.cancel_scope.cancel()
    assert pair.requests("GET /assets") == 1


async def test_a_platform_that_goes_silent_is_asked_again(run_pair):
    """An answer that does not come within the response time is given up and asked for again."""
    async with run_pair(retry={"response_timeout_s": 0.5}) as pair:
        pair.faults.add(Fault(**LIST, delay_s=30))
        await pair.client.assets.list()
        assert pair.requests("GET /assets") >= 2


async def test_every_request_is_counted(pair, video):
    """The number of requests is the one the platform counts, attempts, lists and chunks included."""
    pair.faults.add(Fault(path="^/chunks/", times=2, status=500))
    asset = await pair.client.watch.asset_ready(await pair.send(video))
    await pair.task_done(await pair.create_task(asset.id))
    assert pair.client.requests == sum(pair.server.store.books().requests.values())


async def test_logs_tell_what_is_retried_and_no_secret(pair, video):
    """Every retry is an event with cause and wait; neither the key nor a presigned URL is in any."""
    pair.faults.add(Fault(path="^/chunks/", times=2, drop=True))
    pair.faults.add(Fault(path="^/chunks/", times=1, status=403))
    pair.faults.add(Fault(method="POST", path="/multipart-uploads/", times=1, status=500))
    with capture_logs() as logs:
        await pair.send(video)
    retried = [entry for entry in logs if entry["event"] == "request.retried"]
    assert len(retried) == 4
    assert {"doing", "code", "failures", "wait_s"} <= retried[0].keys()
    assert "signature" not in str(logs)
    assert "tlk_" not in str(logs)


async def test_the_key_stays_with_the_platform(pair, tmp_path, stamp):
    """A chunk goes to its URL to the letter, with the headers it was given, and without the key."""
    path = tmp_path / "a"
    path.write_bytes(b"x" * 10)
    heads = []

    async def storage(stream: anyio.abc.ByteStream) -> None:
        async with stream:
            received = b""
            while not received.endswith(b"x" * 10):
                received += await stream.receive()
            heads.append(received.decode())
            await stream.send(b'HTTP/1.1 200 OK\r\nETag: "abc"\r\nContent-Length: 0\r\n\r\n')

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, storage)
        async with open_file(str(path), stamp(path), anyio.CapacityLimiter(1)) as file:
            body = FileBody(file, 0, 10, block_bytes=10)
            url = f"http://127.0.0.1:{port}/a%2Fb?sig=a%2Bb+c%3D"
            etag = await pair.client.transport.put(url, {"X-Shelf": "left"}, body, print, "sending")
        group.cancel_scope.cancel()
    assert etag == "abc"
    assert heads[0].startswith("PUT /a%2Fb?sig=a%2Bb+c%3D HTTP/1.1\r\n")
    assert "X-Shelf: left\r\n" in heads[0]
    assert "Content-Length: 10\r\n" in heads[0]
    assert "api-key" not in heads[0].lower()


async def test_a_chunk_without_etag_is_unexpected(pair, video):
    """A storage that gives no proof of a chunk is not believed."""
    pair.faults.add(Fault(path="^/chunks/", status=200, times=None))
    with pytest.raises(UnexpectedResponse, match="ETag"):
        await pair.send(video)


async def test_a_redirect_is_not_followed(pair):
    """A base URL that redirects is a mistake in the configuration: the key goes nowhere else."""
    pair.faults.add(Fault(**LIST, status=307, headers={"Location": "http://127.0.0.1:1/"}))
    with pytest.raises(FatalError, match="redirects"):
        await pair.client.assets.list()


@pytest.mark.parametrize("base_url", ["api.twelvelabs.io/v1.3", "ftp://example.org", "http://", "nonsense"])
async def test_a_base_url_is_an_address(open_client, base_url):
    """What is no http or https address is refused before anything is sent."""
    with pytest.raises(ConfigError, match="base_url"):
        async with open_client(base_url):
            pass
