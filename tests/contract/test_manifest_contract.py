"""The law of manifests, held against every kind there is."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.config import ManifestSettings
from pipeline.errors import ManifestError
from pipeline.manifests import MANIFESTS, Manifest, open_manifest

ODD_NAMES = ["a b.mp4", 'quo\'te "s".mp4', "🎬.mp4", os.fsdecode(b"\xff.mp4")]


def folder(root: Path, names: list[str]) -> Path:
    for name in names:
        (root / name).touch()
    return root


def csv(root: Path, names: list[str]) -> Path:
    path = root / "m.csv"
    cells = ['"' + os.fsencode(name).decode("latin-1").replace('"', '""') + '"' for name in names]
    path.write_bytes("\n".join(["source", *cells]).encode("latin-1"))
    return path


def jsonl(root: Path, names: list[str]) -> Path:
    path = root / "m.jsonl"
    escaped = [os.fsencode(name).replace(b'"', b'\\"') for name in names]
    path.write_bytes(b"".join(b'{"source": "' + name + b'"}\n' for name in escaped))
    return path


def text(root: Path, names: list[str]) -> Path:
    path = root / "m.txt"
    path.write_bytes(b"\n".join(os.fsencode(name) for name in names))
    return path


def video(root: Path, names: list[str]) -> Path:
    (root / names[0]).touch()
    return root / names[0]


EXAMPLES: dict[str, Callable[[Path, list[str]], Path]] = {
    "folder": folder,
    "csv": csv,
    "jsonl": jsonl,
    "text": text,
    "video": video,
}
LISTS = sorted(kind for kind, entry in MANIFESTS.items() if entry.suffixes)


def opened(path: Path) -> Manifest:
    return open_manifest(ManifestSettings(source=str(path)))


def test_every_kind_has_an_example() -> None:
    """A kind that is added to the table is held against its law."""
    assert EXAMPLES.keys() == MANIFESTS.keys()


@pytest.mark.parametrize("kind", MANIFESTS)
def test_odd_names_come_out_as_absolute_paths_and_valid_text(kind: str, tmp_path: Path) -> None:
    """A name of any bytes is found as the system spells it, and shown as text that every output can carry."""
    manifest = opened(EXAMPLES[kind](tmp_path, ODD_NAMES))
    videos = list(manifest.videos())
    expected = ODD_NAMES[:1] if kind == "video" else ODD_NAMES
    assert sorted(video.path or "" for video in videos) == sorted(str(tmp_path / name) for name in expected)
    for found in videos:
        found.source.encode()
        assert found.source == os.fsencode(found.path or "").decode("utf-8", "backslashreplace")


@pytest.mark.parametrize("kind", MANIFESTS)
def test_rows_come_in_the_same_order_every_time(kind: str, tmp_path: Path) -> None:
    """A manifest can be read twice, at once even, and says the same."""
    manifest = opened(EXAMPLES[kind](tmp_path, ODD_NAMES))
    first, second = manifest.videos(), manifest.videos()
    pairs = list(zip(first, second, strict=True))
    assert pairs
    assert all(one == other for one, other in pairs)


@pytest.mark.parametrize("kind", MANIFESTS)
def test_the_check_counts_the_rows_or_says_that_it_does_not(kind: str, tmp_path: Path) -> None:
    """The number of rows is that of the videos, and where it is not known nothing is invented."""
    manifest = opened(EXAMPLES[kind](tmp_path, ODD_NAMES))
    assert manifest.check() in (None, len(list(manifest.videos())))
    assert list(manifest.unread) == []


@pytest.mark.parametrize("kind", MANIFESTS)
def test_the_check_touches_nothing(kind: str, tmp_path: Path) -> None:
    """Reading a manifest leaves no trace beside it."""
    manifest = opened(EXAMPLES[kind](tmp_path, ODD_NAMES))
    before = sorted((entry.name, entry.stat().st_mtime_ns) for entry in tmp_path.iterdir())
    manifest.check()
    assert sorted((entry.name, entry.stat().st_mtime_ns) for entry in tmp_path.iterdir()) == before


@pytest.mark.parametrize("kind", MANIFESTS)
def test_a_reader_may_stop_early(kind: str, tmp_path: Path) -> None:
    """Rows are drawn one at a time: whoever stops after the first leaves no open file behind."""
    videos = opened(EXAMPLES[kind](tmp_path, ODD_NAMES)).videos()
    next(videos)
    del videos


@pytest.mark.parametrize("kind", LISTS)
def test_every_bad_row_is_named_before_anything_starts(kind: str, tmp_path: Path) -> None:
    """All bad rows are reported at once, each with file, line and remedy, and the good ones between them are not."""
    path = EXAMPLES[kind](tmp_path, ["ok.mp4", "s3://a", "fine.mp4", "gs://b"])
    with pytest.raises(ManifestError) as caught:
        opened(path).check()
    first = 3 if kind == "csv" else 2
    assert [problem.split(" ")[0] for problem in caught.value.problems] == [f"{path}:{first}:", f"{path}:{first + 2}:"]
    assert all("; give a path" in problem for problem in caught.value.problems)


@pytest.mark.parametrize("kind", LISTS)
def test_relative_sources_are_relative_to_the_manifest(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The working directory has no say in what a manifest names."""
    path = EXAMPLES[kind](tmp_path, ["sub/../a.mp4", "/abs.mp4", "http://h/x.mp4"])
    monkeypatch.chdir("/")
    sources = [video.source for video in opened(path.relative_to("/")).videos()]
    assert sources == [str(tmp_path / "a.mp4"), "/abs.mp4", "http://h/x.mp4"]
