"""Where events go, and in which form."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from pipeline import log
from pipeline.config import LogSettings


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_the_file_gets_everything_and_stderr_what_its_level_lets_through(capsys: pytest.CaptureFixture[str]) -> None:
    """The run's file holds every event from `info` up; stderr those from `log.level` up; stdout none."""
    file = io.StringIO()
    log.configure(LogSettings(level="error"), file=file)
    for level in ("debug", "info", "warning", "error"):
        getattr(structlog.get_logger(), level)(f"at.{level}")
    said = capsys.readouterr()
    assert [json.loads(line)["event"] for line in file.getvalue().splitlines()] == ["at.info", "at.warning", "at.error"]
    assert [json.loads(line)["event"] for line in said.err.splitlines()] == ["at.error"]
    assert said.out == ""


def test_an_event_is_one_json_line_with_what_is_bound(capsys: pytest.CaptureFixture[str]) -> None:
    """Away from a terminal an event is one JSON line with level, time and bound names, whatever its values hold."""
    log.configure(LogSettings())
    structlog.contextvars.bind_contextvars(run_id="r1")
    structlog.get_logger().warning("video.failed", source="a\nb \u00e9 \udcff")
    (line,) = capsys.readouterr().err.splitlines()
    event = json.loads(line)
    assert (event["event"], event["run_id"], event["level"]) == ("video.failed", "r1", "warning")
    assert event["source"].startswith("a\nb \u00e9")
    assert event["timestamp"].endswith("Z")


def test_the_console_form_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """`log.form: console` writes readable lines, and the file gets JSON all the same."""
    file = io.StringIO()
    log.configure(LogSettings(form="console"), file=file)
    structlog.get_logger().warning("video.failed", code="file_empty")
    said = capsys.readouterr().err
    assert "video.failed" in said
    assert "code=file_empty" in said
    assert not said.startswith("{")
    assert json.loads(file.getvalue())["code"] == "file_empty"


def test_a_log_that_cannot_be_written_stops_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """An event whose file cannot take it still reaches stderr, and nobody hears of an error."""
    file = Path("/dev/full").open("w", encoding="utf-8", buffering=1)  # noqa: SIM115 - closing it is what fails
    log.configure(LogSettings(), file=file)
    structlog.get_logger().warning("video.failed")
    assert json.loads(capsys.readouterr().err)["event"] == "video.failed"
    with pytest.raises(OSError, match="No space"):
        file.close()
