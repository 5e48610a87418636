"""Telling copies apart without reading everything."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.media.copies import EDGE_BYTES, Copies, print_of
from pipeline.media.identity import hash_file, stamp_of
from pipeline.models import FileStamp


class Reading:
    """Takes prints and counts them."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def __call__(self, path: str, stamp: FileStamp) -> bytes | None:
        self.paths.append(Path(path).name)
        return print_of(path, stamp)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes], str]:
    def put(name: str, content: bytes) -> str:
        (tmp_path / name).write_bytes(content)
        return str(tmp_path / name)

    return put


def contents(copies: Copies, *paths: str, known: dict[str, str] | None = None) -> list[str]:
    for path in paths:
        copies.note(path, stamp_of(path), (known or {}).get(path))
    return [copies.content_of(path, stamp_of(path)) for path in paths]


def test_files_of_different_size_are_told_apart_without_being_read(write: Callable[[str, bytes], str]) -> None:
    """A size that no other file has is enough."""
    reading = Reading()
    one, other = contents(Copies(reading), write("a", b"a" * 10), write("b", b"b" * 11))
    assert one != other
    assert reading.paths == []


def test_files_of_one_size_are_told_apart_by_what_is_in_them(write: Callable[[str, bytes], str]) -> None:
    """Small files are read as a whole, so that equal prints are certain."""
    copies = Copies(print_of)
    first, other, copy = contents(copies, write("a", b"a" * 10), write("b", b"b" * 10), write("c", b"a" * 10))
    assert first == copy != other
    assert copies.taken_for_copies == 0


@pytest.mark.parametrize("place", [0, EDGE_BYTES - 1, 2 * EDGE_BYTES, 3 * EDGE_BYTES - 1])
def test_a_difference_at_the_beginning_or_the_end_is_seen(write: Callable[[str, bytes], str], place: int) -> None:
    """Of a large file the first and the last 64 KiB are read."""
    content = bytearray(os.urandom(3 * EDGE_BYTES))
    path = write("a", bytes(content))
    content[place] ^= 1
    one, other = contents(Copies(print_of), path, write("b", bytes(content)))
    assert one != other


def test_large_files_that_agree_at_both_ends_are_counted_as_uncertain(write: Callable[[str, bytes], str]) -> None:
    """They are taken for copies, however often either of them is named, and it is told how many they are."""
    content = os.urandom(3 * EDGE_BYTES)
    one, two = write("a", content), write("b", content)
    copies = Copies(print_of)
    assert len(set(contents(copies, one, two, one, two))) == 1
    assert copies.taken_for_copies == 1


def test_a_file_named_twice_is_one_and_is_not_read(write: Callable[[str, bytes], str]) -> None:
    """Rows that ask the same file other questions cost no look into it."""
    reading = Reading()
    path = write("a", b"a" * 10)
    assert len(set(contents(Copies(reading), path, path, path))) == 1
    assert reading.paths == []


@pytest.mark.parametrize("order", [("known", "new"), ("new", "known")])
def test_a_copy_of_a_file_that_was_read_before_has_its_content(
    write: Callable[[str, bytes], str], order: tuple[str, str]
) -> None:
    """Whichever of them is noted first."""
    paths = {name: write(name, b"a" * 10) for name in order}
    content = hash_file(paths["known"], stamp_of(paths["known"]))
    found = contents(Copies(print_of), *paths.values(), known={paths["known"]: content})
    assert found == [content, content]


def test_a_file_that_cannot_be_read_is_like_no_other(write: Callable[[str, bytes], str]) -> None:
    """Nothing fails, and nobody is taken for its copy."""
    paths = [write("a", b"a" * 10), write("b", b"a" * 10), write("c", b"a" * 10)]
    copies = Copies(lambda path, stamp: None if path == paths[1] else print_of(path, stamp))
    one, gone, copy = contents(copies, *paths)
    assert one == copy != gone
