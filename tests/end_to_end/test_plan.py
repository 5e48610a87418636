"""What a run would do, told before it does anything: `pipeline plan`."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.commands import run_command
from pipeline.ledger.draws import Draws
from pipeline.models import Draw, Drawn
from scripts.sample_videos.odd import tiny_video, write_broken
from tests.contract.stills import still
from tests.end_to_end.cli_world import (
    HEED_PERMISSIONS,
    PROMPT,
    ended,
    lines,
    pipeline,
    running,
    until,
    write_videos,
)

REMOTE = ("--platform", "remote", "--base-url", "http://127.0.0.1:9/v1.3")  # nobody listens there
PRICE_MINUTE, PRICE_1K = 0.0292, 0.0075


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """The command in this process, which has everything imported: the object that it prints."""
    for name in [name for name in os.environ if name.startswith(("PIPELINE_", "TWELVE_LABS_"))]:
        monkeypatch.delenv(name)

    def call(
        *arguments: str | Path, command: Sequence[str] = ("plan",), code: int = 0, env: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        with monkeypatch.context() as changed:
            changed.setattr(sys, "argv", ["pipeline", *command, *map(str, arguments), "--json"])
            for name, value in (env or {}).items():
                changed.setenv(name, value)
            assert run_command() == code
        shown = capfd.readouterr()
        assert shown.err == ""
        return checked(json.loads(shown.out), code)

    return call


def checked(told: dict[str, Any], code: int) -> dict[str, Any]:
    """Every row of a plan counts once."""
    kinds = ("already_done", "failed_before", "under_way", "duplicates", "rejected", "to_analyse_videos")
    assert sum(told[kind] for kind in kinds) == told["rows"]
    assert told["exit_code"] == code
    return told


def test_every_file_that_would_be_refused_is_told_with_its_reason(plan, tmp_path: Path) -> None:
    """By cause, with names; the good ones are counted apart, nothing is begun, and only what was seen is kept."""
    folder, out = tmp_path / "archive", tmp_path / "out"
    good = write_videos(folder, 2)
    write_broken(folder)
    (folder / "gone.mp4").symlink_to(tmp_path / "nowhere")
    (folder / "copy.mp4").write_bytes(good[0].read_bytes())
    told = plan(folder, *PROMPT, "--out", out, code=1)
    reasons = {
        group["code"]: sorted(Path(name).name for name in group["sources"]) for group in told["rejected_by_reason"]
    }
    assert reasons == {
        "file_empty": ["empty.mp4"],
        "file_missing": ["gone.mp4"],
        "video_duration_too_short": ["one picture.mp4"],
        "video_resolution_invalid_aspect_ratio": ["too wide.mp4"],
        "video_resolution_too_low": ["90x90.mp4"],
        "video_stream_missing": ["audio only.mp4"],
        "video_unreadable": ["headless.mp4", "text.mp4"],
    }
    taken = [*good, folder / "truncated.mp4"]  # whose header promises what the rest does not keep
    assert (told["to_analyse_videos"], told["duplicates"], told["rejected"]) == (3, 1, 8)
    assert (told["to_upload_files"], told["to_upload_bytes"]) == (3, sum(path.stat().st_size for path in taken))
    assert [path.name for path in out.iterdir()] == ["headers.db"]


def test_people_read_the_same_in_words(tmp_path: Path) -> None:
    """What is there, what is refused and why, what it costs here and on the remote platform, and how long it takes."""
    write_videos(tmp_path / "archive", 2)
    (tmp_path / "archive" / "copy.mp4").write_bytes(tiny_video(0))
    (tmp_path / "archive" / "text.mp4").write_text("no video")
    caps = ("--max-cost", "1", "--max-minutes", "0.01")
    done = pipeline("plan", tmp_path / "archive", *PROMPT, *caps, "--out", tmp_path / "out")
    assert (done.code, done.err) == (1, "")
    for words in (
        "rows       4, 3 distinct contents\n",
        "1 of the same content and question as another row: paid once",
        "to upload  2 files, ",
        "to analyse 2 videos, 0.0 min of video",
        "money      $0.00: the embedded platform charges nothing",
        "budget     $1.00 for this run: enough\n",
        "           0.01 min of video for this run: too little for 0.03 min of video; there the run pauses\n",
        "on the remote platform: $0.00 to $0.06 (answers from nothing to the token cap; prices of twelvelabs.io",
        "under its limits (limits.tier free): 1 s until the last is asked for: requests bind, 60 a minute",
        "1 x video_unreadable: its header cannot be read",
        f"      {tmp_path / 'archive' / 'text.mp4'}",
    ):
        assert words in done.out


def test_a_run_does_what_was_planned_and_the_next_plan_knows(plan, tmp_path: Path) -> None:
    """The same videos and bytes; then nothing is left, and a new prompt uploads nothing."""
    videos = write_videos(tmp_path / "archive", 3)
    arguments = (tmp_path / "archive", "--out", tmp_path / "out")
    told = plan(*arguments, *PROMPT)
    ran = pipeline("run", *arguments, *PROMPT, "--json").summary
    assert (told["to_analyse_videos"], told["to_upload_files"]) == (ran["written"], len(videos))
    assert told["to_upload_bytes"] == ran["uploaded_bytes"]
    assert told["billed_minutes"] == pytest.approx(ran["video_minutes"], abs=0.01)
    assert plan(*arguments, *PROMPT)["already_done"] == 3
    other = plan(*arguments, "--prompt", "And now?")
    assert (other["to_analyse_videos"], other["to_upload_files"], other["already_done"]) == (3, 0, 0)


def test_what_is_committed_leaves_less_for_a_plan(plan, tmp_path: Path) -> None:
    """Of a cap on the day only what no earlier run took is there, one without a budget included; a run has all of its
    own.
    """
    cap = {"PIPELINE_BUDGET__MAX_MINUTES_PER_DAY": "0.08"}
    arguments = (write_videos(tmp_path / "archive", 3)[0].parent, "--out", tmp_path / "out")
    (before,) = plan(*arguments, *PROMPT, env=cap)["budget"]
    assert (before["span"], before["unit"], before["cap"], before["verdict"]) == ("day", "minutes", 0.08, "enough")
    pipeline("run", *arguments, *PROMPT)
    pipeline("run", *arguments, *PROMPT, env=cap)
    run, day = plan(*arguments, "--prompt", "And now?", "--max-minutes", "0.08", env=cap)["budget"]
    assert day["committed"] == before["needed_low"] == before["needed_high"]
    assert (run["committed"], run["verdict"], day["verdict"]) == (0, "enough", "too_little")


def test_answers_of_the_past_tell_the_price_of_the_next(plan, tmp_path: Path) -> None:
    """Tokens come from earlier answers to the same question; failed videos are not asked again, and are told."""
    write_videos(tmp_path / "archive", 5)
    (tmp_path / "archive" / "text.mp4").write_text("no video")
    arguments = (tmp_path / "archive", *PROMPT, "--out", tmp_path / "out")
    prices = {"PIPELINE_PRICES__VIDEO_MINUTE_USD": "2", "PIPELINE_PRICES__OUTPUT_1K_TOKENS_USD": "3"}
    assert pipeline("run", *arguments, env=prices).code == 1
    write_videos(tmp_path / "archive", 2, first_seed=5)
    told = plan(*arguments, env=prices, code=1)
    assert (told["already_done"], told["failed_before"], told["to_analyse_videos"]) == (5, 1, 2)
    tokens = sorted(line["output_tokens"] for line in lines(tmp_path / "out" / "usage.jsonl"))
    assert told["past_answers"] == 5
    assert (told["output_tokens_low"], told["output_tokens_high"]) == (2 * tokens[0], 2 * tokens[-1])
    minutes_usd = 2 * told["billed_minutes"]
    assert told["cost_low_usd"] == pytest.approx(minutes_usd + 0.003 * 2 * tokens[0], abs=1e-4)
    assert told["cost_high_usd"] == pytest.approx(minutes_usd + 0.003 * 2 * tokens[-1], abs=1e-4)


def test_a_price_is_told_before_there_is_an_account(plan, tmp_path: Path) -> None:
    """The embedded platform is free, the remote one's price stands beside it, and no key is needed to ask for it."""
    write_videos(tmp_path / "archive", 2)
    here = plan(tmp_path / "archive", *PROMPT, "--out", tmp_path / "out")
    there = plan(tmp_path / "archive", *PROMPT, "--out", tmp_path / "out", *REMOTE)
    assert (here["cost_low_usd"], here["cost_high_usd"], here["hours"]) == (0, 0, None)
    minutes_usd = there["billed_minutes"] * PRICE_MINUTE
    assert there["cost_low_usd"] == pytest.approx(minutes_usd, abs=1e-5)
    assert there["cost_high_usd"] == pytest.approx(minutes_usd + 2 * 4.096 * PRICE_1K, abs=1e-5)
    assert (here["remote_cost_low_usd"], here["remote_cost_high_usd"]) == (
        there["cost_low_usd"],
        there["cost_high_usd"],
    )
    assert [price["source"] for price in there["prices"]] == ["twelvelabs.io/pricing"]
    assert here["remote_hours"] == there["hours"]
    assert (there["remote_cost_low_usd"], there["remote_hours"]) == (None, None)
    assert here.keys() == there.keys()


