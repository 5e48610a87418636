"""Fixtures that every room's tests share."""

from collections.abc import Iterator

import pytest
import structlog
import trustme


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio, the only loop that aiohttp knows."""
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def _one_authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """To read all authorities that this machine trusts takes an eighth of each start's CPU; loopback needs none."""
    path = tmp_path_factory.mktemp("trust") / "authority.pem"
    trustme.CA().cert_pem.write_to_path(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(path))
        yield


@pytest.fixture(autouse=True)
def _events_as_at_first() -> Iterator[None]:
    """A run inside a test's process leaves its level of events behind; the next test is to see all of them."""
    yield
    structlog.reset_defaults()
