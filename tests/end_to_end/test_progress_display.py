"""What a person sees on a terminal."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest

from tests.end_to_end.cli_world import PATIENCE_S, PROGRAM, PROMPT, environment, write_videos

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")  # pexpect forks

SLOW = {"PIPELINE_SERVER__ANALYSIS_SECONDS": "1.5", "TERM": "xterm-256color"}
PANEL = (
    r"submitted.*\r\n.*3.*\r\n0 of 3 videos, 0 failed, 3 in flight\r\n"
    r"[\d.]+ KiB up at [\d.]+ \w+/s, \$0\.00, (time left not known yet|\d+ s left)\r"
)


@contextmanager
def on_a_terminal(*arguments: str | Path, **variables: str) -> Iterator[pexpect.spawn]:
    """The command on a terminal of its own, 80 columns wide."""
    words = [*PROGRAM[1:], *map(str, arguments)]
    terminal = pexpect.spawn(
        PROGRAM[0],
        words,
        env=environment(**{**SLOW, **variables}),
        encoding="utf-8",
        timeout=PATIENCE_S,
        dimensions=(25, 80),
    )
    try:
        yield terminal
    finally:
        terminal.close(force=True)


def screen(text: str) -> list[str]:
    """What is left on the screen after all cursor movements of a text: a terminal in twenty lines."""
    rows, at, column = [""], 0, 0
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", text):
        if part == "\r":
            column = 0
        elif part == "\n":
            at += 1
            rows += [""] * (at + 1 - len(rows))
        elif part.startswith("\x1b"):
            count = int(re.sub(r"\D", "", part) or 1)
            if part.endswith("A"):
                at -= count
            elif part.endswith("K"):
                rows[at] = "" if count == 2 else rows[at][:column]
        else:
            rows[at] = rows[at][:column].ljust(column) + part + rows[at][column + len(part) :]
            column += len(part)
    return [row.rstrip() for row in rows if row.strip()]


def test_the_live_display_shows_stages_bytes_rate_spend_and_time_left(tmp_path: Path) -> None:
    """On a terminal one display redraws itself: jobs by stage, videos done, bytes, rate, spend and time left."""
    write_videos(tmp_path / "archive", 3)
    with on_a_terminal("run", tmp_path / "archive", *PROMPT, "--out", tmp_path / "out") as terminal:
        terminal.expect(pexpect.EOF)
        terminal.wait()
        assert terminal.exitstatus == 0
        assert re.search(PANEL, terminal.before), terminal.before


def test_the_display_leaves_a_clean_screen(tmp_path: Path) -> None:
    """At the end the display is gone, the cursor is back, and the summary stands alone under what was logged."""
    write_videos(tmp_path / "archive", 3)
    (tmp_path / "archive" / "empty.mp4").touch()
    with on_a_terminal("run", tmp_path / "archive", *PROMPT, "--out", tmp_path / "out") as terminal:
        terminal.expect(pexpect.EOF)
        terminal.wait()
        assert terminal.exitstatus == 1
        shown = terminal.before
    left = screen(shown)
    assert any(row.startswith("3 written, 1 failed") for row in left)
    assert "video.failed" in left[0]
    assert left[-1].startswith("try them again: ")
    assert not any("in flight" in row for row in left)
    assert shown.rfind("\x1b[?25h") > shown.rfind("\x1b[?25l")


def test_ctrl_c_on_a_terminal_pauses_with_a_clean_screen(tmp_path: Path) -> None:
    """Ctrl-C reaches the command and its workers alike; the command alone decides, pauses, and cleans the screen."""
    write_videos(tmp_path / "archive", 3)
    long = {"PIPELINE_SERVER__ANALYSIS_SECONDS": "600"}
    with on_a_terminal("run", tmp_path / "archive", *PROMPT, "--out", tmp_path / "out", **long) as terminal:
        terminal.expect("3 of 3 in flight|0 of 3 videos, 0 failed, 3 in flight")
        terminal.sendintr()
        terminal.expect(pexpect.EOF)
        terminal.wait()
        assert terminal.exitstatus == 4
        left = screen(terminal.before)
    assert left[-1] == "paused: SIGINT received; run the same command again to resume"
    assert not any("Traceback" in row for row in left)


def test_with_json_a_terminal_gets_no_display(tmp_path: Path) -> None:
    """With `--json` nothing redraws itself on a terminal either."""
    write_videos(tmp_path / "archive", 1)
    with on_a_terminal("run", tmp_path / "archive", *PROMPT, "--out", tmp_path / "out", "--json") as terminal:
        terminal.expect(pexpect.EOF)
        assert "\x1b" not in terminal.before
        assert terminal.before.strip().startswith('{"run_id"')
