"""The account's rate limits, in the platform's six dimensions: requests a minute and a day, minutes of video an hour
and a day, output tokens a minute and a day.

Every dimension that applies is looked at, and the first that has no room refuses a request, whatever the others say.
What is refused is not counted. The counts live as long as the process.
"""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from aiohttp import web

from pipeline.config import ServerSettings
from pipeline.server import clock
from pipeline.server.counting import FixedWindow, RollingWindow, Room, Window
from pipeline.server.problems import answer

# what a stream, which begins before its handler ends, sends by itself
RATE_HEADERS = web.RequestKey("rate_headers", dict[str, str])

EndpointClass = Literal["analyze", "upload", "read"]
Unit = Literal["requests", "minutes of video", "output tokens"]


@dataclass(frozen=True, slots=True)
class Quota:
    """One dimension of one class, and what is counted in it."""

    endpoints: EndpointClass
    unit: Unit
    window: Window

    @property
    def name(self) -> str:
        """As the books call it."""
        return f"{self.endpoints}: {self.window.limit:g} {self.unit} in {self.window.length_s:g} s"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may pass, by the dimension that has the least room for it."""

    quota: Quota
    room: Room

    @property
    def allowed(self) -> bool:
        return self.room.fits


class Exceeded(Exception):
    """A request was read, and then refused for what it asks of the account."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.quota.name)
        self.verdict = verdict


