"""Which part of what is known an object of an answer speaks of: a shot, a passage, all that is said, or everything."""

from collections.abc import Callable
from dataclasses import replace

from pipeline.server.engines import recorded, topics
from pipeline.server.engines.asking import parts
from pipeline.server.engines.fields import Field
from pipeline.server.engines.known import NOTHING, Known


def narrow(field: Field, known: Known) -> Known:
    """What is known of an object of this name: of the part that it picks out ("darkest_scene"), if it picks one."""
    if field.name in known.named:
        return known.named[field.name]
    if field.is_foreign:
        return NOTHING
    if recorded.asks(field, known):
        return _together(field, known)
    if field.is_strange and field.named & (topics.FIRST | topics.LAST):
        return NOTHING  # "first_10_seconds": not the whole, and nobody knows which part
    if field.is_strange:
        numbers = {topic: value for topic, value in known.numbers.items() if topic not in {"start", "end"}}
        return replace(known, start_s=None, end_s=None, numbers=numbers)
    return _of_sound(field, known) if field.words and field.words <= topics.SOUND else _picked(field, known)


def one(field: Field, known: Known) -> tuple[Field, Known]:
    """A field, and what is known of the one shot that it picks out: "darkest_shot_start" asks when that one begins."""
    wanted = field.named & _OF_ONE
    is_timed = bool(field.words & (topics.SHOT | topics.ENTERED))
    if not wanted or not is_timed or field.is_foreign or recorded.asks(field, known) or "shots" not in known.parts:
        return field, known
    return replace(field, hints=field.hints - wanted), _picked(field, known)


def _pick(field: Field) -> Callable[[tuple[Known, ...]], Known] | None:
    """By the word that stands for nothing else: "darkest_shot_start" is not the first one."""
    named = field.named & _OF_ONE or field.named
    return next((pick for words, pick in _PICKS if named & words), None)


def _of_sound(field: Field, known: Known) -> Known:
    """The sound of it, with the codec of the sound alone, or one passage of it."""
    if (pick := _pick(field)) is not None:
        return pick(known.parts["sounds"]) if known.parts.get("sounds") else NOTHING
    labels = {topic: label for topic, label in known.labels.items() if topic != "codec"}
    heard = {"codec": labels["audiocodec"]} if "audiocodec" in labels else {}
    return replace(known, labels={**labels, **heard})


def _picked(field: Field, known: Known) -> Known:
    pick = _pick(field)
    is_entrance = field.words & topics.ENTERED - topics.CUT
    if pick is None and is_entrance:
        pick = _PICKS[0][1]
    if pick is None or not (field.words & topics.SHOT or is_entrance):
        return known
    shots = parts(field, known)
    return pick(shots) if shots else NOTHING


def _together(field: Field, known: Known) -> Known:
    """All passages of one topic as one thing; the words that are spoken as the text of it. Of mentions, the first."""
    found = recorded.passages(field, known)
    if field.mention is not None:
        return found[0] if found else NOTHING
    if found is None or field.topic is None or field.words & topics.SHOT - topics.TIME - _STRETCHES:
        return NOTHING
    if found and (pick := _pick(field)) is not None:
        return pick(found)
    times = {"start": found[0].numbers["start"], "end": max(part.numbers["end"] for part in found)} if found else {}
    heard = ("speech", "words") if field.words & topics.SPOKEN else ()
    parts = {topic: known.parts[topic] for topic in (field.topic, *heard) if topic in known.parts}
    # whatever its topic, "text" in it is its own
    own = parts.get("words") if heard else found
    return Known(
        start_s=known.start_s,
        end_s=known.end_s,
        numbers={**times, "duration": recorded.covered_s(found)},
        parts={**parts, **({} if own is None else {"text": own})},
    )


_STRETCHES = frozenset(("passage", "segment", "part", "interval", "section", "event"))


def _by(topic: str, *, least: bool = False) -> Callable[[tuple[Known, ...]], Known]:
    def pick(shots: tuple[Known, ...]) -> Known:
        sign = -1 if least else 1
        return max(shots, key=lambda shot: sign * shot.numbers.get(topic, -sign * 1e9))

    return pick


_PICKS: tuple[tuple[frozenset[str], Callable[[tuple[Known, ...]], Known]], ...] = (
    (topics.FIRST, lambda shots: shots[0]),
    (topics.LAST, lambda shots: shots[-1]),
    (topics.LONGEST, _by("duration")),
    (topics.SHORTEST, _by("duration", least=True)),
    (frozenset(("brightest",)), _by("brightness")),
    (frozenset(("darkest",)), _by("brightness", least=True)),
    (frozenset(("loudest",)), _by("loudness")),
    (frozenset(("quietest",)), _by("loudness", least=True)),
)

# "max_shot_brightness" is the most of any shot, and "shot_start" that of the shot at hand.
_OF_ONE = frozenset().union(*(words for words, _ in _PICKS)) - topics.bag_of(
    "start begin onset max maximum min minimum"
)
