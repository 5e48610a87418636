"""Which content a video is."""

import os
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import anyio
import pytest
from blake3 import blake3

from pipeline.errors import SourceUnreadable
from pipeline.media.identity import READ_BYTES, content_identity, hash_file, stamp_of
from pipeline.models import FileStamp, Identity, Video

pytestmark = pytest.mark.anyio


def code_of(action: Callable[[], object]) -> str:
    with pytest.raises(SourceUnreadable) as caught:
        action()
    assert caught.value.message.startswith("cannot read ")
    assert caught.value.message.isprintable()
    return caught.value.code


@pytest.mark.parametrize("size", [1, READ_BYTES - 1, READ_BYTES, 3 * READ_BYTES + 7])
def test_the_hash_is_that_of_the_whole_content(tmp_path: Path, size: int) -> None:
    """Blocks never lose or repeat a byte."""
    path = tmp_path / "a.mp4"
    content = os.urandom(size)
    path.write_bytes(content)
    assert hash_file(str(path), stamp_of(str(path))) == f"blake3:{blake3(content).hexdigest()}"


def test_names_of_any_bytes_are_read(tmp_path: Path) -> None:
    """A name that is not UTF-8 is opened like any other, and shown as valid text where it is refused."""
    path = os.fsdecode(bytes(tmp_path) + b"/\xff\n.mp4")
    Path(path).write_bytes(b"x")
    assert stamp_of(path).size_bytes == 1
    assert hash_file(path, stamp_of(path)).startswith("blake3:")
    with pytest.raises(SourceUnreadable, match=r"\\xff"):
        hash_file(path, FileStamp(2, 0))


def test_what_cannot_be_a_video_is_named(tmp_path: Path) -> None:
    """Missing, empty, a folder, a pipe, a socket, a link to itself: each has a code of its own and a remedy."""
    file, pipe, itself = tmp_path / "empty.mp4", tmp_path / "pipe.mp4", tmp_path / "self.mp4"
    file.touch()
    os.mkfifo(pipe)
    itself.symlink_to(itself)
    assert code_of(lambda: stamp_of(str(tmp_path / "no.mp4"))) == "file_missing"
    assert code_of(lambda: stamp_of(str(file / "inside.mp4"))) == "file_missing"
    assert code_of(lambda: stamp_of(str(file))) == "file_empty"
    assert code_of(lambda: stamp_of(str(tmp_path))) == "file_is_directory"
    assert code_of(lambda: stamp_of(str(pipe))) == "file_not_regular"
    assert code_of(lambda: stamp_of(str(itself))) == "file_unreadable"
    assert code_of(lambda: stamp_of(str(tmp_path / ("x" * 300)))) == "file_unreadable"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s.mp4"))
        assert code_of(lambda: stamp_of(str(tmp_path / "s.mp4"))) == "file_not_regular"


def test_permissions_are_named(
    public_folder: Path, without_privileges: Callable[[], AbstractContextManager[None]]
) -> None:
    """A file that may not be read, and one in a folder that may not be entered, are forbidden."""
    file, inside = public_folder / "a.mp4", public_folder / "closed" / "b.mp4"
    inside.parent.mkdir()
    for path in (file, inside):
        path.write_bytes(b"x")
    file.chmod(0)
    inside.parent.chmod(0)
    with without_privileges():
        stamp = stamp_of(str(file))
        assert code_of(lambda: hash_file(str(file), stamp)) == "file_forbidden"
        assert code_of(lambda: stamp_of(str(inside))) == "file_forbidden"


def test_a_file_that_changed_before_it_is_read_is_refused(tmp_path: Path) -> None:
    """A stamp of another size or time is never joined with this content."""
    path = tmp_path / "a.mp4"
    path.write_bytes(b"one")
    stamp = stamp_of(str(path))
    os.utime(path, ns=(0, stamp.mtime_ns + 1))
    assert code_of(lambda: hash_file(str(path), stamp)) == "file_changed"
    path.unlink()
    assert code_of(lambda: hash_file(str(path), stamp)) == "file_missing"


@pytest.mark.parametrize("how", ["append", "truncate", "replace", "remove"])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, how: str) -> None:
    """Whatever happens to the file between two blocks, no mixed hash comes out and the process lives."""
    path = tmp_path / "a.mp4"
    path.write_bytes(b"x" * (2 * READ_BYTES))
    stamp = stamp_of(str(path))

    def change() -> None:
        if how == "append":
            with path.open("ab") as file:
                file.write(b"y")
        elif how == "truncate":
            os.truncate(path, 5)
        else:
            path.unlink(missing_ok=True)
            if how == "replace":
                path.write_bytes(b"z" * (2 * READ_BYTES))
                os.utime(path, ns=(0, stamp.mtime_ns + 1))

    assert code_of(lambda: hash_file(str(path), stamp, change)) in {"file_changed", "file_missing"}


async def test_the_identity_of_a_file_is_its_content_and_its_stamp(tmp_path: Path) -> None:
    """Two files of one content are one content, each with its own stamp."""
    limiter = anyio.CapacityLimiter(1)
    identities = []
    for name in ("a.mp4", "b.mov"):
        path = tmp_path / name
        path.write_bytes(b"same")
        os.utime(path, ns=(0, len(identities)))
        identities.append(await content_identity(Video(str(path), str(path)), stamp_of(str(path)), limiter))
    first, second = identities
    assert first.content == second.content
    assert (first.stamp, second.stamp) == (FileStamp(4, 0), FileStamp(4, 1))
    assert limiter.borrowed_tokens == 0


async def test_a_url_stands_for_itself() -> None:
    """Nothing is fetched to tell one address from another."""
    identity = await content_identity(Video("https://h/a.mp4", None), None, anyio.CapacityLimiter(1))
    assert identity == Identity("url:https://h/a.mp4", None)


async def test_hashing_ends_soon_after_it_is_cancelled(tmp_path: Path) -> None:
    """A cancellation is heeded between two blocks, not at the end of a long file."""
    path = tmp_path / "long.mp4"
    with path.open("wb") as file:
        file.truncate(1024**4)  # a terabyte of nothing: reading it to its end would pass every timeout
    stamp = stamp_of(str(path))
    with anyio.move_on_after(0.05) as scope:
        await content_identity(Video(str(path), str(path)), stamp, anyio.CapacityLimiter(1))
    assert scope.cancelled_caught
