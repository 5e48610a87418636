"""How long a video is, and how large its pictures are: its header, read in a process of its own.

Decoders of media crash and hang on broken files; here that costs the process and the one answer, which is then that
nothing is known. Nobody pays for starting it but who asks.
"""

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from subprocess import DEVNULL
from types import TracebackType
from typing import Self

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from pipeline.errors import SourceRejected
from pipeline.models import Recipe

# Containers round durations; a window that ends within the last picture is inside the video.
SLACK_S = 0.1
MAX_ANSWER_BYTES = 4096
_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from pipeline.media.probe import serve; serve()"


# Of what, and from when to when, in seconds; None is open on that side.
Window = tuple[str, float | None, float | None]


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself; None where it does not.

    Attributes:
        start_s: where it begins on its own clock, which is what clip windows are told by.
    """

    start_s: float = 0.0
    duration_s: float | None = None
    width: int | None = None
    height: int | None = None


class Prober:
    """Reads headers, one after the other. `async with` ends its process."""

    def __init__(self, timeout_s: float) -> None:
        """Prepare to look; nothing is started yet.

        Args:
            timeout_s: for one file, behind which nothing is known of it.
        """
        self._timeout_s = timeout_s
        self._turn = anyio.Lock()
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def header(self, path: str) -> Header:
        """What a file says of itself; an empty header where it cannot be had, for whatever reason.

        Args:
            path: as the operating system spells it.
        """
        async with self._turn:
            line = b""
            try:
                with anyio.move_on_after(self._timeout_s):
                    line = await self._ask(path)
            except (anyio.BrokenResourceError, anyio.EndOfStream, anyio.IncompleteRead, OSError):
                pass  # it has crashed on this file, or cannot be started
            finally:
                if not line:  # an answer that comes late would be taken for that of the next file
                    await self._end()
        return Header(**json.loads(line)) if line else Header()

    async def _ask(self, path: str) -> bytes:
        if self._process is None:
            self._process = await anyio.open_process(
                [sys.executable, "-c", _PROGRAM, *sys.path],
                stderr=DEVNULL,
                start_new_session=True,  # a Ctrl-C is for the run
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        await self._process.stdin.send(os.fsencode(path).hex().encode() + b"\n")
        return await BufferedByteReceiveStream(self._process.stdout).receive_until(b"\n", MAX_ANSWER_BYTES)

    async def _end(self) -> None:
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
    """Read a file's header; an empty one where it is no media file. Blocks, and may crash."""
    import av
    from av.error import FFmpegError

    try:
        with Path(os.fsdecode(path)).open("rb") as file, av.open(file, "r", metadata_errors="replace") as container:
            video = container.streams.video[0] if container.streams.video else None
            return Header(
                start_s=(container.start_time or 0) / av.time_base,
                duration_s=container.duration / av.time_base if container.duration else None,
                width=video.width if video else None,
                height=video.height if video else None,
            )
    except (OSError, FFmpegError, ValueError):
        return Header()


def serve() -> None:
    """Answer each line of stdin, a path in hex, with a line of JSON, until it ends."""
    for line in sys.stdin:
        header = read_header(bytes.fromhex(line))
        sys.stdout.write(f"{json.dumps(asdict(header))}\n")
        sys.stdout.flush()
