"""What scripts rely on: exit codes, the last lines, one JSON object, and the commands that go on."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.sample_videos.odd import tiny_video
from tests.end_to_end.cli_world import (
    KEY,
    PROGRAM,
    PROMPT,
    Platform,
    ended,
    environment,
    lines,
    pipeline,
    platform,
    running,
    shell,
    until,
    write_videos,
)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform of its own, with small chunks."""
    with platform(tmp_path_factory.mktemp("platform"), chunk_bytes=1000) as started:
        yield started


def _half_missing(folder: Path) -> Path:
    """A list of a good, a missing and an empty video."""
    (good,) = write_videos(folder, 1)
    (folder / "empty one.mp4").touch()
    listed = folder / "list.txt"
    listed.write_text(f"{good}\n{folder / 'late one.mp4'}\n{folder / 'empty one.mp4'}\n")
    return listed


def test_everything_written_is_0_and_again_0(tmp_path: Path) -> None:
    """A night without failures exits 0, and so does the next one, which does nothing."""
    write_videos(tmp_path / "archive", 2)
    arguments = ("run", tmp_path / "archive", *PROMPT, "--out", tmp_path / "out", "--json")
    first, second = pipeline(*arguments), pipeline(*arguments)
    assert (first.code, second.code) == (0, 0)
    assert (first.summary["written"], second.summary["written"]) == (2, 0)
    assert second.summary["already_done"] == 2
    assert second.summary["uploaded_bytes"] == 0
    assert len(lines(tmp_path / "out" / "results.jsonl")) == 2


def test_failures_are_1_until_they_are_mended(tmp_path: Path) -> None:
    """The same command exits 1 as long as a video it names is failed, and says which of them are not new."""
    listed = _half_missing(tmp_path / "a b")
    (rejected := tmp_path / "text.mp4").write_text("no video")
    listed.write_text(f"{listed.read_text()}{rejected}\n")
    first, second = (pipeline("run", listed, *PROMPT, "--out", tmp_path / "out") for _ in range(2))
    assert (first.code, second.code) == (1, 1)
    assert first.out.startswith("1 written, 3 failed, 0 already done (4 rows, ")
    assert second.out.startswith("0 written, 3 failed (1 of them by an earlier run), 1 already done (4 rows, ")


@pytest.mark.parametrize("where", [("out",), ("out put", "it's one")], ids=["plain", "spaces and quotes"])
def test_the_printed_retry_command_works_as_it_stands(tmp_path: Path, where: tuple[str, ...]) -> None:
    """The last line is a shell command that, copied and run in any folder, finishes what was mended."""
    listed = _half_missing(tmp_path / "a b")
    out = tmp_path.joinpath(*where)
    config = tmp_path / "my config.yaml"
    config.write_text("platform:\n  account: mine\n")
    done = pipeline(
        "run", listed.name, *PROMPT, "-c", config, "--out", os.path.relpath(out, listed.parent), cwd=listed.parent
    )
    assert done.code == 1
    last = done.out.splitlines()[-1]
    assert last.startswith("try them again: ")
    for seed, name in enumerate(("late one.mp4", "empty one.mp4"), 10):
        (listed.parent / name).write_bytes(tiny_video(seed))
    again = shell(last.removeprefix("try them again: "), shell=True, cwd="/")
    assert again.code == 0, again
    assert again.out.startswith("2 written, 0 failed")
    assert lines(out / "failures.jsonl") == []
    assert len(lines(out / "results.jsonl")) == 3


def test_the_retry_command_asks_the_same_platform(tmp_path: Path) -> None:
    """Where a flag chose the platform, the command that retries says so again, and works although a key is set."""
    listed = _half_missing(tmp_path / "a")
    with_key = {"TWELVE_LABS_API_KEY": KEY}
    done = pipeline("run", listed, *PROMPT, "--platform", "local", "--out", tmp_path / "out", env=with_key)
    for seed, name in enumerate(("late one.mp4", "empty one.mp4"), 10):
        (listed.parent / name).write_bytes(tiny_video(seed))
    command = done.out.splitlines()[-1].removeprefix("try them again: ")
    assert shell(command, shell=True, cwd="/", env=with_key).code == 0


def test_the_installed_program_names_itself(tmp_path: Path) -> None:
    """The printed command begins with the program as it can be called: by its name where that is found, else by its
    path.
    """
    program = Path(sys.executable).with_name("pipeline")
    arguments = ["run", str(_half_missing(tmp_path / "a")), *PROMPT, "--out", str(tmp_path / "out")]
    by_path = shell([str(program), *arguments], env={"PATH": os.defpath})
    found = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    by_name = shell(["pipeline", *arguments], env={"PATH": found}, executable=str(program))
    assert shlex.split(by_path.out.splitlines()[-1])[3] == str(program)
    assert shlex.split(by_name.out.splitlines()[-1])[3] in {"pipeline", str(program)}


