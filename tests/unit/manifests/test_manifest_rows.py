"""One row: what may be wrong with it, and the video it names."""

import os
from typing import Any

import pytest

from pipeline.manifests.rows import problems_of, video_of
from pipeline.models import Overrides, Video

NOTHING = Overrides()


def test_a_bare_source_is_a_whole_row() -> None:
    """A relative source alone becomes an absolute path below the base, with nothing else said."""
    row = {"source": "north/../a b.mp4"}
    assert problems_of(row) == []
    assert video_of(row, "/archive") == Video("/archive/a b.mp4", "/archive/a b.mp4")


def test_every_column_finds_its_place() -> None:
    """Known columns become id and overrides, all others metadata, together with the members of a metadata object."""
    row = {
        "source": "/v.mp4",
        "id": 17,
        "prompt": "What?",
        "start_time": 1,
        "end_time": 2.5,
        "camera": "north",
        "metadata": {"take": [1, {"x": None}]},
    }
    assert problems_of(row) == []
    video = video_of(row, "/")
    assert video.id == "17"
    assert video.overrides == Overrides("What?", 1.0, 2.5)
    assert isinstance(video.overrides.start_time_s, float)
    assert video.metadata == {"take": [1, {"x": None}], "camera": "north"}


def test_settings_of_the_recipe_stand_in_one_column_or_in_several() -> None:
    """They are no metadata; relative paths in them are relative to the manifest."""
    row = {"source": "/v.mp4", "recipe": {"model": "pegasus1.6"}, "recipe.max_tokens": 600, "camera": "north"}
    assert problems_of(row) == []
    video = video_of(row, "/archive")
    assert video.overrides == Overrides(recipe='{"model": "pegasus1.6", "max_tokens": 600}', base="/archive")
    assert video.metadata == {"camera": "north"}


def test_null_is_the_same_as_not_given() -> None:
    """A row whose optional columns are all null asks what the configuration asks."""
    row = dict.fromkeys(["id", "prompt", "start_time", "end_time", "metadata"]) | {"source": "/v.mp4"}
    assert problems_of(row) == []
    assert video_of(row, "/") == Video("/v.mp4", "/v.mp4")


@pytest.mark.parametrize("url", ["https://example.org/a%20b.mp4?x=1", "HTTP://example.org/ä.mp4"])
def test_a_url_stays_as_given(url: str) -> None:
    """A web address is no path, and nothing about it is rewritten."""
    assert problems_of({"source": url}) == []
    video = video_of({"source": url}, "/archive")
    assert (video.source, video.path) == (url, None)


@pytest.mark.parametrize("url", ["file:///films/a%20b%ff.mp4", "FILE://localhost/films/a%20b%ff.mp4"])
def test_a_file_url_is_a_path(url: str) -> None:
    """A file:// address names the file that its percent escapes spell, whatever bytes those are."""
    assert problems_of({"source": url}) == []
    video = video_of({"source": url}, "/archive")
    assert video.path == os.fsdecode(b"/films/a b\xff.mp4")
    assert video.source == r"/films/a b\xff.mp4"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({}, "there is no source"),
        ({"source": None}, "there is no source"),
        ({"source": 5}, "source 5 is not text"),
        ({"source": ""}, "source is empty"),
        ({"source": " \t"}, "source is empty"),
        ({"source": "a\0b"}, "NUL"),
        ({"source": "a\ud800b"}, "not valid text"),
        ({"source": "http:///a.mp4"}, "not a complete URL"),
        ({"source": "http://h/a b.mp4"}, "percent-encode"),
        ({"source": "http://h/\udcff.mp4"}, "not a complete URL"),
        ({"source": "file://host/a.mp4"}, "not a file:///absolute/path"),
        ({"source": "file:///a%00.mp4"}, "not a file:///absolute/path"),
        ({"source": "s3://bucket/a.mp4"}, "s3:// is not read"),
        ({"source": "a", "prompt": 1}, "prompt 1 is not text"),
        ({"source": "a", "prompt": " "}, "prompt is empty"),
        ({"source": "a", "prompt": "\udcff"}, "save the file as UTF-8"),
        ({"source": "a", "id": True}, "id True is neither"),
        ({"source": "a", "id": 1.5}, "id 1.5 is neither"),
        ({"source": "a", "id": ""}, "id is empty"),
        ({"source": "a", "start_time": "1:30"}, "start_time '1:30' is not a number"),
        ({"source": "a", "end_time": True}, "end_time True is not a number"),
        ({"source": "a", "start_time": -1}, "start_time -1 is not a moment"),
        ({"source": "a", "end_time": float("nan")}, "end_time nan is not a moment"),
        ({"source": "a", "end_time": 10**400}, "is not a moment"),
        ({"source": "a", "recipe": [1]}, "recipe [1] is not an object"),
        ({"source": "a", "prompt": "x", "recipe.prompt": "y"}, "'prompt' is asked twice"),
        ({"source": "a", "recipe": {"model": "m"}, "recipe.model": "n"}, "'model' is asked twice"),
        ({"source": "a", "recipe": {"prompt": "\udcff"}}, "recipe is not valid text"),
        ({"source": "a", "metadata": []}, "metadata [] is not an object"),
        ({"source": "a", "x": 1, "metadata": {"x": 2}}, "'x' stands both"),
        ({"source": "a", "id": "1", "metadata": {"id": 2}}, "'id' stands both"),
    ],
)
def test_a_bad_value_is_named_with_its_remedy(row: dict[str, Any], says: str) -> None:
    """Each fault is one sentence that names the column and, after a semicolon or in itself, what to do."""
    (problem,) = problems_of(row)
    assert says in problem
    assert len(problem) < 250
    assert problem.isprintable()


def test_all_faults_of_a_row_are_named_at_once() -> None:
    """Nobody has to run again to learn of the second fault."""
    assert len(problems_of({"source": "", "prompt": 1, "id": [], "start_time": "x"})) == 4


def test_metadata_that_nests_too_deeply_is_refused() -> None:
    """No row can hold what the writers of JSON would choke on."""
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]
    (problem,) = problems_of({"source": "a", "x": deep})
    assert "nested" in problem
    assert problems_of({"source": "a", "x": [[[{"y": []}]]]}) == []
