"""Blocks of bytes, as they arrive, cut into lines."""

from collections.abc import AsyncGenerator, AsyncIterator

from pipeline.errors import UnexpectedResponse


async def lines_of(blocks: AsyncIterator[bytes], most_bytes: int) -> AsyncGenerator[bytes, None]:
    """The lines of a text without their ends and without empty ones, wherever its blocks begin; what stands behind the
    last end is a line, too.

    Args:
        blocks: the text.
        most_bytes: that a line may have.

    Raises:
        UnexpectedResponse: a line has more.
    """
    begun: list[bytes] = []
    size = 0
    async for block in blocks:
        first, *further = block.split(b"\n")
        begun.append(first)
        size += len(first)
        for part in further:
            if line := b"".join(begun):
                yield line
            begun, size = [part], len(part)
        if size > most_bytes:
            raise UnexpectedResponse(f"the platform answered with a line of more than {most_bytes} bytes")
    if line := b"".join(begun):
        yield line