def test_retry_of_one_class_leaves_the_others(tmp_path: Path) -> None:
    """`retry --class` drives the failures of that class or code alone; the rest stay listed."""
    listed = _half_missing(tmp_path / "a")
    out = tmp_path / "out"
    pipeline("run", listed, *PROMPT, "--out", out)
    for seed, name in enumerate(("late one.mp4", "empty one.mp4"), 10):
        (listed.parent / name).write_bytes(tiny_video(seed))
    done = pipeline("retry", "--class", "file_missing", "--out", out, "--json")
    assert done.summary["written"] == 1
    assert [group["code"] for group in done.summary["failure_groups"]] == ["file_empty"]
    assert [line["code"] for line in lines(out / "failures.jsonl")] == ["file_empty"]
    assert pipeline("retry", "--out", out, "--json").summary["written"] == 1
    assert lines(out / "failures.jsonl") == []


def test_retry_leaves_the_configured_manifest_alone(tmp_path: Path) -> None:
    """`retry` drives failed videos only, although its configuration names a manifest."""
    listed = _half_missing(tmp_path / "a")
    out = tmp_path / "out"
    pipeline("run", listed, *PROMPT, "--out", out)
    write_videos(tmp_path / "others", 1, 50)
    done = pipeline("retry", "--out", out, "--json", env={"PIPELINE_MANIFEST__SOURCE": str(tmp_path / "others")})
    assert done.code == 1
    assert (done.summary["rows"], done.summary["written"]) == (2, 0)


@pytest.mark.parametrize("command", ["status", "retry"])
def test_a_folder_without_ledger_is_told_and_not_made(tmp_path: Path, command: str) -> None:
    """`status` and `retry` of a folder where no run has worked exit 2, say so, and make nothing."""
    done = pipeline(command, "--out", "nowhere", cwd=tmp_path)
    assert done.code == 2
    assert "there is no ledger in nowhere" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_used_up_quota_is_4(tmp_path: Path, real: Platform) -> None:
    """A quota that is used up pauses the run with exit 4 and its reason, fails no video, and the same command
    resumes.
    """
    write_videos(tmp_path / "archive", 3)
    arguments = ("run", tmp_path / "archive", *PROMPT, "--out", tmp_path / "out", "--json")
    body = {"error": {"code": "usage_limit_exceeded", "message": "The plan's minutes are used up."}}
    real.fault(method="POST", path="/analyze/tasks$", times=None, status=403, body=body)
    paused = pipeline(*arguments, env=real.env)
    real.mend()
    assert (paused.code, paused.summary["stopped_by"]["code"]) == (4, "usage_limit_exceeded")
    assert (paused.summary["failed"], paused.summary["failure_groups"]) == (0, [])
    resumed = pipeline(*arguments, env=real.env)
    assert (resumed.code, resumed.summary["written"], resumed.summary["uploaded_bytes"]) == (0, 3, 0)


def test_a_second_run_is_5_at_once_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    """While a run holds the output folder another exits 5 and names it; after kill -9 the next one works."""
    write_videos(tmp_path / "archive", 2)
    arguments = ("run", tmp_path / "archive", *PROMPT, "--out", tmp_path / "out")
    slow = {"PIPELINE_SERVER__ANALYSIS_SECONDS": "600"}
    with running(*arguments, env=slow) as first:
        until((tmp_path / "out" / "ledger.db").exists)
        second = pipeline(*arguments, "--json")
        assert (second.code, second.summary["stopped_by"]["code"]) == (5, "folder_locked")
        assert f"another run holds {tmp_path / 'out'}" in second.err
        assert pipeline("status", "--out", tmp_path / "out").code == 0
        first.kill()
        first.wait()
    assert pipeline(*arguments).code == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("run", "archive", *PROMPT), 0),
        (("run", "archive", "gone", *PROMPT), 2),
        (("run", "gone", *PROMPT), 2),
        (("run", "archive"), 2),
        (("run", "archive", *PROMPT, "--workers", "x"), 2),
        (("retry",), 2),
        (("status",), 2),
    ],
)
def test_json_is_one_object_however_the_command_ends(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    """With `--json` stdout holds one JSON object with the exit code, and everything for people is on stderr."""
    write_videos(tmp_path / "archive", 1)
    done = pipeline(*arguments, "--out", "out", "--json", cwd=tmp_path)
    assert done.code == code
    assert done.summary["exit_code"] == code
    assert bool(done.err) == bool(code)


def test_the_summary_file_is_the_printed_one(tmp_path: Path) -> None:
    """`runs/<run id>/summary.json` holds the object that `--json` prints."""
    done = pipeline("run", _half_missing(tmp_path / "a"), *PROMPT, "--out", tmp_path / "out", "--json")
    kept = tmp_path / "out" / "runs" / done.summary["run_id"] / "summary.json"
    assert json.loads(kept.read_bytes()) == done.summary


def test_failures_are_grouped_by_cause_at_the_end(tmp_path: Path) -> None:
    """The last lines group the failed files by cause, the largest group first, each file named once."""
    names = [tmp_path / f"gone {number}.mp4" for number in range(7)]
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "list.txt").write_text("\n".join(map(str, [*names, tmp_path / "empty.mp4"])))
    done = pipeline("run", tmp_path / "list.txt", *PROMPT, "--out", tmp_path / "out")
    told = done.out[done.out.index("8 failed, by cause:") :].splitlines()
    assert told[1].startswith("  7 x SourceUnreadable (file_missing): cannot read the file: there is no such file")
    assert [line.strip() for line in told[2:7]] == [str(name) for name in names[:5]]
    assert told[7].strip() == "and 2 more"
    assert told[8].startswith("  1 x SourceUnreadable (file_empty)")
    assert told[9].strip() == str(tmp_path / "empty.mp4")
    assert told[10] == f"all of them with their messages: {tmp_path / 'out' / 'failures.jsonl'}"
    assert told[11].startswith("try them again: ")


