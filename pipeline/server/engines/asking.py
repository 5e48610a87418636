"""What the evidence has to say to one field: a number, parts, a truth; None where nothing measured answers it."""

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.server.engines import recorded, topics
from pipeline.server.engines.fields import Field
from pipeline.server.engines.known import Known


@dataclass(frozen=True, slots=True)
class Number:
    """A measured number; a share goes from 0 to 1 and can be told on any scale."""

    value: float
    is_share: bool = False


def number(field: Field, known: Known) -> Number | None:
    """In the unit that the field names; else seconds, pixels, bytes, hertz, dB below full scale."""
    # how many there are of one thing for each of another was not measured; "per second" alone is a unit
    is_rate = "per" in field.named and not field.words & topics.NUMBERS["fps"]
    found = None if is_rate else _told(field, known)
    if found is None or found.is_share:
        return found
    is_size = field.words & (topics.NUMBERS["size"] | topics.NUMBERS["bitrate"])
    units = topics.SIZES if is_size else topics.UNITS if field.words & _TIMED else {}
    named = field.hints | ({"minute"} if field.is_in_minutes else set())
    return Number(found.value * next((units[word] for word in sorted(named & units.keys())), 1.0))


_SPANS = frozenset().union(*topics.PASSAGES.values(), *(topics.NUMBERS[name] for name in ("duration", "start", "end")))
_SPANS_OF_IT = topics.NUMBERS["duration"] | topics.NUMBERS["start"] | topics.NUMBERS["end"]
_TIMED = _SPANS | topics.RECORDED_WORDS


def _told(field: Field, known: Known) -> Number | None:
    if recorded.asks(field, known):
        found = recorded.number(field, known)
        return None if found is None else Number(*found)
    if field.mention is not None:
        shots = parts(field, known)
        return Number(len(shots)) if shots is not None and field.hints & topics.COUNT else None
    return _number(field, known)


def _number(field: Field, known: Known) -> Number | None:
    words = field.words
    for topic, named in topics.PASSAGES.items():
        if words & named and topic in known.of and words & _SPANS - named:
            return _listed(field.without(named), known)
        if words & named and (topic in known.parts or words & _SPANS - named):
            return _of_passages(field, known.parts[topic], known) if topic in known.parts else None
    if words & (topics.COLOUR | topics.COLOURS):
        return _of_colours(field, known.colours)
    if words & (topics.SHOT | topics.ENTERED):
        return _of_shots(field, known)
    if words & topics.IMAGE and "images" in known.parts:
        return Number(len(known.parts["images"]))
    return _listed(field, known)


def _listed(field: Field, known: Known) -> Number | None:
    """A number that was measured as such; of several things at once ("dark_duration") none was."""
    wanted = {topic for topic, named in topics.NUMBERS.items() if (field.words - topics.IMAGE) & named}
    if field.words <= topics.TIME and "total" in field.hints:
        wanted = {"duration"}
    if "end" in wanted and not (field.words & topics.NUMBERS["start"]) - topics.TIME:
        wanted -= {"start"}
    if wanted & {"channels", "samplerate", "lufs"}:
        wanted -= {"loudness"}
    elif wanted == {"loudness"} and field.hints & topics.NUMBERS["lufs"]:
        wanted = {"lufs"}
    if len(wanted) != 1:
        return None
    (topic,) = wanted
    if field.named & topics.SHARE and topic not in topics.SHARES:
        return None
    is_extreme = topic in _VARYING and field.hints & (topics.LONGEST | topics.SHORTEST)
    return _extreme(topic, field, known) if is_extreme else _plain(topic, known)


_VARYING = frozenset(("brightness", "darkness", "motion", "contrast", "loudness"))


def _extreme(topic: str, field: Field, known: Known) -> Number | None:
    """The most or the least of any shot."""
    values = [shot.numbers[topic] for shot in known.parts.get("shots", ()) if topic in shot.numbers]
    if not values:
        return None
    return Number((max if field.hints & topics.LONGEST else min)(values), topic in topics.SHARES)


def _plain(topic: str, known: Known) -> Number | None:
    value = known.numbers.get(topic)
    return None if value is None else Number(value, topic in topics.SHARES)


def _of_passages(field: Field, passages: tuple[Known, ...], known: Known) -> Number | None:
    """Where they begin or end, how many they are, what share of the time, or (told nothing) their seconds."""
    if field.words & topics.NUMBERS["end"]:
        ending = passages[:1] if field.hints & topics.FIRST else passages[-1:]
        return Number(ending[0].numbers["end"]) if ending else None
    if field.words & topics.NUMBERS["start"] and field.hints & topics.LAST:
        return Number(passages[-1].numbers["start"]) if passages else None
    if field.words & topics.NUMBERS["start"] or field.hints & topics.FIRST:
        return Number(passages[0].numbers["start"]) if passages else None
    if field.hints & topics.COUNT or recorded.are_parts(field):
        return Number(len(passages))
    if field.hints & topics.SHARE and known.duration_s:
        return Number(recorded.covered_s(passages) / known.duration_s, is_share=True)
    return Number(recorded.length(field, passages))


