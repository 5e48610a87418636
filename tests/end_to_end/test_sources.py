"""Where videos come from: URLs handed over directly, small files inside the question, and what is refused up front."""

import json
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests import warm
from tests.end_to_end.cli_world import PROMPT, Done, Platform, lines, pipeline, platform, write_videos
from tests.end_to_end.conftest import KILLED_RUN, QUICK, ROOT, environment

_seeds = count(80_000)
WAYS = pytest.mark.parametrize("delivery", ["task", "sync"])


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform of its own."""
    with platform(tmp_path_factory.mktemp("platform")) as started:
        yield started


@pytest.fixture(autouse=True)
def _mended(real: Platform) -> Iterator[None]:
    yield
    real.mend()


class Host:
    """Serves a folder, and counts what is asked of it by method."""

    def __init__(self, folder: Path) -> None:
        self.asked: Counter[str] = Counter()
        host = self

        class Handler(SimpleHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                host.asked[self.command] += 1

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/{name}"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A host of two videos and a page."""
    for number, path in enumerate(write_videos(tmp_path / "hosted", 2, next(_seeds) * 2)):
        path.rename(path.with_name(f"{number}film.mp4"))
    (tmp_path / "hosted" / "page.html").write_text("<html>")
    made = Host(tmp_path / "hosted")
    with made.server:
        thread = threading.Thread(target=made.server.serve_forever)
        thread.start()
        yield made
        made.server.shutdown()
        thread.join()


class World:
    """A manifest, a configuration, and the command over both."""

    def __init__(self, real: Platform, folder: Path, *rows: dict[str, Any], **sections: Any) -> None:
        self.real = real
        self.out = folder / "out"
        self.manifest = folder / "rows.jsonl"
        self.manifest.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        self.config = folder / "config.yaml"
        limits = {"limits": {"tier": None, "read_per_minute": None}}
        named = {"platform": {"kind": "remote", "base_url": real.base_url}, "recipe": {"prompt": PROMPT[1]}}
        self.config.write_text(
            json.dumps({"retry": QUICK["retry"], "polling": QUICK["polling"], **limits, **named, **sections})
        )
        self._before = Counter(real.books()["requests"])
        self._created = real.books()["tasks_created"]

    def run(self, *options: str, command: str = "run", code: int = 0) -> Done:
        manifest = [self.manifest] if command == "run" else []
        done = pipeline(command, *manifest, "-c", self.config, "--out", self.out, "--json", *options, env=self.real.env)
        assert done.code == code, done
        return done

    def killed(self, state: str, intent: int) -> None:
        command = [sys.executable, KILLED_RUN, self.config, self.manifest, self.out, state, str(intent), "1"]
        done = warm.run(command, cwd=ROOT, env=environment(**self.real.env))
        assert done.returncode == -9, done

    @property
    def requests(self) -> Counter[str]:
        return Counter(self.real.books()["requests"]) - self._before

    @property
    def created(self) -> int:
        return self.real.books()["tasks_created"] - self._created

    def results(self) -> list[dict[str, Any]]:
        return lines(self.out / "results.jsonl")

    def failures(self) -> list[dict[str, Any]]:
        return lines(self.out / "failures.jsonl")


DIRECT = {"upload": {"url_sources": "direct"}}
INLINE = {"upload": {"inline_max_bytes": 1_000_000}}


@WAYS
def test_a_url_is_handed_over_in_the_question(real, host, tmp_path, delivery):
    """No asset is made of it; its host is asked with HEAD once, and fetched from by the platform alone."""
    world = World(real, tmp_path, {"source": host.url("0film.mp4")}, {"source": host.url("1film.mp4")}, **DIRECT)
    world.run("--delivery", delivery)
    assert [line["asset_id"] for line in world.results()] == [None, None]
    assert all(line["text"] for line in world.results())
    assert world.requests["POST /assets"] == 0
    assert host.asked == {"HEAD": 2, "GET": 2}
    assert json.loads(world.run("--delivery", delivery).out)["requests"] == 0
    assert host.asked["HEAD"] == 2


def test_a_url_becomes_an_asset_unless_told_otherwise(real, host, tmp_path):
    """It is checked once, made an asset once, and reused by the next question without a look at its host."""
    world = World(real, tmp_path, {"source": host.url("0film.mp4")})
    world.run()
    assert world.results()[0]["asset_id"]
    asked = Counter(host.asked)
    assert asked["HEAD"] == 1
    world.run("--prompt", "And now?")
    assert (world.requests["POST /assets"], host.asked) == (1, asked)


def test_a_url_of_unknown_length_is_not_asked_about_under_a_cap(real, host, tmp_path):
    """What might take any part of a budget fails with the remedy; a row that tells its end is asked about."""
    rows = {"source": host.url("0film.mp4")}, {"source": host.url("1film.mp4"), "end_time": 1}
    world = World(real, tmp_path, *rows, **DIRECT, budget={"max_minutes": 1})
    world.run(code=1)
    (failure,) = world.failures()
    assert (failure["code"], world.created, len(world.results())) == ("length_unknown", 1, 1)
    assert "upload.url_sources" in failure["message"]


@pytest.mark.parametrize("sections", [{}, DIRECT], ids=["asset", "direct"])
def test_a_url_without_a_video_fails_its_row_alone(real, host, tmp_path, sections):
    """What is gone, and a page, are named before the platform hears of them; the other row is done."""
    names = ("0film.mp4", "gone.mp4", "page.html")
    world = World(real, tmp_path, *({"source": host.url(name)} for name in names), **sections)
    world.run(code=1)
    found = {Path(line["source"]).name: (line["error"], line["code"]) for line in world.failures()}
    assert found == {
        "gone.mp4": ("SourceRejected", "source_unreachable"),
        "page.html": ("SourceRejected", "source_no_video"),
    }
    assert world.created == 1
    (tmp_path / "hosted" / "gone.mp4").write_bytes((tmp_path / "hosted" / "1film.mp4").read_bytes())
    world.run(command="retry", code=1)
    assert len(world.results()) == 2