def test_a_model_without_a_price_has_no_sum(plan, tmp_path: Path) -> None:
    """It is named instead."""
    write_videos(tmp_path / "archive", 1)
    arguments = (tmp_path / "archive", *PROMPT, "--out", tmp_path / "out", *REMOTE, "--model", "pegasus1.9")
    told = plan(*arguments)
    assert (told["cost_low_usd"], told["cost_high_usd"], told["unpriced_models"]) == (None, None, ["pegasus1.9"])


def test_the_limit_that_binds_is_named_with_what_was_drawn_before(plan, tmp_path: Path) -> None:
    """Minutes of this afternoon are missing tonight: hours and days follow from the account's book, which is left as
    it is.
    """
    (tmp_path / "v.mp4").write_bytes(tiny_video(1, seconds=3))
    rows = [{"source": "v.mp4", "prompt": f"{number}?"} for number in range(48)]  # 2.4 minutes of video
    manifest = tmp_path / "rows.jsonl"
    manifest.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    out = tmp_path / "out"
    out.mkdir()
    with Draws(out / "limits.db", "http://127.0.0.1:9/v1.3", "analyze", 86_400) as draws, draws.turn():
        draws.add(Drawn(time.time() - 2 * 3600, Draw(1, 1.5, 0)))
    book = (out / "limits.db").read_bytes()
    limits = {"PIPELINE_LIMITS__TIER": "null", "PIPELINE_LIMITS__VIDEO_MINUTES_PER_DAY": "2"}
    told = plan(manifest, *PROMPT, "--out", out, *REMOTE, env=limits)
    assert told["to_upload_files"] == 1
    assert told["drawn_video_minutes"] == 1.5
    # half a minute now, one and a half when the old ones leave in 22 hours, the last when the first have left
    assert told["hours"] == pytest.approx(24, abs=0.1)
    assert (told["days"], told["binding_limit"]) == (2, {"unit": "minutes", "most": 2, "window": "day"})
    assert (out / "limits.db").read_bytes() == book
    assert not (out / "ledger.db").exists()


