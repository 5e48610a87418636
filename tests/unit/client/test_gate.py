"""The door that one caller closes for all."""

from datetime import datetime

import pytest
from structlog.testing import capture_logs

from pipeline.client.limits import Gate

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("wait_s", [1e12, 1e300])
async def test_a_wait_of_any_length_can_be_told(wait_s):
    """A wait beyond the end of the calendar closes the door, and its event names a date that exists."""
    gate = Gate("read")
    with capture_logs() as logs:
        gate.close(wait_s, why="asked to")
    assert gate.is_closed
    assert datetime.fromisoformat(logs[0]["resume_at"])
