"""The `x-api-key` header."""

import hmac

from aiohttp import web

from pipeline.server.problems import ApiError


def check(request: web.BaseRequest, api_key: str | None) -> None:
    """Let the request pass, or raise.

    Args:
        request: any request of the API.
        api_key: the one key that is right; None accepts every key that is not empty.

    Raises:
        ApiError: 401 api_key_invalid.
    """
    given = request.headers.get("x-api-key", "")
    if not given:
        raise ApiError(401, "api_key_invalid", "The x-api-key header is missing or empty.")
    if api_key is not None and not hmac.compare_digest(given.encode(), api_key.encode()):
        raise ApiError(401, "api_key_invalid", "The API key is invalid.")
