"""Segments, from the configuration to the result lines."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.cli_world import lines, pipeline, write_videos

LOCAL = ("--platform", "local")
DEFINITIONS = [
    {
        "id": "shots",
        "description": "Every shot.",
        "fields": [{"name": "summary", "type": "string", "description": "What is to be seen."}],
    },
    {"id": "talk", "description": "Somebody talks."},
]


def settings(folder: Path, **recipe: Any) -> Path:
    path = folder / "settings.yaml"
    path.write_text(json.dumps({"recipe": recipe}))
    return path


@pytest.mark.parametrize("time_format", ["seconds", "hh:mm:ss", "hh:mm:ss.fff"])
def test_segments_come_in_seconds_and_are_paid_by_definition(tmp_path: Path, time_format: str) -> None:
    """A folder of videos: flat segments whatever the platform's time format, minutes charged once a definition."""
    write_videos(tmp_path / "videos", 2)
    out = tmp_path / "out"
    config = settings(tmp_path, segment_definitions=DEFINITIONS, segment_time_format=time_format)
    done = pipeline("run", tmp_path / "videos", "-c", config, *LOCAL, "--out", out, "--json")
    assert done.code == 0, done
    for line in lines(out / "results.jsonl"):
        assert (line["mode"], line["valid"], line["data"]) == ("segments", True, None)
        assert {one["definition"] for one in line["segments"]} == {"shots", "talk"}
        shot = next(one for one in line["segments"] if one["definition"] == "shots")
        assert (shot["start_s"], shot["end_s"]) == (0.0, 1.0)
        assert shot["metadata"]["summary"]
    for line in lines(out / "usage.jsonl"):
        assert (line["definitions"], line["billed_minutes"]) == (2, pytest.approx(2 / 60, abs=1e-4))
    assert pipeline("run", tmp_path / "videos", "-c", config, *LOCAL, "--out", out, "--json").summary["requests"] == 0
    again = pipeline("revalidate", "--out", out, "--json")
    assert (again.code, again.summary["valid"], again.summary["changed"]) == (0, 2, 0)


def test_each_row_may_ask_something_else(tmp_path: Path) -> None:
    """One manifest: a prompt, a schema, segments, each row its own, and each answer in its own form."""
    write_videos(tmp_path, 3)
    videos = sorted(tmp_path.glob("*.mp4"))
    (tmp_path / "form.json").write_text('{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}')
    asked: list[dict[str, Any]] = [
        {"prompt": "Who?"},
        {"recipe.response_schema": "form.json"},
        {"recipe": {"prompt": None, "segment_definitions": DEFINITIONS}},
    ]
    manifest = tmp_path / "m.jsonl"
    rows = [
        {"source": video.name, "id": str(n), **one} for n, (video, one) in enumerate(zip(videos, asked, strict=True))
    ]
    manifest.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    config = settings(tmp_path, prompt="What is to be seen?")
    done = pipeline("run", manifest, "-c", config, *LOCAL, "--out", tmp_path / "out", "--json")
    assert done.code == 0, done
    plain, formed, cut = sorted(lines(tmp_path / "out" / "results.jsonl"), key=lambda line: line["metadata"]["id"])
    assert (plain["data"], plain["segments"], plain["valid"]) == (None, None, None)
    assert (list(formed["data"]), formed["segments"], formed["valid"]) == (["a"], None, True)
    assert (cut["mode"], cut["data"], cut["valid"], bool(cut["segments"])) == ("segments", None, True, True)
    assert all("recipe" not in line["metadata"] for line in (plain, formed, cut))


def test_every_bad_override_is_named_with_file_and_line(tmp_path: Path) -> None:
    """All of them at once, and nothing is touched."""
    manifest = tmp_path / "m.csv"
    manifest.write_text(
        "source,end_time,recipe.max_tokens,recipe\n"
        "a.mp4,,600,\n"
        "b.mp4,,5,\n"
        'c.mp4,,,"{""segment_definitions"": [{""id"": ""d"", ""description"": ""x"", ""time_ranges"": '
        '[{""start_time"": 0, ""end_time"": 5}, {""start_time"": 4, ""end_time"": 9}]}]}"\n'
        'd.mp4,,,"{""colour"": 1}"\n'
        "e.mp4,0.5,,\n"
        "f.mp4,,,nonsense\n"
    )
    config = settings(tmp_path, prompt="What is to be seen?")
    done = pipeline("run", manifest, "-c", config, *LOCAL, "--out", tmp_path / "out")
    assert done.code == 2, done
    for said in (
        "m.csv:3: max_tokens 5 is beyond what pegasus1.5 takes in the mode general: 512 to 98,304",
        "m.csv:4: recipe.segment_definitions: d: the time ranges from 0 to 5 and from 4 to 9 overlap",
        "m.csv:5: recipe.colour: ",
        "m.csv:6: the window from 0 to 0.5 s is shorter than 1 s",
        "m.csv:7: recipe 'nonsense' is not an object",
    ):
        assert said in done.err, done.err
    assert "m.csv:2" not in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("delivery", ["sync", "batch"])
def test_what_a_delivery_cannot_ask_is_refused_up_front(tmp_path: Path, delivery: str) -> None:
    """Segments in one request that is held open, and a model that batches do not take: for each row that asks so."""
    write_videos(tmp_path, 1)
    (video,) = tmp_path.glob("*.mp4")
    own = {"recipe": {"prompt": None, "segment_definitions": DEFINITIONS}} if delivery == "sync" else {}
    manifest = tmp_path / "m.jsonl"
    rows = [{"source": video.name}, {"source": video.name, **(own or {"recipe.model": "pegasus1.6"})}]
    manifest.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    config = settings(tmp_path, prompt="What is to be seen?")
    done = pipeline("run", manifest, "-c", config, *LOCAL, "--delivery", delivery, "--out", tmp_path / "out")
    assert done.code == 2, done
    assert f"with delivery {delivery}" in done.err
    assert "m.jsonl:2: " in done.err
    assert not (tmp_path / "out").exists()


def test_segments_go_by_batch_as_well(tmp_path: Path) -> None:
    """The platform's batches have a mode of their own for them."""
    write_videos(tmp_path / "videos", 2)
    out = tmp_path / "out"
    config = settings(tmp_path, segment_definitions=DEFINITIONS)
    done = pipeline("run", tmp_path / "videos", "-c", config, *LOCAL, "--delivery", "batch", "--out", out, "--json")
    assert done.code == 0, done
    results = lines(out / "results.jsonl")
    assert [(line["mode"], line["valid"], len(line["segments"])) for line in results] == [("segments", True, 2)] * 2
