"""A run that is to end at a moment: paused in order, and what is paid for is kept."""

from datetime import UTC, datetime, timedelta

from tests.end_to_end.cli_world import PROMPT, lines, pipeline, platform, write_videos


def test_a_run_pauses_at_its_deadline_and_the_next_one_collects(tmp_path):
    """At `--until` the run ends with exit 4 and tells how many videos are under way; the same command finishes, and no
    video is asked of twice.
    """
    write_videos(tmp_path / "archive", 3)
    arguments = ("run", tmp_path / "archive", *PROMPT, "--out", tmp_path / "out", "--json")
    with platform(tmp_path, engine="echo", analysis_seconds=4) as served:
        until = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
        done = pipeline(*arguments, "--until", until, env={**served.env, "PIPELINE_RUN__DRAIN_S": "0.1"})
        assert (done.code, done.summary["stopped_by"]["code"]) == (4, "deadline_reached"), done
        # where the machine was too busy for the run to begin in time, it has no such line
        under_way = done.summary.get("under_way", 0)
        assert under_way + done.summary.get("written", 0) == served.books()["tasks_created"]
        again = pipeline(*arguments, env=served.env)
        assert (again.code, len(lines(tmp_path / "out" / "results.jsonl"))) == (0, 3)
        assert served.books()["tasks_created"] == 3


def test_a_deadline_that_is_over_touches_nothing(tmp_path):
    """A date that lies in the past ends the command with exit 4 and one sentence, and nothing is touched."""
    write_videos(tmp_path / "archive", 1)
    arguments = ("run", tmp_path / "archive", *PROMPT, "--out", tmp_path / "out")
    done = pipeline(*arguments, "--until", "2020-01-01T06:00")
    assert (done.code, done.out) == (4, "")
    assert done.err == "paused: run.until, 2020-01-01 06:00, is over; set a later one\n"
    assert not (tmp_path / "out").exists()