def test_rows_of_one_file_are_uploaded_once_and_asked_each(plan, tmp_path: Path) -> None:
    """Other windows are other questions; a row that is the same twice is paid once, a window beyond the end is told."""
    (tmp_path / "v.mp4").write_bytes(tiny_video(1, seconds=3))
    windows = [{}, {"end_time": 2}, {"start_time": 1}, {"end_time": 2}, {"end_time": 30}, {"start_time": 2.5}]
    manifest = tmp_path / "rows.jsonl"
    manifest.write_text("".join(f"{json.dumps({'source': 'v.mp4', **window})}\n" for window in windows))
    told = plan(manifest, *PROMPT, "--out", tmp_path / "out", code=1)
    assert (told["distinct_contents"], told["to_upload_files"]) == (1, 1)
    assert (told["to_analyse_videos"], told["duplicates"], told["rejected"]) == (3, 1, 2)
    assert told["to_analyse_minutes"] == pytest.approx((3 + 2 + 2) / 60, abs=0.01)
    assert {group["code"] for group in told["rejected_by_reason"]} == {"window_beyond_end", "video_duration_too_short"}


def test_urls_are_not_asked_for_their_length(plan, tmp_path: Path) -> None:
    """Their minutes are unknown unless the window tells; nothing of them is uploaded from here."""
    manifest = tmp_path / "rows.jsonl"
    windows = [{}, {"start_time": 30}, {"start_time": 30, "end_time": 90}]
    rows = [
        {"source": f"http://127.0.0.1:9/{number}.mp4", **window} for number, window in enumerate([*windows, *windows])
    ]
    manifest.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    auto = {"PIPELINE_BATCH__AUTO_FROM": "4"}
    told = plan(manifest, *PROMPT, "--out", tmp_path / "out", *REMOTE, "--delivery", "auto", env=auto)
    assert (told["to_analyse_videos"], told["unknown_length_videos"], told["to_upload_files"]) == (6, 4, 0)
    assert told["billed_minutes"] == 2
    assert (told["delivery"], told["delivery_reason"]) == ("batch", "at least 4 rows")


def test_segments_are_billed_once_a_definition(plan, tmp_path: Path) -> None:
    """Minutes of video and billed minutes differ, and the cap of an answer is that of segments."""
    write_videos(tmp_path / "archive", 1)
    definitions = [{"id": name, "description": "d"} for name in ("a", "b", "c")]
    env = {"PIPELINE_RECIPE__SEGMENT_DEFINITIONS": json.dumps(definitions)}
    told = plan(tmp_path / "archive", "--out", tmp_path / "out", env=env)
    assert told["segment_definitions"] == 3
    assert told["billed_minutes"] == pytest.approx(3 * told["to_analyse_minutes"], abs=1e-3)
    assert told["output_tokens_high"] == 32_768


