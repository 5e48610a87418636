"""The door that one caller closes for all."""

import time
from datetime import datetime

import anyio
import pytest
from structlog.testing import capture_logs

from pipeline.client.limits import Gate
from pipeline.errors import LimitReached

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("wait_s", [1e12, 1e300])
async def test_a_wait_of_any_length_can_be_told(wait_s):
    """A wait beyond the end of the calendar closes the door, and its event names a date that exists."""
    gate = Gate("read")
    with capture_logs() as logs:
        gate.close(wait_s, why="asked to")
    assert gate.is_closed
    assert datetime.fromisoformat(logs[0]["resume_at"])


@pytest.mark.parametrize(("left_s", "refused"), [(60, True), (7200, False)])
async def test_a_pause_that_lasts_beyond_the_end_of_the_run_is_not_waited_for(left_s, refused):
    """Whoever comes to a closed door that opens only after the run is to end is told so at once."""
    gate = Gate("read")
    gate.close(3600, why="asked to")
    gate.end_by(time.time() + left_s)
    with anyio.move_on_after(0.05) as scope:
        if refused:
            with pytest.raises(LimitReached):
                await gate.wait()
        else:
            await gate.wait()
    assert scope.cancelled_caught != refused
