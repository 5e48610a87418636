"""Which content a video is: BLAKE3 of its bytes, read once and with bounded memory."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from anyio import CapacityLimiter, from_thread, to_thread
from blake3 import blake3

from pipeline.errors import SourceUnreadable
from pipeline.models import FileStamp, Identity, Video, shown

# What a look at a video's file said; of a set of images, at each of them; None of a URL.
Stamp = FileStamp | tuple[FileStamp | None, ...] | SourceUnreadable | None
READ_BYTES = 256 * 1024  # 2.9 GiB/s where blocks of 1 MiB, which leave the cache, gave 1.4; two threads gave 1.8


def stamp_of(path: str) -> FileStamp:
    """Size and modification time of a file that can be a video. Blocks on the disk; does not open the file.

    Raises:
        SourceUnreadable: `file_missing`, `file_forbidden`, `file_is_directory`, `file_not_regular`, `file_empty`, or
            `file_unreadable` for whatever else the operating system says.
    """
    try:
        found = Path(path).stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    if stat.S_ISDIR(found.st_mode):
        raise _refused(path, "file_is_directory", "it is a folder; name the files in it, or give it as the manifest")
    if not stat.S_ISREG(found.st_mode):
        raise _refused(path, "file_not_regular", "it is a pipe, socket or device; copy the video into a file")
    if abs(found.st_mtime_ns) >= 2**63:  # beyond the year 2262, and beyond what SQLite holds
        raise _refused(path, "file_unreadable", "its modification time is out of range; `touch` the file")
    if found.st_size == 0:
        raise _refused(path, "file_empty", "the file is empty; restore it, or take it out of the manifest")
    return _stamp(found)


def look_at(video: Video) -> Stamp:
    """`stamp_of` all that a manifest row names. Blocks on the disk."""
    try:
        if video.images:
            return tuple(None if image.path is None else stamp_of(image.path) for image in video.images)
        return stamp_of(video.path) if video.path is not None else None
    except SourceUnreadable as error:
        return error


def bytes_of(stamp: Stamp) -> int:
    """What a row may have to upload; nothing for a URL, and for a file that cannot be read."""
    if isinstance(stamp, tuple):
        return sum(image.size_bytes for image in stamp if image is not None)
    return stamp.size_bytes if isinstance(stamp, FileStamp) else 0


def hash_file(path: str, stamp: FileStamp, between: Callable[[], None] = lambda: None) -> str:
    """`blake3:<hex>` of a file's content. Blocks; releases the interpreter lock while it hashes.

    Plain reads, because a file that is truncated while it is mapped into memory kills the process.

    Args:
        path: the file as the operating system spells it.
        stamp: what `stamp_of` said; the content is that of this state of the file, or none.
        between: called after every block; may raise to end early.

    Raises:
        SourceUnreadable: as `stamp_of`; `file_changed` if the file is no longer the stamped one.
    """
    hasher = blake3()
    block = memoryview(bytearray(READ_BYTES))
    try:
        with Path(path).open("rb", buffering=0) as file:
            _refuse_change(path, stamp, os.fstat(file.fileno()))
            unread = stamp.size_bytes
            while count := file.readinto(block):
                hasher.update(block[:count])
                unread -= count
                if unread < 0:  # a file that grows while it is read might never end
                    break
                between()
        _refuse_change(path, stamp, Path(path).stat())
    except OSError as error:
        raise _unreadable(path, error) from error
    return f"blake3:{hasher.hexdigest()}"


async def content_identity(video: Video, stamp: FileStamp | None, limiter: CapacityLimiter) -> Identity:
    """The identity of a video: a file is read in a worker thread, a URL stands for itself.

    A cancellation takes effect within one block.

    Args:
        video: the manifest row.
        stamp: what `stamp_of` said of its file; None for a URL.
        limiter: how many files are read at once.

    Raises:
        SourceUnreadable: as `hash_file`.
    """
    if video.path is None or stamp is None:
        return Identity(f"url:{video.source}", None)
    content = await to_thread.run_sync(hash_file, video.path, stamp, from_thread.check_cancelled, limiter=limiter)
    return Identity(content, stamp)


def _stamp(found: os.stat_result) -> FileStamp:
    return FileStamp(found.st_size, found.st_mtime_ns)


def _refuse_change(path: str, stamp: FileStamp, found: os.stat_result) -> None:
    if _stamp(found) != stamp:
        raise _refused(path, "file_changed", "it changed while it was read; run again once nothing writes to it")


def _unreadable(path: str, error: OSError) -> SourceUnreadable:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return _refused(path, "file_missing", "there is no such file; restore it, or take it out of the manifest")
    if isinstance(error, PermissionError):
        return _refused(path, "file_forbidden", "permission denied; let this user read the file and its folders")
    return _refused(path, "file_unreadable", f"{error.strerror or error}; check the disk or the link")


def _refused(path: str, code: str, why: str) -> SourceUnreadable:
    return SourceUnreadable(f"cannot read {shown(path)}: {why}", code=code)
