"""`pipeline cancel`: what the platform is still at work on is taken back, what it has answered is kept."""

from collections import Counter

import pexpect
import pytest

from tests.end_to_end.cli_world import (
    PATIENCE_S,
    PROGRAM,
    PROMPT,
    environment,
    lines,
    pipeline,
    platform,
    running,
    until,
    write_videos,
)

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")  # pexpect forks

NEVER = {"first_look_s": 3600}


def statuses(server):
    return Counter(task["status"] for task in server.ask("GET", "/analyze/tasks", params={"page_limit": 50})["data"])


def test_cancel_after_a_kill(serve, open_archive):
    """After a kill what is under way is canceled, what is ready is collected later, and `retry` asks again for the
    rest, each paid once.
    """
    archive = open_archive(serve())
    (answered,) = archive.add(small=1)
    archive.run_killed_after("submitted")
    until(lambda: statuses(archive.server)["ready"] == 1)
    archive.server.kill()
    archive.server.start(analysis_seconds=3600)
    archive.configure(polling=NEVER)
    archive.add(small=2)
    archive.run_killed_after("submitted", nth=3)  # that of the first day is saved again when its row comes by

    done = archive.run("--yes", command="cancel")
    assert (done["under_way"], done["canceled"], done["ended"], done["problems"]) == (3, 2, 1, [])
    assert statuses(archive.server) == {"canceled": 2, "ready": 1}
    assert [line["code"] for line in archive.lines("failures.jsonl")] == ["task_canceled"] * 2
    again = archive.run("--yes", command="cancel")
    assert (again["canceled"], again["ended"]) == (0, 1)

    archive.server.kill()
    archive.server.start()
    archive.configure()
    summary = archive.run(command="retry")
    assert (summary["written"], summary["failed"]) == (3, 0)
    assert sorted(line["source"] for line in archive.lines("results.jsonl")) == archive.sources()
    assert archive.lines("failures.jsonl") == []
    assert statuses(archive.server) == {"canceled": 2, "ready": 3}
    tasks = {job["source"]: job["task_id"] for job in archive.jobs()}
    (paid,) = [line for line in archive.lines("results.jsonl") if line["source"] == str(answered)]
    assert paid["task_id"] == tasks[str(answered)]
    assert len(archive.lines("usage.jsonl")) == 3


def test_a_batch_is_canceled_as_a_whole(serve, open_archive):
    """What is done of a batch that was left behind is collected by the next run, and the rest is asked again."""
    archive = open_archive(serve(analysis_seconds=3600))
    by_batch = {"run": {"delivery": "batch"}, "batch": {"gather_s": 0.3, "poll_min_s": 0.1, "settle_s": 0.3}}
    archive.configure(**by_batch)
    archive.add(small=3)
    archive.run_killed_after("submitted", nth=3)
    done = archive.run("--yes", command="cancel")
    assert (done["under_way"], done["in_canceled_batches"], done["batches"], done["problems"]) == (0, 3, 1, [])
    archive.server.kill()
    archive.server.start()
    assert archive.run()["written"] == 3
    assert sorted(line["source"] for line in archive.lines("results.jsonl")) == archive.sources()
    assert set(archive.server.ask("GET", "/_books")["billed_by_custom_id"].values()) == {1}


def test_canceled_behind_the_ledgers_back(serve, open_archive):
    """A cancel of which the ledger never heard, in the dashboard or by a command that was killed, costs a retry."""
    archive = open_archive(serve(analysis_seconds=3600))
    archive.add(small=1)
    archive.run_killed_after("submitted")
    (job,) = archive.jobs()
    archive.server.ask("POST", f"/analyze/tasks/{job['task_id']}/cancel")
    assert archive.run(code=1)["failed"] == 1
    archive.server.kill()
    archive.server.start()
    assert archive.run(command="retry")["written"] == 1
    assert statuses(archive.server) == {"canceled": 1, "ready": 1}


@pytest.fixture
def left_behind(tmp_path):
    """The platform of an output folder with three slow analyses under way, whose run was killed."""
    write_videos(tmp_path / "videos", 3)
    with platform(tmp_path / "platform", analysis_seconds=3600) as remote:
        with running("run", tmp_path / "videos", "--out", tmp_path / "out", *PROMPT, env=remote.env) as process:
            until(lambda: remote.books()["tasks_created"] == 3 and _submitted(tmp_path) == 3)
            held = pipeline("cancel", "--out", tmp_path / "out", "--yes", env=remote.env)
            process.kill()
            process.wait(PATIENCE_S)
        assert (held.code, "stop it first" in held.err) == (5, True)  # by the run, while it was on
        yield remote


def _submitted(folder):
    done = pipeline("status", "--out", folder / "out", "--json")
    return done.summary["states"].get("submitted") if done.code == 0 else None


def test_without_leave_nothing_is_canceled(tmp_path, left_behind):
    """While a run is on, and without a terminal or --yes, nothing is canceled; what would be is said."""
    done = pipeline("cancel", "--out", tmp_path / "out", env=left_behind.env)
    assert done.code == 2
    assert "3 analyses under way" in done.out
    assert str(tmp_path / "videos" / "video 0.mp4") in done.out
    assert "--yes" in done.err
    assert _submitted(tmp_path) == 3
    local = pipeline("cancel", "--out", tmp_path / "out", "--platform", "local")
    assert (local.code, "0 analyses under way at local" in local.out) == (0, True)


def test_on_a_terminal_it_asks(tmp_path, left_behind):
    """On a terminal it asks; no leaves everything as it is, yes cancels what --source names."""
    command = [*PROGRAM[1:], "cancel", "--out", str(tmp_path / "out"), "--source", "video 1.*"]
    for reply, code in (("n", 2), ("y", 0)):
        terminal = pexpect.spawn(
            PROGRAM[0], command, env=environment(**left_behind.env), encoding="utf-8", timeout=PATIENCE_S
        )
        terminal.expect("1 analyses under way.*cancel them")
        terminal.sendline(reply)
        terminal.expect(pexpect.EOF)
        terminal.wait()
        assert terminal.exitstatus == code, terminal.before
    (failure,) = lines(tmp_path / "out" / "failures.jsonl")
    assert (failure["source"], failure["code"]) == (str(tmp_path / "videos" / "video 1.mp4"), "task_canceled")
    assert _submitted(tmp_path) == 2


def test_cancel_on_the_embedded_platform(tmp_path):
    """What a killed run left on its own embedded platform is canceled there."""
    write_videos(tmp_path / "videos", 2)
    slow = {"PIPELINE_SERVER__ANALYSIS_SECONDS": "3600"}
    with running("run", tmp_path / "videos", "--out", tmp_path / "out", *PROMPT, env=slow) as process:
        until(lambda: _submitted(tmp_path) == 2)
        process.kill()
        process.wait(PATIENCE_S)
    done = pipeline("cancel", "--out", tmp_path / "out", "--yes", "--json", env=slow)
    assert (done.code, done.summary["canceled"], done.summary["ended"]) == (0, 2, 0)
    assert pipeline("retry", "--out", tmp_path / "out", "--json").summary["written"] == 2
