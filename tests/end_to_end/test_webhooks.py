"""Events of the platform hasten a run; without any it ends all the same."""

import pytest

from tests.end_to_end.cli_world import KEY, PROMPT, lines, pipeline, platform, write_videos

SECRET = "whsec_DISTINCTIVE_0123456789"
# nobody would look at a task before an hour is over
UNHURRIED = {"PIPELINE_POLLING__FIRST_LOOK_S": "3600"}


@pytest.mark.parametrize("slow", ["0", "0.5"])
def test_events_wake_the_run(tmp_path, slow):
    """With --webhook-port a run on the embedded platform ends when its tasks do, and says how many events came."""
    write_videos(tmp_path / "videos", 3)
    command = ("run", tmp_path / "videos", "--out", tmp_path / "out", *PROMPT, "--webhook-port", "0")
    done = pipeline(*command, "--json", env={**UNHURRIED, "PIPELINE_SERVER__ANALYSIS_SECONDS": slow})
    assert (done.code, done.summary["written"]) == (0, 3)
    assert done.summary["webhook_events"] == {"received": 3, "repeated": 0, "refused": 0}
    assert "webhooks" not in pipeline(*command[:-2]).out
    assert "0 events" in pipeline(*command).out


def test_an_event_wakes_whoever_waits_for_a_batch(tmp_path):
    """A batch that nobody would look at for an hour is collected when it has ended."""
    write_videos(tmp_path / "videos", 2)
    done = pipeline(
        *("run", tmp_path / "videos", "--out", tmp_path / "out", *PROMPT, "--webhook-port", "0", "--json"),
        *("--delivery", "batch"),
        env={"PIPELINE_BATCH__POLL_MIN_S": "3600", "PIPELINE_BATCH__POLL_MAX_S": "3600"},
    )
    assert (done.code, done.summary["written"]) == (0, 2)
    assert done.summary["webhook_events"]["received"] == 1


def test_lost_events(tmp_path):
    """A run whose events never come ends by polling, and its secret stands nowhere."""
    write_videos(tmp_path / "videos", 2)
    with platform(tmp_path / "platform") as remote:
        done = pipeline(
            *("run", tmp_path / "videos", "--out", tmp_path / "out", *PROMPT, "--webhook-port", "0", "--json"),
            env={**remote.env, "TWELVE_LABS_WEBHOOK_SECRET": SECRET, "PIPELINE_LOG__LEVEL": "debug"},
        )
    assert (done.code, done.summary["written"]) == (0, 2)
    assert done.summary["webhook_events"] == {"received": 0, "repeated": 0, "refused": 0}
    kept = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert SECRET not in done.out + done.err
    assert SECRET.encode() not in kept
    (listening,) = [line for line in _log(tmp_path) if line["event"] == "webhook.listening"]
    assert listening["address"].startswith("http://127.0.0.1:")


def _log(folder):
    (path,) = (folder / "out").glob("runs/*/log.jsonl")
    return lines(path)


def test_no_secret(tmp_path):
    """Listening for a remote platform without the secret is refused before anything is touched, with what to set."""
    write_videos(tmp_path / "videos", 1)
    done = pipeline(
        *("run", tmp_path / "videos", "--out", tmp_path / "out", *PROMPT, "--webhook-port", "0"),
        env={"PIPELINE_PLATFORM__BASE_URL": "http://127.0.0.1:9/v1.3", "TWELVE_LABS_API_KEY": KEY},
    )
    assert done.code == 2
    assert "TWELVE_LABS_WEBHOOK_SECRET" in done.err
    assert "webhooks.secret_file" in done.err
    assert not (tmp_path / "out").exists()


def test_secret_in_a_file(tmp_path):
    """The secret may come from a file, and is refused in the configuration itself."""
    write_videos(tmp_path / "videos", 1)
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    command = ("run", tmp_path / "videos", "--out", tmp_path / "out", *PROMPT, "--json")
    settings = {"PIPELINE_WEBHOOKS__PORT": "0", "PIPELINE_WEBHOOKS__SECRET_FILE": str(tmp_path / "secret")}
    with platform(tmp_path / "platform") as remote:
        assert pipeline(*command, env={**remote.env, **settings}).code == 0
    (tmp_path / "config.yaml").write_text(f"webhook_secret: {SECRET}\n")
    done = pipeline(*command, "-c", tmp_path / "config.yaml")
    assert (done.code, "TWELVE_LABS_WEBHOOK_SECRET" in done.err, SECRET in done.err) == (2, True, False)
