"""What every manifest keeps to, and what it is opened with."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.config import ManifestSettings
from pipeline.models import Overrides, Video

# What is wrong with what a row asks differently, and the names of its images, each with its remedy.
Judge = Callable[[Overrides, tuple[str, ...]], Sequence[str]]


def lenient(overrides: Overrides, names: tuple[str, ...]) -> Sequence[str]:  # noqa: ARG001 - a Judge
    """Finds nothing wrong."""
    return ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a manifest lies and how its rows are to be read.

    Attributes:
        path: the absolute path as the operating system spells it; a URL for a list of that one.
        name: what messages call it: as the user wrote it, or `stdin`.
        base: the absolute folder that relative sources are relative to.
        judge: tells what is wrong with what a row asks, together with what the configuration asks.
    """

    path: str
    name: str
    base: str
    settings: ManifestSettings
    judge: Judge = lenient

    @property
    def video_suffixes(self) -> tuple[str, ...]:
        """In lower case, with their dots."""
        return tuple(f".{suffix.lower().removeprefix('.')}" for suffix in self.settings.suffixes)


class Manifest(Protocol):
    """Where the videos come from.

    The law: rows come in one and the same order every time, one at a time; no number of them is held in memory. `check`
    touches nothing. What passed `check` comes out of `videos` without an error as long as nobody changes the manifest.
    All of it blocks: run it in a worker thread.
    """

    @property
    def unread(self) -> Sequence[str]:
        """Sentences about what `videos` left out so far, such as a folder without permission; at most a hundred."""
        ...

    def check(self) -> int | None:
        """Read the whole manifest once, cheaply.

        Returns:
            The number of rows; None where counting would delay the first video.

        Raises:
            ManifestError: rows that cannot be read, all of them in `problems` as `file:line: what is wrong; remedy`
                (the first hundred, then `and N more`).
        """
        ...

    def videos(self) -> Iterator[Video]:
        """Every row. May be asked for again.

        Raises:
            ManifestError: the manifest is no longer what was checked.
        """
        ...
