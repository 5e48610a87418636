"""What aiohttp gives and raises, in the words of the house."""

from collections.abc import AsyncIterator

import aiohttp

from pipeline.errors import ConnectionFailed, UnexpectedResponse

# The longest answers, a page of 50 tasks with their results, stay far below this.
MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_REFUSAL_BYTES = 64 * 1024


async def never_twice(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send a request exactly once.

    aiohttp by itself repeats GET, PUT and DELETE when a reused connection breaks, without a word to its caller: a
    single-use URL would be spent, and requests left uncounted. It does so only for its own exceptions, so these are
    translated before it sees them.
    """
    try:
        return await handler(request)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise failure(error) from None


def failure(error: aiohttp.ClientError | TimeoutError) -> ConnectionFailed:
    """No more of the error's own text than is free of URLs: a presigned one is a secret."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return ConnectionFailed(f"cannot connect to {error.host}:{error.port}: {error.certificate_error}")
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = error.os_error.strerror or str(error.os_error)
        return ConnectionFailed(f"cannot connect to {error.host}:{error.port}: {reason}")
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return ConnectionFailed("cannot connect: no reply in time")
    if isinstance(error, TimeoutError):
        return ConnectionFailed("the platform went silent before its answer was complete", ambiguous=True)
    if isinstance(error, OSError):
        return ConnectionFailed(f"the connection broke: {error.strerror}", ambiguous=True)
    return ConnectionFailed(
        f"the connection ended before the answer was complete ({type(error).__name__})", ambiguous=True
    )


async def whole_body(response: aiohttp.ClientResponse) -> bytes:
    """All of an answer; of a refusal as much as a message needs.

    Raises:
        ConnectionFailed: it breaks off.
        UnexpectedResponse: it has no end.
    """
    try:
        return await _read(response)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise failure(error) from None


async def blocks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """An answer as it arrives; raises ConnectionFailed where it breaks off."""
    try:
        async for block in response.content.iter_any():
            yield block
    except (aiohttp.ClientError, TimeoutError) as error:
        raise failure(error) from None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    limit = MAX_ANSWER_BYTES if response.status < 300 else MAX_REFUSAL_BYTES
    if response.content_length is not None and response.content_length <= limit:
        return await response.read()
    body = bytearray()
    async for block in response.content.iter_any():
        body += block
        if len(body) > limit:
            break
    if len(body) > limit and response.status < 300:
        raise UnexpectedResponse(f"the platform answered with more than {limit} bytes")
    return bytes(body[:limit])
