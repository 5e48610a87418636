"""Images in questions, from the configuration and the manifest to the result lines."""

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests import warm
from tests.contract.stills import still
from tests.end_to_end.cli_world import Platform, environment, lines, pipeline, platform, write_videos
from tests.end_to_end.conftest import KILLED_RUN, QUICK, ROOT

LOCAL = ("--platform", "local")
LOOKS = {"PIPELINE_SERVER__ENGINE": "evidence", "PIPELINE_SERVER__TRACKS": '["visuals"]'}


def settings(folder: Path, upload: dict[str, Any] | None = None, **recipe: Any) -> Path:
    path = folder / "settings.yaml"
    path.write_text(json.dumps({"recipe": recipe, "upload": upload or {}}))
    return path


def picture(path: Path, **shape: Any) -> Path:
    path.write_bytes(still(**shape))
    return path


def rows(path: Path, *given: dict[str, Any]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in given))
    return path


@pytest.mark.parametrize("upload", [{}, {"inline_image_bytes": 0}], ids=["inline", "uploaded"])
def test_a_prompt_speaks_of_a_reference_image(tmp_path: Path, upload: dict[str, int]) -> None:
    """Every answer tells of the image, however it travelled; the same command again sends nothing."""
    write_videos(tmp_path / "videos", 3)
    picture(tmp_path / "dog.png")
    config = settings(tmp_path, upload, prompt="Is <@dog> there?", media_sources={"dog": "dog.png"})
    command = ("run", tmp_path / "videos", "-c", config, *LOCAL, "--out", tmp_path / "out", "--json")
    done = pipeline(*command, env=LOOKS, cwd=tmp_path)
    assert done.code == 0, done
    results = lines(tmp_path / "out" / "results.jsonl")
    assert ["<@dog>: 64x48" in line["text"] for line in results] == [True] * 3
    again = pipeline(*command, env=LOOKS, cwd=tmp_path)
    assert (again.summary["already_done"], again.summary["requests"]) == (3, 0)


def test_images_are_analysed_in_place_of_videos(tmp_path: Path) -> None:
    """Each row of images has one line, without asset and duration; equal sets are one question; minutes are none."""
    for name, width in (("a.png", 64), ("b.png", 80)):
        picture(tmp_path / name, width=width)
    write_videos(tmp_path, 1)
    (tmp_path / "copy.png").write_bytes((tmp_path / "a.png").read_bytes())
    manifest = rows(
        tmp_path / "m.jsonl",
        {"images": {"before": "a.png", "after": "b.png"}, "prompt": "Compare <@before> with <@after>.", "id": "pair"},
        {"images": {"before": "copy.png", "after": "b.png"}, "prompt": "Compare <@before> with <@after>."},
        {"source": "a.png"},
        {"source": "video 0.mp4"},
    )
    config = settings(tmp_path, {"inline_image_bytes": 0}, prompt="What is to be seen?", model="pegasus1.6")
    command = ("run", manifest, "-c", config, *LOCAL, "--out", tmp_path / "out", "--json")
    done = pipeline(*command, env=LOOKS)
    assert (done.code, done.summary["written"], done.summary["duplicates"]) == (0, 4, 1), done
    pair, same, single, film = _by_kind(lines(tmp_path / "out" / "results.jsonl"))
    assert pair["source"] == f"before={tmp_path}/a.png, after={tmp_path}/b.png"
    assert (pair["key"], pair["metadata"]) == (same["key"], {"id": "pair"})
    assert "80x48" in pair["text"]
    assert single["source"] == str(tmp_path / "a.png")
    for line in (pair, same, single):
        assert (line["asset_id"], line["duration_s"], line["content_hash"][:7]) == (None, None, "images:")
        assert line["task_id"]
    assert film["asset_id"]
    usage = lines(tmp_path / "out" / "usage.jsonl")
    assert sorted(line["billed_minutes"] > 0 for line in usage) == [False] * 3 + [True]
    again = pipeline(*command, env=LOOKS)
    assert (again.summary["already_done"], again.summary["requests"]) == (4, 0)


