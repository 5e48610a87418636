"""How long a video is, and how large its pictures are: its header, read in processes of their own.

Decoders of media crash and hang on broken files; here that costs the process and the one answer, which is then that
nothing is known. Nobody pays for starting one but who asks.
"""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from subprocess import DEVNULL
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from pipeline.errors import SourceRejected
from pipeline.models import Flaw, Header, Recipe

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

# Containers round durations; a window that ends within the last picture is inside the video.
SLACK_S = 0.1
MAX_ANSWER_BYTES = 4096
_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from pipeline.media.probe import serve; serve()"


# Of what, and from when to when, in seconds; None is open on that side.
Window = tuple[str, float | None, float | None]


class Prober:
    """Reads headers, several at once, each in one of a few processes. `async with` ends them."""

    def __init__(self, timeout_s: float, processes: int | None = None) -> None:
        """Prepare to look; nothing is started yet.

        Args:
            timeout_s: for one file, behind which nothing is known of it.
            processes: at most; None is one for each core.
        """
        self.processes = processes or os.cpu_count() or 1
        self._timeout_s = timeout_s
        self._turns = anyio.Semaphore(self.processes)
        self._idle: list[Reader] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._idle:
            await self._idle.pop().end()

    async def header(self, path: str) -> Header:
        """What a file says of itself; where it crashes its reader or takes too long, that costs this answer only.

        Args:
            path: as the operating system spells it.
        """
        (found,) = await self.headers([path])
        return found

    async def headers(self, paths: Sequence[str]) -> list[Header]:
        """The same of several files, one after the other in one process: a message for each costs as much as a look."""
        async with self._turns:
            reader = self._idle.pop() if self._idle else Reader(self._timeout_s)
            found: list[Header] = []
            try:
                while len(found) < len(paths):
                    found += await reader.headers(paths[len(found) :])
            finally:
                self._idle.append(reader)
        return found


class Reader:
    """One process that reads headers, one after the other; started when it is first asked, and again after its end."""

    def __init__(self, timeout_s: float) -> None:
        """Prepare to ask.

        Args:
            timeout_s: for one file.
        """
        self._timeout_s = timeout_s
        self._process: Process | None = None

    async def headers(self, paths: Sequence[str]) -> list[Header]:
        """Of files in this order, as far as to the first one that costs the process its life."""
        found: list[Header] = []
        answers: BufferedByteReceiveStream | None = None
        is_in_step = False
        try:
            while len(found) < len(paths):
                line = b""
                flaw: Flaw = "timeout"
                try:
                    with anyio.move_on_after(self._timeout_s):
                        answers = answers or await self._ask(paths)
                        line = await answers.receive_until(b"\n", MAX_ANSWER_BYTES)
                except (anyio.BrokenResourceError, anyio.EndOfStream, anyio.IncompleteRead, OSError):
                    flaw = "unreadable"  # it has crashed on this file, or cannot be started
                if not line:
                    return [*found, Header(flaw=flaw)]
                found.append(Header(**json.loads(line)))
            is_in_step = True
        finally:
            if not is_in_step:  # an answer that comes late would be taken for that of the next file
                await self.end()
        return found

    async def _ask(self, paths: Sequence[str]) -> BufferedByteReceiveStream:
        if self._process is None or self._process.returncode is not None:
            await self.end()
            self._process = await anyio.open_process(
                [sys.executable, "-c", _PROGRAM, *sys.path],
                stderr=DEVNULL,
                start_new_session=True,  # a Ctrl-C is for the run
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        await self._process.stdin.send(b"".join(os.fsencode(path).hex().encode() + b"\n" for path in paths))
        return BufferedByteReceiveStream(self._process.stdout)

    async def end(self) -> None:
        """Let go of the process, whatever it is at."""
        process, self._process = self._process, None
        if process is not None:
            with anyio.CancelScope(shield=True):
                if process.returncode is None:
                    process.kill()
                await process.aclose()


def windows_of(recipe: Recipe) -> list[Window]:
    """Every part of a video that a recipe names."""
    windows: list[Window] = []
    if recipe.start_time_s is not None or recipe.end_time_s is not None:
        windows.append(("", recipe.start_time_s, recipe.end_time_s))
    for definition in json.loads(recipe.segment_definitions or "[]"):
        of = f" of the segment definition {definition.get('id')}"
        ranges = definition.get("time_ranges") or ()
        windows.extend((of, part.get("start_time"), part.get("end_time")) for part in ranges)
    return windows


def beyond_end(source: str, recipe: Recipe, header: Header) -> SourceRejected | None:
    """The error of a window that begins or ends where a video has ended already; None where it does not, or where the
    video's length is not known.
    """
    if header.duration_s is None:
        return None
    end_s = header.start_s + header.duration_s
    for of, begins_s, ends_s in windows_of(recipe):
        if begins_s is not None and begins_s >= end_s:
            wrong = f"start_time {begins_s:g} s{of}"
        elif ends_s is not None and ends_s > end_s + SLACK_S:
            wrong = f"end_time {ends_s:g} s{of}"
        else:
            continue
        return SourceRejected(
            f"{source}: {wrong} is beyond the video's end at {end_s:.3f} s; give a window within the video",
            code="window_beyond_end",
        )
    return None


def read_header(path: bytes) -> Header:
    """Read a file's header. Blocks, and may crash."""
    import av
    from av.error import FFmpegError

    try:
        with Path(os.fsdecode(path)).open("rb") as file, av.open(file, "r", metadata_errors="replace") as container:
            video = _moving_pictures(container)
            return Header(
                start_s=(container.start_time or 0) / av.time_base,
                duration_s=container.duration / av.time_base if container.duration else None,
                width=video.width if video else None,
                height=video.height if video else None,
                flaw=None if video else "no_video",
            )
    except (OSError, FFmpegError, ValueError):
        return Header(flaw="unreadable")


def _moving_pictures(container: "InputContainer") -> "VideoStream | None":
    """The first stream of them that can be decoded; the cover picture of a piece of music is none."""
    from av.stream import Disposition

    for stream in container.streams.video:
        if stream.codec_context and not stream.disposition & Disposition.attached_pic:
            return stream
    return None


def serve() -> None:
    """Answer each line of stdin, a path in hex, with a line of JSON, until it ends."""
    for line in sys.stdin:
        header = read_header(bytes.fromhex(line))
        sys.stdout.write(f"{json.dumps(asdict(header))}\n")
        sys.stdout.flush()
