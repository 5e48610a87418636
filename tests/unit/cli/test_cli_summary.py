"""The last lines of a run, and exit codes, as functions of what they are given."""

import shlex
from pathlib import Path

import pytest

from pipeline import errors
from pipeline.budget import Cap, Standing
from pipeline.cli.exits import Exit, code_of
from pipeline.cli.summary import budget_facts, budget_lines, failure_lines, retry_command

GROUP = {"error": "SourceUnreadable", "code": "file_empty", "message": "it is\nempty", "count": 1, "sources": ("a\nb",)}


def test_nothing_failed_needs_no_lines() -> None:
    """Without failures there is no list and no command."""
    assert list(failure_lines([], Path("out"), "pipeline retry")) == []


def test_the_caps_are_one_line() -> None:
    """Each cap with what is committed of it; nothing where there are none."""
    standings = [
        Standing(Cap("run", "usd", 5), 1.2, 0.2),
        Standing(Cap("day", "minutes", 600), 30, 0),
        Standing(Cap("life", "tokens", 9000), 1234.5, 0),
    ]
    assert list(budget_lines(budget_facts(standings), 86_400)) == [
        "budget   $1.20 of $5.00 for this run, 30.0 of 600.0 min of video in 24 h, 1,234 of 9,000 output tokens in all"
    ]
    assert list(budget_lines([], 86_400)) == []


def test_a_name_never_breaks_a_line() -> None:
    """Line ends and control characters of names and messages are shown escaped."""
    told = list(failure_lines([GROUP | {"sources": ("a\nb\x1b[31m",)}], Path("out"), "again"))
    assert told == [
        "1 failed, by cause:",
        "  1 x SourceUnreadable (file_empty): it is\\nempty",
        "      a\\nb\\x1b[31m",
        f"all of them with their messages: {Path('out/failures.jsonl')}",
        "try them again: again",
    ]


def test_more_files_than_are_named_are_counted() -> None:
    """Where a group has more files than it names, the others are counted."""
    assert "      and 1,999 more" in list(failure_lines([GROUP | {"count": 2000}], Path("out"), ""))


def test_the_retry_command_is_quoted_and_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command survives a shell and another folder, and repeats what chose the platform and nothing else."""
    monkeypatch.chdir(tmp_path)
    given = {"platform": "remote", "base_url": "http://h/v1.3?a=b c", "prompt": "why?", "workers": 3}
    words = shlex.split(retry_command(Path("o'ut put"), Path("my config.yaml"), given))
    assert words[words.index("retry") :] == [
        "retry",
        *("-c", str(tmp_path / "my config.yaml")),
        *("--platform", "remote"),
        *("--base-url", "http://h/v1.3?a=b c"),
        *("--out", str(tmp_path / "o'ut put")),
    ]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigError, Exit.USAGE),
        (errors.ManifestError, Exit.USAGE),
        (errors.AuthenticationFailed, Exit.FATAL),
        (errors.LedgerError, Exit.FATAL),
        (errors.SinkError, Exit.FATAL),
        (errors.TooManyFailures, Exit.FATAL),
        (errors.Interrupted, Exit.PAUSED),
        (errors.QuotaExhausted, Exit.PAUSED),
        (errors.PlatformUnreachable, Exit.PAUSED),
        (errors.FolderLocked, Exit.LOCKED),
    ],
)
def test_every_family_of_errors_has_its_code(error: type[errors.PipelineError], code: Exit) -> None:
    """The exit code follows from the error's family alone."""
    assert code_of(error("x")) is code