@pytest.mark.parametrize(("state", "under_way"), [("uploaded", 0), ("submitted", 1)])
def test_what_a_killed_run_left_is_neither_uploaded_nor_paid_again(archive, state, under_way):
    """What is submitted is only to be collected; what is uploaded is only to be asked."""
    archive.add(small=2)
    archive.configure(run={"workers": 1})
    archive.run_killed_after(state)
    told = checked(archive.run("--dry-run"), 0)
    assert (told["under_way"], told["to_upload_files"]) == (under_way, 1)
    assert told["to_analyse_videos"] == 2 - under_way
    ran = archive.run()
    assert ran["uploaded_bytes"] == told["to_upload_bytes"]
    archive.assert_complete()


def test_images_have_no_minutes_and_large_ones_are_uploaded_once(plan, tmp_path: Path) -> None:
    """Rows of images cost their answers only; one that fits into its question is not uploaded."""
    (tmp_path / "small.png").write_bytes(still("png"))
    (tmp_path / "large.png").write_bytes(still("png") + bytes(100_000))
    images = [["small.png"], ["large.png"], ["small.png", "large.png"], ["small.png"]]
    manifest = tmp_path / "rows.jsonl"
    manifest.write_text("".join(f"{json.dumps({'images': paths})}\n" for paths in images))
    told = plan(manifest, *PROMPT, "--out", tmp_path / "out", *REMOTE, "--model", "pegasus1.6")
    assert (told["to_analyse_videos"], told["duplicates"], told["unknown_length_videos"]) == (3, 1, 0)
    assert (told["to_upload_files"], told["billed_minutes"], told["cost_low_usd"]) == (1, 0, 0)


def test_headers_are_read_once(plan, tmp_path: Path) -> None:
    """The second plan believes what the first one saw, until a file has another time or size."""
    (video,) = write_videos(tmp_path / "archive", 1)
    arguments = (tmp_path / "archive", *PROMPT, "--out", tmp_path / "out")
    first = plan(*arguments)
    seen = video.stat()
    video.write_bytes(b"?" * seen.st_size)
    os.utime(video, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert plan(*arguments) == first
    os.utime(video, ns=(seen.st_atime_ns, seen.st_mtime_ns + 1))
    assert plan(*arguments, code=1)["rejected_by_reason"][0]["code"] == "video_unreadable"


def test_a_dry_run_is_a_plan(plan, tmp_path: Path) -> None:
    """The same object, and nothing is begun."""
    write_videos(tmp_path / "archive", 1)
    arguments = (tmp_path / "archive", *PROMPT, "--out", tmp_path / "out")
    assert plan(*arguments) == plan(*arguments, command=("run", "--dry-run"))
    assert not (tmp_path / "out" / "ledger.db").exists()


def test_an_output_folder_that_cannot_be_written_is_planned_for(tmp_path: Path) -> None:
    """The ledger of somebody else's run is read where it lies, and nothing is added beside it."""
    tmp_path.chmod(0o755)
    write_videos(tmp_path / "archive", 1)
    out = tmp_path / "out"
    arguments = (tmp_path / "archive", *PROMPT, "--out", out)
    pipeline("run", *arguments)
    names = sorted(path.name for path in out.iterdir())
    out.chmod(0o555)
    try:
        done = pipeline("plan", *arguments, "--json", before=HEED_PERMISSIONS)
        assert checked(done.summary, done.code)["already_done"] == 1
        assert sorted(path.name for path in out.iterdir()) == names
    finally:
        out.chmod(0o755)


def test_what_cannot_be_obeyed_is_2_as_with_run(tmp_path: Path) -> None:
    """A manifest with bad rows is told before anything is looked at."""
    (tmp_path / "rows.jsonl").write_text('{"source": ""}\n')
    bad = pipeline("plan", tmp_path / "rows.jsonl", *PROMPT, "--out", tmp_path / "out", "--json")
    assert (bad.code, bad.summary["stopped_by"]["code"]) == (2, "manifest_invalid")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_what_was_seen_is_kept(plan, tmp_path: Path, sent: signal.Signals) -> None:
    """Exit code 4 with a word, no traceback, no process left over."""
    write_videos(tmp_path / "archive", 400)
    arguments = ("plan", tmp_path / "archive", *PROMPT, "--out", tmp_path / "out")
    env = {"PIPELINE_RUN__PLAIN_INTERVAL_S": "0.01"}
    with running(*arguments, env=env) as process:
        until(lambda: b"looked at" in process.stderr.readline())
        process.send_signal(sent)
        done = ended(process)
    assert (done.code, done.out) == (4, "")
    assert "paused: stopped by a signal" in done.err
    assert plan(*arguments[1:])["to_analyse_videos"] == 400
