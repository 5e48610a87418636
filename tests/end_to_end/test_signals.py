"""Signals: the first stops in order, the second at once; nothing billable is lost, nobody is left behind."""

import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.end_to_end.cli_world import (
    PROMPT,
    Platform,
    assert_gone,
    ended,
    lines,
    pipeline,
    platform,
    running,
    until,
    write_videos,
)

BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
LONG = {"PIPELINE_SERVER__ANALYSIS_SECONDS": "600"}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform of its own."""
    with platform(tmp_path_factory.mktemp("platform")) as started:
        yield started


class Night:
    """An archive of two videos, and the command over it."""

    def __init__(self, folder: Path, first_seed: int) -> None:
        write_videos(folder / "archive", 2, first_seed)
        self.out = folder / "out"
        self.arguments = ("run", folder / "archive", *PROMPT, "--out", self.out)

    def jobs(self, **having: str) -> list[str]:
        """Keys of the jobs of which a column has a value."""
        ((column, value),) = having.items()
        try:
            with closing(sqlite3.connect(f"file:{self.out / 'ledger.db'}?mode=ro", uri=True)) as ledger:
                return [row[0] for row in ledger.execute(f"SELECT key FROM jobs WHERE {column} = ?", (value,))]
        except sqlite3.OperationalError:  # the run has not come so far
            return []

    def tasks(self) -> int:
        """How many tasks the embedded platform was ever asked for."""
        with closing(sqlite3.connect(f"file:{self.out / 'platform' / 'platform.db'}?mode=ro", uri=True)) as books:
            return int(books.execute("SELECT count(*) FROM created_tasks").fetchone()[0])


_seeds = iter(range(1000, 2000, 2))


@pytest.fixture
def night(tmp_path: Path) -> Night:
    return Night(tmp_path, next(_seeds))


@BOTH
def test_a_signal_pauses_and_the_next_run_resumes(night: Night, number: signal.Signals) -> None:
    """A signal under way ends the run with exit 4 and a word about it; the same command finishes without a further
    task.
    """
    with running(*night.arguments, env=LONG) as process:
        until(lambda: len(night.jobs(state="submitted")) == 2)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        done = ended(process)
    assert done.code == 4
    assert done.out.splitlines()[-1] == f"paused: {number.name} received; run the same command again to resume"
    assert_gone(children)
    assert pipeline(*night.arguments).code == 0
    assert len(lines(night.out / "results.jsonl")) == night.tasks() == 2


def test_what_is_billable_lands(night: Night, real: Platform) -> None:
    """A task whose creation is on its way when the signal comes is known to the ledger when the run has ended."""
    before = real.books()["tasks_created"]
    real.fault(method="POST", path="/analyze/tasks$", times=None, delay_s=1)
    with running(*night.arguments, env=real.env) as process:
        until(lambda: len(night.jobs(intent="1")) == 2)
        process.send_signal(signal.SIGINT)
        done = ended(process)
    real.mend()
    assert done.code == 4
    assert len(night.jobs(state="submitted")) == 2
    assert pipeline(*night.arguments, env=real.env).code == 0
    assert real.books()["tasks_created"] - before == 2


@BOTH
def test_landing_takes_a_bounded_time(night: Night, real: Platform, number: signal.Signals) -> None:
    """A platform that does not answer is waited for no longer than `run.drain_s`; later no second task is made."""
    before = real.books()["tasks_created"]
    real.fault(method="POST", path="/analyze/tasks$", times=None, lose_response=True, delay_s=600)
    with running(*night.arguments, env={**real.env, "PIPELINE_RUN__DRAIN_S": "0.2"}) as process:
        until(lambda: len(night.jobs(intent="1")) == 2)
        process.send_signal(number)
        assert ended(process).code == 4
    real.mend()
    assert pipeline(*night.arguments, env=real.env).code == 0
    assert real.books()["tasks_created"] - before == 2
    assert len(lines(night.out / "results.jsonl")) == 2


@BOTH
def test_a_second_signal_stops_at_once(night: Night, real: Platform, number: signal.Signals) -> None:
    """A second signal does not wait for what has not landed, and the next run finishes all the same."""
    real.fault(method="POST", path="/analyze/tasks$", times=None, lose_response=True, delay_s=600)
    with running(*night.arguments, env={**real.env, "PIPELINE_RUN__DRAIN_S": "600"}) as process:
        until(lambda: len(night.jobs(intent="1")) == 2)
        process.send_signal(number)
        until(lambda: any("run.stopping" in path.read_text() for path in night.out.glob("runs/*/log.jsonl")))
        process.send_signal(number)
        assert ended(process).code == 4
    real.mend()
    assert pipeline(*night.arguments, env=real.env).code == 0
    assert len(lines(night.out / "results.jsonl")) == 2


@BOTH
def test_a_signal_while_a_fatal_end_drains_stops_at_once(night: Night, real: Platform, number: signal.Signals) -> None:
    """One signal is enough where a fatal error is ending the run already, and the exit code stays 3."""
    real.fault(method="POST", path="/analyze/tasks$", times=1, lose_response=True, delay_s=600)
    real.fault(method="POST", path="/analyze/tasks$", times=None, status=401, delay_s=0.5)
    with running(*night.arguments, env={**real.env, "PIPELINE_RUN__DRAIN_S": "600"}) as process:
        until(lambda: any("run.stopping" in path.read_text() for path in night.out.glob("runs/*/log.jsonl")))
        process.send_signal(number)
        assert ended(process).code == 3
    real.mend()
    assert pipeline(*night.arguments, env=real.env).code == 0


@BOTH
def test_a_signal_while_the_manifest_is_read_touches_nothing(tmp_path: Path, number: signal.Signals) -> None:
    """A signal before the run has begun ends the command with exit 4 and one sentence, and nothing is touched."""
    with running("run", "-", *PROMPT, "--out", tmp_path / "out") as process:
        process.stdin.write(b"x.mp4\n" * 100_000)  # returns once the command has begun to read
        process.stdin.flush()
        until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_SLEEPING)  # and waits for more
        process.send_signal(number)
        process.wait(60)
        done = subprocess.CompletedProcess([], process.returncode, process.stdout.read(), process.stderr.read())
    assert (done.returncode, done.stdout) == (4, b"")
    assert b"paused: stopped before anything was begun" in done.stderr
    assert b"Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


@BOTH
def test_a_signal_while_the_run_opens_leaves_nobody_behind(night: Night, number: signal.Signals) -> None:
    """A signal as soon as the output folder is held ends with exit 4, whether the run had begun by then or not."""
    with running(*night.arguments, env=LONG) as process:
        until((night.out / ".lock").exists)
        process.send_signal(number)
        assert ended(process).code == 4
    assert pipeline(*night.arguments).code == 0
    assert len(lines(night.out / "results.jsonl")) == night.tasks() == 2


def _with_children(process: Any, night: Night) -> list[psutil.Process]:
    until(lambda: len(night.jobs(state="submitted")) == 2)
    return until(lambda: psutil.Process(process.pid).children(recursive=True))


def test_no_child_outlives_a_finished_run(night: Night) -> None:
    """The worker processes of the embedded platform are gone when a run has ended by itself."""
    with running(*night.arguments, env={"PIPELINE_SERVER__ANALYSIS_SECONDS": "1"}) as process:
        children = _with_children(process, night)
        assert ended(process).code == 0
    assert_gone(children)


def test_no_child_outlives_a_killed_run(night: Night) -> None:
    """The worker processes of the embedded platform end by themselves after kill -9 of the run."""
    with running(*night.arguments, env=LONG) as process:
        children = _with_children(process, night)
        process.kill()
        process.wait()
        assert_gone(children)


@BOTH
def test_serve_ends_in_order(tmp_path: Path, number: signal.Signals) -> None:
    """`pipeline serve` ends with exit 0 at a signal, and its workers with it."""
    ready = tmp_path / "ready"
    with running("serve", "--port", "0", "--ready-file", ready, "--data", tmp_path / "data") as process:
        until(ready.exists)
        process.send_signal(number)
        assert ended(process).code == 0
