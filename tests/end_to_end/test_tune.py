"""A run that is on is changed, paused and resumed: `pipeline tune`."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.commands import run_command
from tests.end_to_end.cli_world import (
    PROMPT,
    Done,
    Platform,
    ended,
    lines,
    pipeline,
    platform,
    running,
    until,
    write_videos,
)

COUNT = 12


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Platform]:
    """A platform that takes its time."""
    with platform(tmp_path, engine="echo", analysis_seconds=0.3, analysis_concurrency=64) as running_one:
        yield running_one


@contextmanager
def run(tmp_path: Path, served: Platform, *flags: str, **env: str) -> Iterator[Any]:
    write_videos(tmp_path / "archive", COUNT)
    arguments = ("run", tmp_path / "archive", *PROMPT, "--out", tmp_path / "out", "--json", *flags)
    with running(*arguments, env={**served.env, **env}) as process:
        until((tmp_path / "out" / "running.json").exists)
        yield process


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Done]:
    """A command in this process, which has everything imported."""
    for name in [name for name in os.environ if name.startswith(("PIPELINE_", "TWELVE_LABS_"))]:
        monkeypatch.delenv(name)

    def call(name: str, *flags: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["pipeline", name, "--out", str(tmp_path / "out"), *flags])
        code = run_command()
        return Done(code, *capfd.readouterr())

    return call


@pytest.fixture
def tune(command: Callable[..., Done]) -> Callable[..., Done]:
    return partial(command, "tune")


@pytest.fixture
def holds(tune: Callable[..., Done]) -> Callable[..., dict[str, Any]]:
    """What a run says that holds, after what is asked of it."""

    def call(*flags: str) -> dict[str, Any]:
        done = tune(*flags, "--json")
        assert (done.code, done.err) == (0, "")
        return json.loads(done.out)

    return call


def events(tmp_path: Path, name: str) -> list[dict[str, Any]]:
    (log,) = (tmp_path / "out" / "runs").glob("*/log.jsonl")
    return [event for event in lines(log) if event["event"] == name]


def test_a_paused_run_begins_nothing_until_it_is_resumed(
    tmp_path: Path, served: Platform, command, tune, holds
) -> None:
    """What is submitted is collected meanwhile, and `status` tells of the pause; resumed, and resumed again, the run
    finishes as if nothing had been.
    """
    with run(tmp_path, served, "--workers", "2") as process:
        until(lambda: served.books()["tasks_created"])
        assert holds("--pause")["paused"]
        until(lambda: holds()["in_flight"] <= 2)
        # what was on its way when the pause was asked for still comes in
        until(lambda: served.books()["tasks_created"] == len(lines(tmp_path / "out" / "results.jsonl")) < COUNT)
        created = served.books()["tasks_created"]
        assert "paused: go on with --resume" in tune().out
        assert (
            f" in flight, paused: go on with `pipeline tune --resume --out {tmp_path / 'out'}`\n"
            in command("status").out
        )
        assert served.books()["tasks_created"] == created
        for _ in range(2):
            assert not holds("--resume")["paused"]
        done = ended(process)
    assert "is on" not in command("status").out
    assert (done.code, done.summary["written"]) == (0, COUNT)
    assert served.books()["tasks_created"] == COUNT
    assert not list((tmp_path / "out").glob("*.json"))


def test_a_paused_run_heeds_a_signal(tmp_path: Path, served: Platform, holds) -> None:
    """It ends in order, and the next run does the rest."""
    with run(tmp_path, served, "--workers", "2") as process:
        holds("--pause")
        process.terminate()
        assert ended(process).code == 4
    again = pipeline("run", tmp_path / "archive", *PROMPT, "--out", tmp_path / "out", "--json", env=served.env)
    assert again.code == 0
    assert served.books()["tasks_created"] == COUNT == len(lines(tmp_path / "out" / "results.jsonl"))


def test_workers_and_limits_of_a_run_that_is_on(tmp_path: Path, served: Platform, holds) -> None:
    """More workers take up work at once; a limit that was too low for the night is lifted. What was asked of an earlier
    run, which was killed, is none of its business.
    """
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "control.json").write_text('{"paused": true, "chunks": 2}')
    with run(tmp_path, served, "--workers", "1", PIPELINE_LIMITS__ANALYZE_PER_MINUTE="1") as process:
        told = holds("--workers", "6", "--uploads", "2", "--chunks", "3")
        assert (told["workers"], told["uploads"], told["chunks"], told["paused"]) == (6, 2, 3, False)
        until(lambda: holds()["in_flight"] == 6)
        assert holds("--limit", "analyze_per_minute=6000")["limits"]["analyze_per_minute"] == 6000
        assert holds("--limit", "video_minutes_per_day=500")["limits"]["analyze_per_minute"] == 6000
        done = ended(process)
    assert (done.code, done.summary["written"]) == (0, COUNT)
    assert [event.get("workers") for event in events(tmp_path, "run.tuned")] == [6, 6, 6]


def test_what_cannot_be_obeyed_changes_nothing(tmp_path: Path, served: Platform, tune, holds) -> None:
    """By the command it is refused with what would do; in a file written by hand it is told and ignored."""
    with run(tmp_path, served, "--workers", "1", PIPELINE_LIMITS__ANALYZE_PER_MINUTE="1") as process:
        for flags, told in {
            ("--workers", "0"): "workers: Input should be greater than or equal to 1",
            ("--limit", "minutes=3"): "there is no limit 'minutes'; valid names: analyze_per_minute",
            ("--limit", "analyze_per_day=0"): "analyze_per_day has to be a number above 0, or null",
            ("--limit", "analyze_per_day=many"): "--limit analyze_per_day=many: write NAME=NUMBER",
        }.items():
            done = tune(*flags)
            assert done.code == 2
            assert told in done.err
        (tmp_path / "out" / "control.json").write_text('{"workers": 5')
        until(lambda: holds()["problem"])
        assert "is not valid JSON" in holds()["problem"]
        assert holds()["workers"] == 1
        assert holds("--limit", "analyze_per_minute=null")["problem"] is None
        assert ended(process).code == 0
    assert len(events(tmp_path, "control.ignored")) == 1


def test_without_a_run_there_is_nothing_to_tune(tmp_path: Path, tune) -> None:
    """It says so with exit code 2, and leaves nothing for the next run."""
    (tmp_path / "out").mkdir()
    done = tune("--workers", "3")
    assert (done.code, list((tmp_path / "out").iterdir())) == (2, [])
    assert "no run is on in" in done.err
