"""Blocks into lines."""

from collections.abc import AsyncIterator

import pytest

from pipeline.client.line_ends import lines_of
from pipeline.errors import UnexpectedResponse

pytestmark = pytest.mark.anyio


async def blocks(*given: bytes) -> AsyncIterator[bytes]:
    for block in given:
        yield block


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
async def test_lines_are_the_same_wherever_blocks_begin(size: int) -> None:
    """Empty lines are left out, and a last line needs no end."""
    text = "eins\n\nzwei drei\nvïer\n\nfive".encode()
    parts = [text[begin : begin + size] for begin in range(0, len(text), size)]
    lines = [line async for line in lines_of(blocks(*parts), 100)]
    assert lines == [b"eins", b"zwei drei", "vïer".encode(), b"five"]


async def test_a_line_without_an_end_is_refused() -> None:
    """A line may not grow beyond what fits into memory."""
    with pytest.raises(UnexpectedResponse):
        [line async for line in lines_of(blocks(b"x" * 6, b"y" * 6), 10)]
