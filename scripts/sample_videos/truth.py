"""What is in a film, as data: worked out from its description, not from the encoded file."""

from itertools import accumulate, groupby
from typing import TypedDict

import numpy as np

from .film import PALETTE, Film, Motion, Scene, draw, to_yuv


class Passage(TypedDict):
    start_s: float
    end_s: float


class Shot(Passage):
    """`colours` are names by falling share of the picture, in the middle of the shot; `level_dbfs` None is silence."""

    colours: list[str]
    motion: Motion
    level_dbfs: float | None


class Title(Passage):
    text: str


class Truth(TypedDict):
    duration_s: float
    width: int
    height: int
    fps: int
    shots: list[Shot]
    black: list[Passage]
    silent: list[Passage]
    titles: list[Title]


def truth(film: Film) -> Truth:
    """Times are those of the frames: each shot begins where the one before it ends."""
    shots = _shots(film)
    return {
        "duration_s": shots[-1]["end_s"],
        "width": film.width,
        "height": film.height,
        "fps": film.fps,
        "shots": shots,
        "black": _passages(
            shots, [scene.colour == "black" and not (scene.second or scene.title) for scene in film.scenes]
        ),
        "silent": _passages(shots, [shot["level_dbfs"] is None for shot in shots]),
        "titles": [
            {"start_s": shot["start_s"], "end_s": shot["end_s"], "text": scene.title}
            for scene, shot in zip(film.scenes, shots, strict=True)
            if scene.title
        ],
    }


def _shots(film: Film) -> list[Shot]:
    ends = [round(frames / film.fps, 3) for frames in accumulate(map(film.frames_of, film.scenes))]
    return [
        {
            "start_s": start_s,
            "end_s": end_s,
            "colours": _colours(film, scene),
            "motion": scene.motion,
            "level_dbfs": scene.level_dbfs if film.sound else None,
        }
        for scene, start_s, end_s in zip(film.scenes, [0.0, *ends], ends, strict=False)
    ]


def _colours(film: Film, scene: Scene) -> list[str]:
    """The names of the colours by how many points of the picture have them, letters left out."""
    luma = draw(film, scene, scene.seconds / 2)[: film.height]
    shares = {name: np.count_nonzero(luma == to_yuv(name)[0]) for name in {scene.colour, scene.second or scene.colour}}
    return sorted(shares, key=lambda name: (-shares[name], list(PALETTE).index(name)))


def _passages(shots: list[Shot], holds: list[bool]) -> list[Passage]:
    """Where it holds, neighbouring shots joined."""
    runs = [list(run) for found, run in groupby(zip(shots, holds, strict=True), lambda pair: pair[1]) if found]
    return [{"start_s": run[0][0]["start_s"], "end_s": run[-1][0]["end_s"]} for run in runs]