def _of_shots(field: Field, known: Known) -> Number | None:
    """How long they last (the longest, the shortest, or on average), else what the other words say, else how many.

    Of something that is a shot itself: which one it is, or what the other words say.
    """
    if field.words & topics.ENTERED and (entered := entrances(field, known)) is not None:
        return _of_entrances(field, entered)
    if field.words & topics.ENTERED - topics.CUT:
        is_one = "entered" in known.labels and not field.words & topics.NUMBERS["duration"]
        return _plain("start", known) if is_one else None
    shots = _shots(field, known)
    if field.words - topics.SHOT - topics.TIME and (shots is None or not field.words & topics.NUMBERS["duration"]):
        is_about = "index" in known.numbers or shots is not None
        return _number(field.without(topics.SHOT), known) if is_about else None
    if shots is None:
        return _plain(_of_one(field), known)
    if field.words & topics.NUMBERS["duration"]:
        return _of_lengths(field, [shot.duration_s for shot in shots])
    # A cut is where one shot follows another.
    return Number(len(shots) - 1 if field.words <= topics.CUT else len(shots))


def _of_one(field: Field) -> str:
    """What is asked of a shot by its name alone: how long the longest is, when a cut is, else which one it is."""
    if field.named & (topics.LONGEST | topics.SHORTEST):
        return "duration"
    return "start" if field.words & (topics.CUT | topics.TIME) else "index"


def _shots(field: Field, known: Known) -> tuple[Known, ...] | None:
    """What is meant by shots: chapters, where they are asked for and known."""
    is_chapters = field.words & topics.CHAPTER and "chapters" in known.parts
    return known.parts.get("chapters" if is_chapters else "shots")


def entrances(field: Field, known: Known) -> tuple[Known, ...] | None:
    """The shots after the first that are entered as the field says; None where nobody knows how shots are entered."""
    shots = known.parts.get("shots")
    is_more = field.words - topics.SHOT - topics.ENTERED - topics.TIME - topics.NUMBERS["start"]
    if shots is None or is_more or not any("entered" in shot.labels for shot in shots):
        return None
    wanted = {name for name, named in topics.ENTRANCES.items() if field.words & named}
    if "transition" in field.words:
        wanted = set(topics.ENTRANCES)
    begins = known.start_s or 0.0
    return tuple(shot for shot in shots if shot.labels.get("entered") in wanted and (shot.start_s or 0.0) > begins)


def _of_entrances(field: Field, entered: tuple[Known, ...]) -> Number | None:
    if field.named & topics.COUNT or not field.words & topics.NUMBERS["start"]:
        return Number(len(entered))
    return Number(entered[0].numbers["start"]) if entered else None


def _of_lengths(field: Field, lengths: list[float]) -> Number:
    if field.hints & topics.LONGEST:
        return Number(max(lengths))
    return Number(min(lengths) if field.hints & topics.SHORTEST else sum(lengths) / len(lengths))


def _of_colours(field: Field, colours: tuple[tuple[str, float], ...] | None) -> Number | None:
    if colours is None or field.words & (_SPANS - topics.COLOURS | topics.NUMBERS["brightness"]):
        return None
    if named := field.words & topics.COLOURS:
        shares = dict(colours)
        return Number(sum(shares.get(name, 0.0) for name in named), is_share=True)
    if field.hints & topics.SHARE:
        return Number(colours[0][1], is_share=True) if colours else None
    return Number(len(colours)) if field.hints & topics.COUNT else None


def parts(field: Field, known: Known) -> tuple[Known, ...] | None:
    """What a list of this name lists: passages, shots, images, colours or keywords."""
    if recorded.asks(field, known):
        return recorded.listed(field, known)
    words = field.words
    for topic, named in topics.PASSAGES.items():
        if words & named and topic in known.parts:
            return known.parts[topic]
    if words & topics.IMAGE and "images" in known.parts:
        return known.parts["images"]
    if words & topics.SOUND and "sounds" in known.parts and not words - topics.SOUND - topics.SHOT - topics.TIME:
        return known.parts["sounds"]
    shots = _parts_in_time(field, known)
    return shots if shots is not None or words & topics.ENTERED - topics.CUT else _names(field, known)


