"""`pipeline ask`: one question of one video, shown while it is answered, kept as any other."""

import json
import os
import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.end_to_end.cli_world import (
    KEY,
    PATIENCE_S,
    Platform,
    ended,
    lines,
    pipeline,
    platform,
    running,
    until,
    write_videos,
)

QUESTION = "What is to be seen?"
ASKS = "POST /analyze"
_seeds = count(70_000)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform of its own that takes its time over each piece."""
    with platform(tmp_path_factory.mktemp("platform"), stream_piece_seconds=0.2) as started:
        yield started


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A video that no other test has."""
    return write_videos(tmp_path / "archive", 1, next(_seeds))[0]


def asks(real: Platform) -> int:
    return real.books()["requests"].get(ASKS, 0)


@pytest.fixture(autouse=True)
def _mended(real: Platform) -> Iterator[None]:
    yield
    real.mend()


def test_an_answer_is_shown_while_it_arrives(real, film, tmp_path):
    """The first words are out while the platform still answers; the last line says what it took, on stderr."""
    before = asks(real)
    with running("ask", film, QUESTION, "--out", tmp_path / "out", env=real.env) as process:
        first = os.read(process.stdout.fileno(), 1)
        assert process.poll() is None
        assert not (tmp_path / "out" / "results.jsonl").read_bytes()
        rest, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    (result,) = lines(tmp_path / "out" / "results.jsonl")
    assert (first + rest).decode() == f"{result['text']}\n"
    told = err.decode().splitlines()[-1]
    (usage,) = lines(tmp_path / "out" / "usage.jsonl")
    assert f"{usage['output_tokens']} output tokens ({usage['input_tokens']} input)" in told
    assert "min of video, $" in told
    assert told.endswith(f"kept in {tmp_path / 'out'}")
    assert asks(real) == before + 1


def test_what_was_asked_is_done_for_a_later_run_and_for_itself(real, film, tmp_path):
    """A run over the folder pays nothing for it, and the same question is answered from the ledger, which it says."""
    out = ("--out", tmp_path / "out")
    first = pipeline("ask", film, QUESTION, *out, env=real.env)
    before = real.books()["requests"]
    run = pipeline("run", film.parent, "--prompt", QUESTION, *out, "--json", env=real.env)
    assert (run.code, run.summary["already_done"], run.summary["requests"]) == (0, 1, 0)
    again = pipeline("ask", film, QUESTION, *out, env=real.env)
    assert (again.code, again.out) == (0, first.out)
    assert "nothing was asked, nothing is paid" in again.err
    told = pipeline("ask", film, QUESTION, *out, "--json", env=real.env).summary
    assert (told["already_done"], told["cost_usd"], f"{told['text']}\n") == (True, 0, first.out)
    assert real.books()["requests"] == before


def test_a_copy_is_answered_from_the_ledger(real, film, tmp_path):
    """The same content under another name is the same question; it gets a line of its own and costs nothing."""
    out = ("--out", tmp_path / "out")
    first = pipeline("ask", film, QUESTION, *out, env=real.env)
    copy = film.with_name("copy.mp4")
    copy.write_bytes(film.read_bytes())
    before = asks(real)
    again = pipeline("ask", copy, QUESTION, *out, env=real.env)
    assert (again.code, again.out, asks(real)) == (0, first.out, before)
    assert "nothing was asked, nothing is paid" in again.err
    assert [line["source"] for line in lines(tmp_path / "out" / "results.jsonl")] == [str(film), str(copy)]


def test_what_a_run_has_paid_for_is_shown(real, film, tmp_path):
    """An answer that came as a task is no other answer."""
    out = ("--out", tmp_path / "out")
    assert pipeline("run", film, "--prompt", QUESTION, *out, env=real.env).code == 0
    before = asks(real)
    shown = pipeline("ask", film, QUESTION, *out, env=real.env)
    assert shown.out == f"{lines(tmp_path / 'out' / 'results.jsonl')[0]['text']}\n"
    assert asks(real) == before


def test_a_machine_gets_one_object(real, film, tmp_path):
    """With --json nothing but the object is on stdout."""
    told = pipeline("ask", film, QUESTION, "--out", tmp_path / "out", "--json", env=real.env).summary
    (result,) = lines(tmp_path / "out" / "results.jsonl")
    assert (told["text"], told["key"], told["exit_code"]) == (result["text"], result["key"], 0)
    assert told["output_tokens"] > 0
    assert told["cost_usd"] > 0
    (kept,) = (tmp_path / "out" / "runs").glob("*/summary.json")  # in the words of `run`
    summary = json.loads(kept.read_bytes())
    assert [summary[name] for name in ("run_id", "rows", "written", "cost_usd")] == [
        told["run_id"],
        *(1, 1),
        told["cost_usd"],
    ]


def test_the_configured_question_is_tried(film, tmp_path):
    """Without a question of its own it asks what a run would ask; without a key, of the embedded platform."""
    config = tmp_path / "settings.yaml"
    config.write_text(json.dumps({"recipe": {"prompt": QUESTION}, "output": {"dir": str(tmp_path / "out")}}))
    done = pipeline("ask", film, "-c", config)
    assert done.code == 0, done
    assert done.out.strip()
    assert pipeline("run", film.parent, "-c", config, "--json").summary["already_done"] == 1


