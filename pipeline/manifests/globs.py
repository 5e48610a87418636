"""Patterns for paths below a folder."""

import fnmatch
import re
from collections.abc import Callable, Sequence


def any_matches(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Whether a path, relative to the folder and with slashes, matches one of the patterns.

    `*`, `?` and `[...]` stand for characters of one name, `**` for any number of folders. A pattern without a slash is
    held against the last name alone, at any depth. Upper and lower case differ.
    """
    compiled = [_compiled(pattern) for pattern in patterns]

    def matches(path: str) -> bool:
        names = path.split("/")
        return any(_match(names, parts) for parts in compiled)

    return matches


Part = re.Pattern[str] | None  # None is **


def _compiled(pattern: str) -> list[Part]:
    names = pattern.removeprefix("./").strip("/").split("/")
    if "/" not in pattern:
        names = ["**", *names]
    return [None if name == "**" else re.compile(fnmatch.translate(name)) for name in names]


def _match(names: Sequence[str], parts: Sequence[Part]) -> bool:
    if not parts:
        return not names
    part, rest = parts[0], parts[1:]
    if part is None:
        return any(_match(names[skipped:], rest) for skipped in range(len(names) + 1))
    return bool(names) and part.match(names[0]) is not None and _match(names[1:], rest)
