"""Every video below a folder."""

import errno
import os
from collections import deque
from collections.abc import Iterator

import structlog

from pipeline.errors import ManifestError
from pipeline.manifests.contract import Place
from pipeline.manifests.globs import any_matches
from pipeline.manifests.images import alone, names_of
from pipeline.manifests.listed import Problems, unreadable
from pipeline.models import Overrides, Video, shown

log = structlog.get_logger()

SHOWN_UNREAD = 100
FolderId = tuple[int, int]  # device and inode


class Folder:
    """See `contract.Manifest`.

    A folder's own files come first, then its sub-folders, both by name; folders behind symbolic links come last, so
    that a folder is read under its own name where it has one below the root. Each is read once: a link that leads back
    is not followed. A name with a video's suffix is a video unless it is a folder's; whether it can be read shows
    later.
    """

    def __init__(self, place: Place) -> None:
        self.unread: list[str] = []
        self._place = place
        self._suffixes = place.video_suffixes
        self._included = any_matches(place.settings.include)
        self._excluded = any_matches(place.settings.exclude)

    def check(self) -> None:
        problems = Problems(self._place.name)
        sorts = [names_of({"source": f"x{suffix}"}) for suffix in self._suffixes]
        for names in dict.fromkeys(sorts):
            for problem in self._place.judge(Overrides(), names):
                problems.add(None, problem)
        problems.raise_if_any()
        if next(self._files(), None) is None:
            raise ManifestError(
                f"there is no video below {self._place.name} (suffixes {', '.join(self._suffixes)}); "
                "check the folder, manifest.suffixes, manifest.include and manifest.exclude",
                code="folder_empty",
            )

    def videos(self) -> Iterator[Video]:
        for path in self._files():
            images = alone(shown(path), path)
            yield Video(shown(path), None if images else path, images=images)

    def _files(self) -> Iterator[str]:
        self.unread.clear()
        seen: set[FolderId] = set()
        folders = [self._place.path]
        links: deque[str] = deque()
        while folders or links:
            path = folders.pop() if folders else links.popleft()
            if not self._is_news(path, seen):
                continue
            names, below, linked = self._scan(path)
            folder = path.rstrip("/")
            yield from (f"{folder}/{name}" for name in names)
            folders.extend(reversed(below))
            links.extend(linked)

    def _is_news(self, path: str, seen: set[FolderId]) -> bool:
        try:
            found = os.stat(path)  # noqa: PTH116 - paths stay text here, as scandir gives them
        except OSError as error:
            self._leave_out(path, error)
            return False
        identity = (found.st_dev, found.st_ino)
        if identity in seen:
            log.info("manifest.folder_seen_before", path=shown(path))
            return False
        seen.add(identity)
        return True

    def _scan(self, path: str) -> tuple[list[str], list[str], list[str]]:
        """The names of one folder's videos, the paths of its sub-folders, those of links to folders, all in order."""
        names: list[str] = []
        below: list[str] = []
        linked: list[str] = []
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    if _is_folder(entry):
                        self._sort_in(entry, below, linked)
                    elif self._is_wanted(entry.name, entry.path):
                        names.append(entry.name)
        except OSError as error:
            self._leave_out(path, error)
        return sorted(names), sorted(below), sorted(linked)

    def _sort_in(self, entry: "os.DirEntry[str]", below: list[str], linked: list[str]) -> None:
        if self._excluded(self._relative(entry.path)):
            return
        if not entry.is_symlink():
            below.append(entry.path)
        elif _leads_back(entry.path):
            log.warning("manifest.symlink_loop", path=shown(entry.path))
        else:
            linked.append(entry.path)

    def _is_wanted(self, name: str, path: str) -> bool:
        if os.path.splitext(name)[1].lower() not in self._suffixes:  # noqa: PTH122 - as above
            return False
        relative = self._relative(path)
        return (not self._place.settings.include or self._included(relative)) and not self._excluded(relative)

    def _relative(self, path: str) -> str:
        return path[len(self._place.path) :].lstrip("/")

    def _leave_out(self, path: str, error: OSError) -> None:
        if path == self._place.path:
            raise unreadable(self._place.name, error) from error
        log.warning("manifest.folder_unreadable", path=shown(path), reason=error.strerror)
        if len(self.unread) < SHOWN_UNREAD:
            self.unread.append(f"{shown(path)}: {error.strerror}; its videos are left out")


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError as error:
        if error.errno == errno.ELOOP:
            log.warning("manifest.symlink_loop", path=shown(entry.path))
        return False


def _leads_back(link: str) -> bool:
    """Whether a link to a folder leads to one that it lies in."""
    target = os.path.realpath(link)
    return os.path.commonpath((target, os.path.realpath(os.path.dirname(link)))) == target  # noqa: PTH120 - as above