class Limits:
    """All windows of one server."""

    def __init__(
        self,
        settings: ServerSettings,
        monotonic: Callable[[], float] = time.monotonic,
        on_refusal: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Begin to count.

        Args:
            settings: the rates.
            monotonic: the time, in seconds.
            on_refusal: told the name of the dimension that refused a request.
        """
        self._settings = settings
        self._monotonic = monotonic
        self._on_refusal = on_refusal
        make = FixedWindow if settings.rate_window == "fixed" else RollingWindow
        lengths = {"minute": settings.rate_window_s, "hour": settings.rate_hour_s, "day": settings.rate_day_s}
        rates: tuple[tuple[EndpointClass, Unit, str, float | None], ...] = (
            ("analyze", "requests", "minute", settings.rate("analyze_per_minute")),
            ("analyze", "requests", "day", settings.rate("analyze_per_day")),
            ("analyze", "minutes of video", "hour", settings.rate("video_minutes_per_hour")),
            ("analyze", "minutes of video", "day", settings.rate("video_minutes_per_day")),
            ("analyze", "output tokens", "minute", settings.rate("output_tokens_per_minute")),
            ("analyze", "output tokens", "day", settings.rate("output_tokens_per_day")),
            ("upload", "requests", "minute", settings.rate("upload_per_minute")),
            ("upload", "requests", "day", settings.rate("upload_per_day")),
            ("read", "requests", "minute", settings.read_per_minute),
        )
        self._quotas = [
            Quota(endpoints, unit, make(rate, lengths[span]))
            for endpoints, unit, span, rate in rates
            if rate is not None
        ]

    def take(self, method: str, path: str) -> tuple[EndpointClass | None, Verdict | None]:
        """Count one request. No verdict where nothing limits it."""
        name = classify(method, path)
        return name, self._take(self._of(name, "requests"), 1) if name else None

    def take_video(self, minutes: float, definitions: int = 1) -> None:
        """Count what an analysis looks at, in minutes; whether segment definitions multiply them is a setting.

        Raises:
            Exceeded: there is no room for it, or none for any further answer.
        """
        now = self._monotonic()
        for quota in self._of("analyze", "output tokens"):
            room = quota.window.room(0, now)
            if room.used >= quota.window.limit:
                self._refuse(Verdict(quota, Room(fits=False, used=room.used, reset_s=room.reset_s)))
        times = definitions if self._settings.rate_definitions else 1
        verdict = self._take(self._of("analyze", "minutes of video"), minutes * times)
        if verdict is not None and not verdict.allowed:
            raise Exceeded(verdict)

    def take_batch(self, items: Iterable[tuple[float, int]]) -> None:
        """Count the minutes and definitions of a batch's items, where batches are counted at all.

        Raises:
            Exceeded: as `take_video`.
        """
        if self._settings.rate_batches:
            self.take_video(
                sum(minutes * (count if self._settings.rate_definitions else 1) for minutes, count in items)
            )

    def count_tokens(self, tokens: int) -> None:
        """Count an answer; it is there already, so it may pass the limit, and then the next request is refused."""
        for quota in self._of("analyze", "output tokens"):
            quota.window.add(tokens, self._monotonic())

    def headers(self, verdict: Verdict) -> dict[str, str]:
        """The rate headers in the configured spelling."""
        limit, used = verdict.quota.window.limit, verdict.room.used
        remaining = max(0, math.floor(limit - used))
        reset = math.ceil(clock.now() + verdict.room.reset_s)
        if self._settings.rate_headers == "none":
            return {}
        if self._settings.rate_headers == "x-ratelimit-request":
            kind = {"requests": "Request", "minutes of video": "Duration", "output tokens": "Token"}[verdict.quota.unit]
            return {f"X-RateLimit-{kind}-Remaining": str(remaining), f"X-RateLimit-{kind}-Reset": str(reset)}
        return {
            "X-Ratelimit-Limit": str(math.floor(limit)),
            "X-Ratelimit-Remaining": str(remaining),
            "X-Ratelimit-Used": str(math.ceil(used)),
            "X-Ratelimit-Reset": str(reset),
        }

    def further_headers(self, name: EndpointClass | None) -> dict[str, str]:
        """What an analysis that was taken tells of the minutes of video, where the spelling of the headers has it."""
        quotas = self._of("analyze", "minutes of video") if name == "analyze" else []
        if not quotas or self._settings.rate_headers != "x-ratelimit-request":
            return {}
        now = self._monotonic()
        verdicts = [Verdict(quota, quota.window.room(0, now)) for quota in quotas]
        return self.headers(min(verdicts, key=lambda verdict: verdict.quota.window.limit - verdict.room.used))

    def refusal(self, verdict: Verdict, path: str) -> web.Response:
        """The 429: flat JSON, nested for a batch, or nothing at all for another analysis where so configured."""
        quota = verdict.quota
        wait_s = math.ceil(verdict.room.reset_s)
        headers = self.headers(verdict)
        if self._settings.retry_after:
            headers["Retry-After"] = str(wait_s)
        is_batch = path.endswith("/analyze/batches")
        if quota.endpoints == "analyze" and not is_batch and self._settings.rate_body == "empty":
            return web.Response(status=429, headers=headers)
        text = (
            f"You have exceeded the rate limit ({quota.window.limit:g} {quota.unit} in {quota.window.length_s:g} s)."
            f" Try again in {wait_s} s."
        )
        body = {"code": "too_many_requests", "message": text}
        return answer({"error": body} if is_batch else body, 429, headers)

    def _of(self, name: EndpointClass, unit: Unit) -> list[Quota]:
        return [quota for quota in self._quotas if quota.endpoints == name and quota.unit == unit]

    def _take(self, quotas: list[Quota], amount: float) -> Verdict | None:
        """Count in all of them or, where one has no room, in none."""
        if not quotas:
            return None
        now = self._monotonic()
        for quota in quotas:
            room = quota.window.room(amount, now)
            if not room.fits:
                self._on_refusal(quota.name)
                return Verdict(quota, room)
        for quota in quotas:
            quota.window.add(amount, now)
        rooms = [(quota, quota.window.room(0, now)) for quota in quotas]
        quota, room = min(rooms, key=lambda one: one[0].window.limit - one[1].used)
        return Verdict(quota, replace(room, fits=True))  # also of what is more than the limit, and went in alone

    def _refuse(self, verdict: Verdict) -> None:
        self._on_refusal(verdict.quota.name)
        raise Exceeded(verdict)


def classify(method: str, path: str) -> EndpointClass | None:
    """The class whose budget a request draws on. The platform marks the POSTs as limited; reads are so by choice."""
    if method == "POST" and path.endswith(("/analyze", "/analyze/tasks", "/analyze/batches")):
        return "analyze"
    if method == "POST" and path.endswith("/assets"):
        return "upload"
    return "read" if method == "GET" else None