def test_without_a_terminal_progress_is_plain_lines(tmp_path: Path) -> None:
    """Away from a terminal progress is one plain line at each interval on stderr, without control characters."""
    write_videos(tmp_path / "archive", 2)
    slow = {"PIPELINE_SERVER__ANALYSIS_SECONDS": "0.5", "PIPELINE_RUN__PLAIN_INTERVAL_S": "0.05"}
    done = pipeline("run", tmp_path / "archive", *PROMPT, "--out", tmp_path / "out", env=slow)
    plain = [line for line in done.err.splitlines() if not line.startswith("{")]
    shape = r"\d of 2 videos( found so far)?, 0 failed, \d in flight, [\d.]+ \w+ up at [\d.]+ \w+/s, \$0\.00, .+"
    assert plain
    assert all(re.fullmatch(shape, line) for line in plain), plain
    assert "\x1b" not in done.out + done.err
    assert "written" not in done.err


def test_status_tells_states_failures_and_spend(tmp_path: Path, real: Platform) -> None:
    """`status` shows jobs by state, failures by cause, what was spent and how to go on; with `--json` as one object."""
    out = tmp_path / "out"
    pipeline("run", _half_missing(tmp_path / "a"), *PROMPT, "--out", out, env=real.env)
    as_text, as_json = pipeline("status", "--out", out), pipeline("status", "--out", out, "--json")
    assert (as_text.code, as_json.code, as_text.err, as_json.err) == (0, 0, "", "")
    assert as_json.summary["states"] == {"written": 1, "failed": 2}, as_json.summary
    assert as_json.summary["spent_usd"] > 0
    assert {group["code"] for group in as_json.summary["failures"]} == {"file_missing", "file_empty"}
    assert as_text.out.startswith(f"{out}: 3 jobs, $0.00 spent")
    assert as_text.out.splitlines()[-1].startswith("try them again: ")


def test_a_narrow_encoding_breaks_nothing(tmp_path: Path) -> None:
    """Where the output's encoding cannot say a name, it is shown escaped."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "\U0001f600.mp4").touch()
    done = pipeline("run", tmp_path / "a", *PROMPT, "--out", tmp_path / "out", env={"PYTHONIOENCODING": "latin-1"})
    assert done.code == 1
    assert "/\\U0001f600.mp4" in done.out


def test_a_reader_that_left_changes_no_exit_code(tmp_path: Path) -> None:
    """The exit code tells the truth although nobody reads stdout any more (`| head`)."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [*PROGRAM, "run", str(_half_missing(tmp_path / "a")), *PROMPT, "--out", str(tmp_path / "out")]
    with os.fdopen(writing, "wb") as nobody_reads:
        done = subprocess.run(command, env=environment(), stdout=nobody_reads, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, b"Traceback" in done.stderr, b"BrokenPipe" in done.stderr) == (1, False, False)


@pytest.mark.parametrize("command", ["run", "status"])
def test_losing_every_reader_changes_no_exit_code(tmp_path: Path, command: str) -> None:
    """Progress lines, logs and the summary stop nothing although nobody reads them any more (`2>&1 | head`)."""
    out = tmp_path / "out"
    asked = ("run", _half_missing(tmp_path / "a"), *PROMPT, "--out", out)
    if command == "status":
        pipeline(*asked)
        asked = ("status", "--out", out)
    reading, writing = os.pipe()
    os.close(reading)
    slow = environment(PIPELINE_SERVER__ANALYSIS_SECONDS="0.5", PIPELINE_RUN__PLAIN_INTERVAL_S="0.05")
    with os.fdopen(writing, "wb") as gone:
        done = subprocess.run([*PROGRAM, *map(str, asked)], env=slow, stdout=gone, stderr=gone, check=False)
    assert done.returncode == (1 if command == "run" else 0)
    assert len(lines(out / "results.jsonl")) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("command", ["run", "status"])
