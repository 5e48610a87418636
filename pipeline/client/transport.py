"""One request: address, key, budget, timeouts. It alone sees a status code, and with exchange.py aiohttp's errors."""

import ssl as tls
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager, nullcontext
from time import monotonic
from typing import Literal, TypeVar

import aiohttp
import anyio
from pydantic import SecretStr
from yarl import URL

from pipeline.client.accounting import note_request
from pipeline.client.body import FileBody
from pipeline.client.calls import Answer, Call, OnBytes
from pipeline.client.exchange import MAX_ANSWER_BYTES, blocks, failure, never_twice, whole_body
from pipeline.client.flow import Flow
from pipeline.client.limits import NO_BOOKS, Books, Budget, Departure, Limits, Line
from pipeline.client.line_ends import lines_of
from pipeline.client.refusals import AWAY_STATUSES, Meaning, left, refusal
from pipeline.client.retry import persist
from pipeline.config import LimitSettings, RetrySettings, UploadSettings
from pipeline.errors import (
    ConfigError,
    ConnectionFailed,
    FatalError,
    PipelineError,
    RateLimited,
    TransientError,
    UnexpectedResponse,
    UploadRejected,
    UrlExpired,
)

T = TypeVar("T")

# Shorter keys are no secrets, but words that a message may well contain: any key opens the embedded platform.
MIN_SECRET_BYTES = 12
USER_AGENT = "video-analysis-pipeline"


