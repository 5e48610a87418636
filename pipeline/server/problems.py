"""Errors as the API words them.

Two body shapes (TwelveLabs API reference, July 2026): flat `{"code", "message"}` for assets, uploads, 401 and the task
list, nested `{"error": {"code", "message"}}` for a single analysis task and everything about batches.
"""

from typing import Any

import orjson
from aiohttp import web
from pydantic import ValidationError


class ApiError(Exception):
    """An answer other than success. `code` is one of the platform's error codes where it has one for the case."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def invalid(message: str) -> ApiError:
    """A parameter is out of its bounds, or asks for what this platform cannot do."""
    return ApiError(400, "parameter_invalid", message)


def missing(name: str) -> ApiError:
    """A required parameter is not there."""
    return ApiError(400, "parameter_not_provided", f"The {name} parameter is required.")


def not_found(what: str, identifier: str, status: int = 404) -> ApiError:
    """There is no such resource."""
    return ApiError(status, "resource_not_exist", f"The {what} {identifier} does not exist.")


def from_validation(error: ValidationError) -> ApiError:
    """The first thing wrong with a request body."""
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    name = ".".join(str(part) for part in problem["loc"]) or "body"
    if problem["type"] in {"missing", "union_tag_not_found"}:
        return missing(name)
    if problem["type"] == "extra_forbidden":
        return ApiError(400, "parameter_unknown", f"The {name} parameter is unknown.")
    return invalid(f"The {name} parameter is invalid: {problem['msg']}.")


def answer(data: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON response; `orjson.Fragment`s pass through unparsed."""
    return web.Response(body=orjson.dumps(data), status=status, headers=headers, content_type="application/json")


def describe(error: ApiError, method: str, path: str) -> web.Response:
    """The response for an error, in the shape its endpoint has."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    return answer({"error": body} if _is_nested(error.status, method, path) else body, error.status)


def _is_nested(status: int, method: str, path: str) -> bool:
    if "/analyze/batches" in path:
        return status != 401
    if status in {401, 429} or "/analyze/tasks" not in path:
        return False
    return not (method == "GET" and path.endswith("/analyze/tasks"))
