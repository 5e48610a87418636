"""`pipeline evidence`: what can be observed in one file, as a table, as JSON, or as a picture."""

from pathlib import Path
from typing import Any, get_args

import click
import orjson

from pipeline.cli.evidence_table import table
from pipeline.cli.exits import Exit
from pipeline.cli.streams import say
from pipeline.server.engines.contract import EngineError
from pipeline.server.engines.evidence.extra import INSTALL, advice
from pipeline.server.engines.evidence.timeline import TRACKS, Timeline, Track
from pipeline.server.engines.evidence.whisper_model import find


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

    Nothing leaves this machine, and nothing is downloaded. Text, words and faces need the extra `evidence`.
    """
    from pipeline.server import memory
    from pipeline.server.engines.evidence.gather import gather

    whisper = find(whisper_model, whisper_language, "--whisper-model") if whisper_model else None
    memory.give_back()
    try:
        timeline = gather(video, tracks=tracks or TRACKS, whisper=whisper, **window)
    except EngineError as exc:
        return _refuse(f"{video}: {exc}", as_json=as_json)
    if timeline.missing:
        click.echo(f"note: {advice(timeline.missing)}", err=True)
    if as_json:
        # glimpses are pictures to compare with others, which tell a reader nothing
        plain = {name: track for name, track in timeline.to_json().items() if name != "glimpses"}
        say([orjson.dumps(plain, option=orjson.OPT_INDENT_2).decode()])
    else:
        say(table(video.name, timeline))
    return Exit.DONE if sheet is None else _draw(video, timeline, sheet)


def _refuse(message: str, *, as_json: bool) -> Exit:
    click.echo(f"error: {message}", err=True)
    if as_json:
        reason = {"code": "source_unreadable", "message": message}
        say([orjson.dumps({"exit_code": int(Exit.SOME_FAILED), "stopped_by": reason}).decode()])
    return Exit.SOME_FAILED


def _draw(video: Path, timeline: Timeline, sheet: Path) -> Exit:
    from importlib.util import find_spec

    if find_spec("PIL") is None:
        click.echo(f"error: a sheet is drawn with Pillow, which is not installed: {INSTALL}", err=True)
        return Exit.USAGE
    from pipeline.server.engines.evidence.sheet import draw

    try:
        draw(video, timeline, sheet)
    except (EngineError, OSError) as exc:
        click.echo(f"error: the sheet {sheet} cannot be drawn: {exc}", err=True)
        return Exit.SOME_FAILED
    click.echo(f"the sheet is {sheet}", err=True)
    return Exit.DONE
