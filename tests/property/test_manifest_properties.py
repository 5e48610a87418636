"""Manifests, whatever names and rows they hold."""

import csv
import io
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.config import ManifestSettings
from pipeline.errors import ManifestError
from pipeline.manifests import Manifest, open_manifest
from pipeline.manifests.rows import problems_of, video_of

NAMES = st.binary(min_size=1, max_size=40).filter(
    lambda name: b"\0" not in name and b"/" not in name and name not in (b".", b"..")
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
ROWS = st.fixed_dictionaries(
    {},
    optional={
        "source": st.just("a.mp4") | st.text(max_size=20) | VALUES,
        "id": st.text(max_size=5) | VALUES,
        "prompt": st.text(max_size=5) | VALUES,
        "start_time": st.floats(0, 5) | VALUES,
        "end_time": st.floats(5, 9) | VALUES,
        "metadata": st.dictionaries(st.text(max_size=3), SCALARS, max_size=2) | VALUES,
        "recipe": st.dictionaries(st.sampled_from(["model", "prompt"]), SCALARS, max_size=2) | VALUES,
        "recipe.model": VALUES,
        "camera": VALUES,
    },
)
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # files are written, others work too


@contextmanager
def manifest_of(suffix: str, content: bytes) -> Iterator[tuple[Path, Manifest]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder).resolve() / f"m{suffix}"
        path.write_bytes(content)
        yield path.parent, open_manifest(ManifestSettings(source=str(path)))


def assert_names(folder: Path, manifest: Manifest, names: list[bytes]) -> None:
    assert manifest.check() == len(names)
    videos = list(manifest.videos())
    expected = [bytes(folder) + b"/" + name for name in names]
    assert [os.fsencode(video.path or "") for video in videos] == expected
    for video in videos:
        video.source.encode()


@UNHURRIED
@given(st.lists(NAMES, max_size=8))
def test_a_list_separated_by_nul_carries_every_name(names: list[bytes]) -> None:
    """Whatever bytes a file name has, `find -print0` and the manifest agree on it."""
    with manifest_of(".txt", b"".join(b"./" + name + b"\0" for name in names)) as (folder, manifest):
        assert_names(folder, manifest, names)


@UNHURRIED
@given(st.lists(NAMES.filter(lambda name: b"\n" not in name and not name.endswith(b"\r")), max_size=8))
def test_a_list_of_lines_carries_every_name_of_one_line(names: list[bytes]) -> None:
    """Only a line's end cannot stand in a name of a text list."""
    with manifest_of(".txt", b"".join(b"./" + name + b"\n" for name in names)) as (folder, manifest):
        assert_names(folder, manifest, names)


@UNHURRIED
@given(st.lists(NAMES, max_size=8))
def test_json_lines_carry_every_name(names: list[bytes]) -> None:
    """What Python calls a file, and writes as JSON, is that file again."""
    lines = [json.dumps({"source": os.fsdecode(b"./" + name)}) for name in names]
    with manifest_of(".jsonl", "\n".join(lines).encode()) as (folder, manifest):
        assert_names(folder, manifest, names)


@UNHURRIED
@given(st.lists(NAMES, max_size=8))
def test_csv_carries_every_name(names: list[bytes]) -> None:
    """Commas, quotes and line breaks in names survive Python's own CSV writer and this reader."""
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerows([["source"], *([os.fsdecode(b"./" + name)] for name in names)])
    with manifest_of(".csv", table.getvalue().encode("utf-8", "surrogateescape")) as (folder, manifest):
        assert_names(folder, manifest, names)


@UNHURRIED
@given(ROWS)
def test_a_row_has_problems_or_is_a_video(row: dict[str, Any]) -> None:
    """Any JSON object is either refused in bounded, printable sentences, or becomes a video whose facts hold."""
    problems = problems_of(row)
    assert all(problem.isprintable() and len(problem) < 300 for problem in problems)
    if not problems:
        video = video_of(row, "/base")
        window = video.overrides
        assert (window.start_time_s or 0) >= 0
        assert (window.end_time_s or 0) >= 0
        assert window.recipe is None or isinstance(json.loads(window.recipe), dict)
        assert "recipe" not in video.metadata
        assert video.path is None or video.path.startswith("/")
        json.dumps(dict(video.metadata))


@UNHURRIED
@given(st.sampled_from([".csv", ".jsonl", ".txt"]), st.binary(max_size=200))
def test_any_bytes_are_refused_in_order_or_read(suffix: str, content: bytes) -> None:
    """No file makes a manifest stumble: what the check lets pass, `videos` yields, row for row."""
    with manifest_of(suffix, content) as (_, manifest):
        try:
            rows = manifest.check()
        except ManifestError:
            return
        assert len(list(manifest.videos())) == rows
