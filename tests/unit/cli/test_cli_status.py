"""What `pipeline status` says of the last run."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.commands import run_command
from pipeline.ledger import Ledger

pytestmark = pytest.mark.anyio

QUOTA = {"code": "rate_limit_reached", "message": "no room"}


@pytest.mark.parametrize(
    ("summary", "told"),
    [
        (None, "left no summary, as one that was killed: the same command again goes on where it stood"),
        ({"exit_code": 1, "stopped_by": None, "resume_at": None}, "ended with exit code 1"),
        ({"exit_code": 3, "stopped_by": {"message": "disk\nfull"}, "resume_at": None}, "stopped: disk\\nfull"),
        (
            {"exit_code": 4, "stopped_by": QUOTA, "resume_at": "2026-11-28T05:18:02.12+00:00"},
            "paused: no room; resume after 2026-11-28 05:18 UTC",
        ),
    ],
)
async def test_the_last_run_is_told(
    tmp_path: Path, summary: dict[str, Any] | None, told: str, monkeypatch: Any, capsys: Any
) -> None:
    """How the latest one ended, and when it may go on, whatever became of those before it."""
    async with Ledger(tmp_path / "ledger.db"):
        pass
    for name, facts in {"20261126T220000Z-ffff": {"exit_code": 0}, "20261127T220000Z-0000": summary}.items():
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / "log.jsonl").touch()
        if facts is not None:
            (folder / "summary.json").write_text(json.dumps(facts))
    monkeypatch.setattr(sys, "argv", ["pipeline", "status", "--out", str(tmp_path)])
    assert run_command() == 0
    assert f"run      20261127T220000Z-0000 {told}\n" in capsys.readouterr().out
