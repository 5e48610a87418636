"""`pipeline evidence`: what can be observed in one file, as a table, as JSON, or as a picture."""

import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import anyio
import click
import orjson

from pipeline.cli.evidence_table import table
from pipeline.cli.exits import Exit
from pipeline.cli.streams import say
from pipeline.server.engines.evidence.extra import INSTALL, advice
from pipeline.server.engines.evidence.timeline import TRACKS, Timeline, Track
from pipeline.server.engines.evidence.whisper_model import WhisperModel, find

if TYPE_CHECKING:
    from pipeline.server.workers import WorkerPool


@click.command()
@click.argument("video", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
@click.option("--sheet", type=click.Path(dir_okay=False, path_type=Path), help="Also draw a contact sheet, a PNG file.")
@click.option("--start", "start_s", type=float, help="Where to begin, in seconds on the file's own clock.")
@click.option("--end", "end_s", type=float, help="Where to end.")
@click.option(
    "--track",
    "tracks",
    multiple=True,
    type=click.Choice(get_args(Track)),
    help="Only this track; may be given several times.  [default: all]",
)
@click.option(
    "--whisper-model",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="A Whisper model that CTranslate2 reads, to recognise words with; needs the extra whisper.",
)
@click.option("--whisper-language", metavar="CODE", help="What is spoken, as en.  [default: detected]")
def evidence(
    video: Path,
    sheet: Path | None,
    *,
    as_json: bool,
    tracks: tuple[Track, ...],
    whisper_model: Path | None,
    whisper_language: str | None,
    **window: Any,
) -> int:
    """Observe a file: its shots, text on screen, spoken words and sounds, each with its time and how sure it is.

    Nothing leaves this machine, and nothing is downloaded. Text, words and faces need the extra `evidence`. No more
    memory and time are taken than the embedded platform takes (PIPELINE_SERVER__WORKER_MEMORY_MIB and others).
    """
    whisper = find(whisper_model, whisper_language, "--whisper-model") if whisper_model else None
    wanted = (window["start_s"], window["end_s"], tracks or TRACKS, whisper)
    return anyio.run(Observation(video, sheet, as_json, wanted).run)


@dataclass(frozen=True, slots=True)
class Observation:
    """One file, what is wanted of it as `gather` takes it, and how that is told."""

    video: Path
    sheet: Path | None
    as_json: bool
    wanted: tuple[float | None, float | None, tuple[Track, ...], WhisperModel | None]

    async def run(self) -> Exit:
        """Observe it in a process of its own, which a hostile file may take down, and tell what was observed."""
        from pipeline.config import load
        from pipeline.server.engines.evidence.gather import gather
        from pipeline.server.engines.evidence.media import read_media
        from pipeline.server.workers import Caps, JobRejected, WorkerCrashed, WorkerPool

        with tempfile.TemporaryDirectory(prefix="pipeline-") as folder:
            log = Path(folder) / "log"
            async with WorkerPool(1, log, Caps.of(load().server)) as pool:
                try:
                    media = await pool.run(_begun, read_media, self.video)
                    timeline = await pool.run_about(media.duration_s, _begun, gather, self.video, *self.wanted)
                except JobRejected as verdict:
                    return self._refuse("source_unreadable", f"{self.video}: {verdict}")
                except WorkerCrashed as crash:
                    return self._refuse(
                        "worker_crashed", f"{self.video}: It could not be observed: {crash}{_last_words(log)}."
                    )
                self._tell(timeline)
                return Exit.DONE if self.sheet is None else await self._draw(pool, timeline, self.sheet)

    def _refuse(self, code: str, message: str) -> Exit:
        click.echo(f"error: {message}", err=True)
        if self.as_json:
            reason = {"code": code, "message": message}
            say([orjson.dumps({"exit_code": int(Exit.SOME_FAILED), "stopped_by": reason}).decode()])
        return Exit.SOME_FAILED

    def _tell(self, timeline: Timeline) -> None:
        if timeline.missing:
            click.echo(f"note: {advice(timeline.missing)}", err=True)
        if self.as_json:
            # glimpses are pictures to compare with others, which tell a reader nothing
            plain = {name: track for name, track in timeline.to_json().items() if name != "glimpses"}
            say([orjson.dumps(plain, option=orjson.OPT_INDENT_2).decode()])
        else:
            say(table(self.video.name, timeline))

    async def _draw(self, pool: "WorkerPool", timeline: Timeline, sheet: Path) -> Exit:
        from pipeline.server.engines.evidence.sheet import draw
        from pipeline.server.workers import JobRejected, WorkerCrashed

        if find_spec("PIL") is None:
            click.echo(f"error: a sheet is drawn with Pillow, which is not installed: {INSTALL}", err=True)
            return Exit.USAGE
        try:
            png = await pool.run_about(timeline.media.duration_s, _begun, draw, self.video, timeline)
            await anyio.Path(sheet).write_bytes(png)
        except (JobRejected, WorkerCrashed, OSError) as exc:
            click.echo(f"error: the sheet {sheet} cannot be drawn: {exc}", err=True)
            return Exit.SOME_FAILED
        click.echo(f"the sheet is {sheet}", err=True)
        return Exit.DONE


def _last_words(log: Path) -> str:
    """What a process that was taken down by an exception called it: of use to whoever reports a bug."""
    lines = log.read_text(errors="replace").splitlines()
    return f" ({lines[-1]})" if lines else ""


def _begun() -> None:
    """Nobody asks when the work begins."""