@pytest.mark.parametrize("cut", [0, 2])
def test_a_lost_answer_is_told(real, film, tmp_path, cut):
    """Half an answer fails, says that it may have been paid, and how to ask again; unasked it is not asked again."""
    real.fault(method="POST", path="/analyze$", cut_after=cut)
    out = ("--out", tmp_path / "out")
    lost = pipeline("ask", film, QUESTION, *out, env=real.env)
    assert lost.code == 1
    assert lost.out.endswith("\n") or not lost.out
    assert "answer_maybe_lost" in lost.err
    assert "ask again: " in lost.err
    before = asks(real)
    assert pipeline("ask", film, QUESTION, *out, env=real.env).code == 1
    assert asks(real) == before
    assert pipeline("retry", *out, "--delivery", "sync", env=real.env).code == 0
    assert pipeline("ask", film, QUESTION, *out, env=real.env).out.strip()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_an_answer(real, film, tmp_path, number):
    """It is a pause: what arrives in time is kept, and the same command shows it without asking again."""
    arguments = ("ask", film, QUESTION, "--out", tmp_path / "out")
    with running(*arguments, env=real.env) as process:
        os.read(process.stdout.fileno(), 1)
        process.send_signal(number)
        done = ended(process)
    assert done.code == 4
    assert f"paused: {number.name} received" in done.err
    assert "the same command shows it" in done.err
    before = asks(real)
    assert pipeline(*arguments, env=real.env).code == 0
    assert asks(real) == before


def test_a_signal_that_cannot_wait_for_the_answer(real, film, tmp_path):
    """Where the answer does not arrive in the time that is left, the message and the next command say so."""
    arguments = ("ask", film, QUESTION, "--out", tmp_path / "out")
    env = {**real.env, "PIPELINE_RUN__DRAIN_S": "0"}
    with running(*arguments, env=env) as process:
        os.read(process.stdout.fileno(), 1)
        process.send_signal(signal.SIGINT)
        done = ended(process)
    assert done.code == 4
    assert "may have been paid for" in done.err
    before = asks(real)
    again = pipeline(*arguments, env=real.env)
    assert (again.code, asks(real)) == (1, before)
    assert "answer_maybe_lost" in again.err


def test_killed_in_the_middle_of_an_answer(real, film, tmp_path):
    """After kill -9 the same command says that the answer may be lost, and does not pay twice unasked."""
    arguments = ("ask", film, QUESTION, "--out", tmp_path / "out")
    with running(*arguments, env=real.env) as process:
        os.read(process.stdout.fileno(), 1)
        process.kill()
        process.wait(PATIENCE_S)
    before = asks(real)
    again = pipeline(*arguments, env=real.env)
    assert (again.code, asks(real)) == (1, before)
    assert "answer_maybe_lost" in again.err


def test_what_others_left_under_way_is_left_alone(real, film, tmp_path):
    """A question does not wait for the tasks that an interrupted run left in the same folder."""
    slow = write_videos(tmp_path / "slow", 1, 77_001)[0]
    out = ("--out", tmp_path / "out")
    with running(
        "run", slow, "--prompt", QUESTION, *out, env={**real.env, "PIPELINE_POLLING__FIRST_LOOK_S": "600"}
    ) as run:
        until(lambda: real.books()["tasks_created"] and "video.submitted" in log_of(tmp_path / "out"))
        run.kill()
        run.wait(PATIENCE_S)
    looks = real.books()["requests"].get("GET /analyze/tasks/{task_id}", 0)
    assert pipeline("ask", film, QUESTION, *out, env=real.env).code == 0
    assert real.books()["requests"].get("GET /analyze/tasks/{task_id}", 0) == looks
    assert [line["source"] for line in lines(tmp_path / "out" / "results.jsonl")] == [str(film)]


def log_of(out: Path) -> str:
    return "".join(path.read_text() for path in out.glob("runs/*/log.jsonl"))


def test_a_reader_that_leaves_costs_no_answer(real, film, tmp_path):
    """Where stdout is closed in the middle, the answer is kept all the same."""
    with running("ask", film, QUESTION, "--out", tmp_path / "out", env=real.env) as process:
        os.read(process.stdout.fileno(), 1)
        process.stdout.close()
        assert process.wait(PATIENCE_S) == 0
    assert lines(tmp_path / "out" / "results.jsonl")


@pytest.mark.parametrize("what", ["archive", "list.csv", "-"])
def test_only_one_video_is_asked(film, tmp_path, what):
    """A folder or a list is refused, and told what works through it."""
    (tmp_path / "list.csv").write_text(f"source\n{film}\n")
    done = pipeline("ask", what, QUESTION, "--platform", "local", cwd=tmp_path)
    assert done.code == 2
    assert "`pipeline run` works through folders and lists" in done.err


def test_a_file_that_is_not_there(tmp_path):
    """Nothing is asked, nothing is written."""
    done = pipeline("ask", "gone.mp4", QUESTION, "--platform", "local", cwd=tmp_path)
    assert done.code == 2
    assert not (tmp_path / "out").exists()


def test_no_key_is_in_what_is_said(real, film, tmp_path):
    """The key stays out of both streams and of the folder's log."""
    done = pipeline("ask", film, QUESTION, "--out", tmp_path / "out", env=real.env)
    assert KEY not in done.out + done.err + log_of(tmp_path / "out")
