"""Where the videos come from: one file for each kind of manifest, one line for each in `MANIFESTS`."""

import codecs
import difflib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BufferedIOBase
from pathlib import Path
from typing import BinaryIO, cast

from pipeline.config import ManifestSettings
from pipeline.errors import ManifestError
from pipeline.manifests import csv_table, images, json_lines, text_list
from pipeline.manifests.contract import Judge, Manifest, Place, lenient
from pipeline.manifests.folder import Folder
from pipeline.manifests.listed import listed, unreadable
from pipeline.manifests.rows import is_url
from pipeline.manifests.single import Single
from pipeline.models import shown

__all__ = ["MANIFESTS", "Kind", "Manifest", "Place", "open_manifest"]

STDIN = "-"
SPOOL_NAME = "manifest-from-stdin"
HEAD_BYTES = 64 * 1024
BLOCK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of manifest: how it is opened, and the suffixes of the files that are of this kind."""

    open: Callable[[Place], Manifest]
    suffixes: tuple[str, ...] = ()


MANIFESTS: dict[str, Kind] = {
    "folder": Kind(Folder),
    "csv": Kind(listed(csv_table.read_rows), (".csv",)),
    "jsonl": Kind(listed(json_lines.read_rows), (".jsonl", ".ndjson")),
    "text": Kind(listed(text_list.read_rows), (".txt", ".list")),
    "video": Kind(Single),
}


def open_manifest(
    settings: ManifestSettings,
    *,
    judge: Judge = lenient,
    stdin: BinaryIO | None = None,
    spool_dir: Path | None = None,
) -> Manifest:
    """Find out what kind of manifest `settings.source` names. Nothing but stdin is read.

    Args:
        settings: `source` is a folder, a file of one of the kinds, a single video or its URL, or `-` for stdin: a text
            list, or JSON lines where the first character is a brace. Relative sources are relative to the manifest's
            folder, on stdin to the working directory.
        judge: tells what is wrong with what a row asks, together with what the configuration asks.
        stdin: where `-` is read from.
        spool_dir: a folder for what can be read once only (stdin, a pipe), because a manifest is read twice.

    Raises:
        ManifestError: there is no such file, or it is none of the kinds.
    """
    source = settings.source
    if not source:  # an empty name would be the working directory
        raise ManifestError("no manifest; name a folder, a list of videos, or - for stdin", code="manifest_missing")
    if source == STDIN:
        assert stdin is not None, "a manifest on stdin needs stdin"
        return _spooled(Place("", "stdin", "", settings, judge), stdin, spool_dir)
    name = shown(source)
    if is_url(source):
        return Single(Place(source, name, str(Path.cwd()), settings, judge))
    path = os.path.abspath(source)  # noqa: PTH100 - as the system spells it, `..` taken out
    mode = _mode(path, name)
    if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
        place = Place(path, name, os.path.dirname(path), settings, judge)  # noqa: PTH120 - as above
        return MANIFESTS["folder" if stat.S_ISDIR(mode) else _kind_of(place)].open(place)
    try:
        with Path(path).open("rb") as pipe:
            return _spooled(Place("", name, "", settings, judge), pipe, spool_dir)
    except OSError as error:
        raise unreadable(name, error) from error


def _mode(path: str, name: str) -> int:
    try:
        return Path(path).stat().st_mode
    except FileNotFoundError as error:
        raise ManifestError(f"there is no manifest {name}{_nearest(path)}", code="manifest_missing") from error
    except OSError as error:
        raise unreadable(name, error) from error


def _kind_of(place: Place) -> str:
    suffix = Path(place.path).suffix.lower()
    by_suffix = {known: kind for kind, entry in MANIFESTS.items() for known in entry.suffixes}
    if suffix in by_suffix:
        return by_suffix[suffix]
    if suffix in place.video_suffixes or suffix in images.SUFFIXES:
        return "video"
    raise ManifestError(
        f"{place.name} is no manifest: its suffix is none of {', '.join(by_suffix)}, nor that of a video or an image; "
        "rename it",
        code="manifest_unknown",
    )


def _nearest(path: str) -> str:
    try:
        names = os.listdir(os.path.dirname(path))  # noqa: PTH120, PTH208 - names as the system spells them
    except OSError:
        return "; check the path"
    close = difflib.get_close_matches(Path(path).name, names, n=1)
    return f"; did you mean {shown(close[0])}?" if close else "; check the path"


def _spooled(place: Place, stream: BinaryIO, spool_dir: Path | None) -> Manifest:
    """Keep what can be read once only. Of the place, path and folder follow from that."""
    assert spool_dir is not None, "a manifest that can be read once only needs a folder to be kept in"
    path = spool_dir.absolute() / SPOOL_NAME
    try:
        with path.open("wb+") as spool:
            # one read at a time: `read` would go on in C, where a Ctrl-C between two of them is not heeded
            for block in iter(lambda: cast("BufferedIOBase", stream).read1(BLOCK_BYTES), b""):
                spool.write(block)
            spool.seek(0)
            head = spool.read(HEAD_BYTES).removeprefix(codecs.BOM_UTF8).lstrip()
    except OSError as error:
        raise unreadable(place.name, error) from error
    kind = "jsonl" if head.startswith(b"{") else "text"
    return MANIFESTS[kind].open(replace(place, path=str(path), base=str(Path.cwd())))
