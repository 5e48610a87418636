"""Folders as manifests."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pipeline.config import ManifestSettings
from pipeline.errors import ManifestError
from pipeline.manifests import Manifest, open_manifest
from pipeline.manifests.globs import any_matches


def tree(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def opened(root: Path, **settings: tuple[str, ...]) -> Manifest:
    return open_manifest(ManifestSettings(source=str(root), **settings))


def found(root: Path, **settings: tuple[str, ...]) -> list[str]:
    return [(video.path or "").removeprefix(f"{root}/") for video in opened(root, **settings).videos()]


def test_files_come_before_sub_folders_and_both_by_name(tmp_path: Path) -> None:
    """The order is that of names, files first, the same every time, whatever order the disk gives."""
    tree(tmp_path, "b/2.mp4", "b/1.MOV", "z.mkv", "a/c/x.mp4", "a/y.mp4", "m.Mp4", "notes.txt", ".mp4", "mp4")
    expected = ["m.Mp4", "z.mkv", "a/y.mp4", "a/c/x.mp4", "b/1.MOV", "b/2.mp4"]
    assert found(tmp_path) == expected
    assert found(tmp_path) == expected


def test_counting_a_folder_would_delay_the_first_video(tmp_path: Path) -> None:
    """The check of a folder looks for one video only and does not know the number."""
    tree(tmp_path, "a.mp4")
    assert opened(tmp_path).check() is None


def test_a_folder_without_videos_is_refused(tmp_path: Path) -> None:
    """A wrong path or a missing mount never passes for a finished night."""
    tree(tmp_path, "a.txt", "b/c.doc")
    with pytest.raises(ManifestError, match=r"no video below .*\.mp4.*check the folder"):
        opened(tmp_path).check()


def test_a_folder_called_like_a_video_is_a_folder(tmp_path: Path) -> None:
    """A folder x.mp4 is descended into and never taken for a video."""
    tree(tmp_path, "x.mp4/inside.mp4")
    assert found(tmp_path) == ["x.mp4/inside.mp4"]


def test_names_may_be_any_bytes(tmp_path: Path) -> None:
    """Spaces, quotes, line breaks, emoji and bytes that are not UTF-8 all come out, the last as valid text."""
    raw = [b"a \"b\" 'c'.mp4", b"line\nbreak.mp4", b"\xff\xfe.mp4", "🎬.mp4".encode()]
    for name in raw:
        Path(os.fsdecode(bytes(tmp_path) + b"/" + name)).touch()
    videos = list(opened(tmp_path).videos())
    assert {os.fsencode(video.path or "").rpartition(b"/")[2] for video in videos} == set(raw)
    assert {video.source.removeprefix(f"{tmp_path}/") for video in videos} == {
        "a \"b\" 'c'.mp4",
        "line\nbreak.mp4",
        r"\xff\xfe.mp4",
        "🎬.mp4",
    }
    assert [video.source.encode() for video in videos]


def test_symbolic_links_are_followed_and_loops_named(tmp_path: Path) -> None:
    """Linked files and folders are read, a link that leads back is named in the log, and the walk ends."""
    inside, outside = tmp_path / "archive", tmp_path / "elsewhere"
    tree(inside, "a.mp4", "sub/b.mp4")
    tree(outside, "far/c.mp4", "d.mp4")
    (inside / "linked.mp4").symlink_to(outside / "d.mp4")
    (inside / "0-out").symlink_to(outside / "far")
    (inside / "sub" / "up").symlink_to(inside)
    (outside / "far" / "back").symlink_to(outside)
    (inside / "self").symlink_to("self")
    with capture_logs() as events:
        assert found(inside) == ["a.mp4", "linked.mp4", "sub/b.mp4", "0-out/c.mp4"]
    assert {event["path"] for event in events if event["event"] == "manifest.symlink_loop"} == {
        str(inside / "sub" / "up"),
        str(inside / "0-out" / "back"),
        str(inside / "self"),
    }


def test_a_folder_is_read_under_its_own_name(tmp_path: Path) -> None:
    """A folder that a link names as well is read once, and not under the name of the link."""
    tree(tmp_path, "z/a.mp4")
    (tmp_path / "first").symlink_to(tmp_path / "z")
    assert found(tmp_path) == ["z/a.mp4"]


def test_a_broken_link_is_a_video_that_will_be_missed(tmp_path: Path) -> None:
    """A link to a video that is gone is a row of its own, so that the run says so."""
    (tmp_path / "gone.mp4").symlink_to(tmp_path / "nowhere.mp4")
    assert found(tmp_path) == ["gone.mp4"]


def test_an_unreadable_sub_folder_is_reported_and_the_rest_goes_on(
    public_folder: Path, without_privileges: Callable[[], AbstractContextManager[None]]
) -> None:
    """What cannot be entered is named in `unread` and in the log; everything else is found."""
    tree(public_folder, "a.mp4", "closed/b.mp4", "open/c.mp4")
    (public_folder / "closed").chmod(0)
    manifest = opened(public_folder)
    with without_privileges(), capture_logs() as events:
        sources = [video.source for video in manifest.videos()]
    assert sources == [str(public_folder / "a.mp4"), str(public_folder / "open" / "c.mp4")]
    assert list(manifest.unread) == [f"{public_folder}/closed: Permission denied; its videos are left out"]
    assert [event["event"] for event in events] == ["manifest.folder_unreadable"]


def test_an_unreadable_root_is_a_manifest_error(
    public_folder: Path, without_privileges: Callable[[], AbstractContextManager[None]]
) -> None:
    """A folder that cannot be read at all is refused before anything starts."""
    closed = public_folder / "closed"
    closed.mkdir(mode=0)
    with without_privileges(), pytest.raises(ManifestError, match="Permission denied; check the path"):
        opened(closed).check()


def test_include_and_exclude_choose_among_the_videos(tmp_path: Path) -> None:
    """A pattern without a slash means names at any depth, one with a slash the path; excluded folders stay shut."""
    tree(tmp_path, "a.mp4", "b.mp4", "raw/c.mp4", "raw/deep/d.mp4", "cut/raw/e.mp4", "cut/f.mov")
    assert found(tmp_path, include=("*.mov", "b.*")) == ["b.mp4", "cut/f.mov"]
    assert found(tmp_path, exclude=("raw",)) == ["a.mp4", "b.mp4", "cut/f.mov"]
    assert found(tmp_path, exclude=("./raw/",)) == ["a.mp4", "b.mp4", "cut/f.mov", "cut/raw/e.mp4"]
    assert found(tmp_path, include=("raw/**",)) == ["raw/c.mp4", "raw/deep/d.mp4"]
    assert found(tmp_path, include=("**/raw/*",)) == ["cut/raw/e.mp4", "raw/c.mp4"]
    assert found(tmp_path, include=("*.mp4",), exclude=("cut/**", "?.mp4")) == []


def test_suffixes_are_settings(tmp_path: Path) -> None:
    """Other suffixes can be named with or without their dot, in any case."""
    tree(tmp_path, "a.mp4", "b.vob", "c.MXF")
    assert found(tmp_path, suffixes=("VOB", ".mxf")) == ["b.vob", "c.MXF"]


def test_a_very_deep_folder_is_walked(tmp_path: Path) -> None:
    """Depth costs no recursion."""
    deep = tmp_path
    for _ in range(300):
        deep /= "d"
    tree(deep, "a.mp4")
    assert len(found(tmp_path)) == 1


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("**", "a/b", True),
        ("a/**/z", "a/z", True),
        ("a/**/z", "a/b/c/z", True),
        ("a/*/z", "a/b/c/z", False),
        ("[ab].mp4", "x/b.mp4", True),
        ("A.mp4", "a.mp4", False),
        ("a/b", "a/b/c", False),
    ],
)
def test_patterns_keep_to_their_names(pattern: str, path: str, matches: bool) -> None:
    """One star stays within a name, two stars cross folders, and case counts."""
    assert any_matches([pattern])(path) is matches