def _by_kind(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The pair, its equal, the single image, the film."""
    marks = ("before=", "copy.png", ".mp4")
    kinds = {tuple(mark in line["source"] for mark in marks): line for line in results}
    return [kinds[kind] for kind in ((True, False, False), (True, True, False), (False,) * 3, (False, False, True))]


def test_everything_that_is_wrong_with_references_is_named_before_anything_is_touched(tmp_path: Path) -> None:
    """A placeholder without an image, an unreadable file, one that is no image: exit 2, no output folder."""
    write_videos(tmp_path / "videos", 1)
    (tmp_path / "text.png").write_text("no image")
    named = {"text": str(tmp_path / "text.png"), "gone": str(tmp_path / "gone.png")}
    config = settings(tmp_path, prompt="Is <@cat> there?", media_sources=named)
    done = pipeline("run", tmp_path / "videos", "-c", config, *LOCAL, "--out", tmp_path / "out")
    assert done.code == 2, done
    for said in ("speaks of <@cat>, but the images are text, gone", "no JPEG, PNG, WebP", "gone.png: there is no such"):
        assert said in done.err
    assert not (tmp_path / "out").exists()


def test_a_placeholder_without_any_image_is_named(tmp_path: Path) -> None:
    """A folder of videos has no images that a prompt could speak of."""
    write_videos(tmp_path / "videos", 1)
    done = pipeline("run", tmp_path / "videos", "--prompt", "<@cat>?", *LOCAL, "--out", tmp_path / "out")
    assert (done.code, "the prompt speaks of <@cat>, but there are no images" in done.err) == (2, True), done
    assert not (tmp_path / "out").exists()


def test_rows_of_images_are_held_against_model_and_prompt(tmp_path: Path) -> None:
    """Each bad row is named with file and line, and the model that analyses images."""
    manifest = rows(
        tmp_path / "m.jsonl",
        {"source": "a.mp4"},
        {"source": "a.png"},
        {"images": ["a.png", "b.png"], "prompt": "What is on <@image1>?"},
    )
    config = settings(tmp_path, prompt="What is to be seen?")
    done = pipeline("run", manifest, "-c", config, *LOCAL, "--out", tmp_path / "out")
    assert done.code == 2, done
    assert "m.jsonl:1" not in done.err
    assert "m.jsonl:2: pegasus1.5 analyses no images; set recipe.model to pegasus1.6" in done.err
    assert "m.jsonl:3: the prompt speaks of some images and not of image2" in done.err
    assert not (tmp_path / "out").exists()


def test_an_image_that_cannot_be_read_fails_its_row_alone_and_is_done_once_it_can(tmp_path: Path) -> None:
    """As a video would; nothing remains of the failure afterwards."""
    folder = tmp_path / "images"
    folder.mkdir()
    picture(folder / "a.png")
    (folder / "b.png").write_text("no image")
    env = {**LOOKS, "PIPELINE_MANIFEST__SUFFIXES": '[".png"]'}
    command = ("run", folder, "--prompt", "What?", "--model", "pegasus1.6", *LOCAL, "--out", tmp_path / "out", "--json")
    done = pipeline(*command, env=env)
    assert (done.code, done.summary["written"], done.summary["failed"]) == (1, 1, 1), done
    (failure,) = lines(tmp_path / "out" / "failures.jsonl")
    assert (failure["source"], failure["code"]) == (str(folder / "b.png"), "image_unusable")
    picture(folder / "b.png", width=80)
    mended = pipeline(*command, env=env)
    assert (mended.code, mended.summary["written"], mended.summary["failed"]) == (0, 1, 0), mended
    assert lines(tmp_path / "out" / "failures.jsonl") == []


@pytest.mark.parametrize(("state", "intent"), [("uploaded", 1), ("submitted", 0)])
def test_a_kill_around_the_submission_of_images_makes_no_second_task(tmp_path: Path, state: str, intent: int) -> None:
    """A submission that may have left is found among all tasks, for nothing else tells where to look."""
    picture(tmp_path / "a.png")
    manifest = rows(tmp_path / "m.jsonl", {"images": {"one": "a.png"}})
    config = tmp_path / "config.yaml"
    with platform(tmp_path, engine="echo") as asked:
        config.write_text(
            json.dumps(
                {
                    **QUICK,
                    "platform": {"kind": "remote", "base_url": asked.base_url},
                    "recipe": {"prompt": "What?", "model": "pegasus1.6"},
                }
            )
        )
        run_killed(asked, config, manifest, tmp_path / "out", state, intent)
        done = pipeline("run", manifest, "-c", config, "--out", tmp_path / "out", "--json", env=asked.env)
        assert (done.code, done.summary["written"]) == (0, 1), done
        assert asked.books()["tasks_created"] == 1
    (line,) = lines(tmp_path / "out" / "results.jsonl")
    assert line["content_hash"].startswith("images:")


def test_a_submission_of_images_whose_answer_was_lost_is_found_again(tmp_path: Path) -> None:
    """The task was created, the process died before it knew: the next run takes that task, and pays no other."""
    picture(tmp_path / "a.png")
    manifest = rows(tmp_path / "m.jsonl", {"images": {"one": "a.png"}})
    config = settings(tmp_path, prompt="What?", model="pegasus1.6")
    command = ("run", manifest, "-c", config, "--out", tmp_path / "out", "--json")
    with platform(tmp_path, engine="echo") as asked:
        assert pipeline(*command, env=asked.env).code == 0
        with closing(sqlite3.connect(tmp_path / "out" / "ledger.db")) as db:  # as if it had died right after sending
            db.execute("UPDATE jobs SET state = 'uploaded', intent = 1, task_id = NULL")
            db.execute("UPDATE sources SET written = 0")
            db.execute("DELETE FROM answers")
            db.commit()
        done = pipeline(*command, env=asked.env)
        assert done.code == 0, done
        assert asked.books()["tasks_created"] == 1
        assert asked.books()["requests"]["POST /analyze/tasks"] == 1


def run_killed(asked: Platform, config: Path, manifest: Path, out: Path, state: str, intent: int) -> None:
    command = [sys.executable, KILLED_RUN, config, manifest, out, state, str(intent), "1"]
    done = warm.run(command, cwd=ROOT, env=environment(**asked.env))
    assert done.returncode == -9, done
