"""Where in a video is what a segment definition describes, as far as measurements can tell."""

from collections.abc import Mapping
from typing import Any

from pipeline.server.engines import topics
from pipeline.server.engines.asking import truth
from pipeline.server.engines.contract import EngineImage
from pipeline.server.engines.fields import Field
from pipeline.server.engines.known import Known
from pipeline.server.engines.measure import Measured
from pipeline.server.engines.segments import Found
from pipeline.server.engines.topics import words_of

Definition = Mapping[str, Any]

# A shot in which some picture is this much like a reference picture shows it ("similar" in words).
_SHOWS = 0.75
# What can be told of each shot, yes or no.
_TELLING = topics.COLOURS.union(*(topics.LABELS[topic] for topic in ("brightness", "loudness", "motion"))) - {"black"}


def find(
    definition: Definition, measured: Measured, shots: tuple[Known, ...], images: tuple[EngineImage, ...]
) -> Found:
    """Shots like a reference picture; black, still or silent passages; shots that are as described; else all shots."""
    likened = [place for place, image in enumerate(images) if image.name in _sources(definition)]
    if likened:
        return Found([_times(shot) for shot in shots if _shows(measured, likened, shot)])
    words = frozenset(words_of(definition["description"]))
    if words & topics.UNSEEN:
        return _all(definition, shots)
    passages = {"black": measured.black, "still": measured.still, "silent": measured.silent}
    for topic, named in topics.PASSAGES.items():
        if words & named:
            return _passages(definition, topic, passages[topic], measured)
    if telling := words & _TELLING:
        asked = [Field(word, frozenset((word,))) for word in sorted(telling)]
        return Found([_times(shot) for shot in shots if any(truth(field, shot) for field in asked)])
    return Found([_times(shot) for shot in shots]) if words & topics.MEASURED else _all(definition, shots)


def _passages(
    definition: Definition, topic: str, found: tuple[tuple[float, float], ...] | None, measured: Measured
) -> Found:
    if topic == "silent" and measured.sound is None:
        return Found((), f"The file has no sound stream, so that {definition['id']} has no segments.")
    if found is None:
        return Found((), f"Motion was not measured, so that {definition['id']} has no segments.")
    return Found(found)


def _all(definition: Definition, shots: tuple[Known, ...]) -> Found:
    return Found(
        [_times(shot) for shot in shots],
        f"What {definition['id']} describes is not measured: its segments are the shots of the video.",
    )


def _sources(definition: Definition) -> frozenset[str]:
    """The names of its reference pictures; told apart by the definition's id where two definitions use one name."""
    names = [source["name"] for source in definition.get("media_sources") or ()]
    return frozenset(names) | frozenset(f"{definition['id']}/{name}" for name in names)


def _shows(measured: Measured, likened: list[int], shot: Known) -> bool:
    start_s, end_s = _times(shot)
    return max(measured.likeness.best(place, start_s, end_s)[0] for place in likened) >= _SHOWS


def _times(shot: Known) -> tuple[float, float]:
    return shot.start_s or 0.0, shot.end_s or 0.0