def test_stdout_on_a_full_disk_is_3_in_one_line(tmp_path: Path, command: str) -> None:
    """What cannot be printed is told in words, and not as a bug."""
    out = tmp_path / "out"
    asked = ("run", write_videos(tmp_path / "archive", 1)[0].parent, *PROMPT, "--out", out)
    if command == "status":
        pipeline(*asked)
        asked = ("status", "--out", out)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*PROGRAM, *map(str, asked)], env=environment(), stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, b"Traceback" in done.stderr) == (3, False), done.stderr
    assert b"error: what is to be printed cannot be written: No space left on device" in done.stderr
    assert len(lines(out / "results.jsonl")) == 1


def test_an_error_without_a_reader_keeps_its_code(tmp_path: Path) -> None:
    """What cannot be said on stderr is still said by the exit code."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        command = [*PROGRAM, "status", "--out", str(tmp_path / "nowhere")]
        assert subprocess.run(command, env=environment(), stderr=gone, check=False).returncode == 2


def test_a_bug_is_3_with_its_traceback_and_one_object(tmp_path: Path) -> None:
    """An error nobody foresaw shows its traceback, exits 3 and not 1, and still prints the one object."""
    command = [*PROGRAM, "status", "--json", "--out", str(tmp_path / "a\0b")]  # no shell can pass such a name
    buggy = [sys.executable, "-c", f"import sys; sys.argv = {command[2:]!r}; from pipeline.cli import main; main()"]
    done = subprocess.run(buggy, env=environment(), capture_output=True, check=False)
    assert (done.returncode, b"Traceback" in done.stderr) == (3, True), done
    assert json.loads(done.stdout)["stopped_by"]["code"] == "bug"


def test_secrets_are_nowhere(tmp_path: Path, real: Platform) -> None:
    """Neither the key nor a presigned URL is in any file or output of a night in which much goes wrong."""
    write_videos(tmp_path / "a", 3)
    echoed = {"code": "parameter_invalid", "message": f"a body that repeats {KEY}"}
    real.fault(method="PUT", path="^/chunks/", after=1, times=2, status=500, body="<Error>oops</Error>")
    real.fault(method="PUT", path="^/chunks/", after=4, times=1, drop=True)
    real.fault(method="POST", path="/analyze/tasks$", times=1, status=400, body={"error": echoed})
    real.fault(method="POST", path="/analyze/tasks$", times=1, status=401, body=echoed)
    variables = {**real.env, "PIPELINE_UPLOAD__DIRECT_MAX_BYTES": "0", "PIPELINE_LOG__LEVEL": "debug"}
    out = tmp_path / "out"
    nights = []
    for _ in range(2):
        nights.append(pipeline("run", tmp_path / "a", *PROMPT, "--out", out, env=variables))
        real.mend()
    assert [night.code for night in nights] == [3, 1]
    said = "".join(night.out + night.err for night in nights).encode()
    written = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    for secret in (KEY.encode(), b"signature=", b"/chunks/"):
        assert secret not in said
        assert secret not in written
    assert b"parameter_invalid" in written  # the failure itself is told, without what its message repeated


def test_a_manifest_that_changes_under_way_is_fatal_not_a_crash(tmp_path: Path) -> None:
    """A list that turns bad while it is read ends the run with exit 3 and a summary that says so."""
    videos = write_videos(tmp_path / "a", 2)
    listed = tmp_path / "list.jsonl"
    # longer than what is read ahead while the first video holds the only place
    rows = [{"source": str(videos[0]), "note": "x" * 20_000} for _ in range(200)]
    listed.write_text("\n".join(map(json.dumps, rows)))
    arguments = ("run", listed, *PROMPT, "--out", tmp_path / "out", "--workers", "1", "--json")
    with running(*arguments, env={"PIPELINE_SERVER__ANALYSIS_SECONDS": "2"}) as process:
        until(lambda: "video.submitted" in _log(tmp_path / "out"))
        with listed.open("r+") as file:
            file.seek(listed.stat().st_size // 2)
            file.write("\n[\n")
        done = ended(process)
    assert (done.code, done.summary["stopped_by"]["code"]) == (3, "manifest_invalid")
    assert "changed while the run was under way" in done.summary["stopped_by"]["message"]


def _log(out: Path) -> str:
    return "".join(path.read_text() for path in out.glob("runs/*/log.jsonl"))
