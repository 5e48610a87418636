"""What every request passes: books, faults, key and rate limits on the way in, errors on the way out."""

import sqlite3
from collections.abc import Awaitable, Callable

from aiohttp import ClientPayloadError, web

from pipeline.server import auth
from pipeline.server.faults import Faults
from pipeline.server.limits import RATE_HEADERS, Exceeded, Limits
from pipeline.server.problems import ApiError, describe
from pipeline.server.store import Store

# the control endpoints of tests are neither counted nor struck
CONTROL = "/_"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Gate:
    """Two middlewares: `outer` around everything, `inner` around the API alone."""

    def __init__(self, base: str, api_key: str | None, store: Store, faults: Faults, limits: Limits) -> None:
        self._base = base
        self._api_key = api_key
        self._store = store
        self._faults = faults
        self._limits = limits

    @web.middleware
    async def outer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(CONTROL):
            return await _answered(request, handler)
        self._store.count_request(request.method, self._endpoint(request))
        fault = self._faults.take(request.method, request.path)
        if fault is None:
            return await _answered(request, handler)
        return await self._faults.strike(fault, request, lambda request: _answered(request, handler))

    @web.middleware
    async def inner(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        auth.check(request, self._api_key)
        name, verdict = self._limits.take(request.method, request.path)
        if verdict is not None and not verdict.allowed:
            return self._limits.refusal(verdict, request.path)
        headers = self._limits.headers(verdict) if verdict is not None else {}
        request[RATE_HEADERS] = headers
        try:
            response = await _answered(request, handler)
        except Exceeded as refused:
            return self._limits.refusal(refused.verdict, request.path)
        response.headers.update(headers | self._limits.further_headers(name))
        return response

    def _endpoint(self, request: web.Request) -> str:
        resource = request.match_info.route.resource
        return resource.canonical.removeprefix(self._base) if resource is not None else "(unknown)"


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ApiError as error:
        problem = error
    except web.HTTPException as error:
        return _misrouted(error, request)
    except (ConnectionError, ClientPayloadError):
        # nobody is left to read it
        problem = ApiError(400, "request_canceled_or_timed_out", "The request body did not arrive whole.")
    except OSError as error:
        problem = ApiError(500, "internal_server_error", f"The platform's disk: {error.strerror}.")
    except sqlite3.OperationalError as error:
        problem = ApiError(500, "internal_server_error", f"The platform's disk: {error}.")
    return describe(problem, request.method, request.path)


def _misrouted(error: web.HTTPException, request: web.Request) -> web.Response:
    response = describe(_routing_error(error), request.method, request.path)
    if isinstance(error, web.HTTPMethodNotAllowed):
        response.headers["Allow"] = error.headers["Allow"]
    return response


def _routing_error(error: web.HTTPException) -> ApiError:
    if error.status == 404:
        return ApiError(404, "resource_not_exist", "There is no such endpoint.")
    return ApiError(error.status, "parameter_invalid", error.reason)
