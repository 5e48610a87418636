"""Requests a minute, by endpoint class; the platform's other dimensions (video minutes, tokens) are not counted."""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from aiohttp import web

from pipeline.config import ServerSettings
from pipeline.server import clock
from pipeline.server.problems import answer

# what a stream, which begins before its handler ends, sends by itself
RATE_HEADERS = web.RequestKey("rate_headers", dict[str, str])

EndpointClass = Literal["analyze", "upload", "read"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may pass. `reset_s` is the time until the next one may, or until the window begins anew."""

    allowed: bool
    limit: int
    used: int
    reset_s: float


class Window(Protocol):
    """Counts the requests that passed. The law: never more than `limit` in a window; a refused one is not counted."""

    def take(self, now: float) -> Verdict: ...


class FixedWindow:
    """Begins with its first request, ends `window_s` later, all at once."""

    def __init__(self, limit: int, window_s: float) -> None:
        self._limit = limit
        self._window_s = window_s
        self._began = -math.inf
        self._used = 0

    def take(self, now: float) -> Verdict:
        if now - self._began >= self._window_s:
            self._began, self._used = now, 0
        allowed = self._used < self._limit
        self._used += allowed
        return Verdict(allowed, self._limit, self._used, self._began + self._window_s - now)


class RollingWindow:
    """Every request counts for `window_s` from when it was made."""

    def __init__(self, limit: int, window_s: float) -> None:
        self._limit = limit
        self._window_s = window_s
        self._taken: deque[float] = deque()

    def take(self, now: float) -> Verdict:
        while self._taken and now - self._taken[0] >= self._window_s:
            self._taken.popleft()
        allowed = len(self._taken) < self._limit
        if allowed:
            self._taken.append(now)
        oldest = self._taken[0] if self._taken else now
        return Verdict(allowed, self._limit, len(self._taken), oldest + self._window_s - now)


class Limits:
    """All windows of one server."""

    def __init__(self, settings: ServerSettings, monotonic: Callable[[], float] = time.monotonic) -> None:
        make = FixedWindow if settings.rate_window == "fixed" else RollingWindow
        rates: dict[EndpointClass, int | None] = {
            "analyze": settings.analyze_per_minute,
            "upload": settings.upload_per_minute,
            "read": settings.read_per_minute,
        }
        self._settings = settings
        self._monotonic = monotonic
        self._windows: dict[str, Window] = {
            name: make(rate, settings.rate_window_s) for name, rate in rates.items() if rate is not None
        }

    def take(self, method: str, path: str) -> tuple[EndpointClass | None, Verdict | None]:
        """Count one request. No verdict where nothing limits it."""
        name = classify(method, path)
        window = self._windows.get(name) if name else None
        return name, window.take(self._monotonic()) if window else None

    def headers(self, verdict: Verdict) -> dict[str, str]:
        """The rate headers in the configured spelling."""
        remaining, reset = verdict.limit - verdict.used, math.ceil(clock.now() + verdict.reset_s)
        if self._settings.rate_headers == "none":
            return {}
        if self._settings.rate_headers == "x-ratelimit-request":
            return {"X-RateLimit-Request-Remaining": str(remaining), "X-RateLimit-Request-Reset": str(reset)}
        return {
            "X-Ratelimit-Limit": str(verdict.limit),
            "X-Ratelimit-Remaining": str(remaining),
            "X-Ratelimit-Used": str(verdict.used),
            "X-Ratelimit-Reset": str(reset),
        }

    def refusal(self, name: EndpointClass, verdict: Verdict, path: str) -> web.Response:
        """The 429: flat JSON, nested for a batch, or nothing at all for another analysis where so configured."""
        wait_s = math.ceil(verdict.reset_s)
        headers = self.headers(verdict)
        if self._settings.retry_after:
            headers["Retry-After"] = str(wait_s)
        is_batch = path.endswith("/analyze/batches")
        if name == "analyze" and not is_batch and self._settings.rate_body == "empty":
            return web.Response(status=429, headers=headers)
        text = (
            f"You have exceeded the rate limit ({verdict.limit} requests in "
            f"{self._settings.rate_window_s:g} s). Try again in {wait_s} s."
        )
        body = {"code": "too_many_requests", "message": text}
        return answer({"error": body} if is_batch else body, 429, headers)


def classify(method: str, path: str) -> EndpointClass | None:
    """The class whose budget a request draws on. The platform marks the POSTs as limited; reads are so by choice."""
    if method == "POST" and path.endswith(("/analyze", "/analyze/tasks", "/analyze/batches")):
        return "analyze"
    if method == "POST" and path.endswith("/assets"):
        return "upload"
    return "read" if method == "GET" else None