class Transport:
    """The way to one platform and to the storage that its presigned URLs point to.

    Attributes:
        requests: how many have been sent, of every kind and counting every attempt.
        storage: whether the storage answers.
        limits: what the account may draw.
        flow: how many uploads are on their way at once.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        fresh: aiohttp.ClientSession,
        base_url: str,
        api_key: SecretStr,
        upload: UploadSettings,
        retry: RetrySettings,
        limits: Limits,
    ) -> None:
        self.requests = 0
        self.storage = Line("the storage of the platform", retry)
        self._platform = Line(f"the platform at {base_url}", retry)
        self._session = session
        self._fresh = fresh
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._retry = retry
        self._stall_s = upload.stall_s
        self.limits = limits
        self.flow = Flow(upload, limits.valve)

    async def ask(self, call: Call) -> Answer:
        """Send a request until it is answered; for requests that may safely be sent twice.

        Raises:
            VideoError: the platform refuses it, or it failed too often (RetriesExhausted).
            PauseRun: the quota is used up, or nobody is there (PlatformUnreachable).
            AuthenticationFailed: the key is not accepted.
        """
        return await self.persist(lambda: self.once(call), doing=call.meaning.doing)

    async def persist(
        self,
        attempt: Callable[[], Awaitable[T]],
        *,
        doing: str,
        rescue: Callable[[], Awaitable[T | None]] | None = None,
        line: Line | None = None,
    ) -> T:
        """`retry.persist` with this platform's ceilings; against its API unless another line is named."""
        return await persist(attempt, doing=doing, health=line or self._platform, settings=self._retry, rescue=rescue)

    async def once(self, call: Call) -> Answer:
        """Send a request a single time, as soon as its budget has room; besides what `ask` raises, TransientError."""
        async with self._leave(call) as departure:
            url, headers = self._addressed(call)
            data = call.body() if call.body else call.content
            answer = await self._exchange(
                self._platform, call.method, url, headers, data, call.on_bytes, patience_s=call.patience_s
            )
            if (error := self._settle(answer, call.meaning, departure)) is not None:
                raise error
            return answer

    @asynccontextmanager
    async def lines(self, call: Call) -> AsyncIterator[AsyncIterator[bytes]]:
        """Send a request a single time and have the lines of its answer, without their ends, as they arrive.

        Raises:
            PipelineError: as `once` where it is refused; ConnectionFailed, ambiguous, where the answer breaks off;
                UnexpectedResponse where a line has no end.
        """
        async with self._leave(call) as departure:
            url, headers = self._addressed(call)
            async with self._open(call.method, url, headers, call.content, patience_s=call.patience_s) as response:
                self._heard(self._platform, response.status)
                body = b"" if response.status < 300 else await whole_body(response)
                answer = Answer(response.status, response.headers, body)
                if (error := self._settle(answer, call.meaning, departure)) is not None:
                    raise error
                async with aclosing(lines_of(blocks(response), MAX_ANSWER_BYTES)) as lines:
                    yield lines

    @asynccontextmanager
    async def _leave(self, call: Call) -> AsyncIterator[Departure]:
        budget: Budget = getattr(self.limits, call.budget)
        await self._platform.gate.wait()
        # a place among few is for what is over in no time
        async with budget.passage() if call.patience_s is None else nullcontext(await budget.leave()) as departure:
            if call.on_leaving is not None:
                call.on_leaving()
            departure.budget.account.leaves(call.draws)
            yield departure

    def _addressed(self, call: Call) -> tuple[URL, dict[str, str]]:
        headers = {"x-api-key": self._api_key.get_secret_value(), **call.headers}
        if call.content is not None:
            headers["Content-Type"] = call.content_type
        url = URL(self._base_url + call.path)
        return (url.with_query(call.params) if call.params else url), headers

    async def put(self, url: str, headers: Mapping[str, str], body: FileBody, on_bytes: OnBytes, doing: str) -> str:
        """Send a chunk to its presigned URL a single time; the ETag of the answer, without quotes.

        The key stays here: the URL carries its own leave, and points to another house.

        Raises:
            UrlExpired: this URL will not take it; another may.
            TransientError, SourceUnreadable, UnexpectedResponse: as they say.
        """
        await self.storage.gate.wait()
        departure = await self.limits.chunks.leave()
        # encoded=True: a signature covers the URL to the letter
        answer = await self._exchange(self.storage, "PUT", URL(url, encoded=True), headers, body, on_bytes)
        error = self._settle(answer, Meaning(doing, UploadRejected, UploadRejected), departure)
        if isinstance(error, TransientError):
            raise error
        if error is not None:
            raise UrlExpired(error.message, code=error.code)
        if etag := answer.headers.get("ETag", "").strip('"'):
            return etag
        raise UnexpectedResponse(f"{doing}: the storage answered without an ETag")

    async def peek(
        self, method: Literal["HEAD", "GET"], url: str, timeout_s: float
    ) -> tuple[int, Mapping[str, str]] | None:
        """Status and headers of what somebody else's host says to a request without a key; None where nothing is had.

        Redirects are followed. No body is read.
        """
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        headers = {"Range": "bytes=0-0"} if method == "GET" else {}
        try:
            async with self._session.request(
                # encoded=True: a signature covers the URL to the letter
                method,
                URL(url, encoded=url.isascii()),
                headers=headers,
                timeout=timeout,
                max_redirects=5,
            ) as response:
                return response.status, response.headers
        except (aiohttp.ClientError, ConnectionFailed, TimeoutError, ValueError):
            return None

    async def _exchange(
        self,
        line: Line,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        data: FileBody | bytes | None,
        on_bytes: OnBytes | None,
        *,
        patience_s: float | None = None,
    ) -> Answer:
        try:
            if isinstance(data, FileBody):
                answer = await self._exchange_file(method, url, headers, data, on_bytes)
            else:
                answer = await self._send(method, url, headers, data, patience_s=patience_s)
        except ConnectionFailed as error:
            if not error.ambiguous:
                line.dead(error.message)
            raise
        self._heard(line, answer.status)
        return answer

    def _heard(self, line: Line, status: int) -> None:
        if status not in AWAY_STATUSES:
            line.answered()

    async def _exchange_file(
        self, method: str, url: URL, headers: Mapping[str, str], body: FileBody, on_bytes: OnBytes | None
    ) -> Answer:
        """A body from a file may take all the time it needs, as long as bytes move."""
        answer: Answer | None = None
        async with self.flow.body() as ticket:
            try:
                answer = await self._send_file(method, url, headers, body, on_bytes)
            except ConnectionFailed as error:
                if body.error is not None:
                    raise body.error from None
                if error.ambiguous:  # else nobody picked up: a matter of the line, whatever is on its way
                    self.flow.failed(ticket, error.message)
                raise
            finally:
                if on_bytes is not None and (answer is None or answer.status >= 300):
                    on_bytes(-body.sent_bytes)
            if answer.status == 429 or answer.status >= 500:
                self.flow.failed(ticket, f"HTTP {answer.status}")
            else:
                self.flow.ended()
        return answer

    async def _send_file(
        self, method: str, url: URL, headers: Mapping[str, str], body: FileBody, on_bytes: OnBytes | None
    ) -> Answer:
        with anyio.CancelScope(deadline=anyio.current_time() + self._stall_s) as scope:
            body.on_progress = self._on_progress(scope, body, on_bytes)
            return await self._send(method, url, headers, body)
        raise ConnectionFailed(f"no byte moved for {self._stall_s:g} s", ambiguous=True, code="stalled")

    def _on_progress(self, scope: anyio.CancelScope, body: FileBody, on_bytes: OnBytes | None) -> OnBytes:
        renewed_at = monotonic()

        def moved(count: int) -> None:
            nonlocal renewed_at
            self.flow.moved(count)
            if on_bytes is not None:
                on_bytes(count)
            now = monotonic()
            if body.is_sent:  # behind the last byte the platform may take its time to answer
                scope.deadline = anyio.current_time() + self._stall_s + self._retry.response_timeout_s
            elif now - renewed_at > self._stall_s / 10:  # not for every block: to move a timer takes a third of a read
                scope.deadline = anyio.current_time() + self._stall_s
                renewed_at = now

        return moved

    async def _send(
        self,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        data: FileBody | bytes | None,
        *,
        patience_s: float | None = None,
    ) -> Answer:
        async with self._open(method, url, headers, data, patience_s=patience_s) as response:
            return Answer(response.status, response.headers, await whole_body(response))

    @asynccontextmanager
    async def _open(
        self,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        data: FileBody | bytes | None,
        *,
        patience_s: float | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request, and hold its answer open. What the block raises comes out as it is.

        One that is waited for with patience has a connection of its own: it takes none from the others for minutes, and
        no idle one may break under it, which could not be told from a lost answer.
        """
        self.requests += 1
        note_request()
        silence_s = self._retry.response_timeout_s if patience_s is None else patience_s
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._retry.connect_timeout_s, sock_read=silence_s)
        try:
            session = self._session if patience_s is None else self._fresh
            response = await session.request(
                method, url, headers=headers, data=data, allow_redirects=False, timeout=timeout
            )
        except (aiohttp.ClientError, TimeoutError) as error:
            raise failure(error) from None
        async with response:
            yield response

    def _settle(self, answer: Answer, meaning: Meaning, departure: Departure) -> PipelineError | None:
        """Book an answer to its budget; the error that it stands for, if it is no success."""
        if answer.status < 300:
            departure.accepted(left(answer.headers))
            return None
        error = self._refusal(answer, meaning)
        if isinstance(error, RateLimited):
            departure.refused(error.retry_after_s)
        return error

    def _refusal(self, answer: Answer, meaning: Meaning) -> PipelineError:
        if answer.status < 400:
            return FatalError(
                f"{meaning.doing}: {self._base_url} redirects (HTTP {answer.status}); set platform.base_url to where "
                "the platform itself answers",
                code="redirected",
            )
        return refusal(answer.status, answer.headers, self._without_key(answer.body), meaning)

    def _without_key(self, body: bytes) -> bytes:
        key = self._api_key.get_secret_value().encode()
        return body.replace(key, b"***") if len(key) >= MIN_SECRET_BYTES else body


@asynccontextmanager
async def open_transport(
    base_url: str,
    api_key: SecretStr,
    *,
    upload: UploadSettings,
    retry: RetrySettings,
    limits: LimitSettings,
    books: Books = NO_BOOKS,
    ssl: tls.SSLContext | None = None,
) -> AsyncIterator[Transport]:
    """Hold the connections to one platform open, each reused, until the block ends."""
    if not URL(base_url).host or URL(base_url).scheme not in {"http", "https"}:
        raise ConfigError(f"platform.base_url {base_url!r} is no http or https address")

    def session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": USER_AGENT},
            middlewares=(never_twice,),
        )

    # no `total`: a body may take hours. no `connect`: that would count the wait for a free connection of ours, too.
    timeout = aiohttp.ClientTimeout(
        total=None, sock_connect=retry.connect_timeout_s, sock_read=retry.response_timeout_s
    )
    trust = ssl or True
    async with (
        session(aiohttp.TCPConnector(limit=limits.connections, ssl=trust, ttl_dns_cache=60)) as shared,
        session(aiohttp.TCPConnector(limit=0, ssl=trust, ttl_dns_cache=60, force_close=True)) as fresh,
    ):
        yield Transport(shared, fresh, base_url, api_key, upload, retry, Limits(limits, retry, books))
