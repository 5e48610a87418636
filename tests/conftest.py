"""Fixtures that every room's tests share."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio, the only loop that aiohttp knows."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _events_as_at_first() -> Iterator[None]:
    """A run inside a test's process leaves its level of events behind; the next test is to see all of them."""
    yield
    structlog.reset_defaults()