@WAYS
def test_a_small_file_travels_inside_its_question(real, tmp_path, delivery):
    """Nothing is uploaded, and its length is known all the same; a larger one becomes an asset."""
    small, large = write_videos(tmp_path / "archive", 2, next(_seeds) * 2)
    large.write_bytes(large.read_bytes() + bytes(2_000))
    bound = {"upload": {"inline_max_bytes": small.stat().st_size}}
    world = World(real, tmp_path, {"source": str(small)}, {"source": str(large)}, **bound)
    world.run("--delivery", delivery)
    assets = {line["source"]: line["asset_id"] for line in world.results()}
    assert assets[str(small)] is None
    assert assets[str(large)]
    assert world.requests["POST /assets"] == 1
    assert all(line["billed_minutes"] == pytest.approx(1 / 60, rel=0.1) for line in lines(world.out / "usage.jsonl"))
    assert json.loads(world.run("--delivery", delivery).out)["requests"] == 0


@pytest.mark.parametrize(("state", "intent"), [("uploaded", 0), ("uploaded", 1), ("submitted", 0)])
@pytest.mark.parametrize("kind", ["url", "inline"])
def test_a_kill_around_a_question_without_an_asset_makes_no_second_task(real, host, tmp_path, kind, state, intent):
    """What may have left is found by what it was called, and where it has one by its URL."""
    path = write_videos(tmp_path / "archive", 1, next(_seeds) * 2)[0]
    source, sections = (host.url("0film.mp4"), DIRECT) if kind == "url" else (str(path), INLINE)
    world = World(real, tmp_path, {"source": source}, **sections)
    world.killed(state, intent)
    world.run()
    assert world.created == 1
    assert len(world.results()) == 1


@pytest.mark.parametrize("kind", ["url", "inline"])
def test_a_submission_whose_answer_was_lost_is_found_again(real, host, tmp_path, kind):
    """The task was created, the process died before it knew: the next run takes that task, and pays no other."""
    path = write_videos(tmp_path / "archive", 1, next(_seeds) * 2)[0]
    source, sections = (host.url("0film.mp4"), DIRECT) if kind == "url" else (str(path), INLINE)
    world = World(real, tmp_path, {"source": source}, **sections)
    world.run()
    with closing(sqlite3.connect(world.out / "ledger.db")) as db:  # as if it had died right after sending
        db.execute("UPDATE jobs SET state = 'uploaded', intent = 1, task_id = NULL")
        db.execute("UPDATE sources SET written = 0")
        db.execute("DELETE FROM answers")
        db.commit()
    world.run()
    assert world.requests["POST /analyze/tasks"] == 1


@pytest.mark.parametrize("kind", ["url", "inline"])
def test_a_creation_whose_answer_is_lost_makes_no_second_task(real, host, tmp_path, kind):
    """It is looked up within the same run."""
    path = write_videos(tmp_path / "archive", 1, next(_seeds) * 2)[0]
    source, sections = (host.url("0film.mp4"), DIRECT) if kind == "url" else (str(path), INLINE)
    world = World(real, tmp_path, {"source": source}, **sections)
    real.fault(method="POST", path="/analyze/tasks$", lose_response=True)
    world.run()
    assert (world.created, world.requests["POST /analyze/tasks"]) == (1, 1)


def test_a_file_that_changed_before_it_travelled_is_not_asked_of(real, tmp_path):
    """What is sent is what was identified; the new content is a video of its own."""
    path = write_videos(tmp_path / "archive", 1, next(_seeds) * 2)[0]
    world = World(real, tmp_path, {"source": str(path)}, **INLINE)
    world.killed("uploaded", 0)
    path.write_bytes(write_videos(tmp_path / "other", 1, next(_seeds) * 2)[0].read_bytes())
    world.run("--delivery", "task")
    assert world.created == 1
    world.run(command="retry")
    assert world.created == 1


@WAYS
def test_a_window_beyond_the_end_fails_before_a_byte_is_sent(real, tmp_path, delivery):
    """The row is named with both numbers; nothing of its video travels; a window within the other passes."""
    paths = write_videos(tmp_path / "archive", 3, next(_seeds) * 4)
    rows = (
        {"source": str(paths[0]), "start_time": 0, "end_time": 1},
        {"source": str(paths[1]), "start_time": 0, "end_time": 9},
        {"source": str(paths[2]), "start_time": 7, "end_time": 9},
    )
    world = World(real, tmp_path, *rows)
    world.run("--delivery", delivery, code=1)
    assert {line["code"] for line in world.failures()} == {"window_beyond_end"}
    messages = {Path(line["source"]): line["message"] for line in world.failures()}
    assert "end_time 9 s is beyond the video's end at 1.000 s" in messages[paths[1]]
    assert "start_time 7 s is beyond the video's end at 1.000 s" in messages[paths[2]]
    assert world.requests["POST /assets"] == 1


def test_a_video_too_long_for_one_request_is_not_uploaded(real, tmp_path):
    """Its header tells, before its first byte is sent."""
    path = write_videos(tmp_path / "archive", 1, next(_seeds) * 2)[0]
    world = World(real, tmp_path, {"source": str(path)}, sync={"longest_s": 0.5})
    world.run("--delivery", "sync", code=1)
    (failure,) = world.failures()
    assert (failure["code"], failure["state"]) == ("video_duration_too_long", "accepted")
    assert world.requests == {}
