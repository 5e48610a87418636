"""A manifest that is a file of rows: what CSV, JSON lines and text lists have in common once their rows are read."""

import codecs
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import ManifestError
from pipeline.manifests.contract import Manifest, Place
from pipeline.manifests.images import names_of
from pipeline.manifests.rows import NOTHING_ELSE, Row, overrides_of, problems_of, video_of
from pipeline.models import Video

SHOWN_PROBLEMS = 100
BUFFER_BYTES = 256 * 1024

# The number of the line where a row begins, and the row, or in its stead one sentence about why it cannot be read.
Numbered = tuple[int, Row | str]
Reader = Callable[[BinaryIO], Iterator[Numbered]]


def listed(read: Reader) -> Callable[[Place], Manifest]:
    """The kind of manifest whose rows `read` finds in a file that is open at its beginning (any BOM is behind it)."""
    return lambda place: Listed(place, read)


class Listed:
    """See `contract.Manifest`."""

    unread: Sequence[str] = ()

    def __init__(self, place: Place, read: Reader) -> None:
        self._place = place
        self._read = read

    def check(self) -> int:
        problems = Problems(self._place.name)
        rows = 0
        with _opened(self._place) as file:
            for line, row in self._read(file):
                rows += 1
                for problem in (row,) if isinstance(row, str) else judged(row, self._place):
                    problems.add(line, problem)
        problems.raise_if_any()
        return rows

    def videos(self) -> Iterator[Video]:
        name, base = self._place.name, self._place.base
        with _opened(self._place) as file:
            for line, row in self._read(file):
                if isinstance(row, str) or problems_of(row):
                    problem = row if isinstance(row, str) else problems_of(row)[0]
                    raise ManifestError(f"{name}:{line}: {problem} (it was changed while the run was under way)")
                yield video_of(row, base)


def judged(row: Row, place: Place) -> Sequence[str]:
    """Everything that is wrong with a row; what it asks is judged where it can be read."""
    if found := problems_of(row):
        return found
    asked, images = overrides_of(row, place.base), names_of(row)
    return () if asked is NOTHING_ELSE and not images else place.judge(asked, images)


class Problems:
    """Sentences about bad rows: all are counted, the first hundred are kept."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._found = 0
        self._shown: list[str] = []

    def add(self, line: int | None, problem: str) -> None:
        """One more; `line` is None where it is all of the manifest's."""
        self._found += 1
        if self._found <= SHOWN_PROBLEMS:
            where = self._name if line is None else f"{self._name}:{line}"
            self._shown.append(f"{where}: {problem}")

    def raise_if_any(self) -> None:
        """Raise a ManifestError that names what was found."""
        if not self._found:
            return
        more = self._found - len(self._shown)
        problems = (*self._shown, f"and {more:,} more") if more else tuple(self._shown)
        how_many = "1 problem" if self._found == 1 else f"{self._found:,} problems"
        raise ManifestError(
            f"{how_many} in the manifest {self._name}; nothing was touched, correct it and run again", problems=problems
        )


@contextmanager
def _opened(place: Place) -> Iterator[BinaryIO]:
    try:
        with Path(place.path).open("rb", buffering=BUFFER_BYTES) as file:
            _skip_byte_order_mark(file, place.name)
            yield file
    except OSError as error:
        raise unreadable(place.name, error) from error


def unreadable(name: str, error: OSError) -> ManifestError:
    """The manifest itself cannot be read."""
    return ManifestError(
        f"cannot read the manifest {name}: {error.strerror or error}; check the path and its permissions",
        code="manifest_unreadable",
    )


def _skip_byte_order_mark(file: BinaryIO, name: str) -> None:
    head = file.read(len(codecs.BOM_UTF8))
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ManifestError(f"the manifest {name} is written in UTF-16; save it as UTF-8", code="manifest_encoding")
    if head != codecs.BOM_UTF8:
        file.seek(0)
