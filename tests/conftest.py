"""Fixtures that every room's tests share."""

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio, the only loop that aiohttp knows."""
    return "asyncio"
