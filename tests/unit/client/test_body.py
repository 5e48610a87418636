"""Bodies that are read from files while they leave."""

import email
import os
from email.policy import HTTP
from pathlib import Path

import anyio
import pytest

from pipeline.client.body import FileBody, OpenFile, file_form, form, open_file
from pipeline.errors import SourceUnreadable
from pipeline.models import FileStamp

pytestmark = pytest.mark.anyio


class Collected:
    """What a body writes; stands where aiohttp's stream writer does."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []

    async def write(self, block: bytes) -> None:
        self.blocks.append(block)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.mp4"
    path.write_bytes(os.urandom(10_000))
    return path


def opened(path: Path, stamp: FileStamp):
    return open_file(str(path), stamp, anyio.CapacityLimiter(2))


async def test_a_range_leaves_in_blocks(path, stamp):
    """A body is exactly its range of the file, in blocks no larger than asked for, and says what has left."""
    writer, seen = Collected(), []
    async with opened(path, stamp(path)) as file:
        body = FileBody(file, 1000, 5000, block_bytes=2048)
        body.on_progress = seen.append
        await body.write(writer)
    assert b"".join(writer.blocks) == path.read_bytes()[1000:6000]
    assert seen == [2048, 2048, 904]
    assert (body.size, body.sent_bytes, body.is_sent) == (5000, 5000, True)


async def test_a_cold_file_is_read_the_same(path, stamp):
    """What the page cache does not hold is read by a thread, with the same bytes."""
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)
    async with opened(path, stamp(path)) as file:
        assert await file.read(0, 10_000) == path.read_bytes()


async def test_a_change_stops_the_very_block(path, stamp):
    """A file that changes between two blocks gives no further byte, and the body remembers why."""
    writer = Collected()
    async with opened(path, stamp(path)) as file:
        body = FileBody(file, 0, 10_000, block_bytes=4096)
        body.on_progress = lambda _: os.truncate(path, 9000)
        with pytest.raises(SourceUnreadable) as caught:
            await body.write(writer)
    assert body.error is caught.value
    assert sum(map(len, writer.blocks)) == 4096


async def test_an_unreadable_file_says_its_name(tmp_path):
    """A directory or a missing file is a video error that names the path as valid text."""
    for name in (b"missing-\xff", b""):
        path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
        with pytest.raises(SourceUnreadable) as caught:
            async with opened(path, FileStamp(1, 1)) as file:
                await file.read(0, 1)
        caught.value.message.encode()


async def test_a_directory_is_no_video(tmp_path, stamp):
    """A directory that passes for a file by its stamp fails where it is read."""
    with pytest.raises(SourceUnreadable, match="cannot read"):
        async with opened(tmp_path, stamp(tmp_path)) as file:
            await file.read(0, 10)


@pytest.mark.parametrize("name", ["plain.mp4", 'q"uo"te.mp4', "line\r\nbreak.mp4", "emoji 🎬.mp4"])
async def test_a_form_is_one_that_others_can_read(path, stamp, name):
    """A form with a file has the length it says, and a standard parser finds fields and bytes in it."""
    writer = Collected()
    async with opened(path, stamp(path)) as file:
        body = file_form(file, 10_000, {"method": "direct", "filename": name}, name, 4096)
        await body.write(writer)
    raw = b"".join(writer.blocks)
    assert body.size == len(raw)
    parts = list(_parse(body.content_type, raw))
    assert parts[0] == ("method", b"direct")
    assert parts[1][0] == "filename"
    assert parts[2] == ("file", path.read_bytes())


async def test_a_form_without_file():
    """Fields alone make a form, too."""
    content, content_type = form({"method": "url", "url": "http://127.0.0.1/ä"})
    assert list(_parse(content_type, content)) == [("method", b"url"), ("url", "http://127.0.0.1/ä".encode())]


def _parse(content_type: str, raw: bytes):
    message = email.message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + raw, policy=HTTP)
    for part in message.iter_parts():
        yield part.get_param("name", header="content-disposition"), part.get_payload(decode=True)


def test_a_file_body_has_no_text():
    """Asking a streamed body for its text is a mistake, and says so."""
    body = FileBody(OpenFile(-1, "x", FileStamp(0, 0), anyio.CapacityLimiter(1)), 0, 0, block_bytes=1)
    with pytest.raises(TypeError):
        body.decode()