def _parts_in_time(field: Field, known: Known) -> tuple[Known, ...] | None:
    """Shots or chapters: all of them, or those that are entered, coloured or spoken over as the field says."""
    if field.words & topics.ENTERED and (entered := entrances(field, known)) is not None:
        return entered
    is_timed = field.words & (topics.SHOT | topics.TIME) and not field.words & topics.ENTERED - topics.CUT
    shots = _shots(field, known) if is_timed else None
    return None if shots is None else _mentioning(field, _only(field.words & topics.COLOURS, shots))


def _names(field: Field, known: Known) -> tuple[Known, ...] | None:
    """Colours or keywords."""
    if field.words & (topics.COLOUR | topics.COLOURS) and known.colours is not None:
        return tuple(_colour(name, share) for name, share in known.colours)
    if field.words & (topics.TAG | topics.KEYWORD) and "keyword" in known.parts:
        return known.parts["keyword"]
    if field.words & topics.TAG:
        return tuple(Known(summary=said, labels={"name": said}) for said in _tags(known))
    return None


def _only(colours: Iterable[str], shots: tuple[Known, ...]) -> tuple[Known, ...]:
    """The shots that show a colour, where one is named."""
    wanted = tuple(colours)
    return tuple(shot for shot in shots if any(shot.truths.get(name) for name in wanted)) if wanted else shots


def _mentioning(field: Field, shots: tuple[Known, ...]) -> tuple[Known, ...] | None:
    """The shots in which is mentioned what the field names; None where nobody looked for that."""
    if field.mention is None:
        return shots
    found = [recorded.mentions(field.mention, shot) for shot in shots]
    if None in found and not any(found):
        return None
    return tuple(shot for shot, part in zip(shots, found, strict=True) if part)


def _colour(name: str, share: float) -> Known:
    return Known(summary=name, numbers={"share": share}, labels={"name": name}, colours=((name, share),))


def _tags(known: Known) -> tuple[str, ...]:
    names = (name for name, _ in known.colours or ())
    told = ("brightness", "motion", "loudness", "orientation")
    return (*names, *(known.labels[topic] for topic in told if topic in known.labels))


def truth(field: Field, known: Known) -> bool | None:
    """Whether what the field names is so; where it names several things, whether all are."""
    is_negative = bool(field.named & topics.NO)
    if field.hints & _NEVER and not is_negative and not field.named & topics.MEASURED:
        return None  # whoever describes it as not being so may mean either by true
    found = _is_somebody_seen(known) if _asks_for_somebody(field) else _truth(field, known)
    return None if found is None else found != is_negative


def _asks_for_somebody(field: Field) -> bool:
    """As "people_visible": whether there is anybody, and nothing more of them."""
    return bool(field.named & topics.PEOPLE) and not field.named - topics.PEOPLE - _IN_VIEW - _HAS - topics.NO


def _is_somebody_seen(known: Known) -> bool | None:
    """That no face was found does not mean that nobody is there."""
    return True if known.parts.get("face") else None


_NEVER = topics.NO | {"never", "none", "nobody", "nothing"}
_HAS = topics.bag_of("has have contain include any there ever anywhere somewhere sometimes")
_IN_VIEW = topics.bag_of("is are in on a the view sight screen camera picture visible seen shown present")
_STATES = {
    "bright": topics.NUMBERS["brightness"],
    "dark": topics.NUMBERS["darkness"],
    "moving": topics.NUMBERS["motion"],
    "loud": frozenset(("loud", "noise", "noisy")),
    "quiet": frozenset(("quiet",)),
    "sound": frozenset(("sound", "audio")),
}


def _truth(field: Field, known: Known) -> bool | None:
    if recorded.asks(field, known):
        return recorded.truth(field, known)
    if field.mention is not None or field.words & topics.ENTERED - topics.CUT:
        some = parts(field, known)
        return None if some is None or field.words & topics.NUMBERS["start"] - topics.TIME else bool(some)
    if field.words == {"understood"} and "speech" in known.of:
        return "words" in known.of
    found: list[bool] = []
    # whether it begins or ends so is not whether it is so
    if field.words & (_SPANS_OF_IT - topics.TIME):
        return None
    for topic, named in topics.PASSAGES.items():
        if field.words & named:
            if topic in known.parts and field.hints & _HAS:
                found.append(bool(known.parts[topic]))
            elif topic in known.truths:
                found.append(known.truths[topic])
    states = {**_STATES, **{name: frozenset((name,)) for name in (*topics.COLOURS - {"black"}, *_SHAPES)}}
    found += [known.truths[state] for state, named in states.items() if field.words & named and state in known.truths]
    if not found and field.words & topics.SHOT and "shots" in known.parts:
        return len(known.parts["shots"]) > 1
    return all(found) if found else None


_SHAPES = ("portrait", "landscape", "square", "vertical", "horizontal")
