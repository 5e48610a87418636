"""kill -9 at any moment, then the same command again: nothing is lost, nothing is done or paid twice."""

import random
import signal
import subprocess
import time

import pytest

KILLS = 20
SAVES = [
    ("accepted", False, 3),
    ("opened", False, 2),
    ("uploaded", False, 2),
    ("uploaded", True, 2),
    ("submitted", False, 2),
    ("analyzed", False, 2),
    ("written", False, 2),
]


@pytest.mark.parametrize(("state", "intent", "nth"), SAVES)
def test_killed_after_a_save(archive, state, intent, nth):
    """A run that is killed right after a save of any kind is completed by the next one, with one task a video."""
    archive.add(small=2, large=2)
    archive.run_killed_after(state, intent=intent, nth=nth)
    archive.run()
    archive.assert_complete()
    archive.assert_sent_once(crashes=1)
    archive.assert_uploads_explained(crashes=1)


def test_killed_after_a_failure(archive):
    """A video that failed just before its run was killed is told by the next run, and not paid again."""
    archive.add(small=2)
    archive.server.outcome(status="failed", message="The model has a headache.")
    archive.run_killed_after("failed")
    assert archive.run(code=1)["failed"] == 1
    (failure,) = archive.lines("failures.jsonl")
    assert "headache" in failure["message"]
    assert archive.books().tasks_created == 2
    archive.run(command="retry")
    assert sorted(line["source"] for line in archive.lines("results.jsonl")) == archive.sources()


@pytest.mark.timeout(600)  # some 25 starts of Python, on a machine that may be busy
def test_killed_at_random_twenty_times(serve, open_archive):
    """After twenty kills at random moments one clean run leaves every video exactly once in every book."""
    archive = open_archive(serve(asset_seconds=0.1, pending_seconds=0.05, analysis_seconds=0.2), run={"workers": 4})
    archive.add(small=8, large=4)
    dice = random.Random(20)
    for _ in range(KILLS):
        while not killed_in_the_middle(archive, dice.uniform(0, 0.8)):
            archive.add(small=8, large=4)
    archive.run()
    archive.assert_complete()
    archive.assert_sent_once(crashes=KILLS)
    archive.assert_uploads_explained(crashes=KILLS)


def killed_in_the_middle(archive, after_s: float) -> bool:
    """Kill a run so long after it has begun its work; False where it was done by then."""
    began = set(archive.out.glob("runs/*"))
    with archive.running() as process:
        while set(archive.out.glob("runs/*")) == began and process.poll() is None:
            time.sleep(0.01)
        try:
            process.wait(after_s)
        except subprocess.TimeoutExpired:
            process.kill()
        return process.wait() == -signal.SIGKILL
