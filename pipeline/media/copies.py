"""Which files of an archive are copies of each other, without reading the archive.

Files of different size differ. Of files of one size the beginning and the end are read: where these differ, so do the
files; where they agree, the files are taken for copies, which is certain only where nothing lies between.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from blake3 import blake3

from pipeline.models import FileStamp

EDGE_BYTES = 64 * 1024
PRINT_BYTES = 16

# Of a path and its stamp; None where the file cannot be read.
TakePrint = Callable[[str, FileStamp], bytes | None]


def print_of(path: str, stamp: FileStamp) -> bytes | None:
    """BLAKE3 of a file's first and last 64 KiB, of the whole of a small one. Blocks; None where it cannot be read."""
    hasher = blake3()
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - ten thousand of them
            hasher.update(file.read(EDGE_BYTES))
            if stamp.size_bytes > EDGE_BYTES:
                file.seek(max(EDGE_BYTES, stamp.size_bytes - EDGE_BYTES))
                hasher.update(file.read(EDGE_BYTES))
    except OSError:
        return None
    return hasher.digest(length=PRINT_BYTES)


@dataclass(slots=True)
class _SameSize:
    """The files of one size: the first one, and the content that goes with each print once there is a second.

    Attributes:
        names: of the files whose prints were taken, as hashes.
    """

    path: str
    stamp: FileStamp
    content: str | None
    contents: dict[bytes, str | None] | None = None
    names: set[int] = field(default_factory=set)


class Copies:
    """Every file is noted first; then each can be told from the others.

    Attributes:
        taken_for_copies: files that agree with another one as far as they were read, and have more in between.
    """

    def __init__(self, take_print: TakePrint) -> None:
        """Begin.

        Args:
            take_print: `print_of`, or what remembers it.
        """
        self.taken_for_copies = 0
        self._take_print = take_print
        self._sizes: dict[int, _SameSize] = {}

    def note(self, path: str, stamp: FileStamp, content: str | None) -> None:
        """One more file. Blocks.

        Args:
            path: of the file; the same one may be noted again.
            stamp: of the file.
            content: its content identity, where that is known.
        """
        alike = self._sizes.get(stamp.size_bytes)
        if alike is None:
            self._sizes[stamp.size_bytes] = _SameSize(path, stamp, content)
            return
        if alike.contents is None:
            if alike.path == path:
                return
            alike.contents = {}
            self._tell_apart(alike, alike.path, alike.stamp, alike.content)
        self._tell_apart(alike, path, stamp, content)

    def content_of(self, path: str, stamp: FileStamp) -> str:
        """What stands for the content of a file that was noted and never read as a whole: an identity that is known,
        or one that is good for comparing only.
        """
        alike = self._sizes.get(stamp.size_bytes)
        if alike is None or alike.contents is None:
            return f"size:{stamp.size_bytes}"
        taken = self._take_print(path, stamp)
        if taken is None:
            return f"path:{path}"
        return alike.contents.get(taken) or f"print:{stamp.size_bytes}:{taken.hex()}"

    def _tell_apart(self, alike: _SameSize, path: str, stamp: FileStamp, content: str | None) -> None:
        assert alike.contents is not None
        if (name := hash(path)) in alike.names:
            return
        alike.names.add(name)
        if (taken := self._take_print(path, stamp)) is None:
            return
        if taken in alike.contents and content is None and stamp.size_bytes > 2 * EDGE_BYTES:
            self.taken_for_copies += 1
        alike.contents[taken] = alike.contents.get(taken) or content
