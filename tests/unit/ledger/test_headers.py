"""The cache of what files said of themselves."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from pipeline.ledger.headers import NAME, Seen, SeenFiles
from pipeline.models import FileStamp, Header

STAMP = FileStamp(10, 1)
HEADER = Header(0.5, 61.5, 640, 360)


def test_what_was_seen_is_known_as_long_as_the_file_is_the_same(tmp_path: Path) -> None:
    """In the next process too; a file of another size or time is not the one that was seen."""
    odd = "/a/b\udcff.mp4"
    with SeenFiles(tmp_path / "out") as seen:
        seen.keep([Seen(odd, STAMP, HEADER)])
    with SeenFiles(tmp_path / "out") as seen:
        found = seen.look(odd, STAMP)
        assert found == Seen(odd, STAMP, HEADER)
        assert seen.look(odd, FileStamp(11, 1)) is None
        assert seen.look(odd, FileStamp(10, 2)) is None
        assert seen.look("/a/c.mp4", STAMP) is None


def test_header_and_print_are_kept_side_by_side(tmp_path: Path) -> None:
    """The one does not displace the other, unless the file is no longer the same."""
    with SeenFiles(tmp_path) as seen:
        seen.keep([Seen("/a", STAMP, print=b"print")])
        seen.keep([Seen("/a", STAMP, HEADER)])
        assert seen.look("/a", STAMP) == Seen("/a", STAMP, HEADER, b"print")
        changed = FileStamp(10, 2)
        seen.keep([Seen("/a", changed, print=b"other")])
        assert seen.look("/a", changed) == Seen("/a", changed, None, b"other")


def test_a_torn_cache_is_begun_anew(tmp_path: Path) -> None:
    """It is worth nothing, so nobody is stopped by it."""
    (tmp_path / NAME).write_bytes(b"no database" * 100)
    with SeenFiles(tmp_path) as seen:
        seen.keep([Seen("/a", STAMP, HEADER)])
    with SeenFiles(tmp_path) as seen:
        assert seen.look("/a", STAMP) is not None


def test_a_folder_that_cannot_be_written_is_left_alone(
    public_folder: Path, without_privileges: Callable[[], AbstractContextManager[None]]
) -> None:
    """What is there is read; where nothing is there, what is seen is forgotten with the process."""
    full, empty = public_folder / "full", public_folder / "empty"
    empty.mkdir()
    with SeenFiles(full) as seen:
        seen.keep([Seen("/a", STAMP, HEADER)])
    before = (full / NAME).read_bytes()
    for folder in (full, empty):
        folder.chmod(0o555)
    with without_privileges():
        with SeenFiles(full) as seen:
            assert seen.look("/a", STAMP) is not None
            seen.keep([Seen("/b", STAMP, HEADER)])
        for folder in (empty, full / "below"):
            with SeenFiles(folder) as seen:
                seen.keep([Seen("/a", STAMP, HEADER)])
                assert seen.look("/a", STAMP) is not None
    assert (full / NAME).read_bytes() == before
    assert list(empty.iterdir()) == []
    assert [path.name for path in full.iterdir()] == [NAME]
