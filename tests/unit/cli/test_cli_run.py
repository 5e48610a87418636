"""A run and its display, side by side."""

from pathlib import Path

import pytest

from pipeline.app import open_run
from pipeline.cli.run import execute
from pipeline.config import load
from pipeline.errors import LedgerError

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("error", "stopped"), [(LedgerError("the disk is gone"), True), (OSError(5, "Input/output error"), False)]
)
async def test_only_a_fatal_error_of_the_display_stops_the_run(tmp_path: Path, error: Exception, stopped: bool) -> None:
    """A ledger that the display cannot read stops the run; a terminal that cannot be drawn on does not."""

    async def display() -> None:
        raise error

    settings = load(None, {"output": {"dir": tmp_path}, "platform": {"kind": "local"}})
    async with open_run(settings) as opened:
        await execute(opened, (), display)
        assert opened.runner.stopped_by is (error if stopped else None)
