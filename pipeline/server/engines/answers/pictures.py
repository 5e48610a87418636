"""Still pictures: measured, told, and told apart."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from pipeline.server.engines import wording
from pipeline.server.engines.contract import EngineImage
from pipeline.server.engines.decode import THUMB_HEIGHT, THUMB_WIDTH, Picture
from pipeline.server.engines.images import first_frame
from pipeline.server.engines.likeness import Sketch, alike
from pipeline.server.engines.looks import look_at
from pipeline.server.engines.watch import colour_shares

_PLACEHOLDER = re.compile(r"<@([^<>]+)>")
# Each picture is compared with each other one up to so many; beyond, with the one before it.
_EACH_WITH_EACH = 5
_LEAST_CHANGE = 0.05


@dataclass(frozen=True, slots=True)
class Still:
    """One picture, measured. `kind` is the codec's name, `brightness` the mean from 0 to 1."""

    name: str
    kind: str
    width: int
    height: int
    size_bytes: int
    brightness: float
    colours: tuple[tuple[str, float], ...]
    sketch: Sketch


def look_at_still(image: EngineImage) -> Still:
    """Decode a picture, the first one of an animation.

    Raises:
        EngineError: the file is not there or cannot be read as a picture.
    """
    frame, kind, size_bytes = first_frame(image)
    shrink = VideoReformatter()
    small = shrink.reformat(frame, THUMB_WIDTH, THUMB_HEIGHT, "rgb24", interpolation=Interpolation.AREA)
    look = next(look_at([Picture(0.0, np.asarray(small.to_ndarray(), np.uint8))]))
    return Still(
        name=image.name,
        kind=kind,
        width=frame.width,
        height=frame.height,
        size_bytes=size_bytes,
        brightness=look.brightness,
        colours=colour_shares(look.colours),
        sketch=Sketch(look.blocks, look.colours),
    )


def tell_stills(stills: Sequence[Still], caveats: Iterable[str]) -> Iterator[str]:
    """Line by line how many there are, what cannot be told, what each picture is, and how they differ."""
    yield "1 image." if len(stills) == 1 else f"{len(stills)} images."
    yield from caveats
    for still in stills:
        yield tell_still(still)
    pairs = combinations(stills, 2) if len(stills) <= _EACH_WITH_EACH else pairwise(stills)
    for one, other in pairs:
        yield tell_difference(one, other)


def tell_still(still: Still) -> str:
    return (
        f"<@{still.name}>: {still.width}x{still.height} ({still.kind}), "
        f"{wording.word(wording.BRIGHTNESS, still.brightness)}, {wording.colours(still.colours)}."
    )


def tell_difference(one: Still, other: Still) -> str:
    """What changes from one picture to the other."""
    likeness = alike(one.sketch, other.sketch)
    said = f"<@{one.name}> and <@{other.name}>: {wording.word(wording.LIKENESS, likeness)} ({likeness:.0%} alike)"
    changes = list(_changes(one, other))
    return f"{said}; the second is {' and '.join(changes)}." if changes else f"{said}."


def _changes(one: Still, other: Still) -> Iterator[str]:
    step = other.brightness - one.brightness
    if abs(step) >= _LEAST_CHANGE:
        yield f"{'brighter' if step > 0 else 'darker'} ({one.brightness:.0%} to {other.brightness:.0%})"
    before, after = dict(one.colours), dict(other.colours)
    for name in sorted(before | after):
        grown = after.get(name, 0.0) - before.get(name, 0.0)
        if abs(grown) >= 2 * _LEAST_CHANGE:
            more = "more" if grown > 0 else "less"
            yield f"{more} {name} ({before.get(name, 0.0):.0%} to {after.get(name, 0.0):.0%})"
    if (one.width, one.height) != (other.width, other.height):
        yield f"of another size ({one.width}x{one.height} to {other.width}x{other.height})"


def unnamed(prompt: str, names: Iterable[str]) -> list[str]:
    """A sentence for each name that a prompt refers to and that none of the pictures has."""
    given = frozenset(names)
    meant = dict.fromkeys(_PLACEHOLDER.findall(prompt))
    return [f"No image goes by the name <@{name}>." for name in meant if name not in given]
