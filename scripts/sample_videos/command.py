"""The command: write the samples and their ground truth into a folder; the same command again changes nothing."""

import argparse
import json
from pathlib import Path

from .film import encode
from .films import FILMS
from .odd import write_broken, write_tiny_videos
from .truth import truth

TRUTH_NAME = "ground_truth.json"


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    folder: Path = options.folder
    if options.broken:
        print(f"{len(write_broken(folder))} files that are no usable videos are in {folder}")
    elif options.programme is not None:
        print(f"{write_programme(folder, options.programme, options.seconds).name} and its truth are in {folder}")
    elif options.tiny:
        print(f"{len(write_tiny_videos(folder, options.tiny))} tiny videos are in {folder}")
    else:
        made = write_samples(folder)
        print(f"{len(FILMS)} sample videos are in {folder} ({made} made now)")
    return 0


def write_samples(folder: Path) -> int:
    """Make what is missing of the samples; returns how many that was.

    The ground truth is written last: where it is there and says what it would say now, the videos are complete.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = json.dumps({"videos": {film.name: truth(film) for film in FILMS}}, indent=2) + "\n"
    truth_path = folder / TRUTH_NAME
    is_current = truth_path.is_file() and truth_path.read_text() == wanted
    missing = [film for film in FILMS if not (is_current and (folder / film.name).is_file())]
    for film in missing:
        encode(film, folder / film.name)
    if not is_current:
        partial = truth_path.with_name(truth_path.name + ".part")
        partial.write_text(wanted)
        partial.replace(truth_path)
    return len(missing)


def write_programme(folder: Path, seed: int, seconds: float) -> Path:
    """One programme, with its truth as JSON beside it."""
    from .broadcast import broadcast
    from .programme import compose

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"programme-{seed}.mp4"
    broadcast(compose(seed, seconds), path)
    return path


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make_videos", description="Make sample videos whose content is known.")
    parser.add_argument("folder", type=Path, help="where to write; made if missing")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--broken", action="store_true", help="files that a platform has to refuse, instead of samples")
    kind.add_argument("--tiny", type=int, metavar="N", default=0, help="N tiny valid videos, instead of samples")
    kind.add_argument(
        "--programme",
        type=int,
        metavar="SEED",
        help="a longer film made up at random, with fades, titles, speech and music, instead of samples; "
        "needs the extra `clips`",
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the programme is  [default: 60]")
    return parser
