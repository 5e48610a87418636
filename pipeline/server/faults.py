"""What goes wrong on purpose. Only tests, and `serve` with its explicit flag, can reach the switchboard."""

import re
from collections.abc import Awaitable, Callable
from typing import Literal

import anyio
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.server.problems import answer, from_validation
from pipeline.server.signing import Signer

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CUT_AFTER = web.RequestKey("cut_after", int)


class Fault(BaseModel):
    """One thing that goes wrong, for the requests it matches.

    Attributes:
        method: the HTTP method; None is any.
        path: a regular expression searched in the path, e.g. `/analyze/tasks$` or `^/chunks/`.
        times: how many requests it strikes; None is without end.
        after: how many matching requests it lets pass first.
        delay_s: seconds to wait before anything else happens; alone, the request is then served.
        drop: the connection is cut before the request is looked at.
        status, body, headers: the answer instead of the real one; a mapping as body becomes JSON.
        lose_response: the work is done, then the connection is cut instead of answering.
        cut_after: the connection is cut after so many lines of a streamed answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str | None = None
    path: str = ""
    times: int | None = Field(1, ge=1)
    after: int = Field(0, ge=0)
    delay_s: float = Field(0, ge=0)
    drop: bool = False
    status: int | None = Field(None, ge=200, le=599)
    body: str | dict[str, object] = ""
    headers: dict[str, str] = Field(default_factory=dict)
    lose_response: bool = False
    cut_after: int | None = Field(None, ge=0)

    def matches(self, method: str, path: str) -> bool:
        return self.method in {None, method} and re.search(self.path, path) is not None


class Outcome(BaseModel):
    """How an analysis ends instead of being done: for tasks with this `custom_id`, or for all (None), `times` times."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Literal["failed", "canceled"] = "failed"
    message: str = "Analysis failed."
    code: str | None = None
    custom_id: str | None = None
    times: int | None = Field(1, ge=1)


class Faults:
    """The switchboard. An empty one changes nothing."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._seen: list[int] = []
        self._outcomes: list[Outcome] = []
        self._ended: list[int] = []
        self._signer: Signer | None = None

    def attach(self, signer: Signer) -> None:
        """Give the switchboard the URLs it can expire."""
        self._signer = signer

    def add(self, fault: Fault) -> int:
        """Switch a fault on; the number it returns is for `hits`."""
        self._faults.append(fault)
        self._seen.append(0)
        return len(self._faults) - 1

    def add_outcome(self, outcome: Outcome) -> None:
        """Decide how coming analyses end."""
        self._outcomes.append(outcome)
        self._ended.append(0)

    def hits(self, number: int) -> int:
        """How many requests a fault has struck."""
        fault, seen = self._faults[number], self._seen[number]
        struck = max(0, seen - fault.after)
        return struck if fault.times is None else min(struck, fault.times)

    def clear(self) -> None:
        """Switch everything off."""
        for entries in (self._faults, self._seen, self._outcomes, self._ended):
            entries.clear()

    def expire_urls(self) -> None:
        """Let every chunk URL handed out so far be expired."""
        if self._signer is not None:
            self._signer.expire_all()

    def take(self, method: str, path: str) -> Fault | None:
        """The first fault that strikes this request; a match is counted for every fault it meets on the way."""
        for number, fault in enumerate(self._faults):
            if not fault.matches(method, path):
                continue
            before = self.hits(number)
            self._seen[number] += 1
            if self.hits(number) > before:
                return fault
        return None

    def take_outcome(self, custom_id: str | None) -> Outcome | None:
        """How the analysis with this `custom_id` has to end, if anything was decided."""
        for number, outcome in enumerate(self._outcomes):
            is_spent = outcome.times is not None and self._ended[number] >= outcome.times
            if not is_spent and outcome.custom_id in {None, custom_id}:
                self._ended[number] += 1
                return outcome
        return None

    async def strike(self, fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request as its fault has it."""
        await anyio.sleep(fault.delay_s)
        if fault.drop:
            return hang_up(request)
        if fault.status is not None:
            if isinstance(fault.body, dict):
                return answer(fault.body, fault.status, fault.headers)
            return web.Response(status=fault.status, text=fault.body, headers=fault.headers)
        if fault.cut_after is not None:
            request[CUT_AFTER] = fault.cut_after
        response = await handler(request)
        return hang_up(request) if fault.lose_response else response

    def cut_after(self, request: web.Request) -> int | None:
        """After how many lines a handler that streams has to hang up; None is never."""
        return request.get(CUT_AFTER)

    def routes(self) -> list[web.RouteDef]:
        """The switchboard over HTTP, for a server in a process of its own."""
        return [
            web.get("/_faults", self._list),
            web.post("/_faults", self._add),
            web.delete("/_faults", self._clear),
            web.post("/_faults/outcomes", self._add_outcome),
            web.post("/_faults/expire-urls", self._expire_urls),
        ]

    async def _list(self, _: web.Request) -> web.Response:
        return answer([{**fault.model_dump(), "hits": self.hits(n)} for n, fault in enumerate(self._faults)])

    async def _add(self, request: web.Request) -> web.Response:
        try:
            return answer({"number": self.add(Fault.model_validate_json(await request.read()))}, 201)
        except ValidationError as error:
            raise from_validation(error) from error

    async def _add_outcome(self, request: web.Request) -> web.Response:
        try:
            self.add_outcome(Outcome.model_validate_json(await request.read()))
        except ValidationError as error:
            raise from_validation(error) from error
        return answer({}, 201)

    async def _clear(self, _: web.Request) -> web.Response:
        self.clear()
        return answer({})

    async def _expire_urls(self, _: web.Request) -> web.Response:
        self.expire_urls()
        return answer({})


def hang_up(request: web.Request) -> web.Response:
    """Cut the connection; the response returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
