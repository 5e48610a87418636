"""What was read on screen and heard, as one field asks for it: passages, their number, their times, their words."""

from collections.abc import Iterable, Sequence

from pipeline.server.engines import stretches, topics
from pipeline.server.engines.fields import UNCLEAR, Field
from pipeline.server.engines.known import Known
from pipeline.server.engines.mentions import Mention
from pipeline.server.engines.times import span
from pipeline.server.engines.words import bag, fold, folded, written

# They ask how much of it there is, on some scale that nobody gave.
_SCALES = bag("level rating score scale rate per loud quiet volume pace")
_WHOLE = bag("every all most only whole entire always")
# They ask for a word for it, not for itself.
KIND = bag("kind type category class")
# What has no words of its own is told by its times.
_WORDLESS = frozenset(("music", "event", "face"))
_UNITS = frozenset(("second", *topics.UNITS))
_ONE = bag("title headline heading")
_SUBTITLES = bag("subtitle caption")


def asks(field: Field, known: Known) -> bool:
    """Whether the field asks for something that is read or heard, so that nothing else may answer it."""
    if field.mention is not None and not field.words & topics.SHOT - {"moment", "time", "passage"}:
        return True
    return _topic(field, known) is not None


def passages(field: Field, known: Known) -> tuple[Known, ...] | None:
    """Those that the field speaks of, in order; None where nobody looked for them."""
    if field.mention is not None:
        return mentions(field.mention, known)
    topic = _topic(field, known)
    if topic is None or topic == UNCLEAR:
        return None
    if topic in known.of:
        return (known,)
    found = known.parts.get(topic)
    # that nothing was understood does not mean that nothing was said
    is_unheard = topic == "words" and not found and known.parts.get("speech")
    return None if is_unheard else found


def _topic(field: Field, known: Known) -> str | None:
    """A lone "timecode" is a time, unless one is on screen; a lone "text" is that of what it lies in."""
    if field.words == {"timecode"} and field.topic is None:
        return "timecode" if known.parts.get("timecode") else None
    return "words" if field.words == {"text"} and "words" in known.of else field.topic


def listed(field: Field, known: Known) -> tuple[Known, ...] | None:
    """The items of a list of this name: passages, or each word where words are asked for."""
    found = passages(field, known)
    if found is None or field.mention is not None or "word" not in field.words:
        return found
    return tuple(each for part in found for each in part.parts.get("each", (part,)))


def mentions(wanted: Mention, known: Known) -> tuple[Known, ...] | None:
    """The lines and utterances that hold the words; None where there are none and not all was looked at."""
    if known.labels.get("spelled") and wanted.words <= folded(known.labels["spelled"]):
        return (known,)
    kinds = ("text", "words") if wanted.where == "anywhere" else (wanted.where,)
    looked = [known.parts.get(kind) for kind in kinds]
    found = [each for part in looked for each in part or () if wanted.words <= folded(each.labels.get("spelled", ""))]
    if not found and None in looked:
        return None
    return tuple(sorted(found, key=lambda each: (each.start_s or 0.0, each.end_s or 0.0)))


def moment(field: Field, known: Known) -> float | None:
    """When the first of them begins, or the last of them begins or ends."""
    found = passages(field, known)
    if not found:
        return None
    if field.words & topics.NUMBERS["end"]:
        return max(part.end_s or 0.0 for part in found)
    return (found[-1] if field.hints & topics.LAST else found[0]).start_s


def number(field: Field, known: Known) -> tuple[float, bool] | None:
    """(value, whether it is a share): of times and durations in seconds."""
    found = passages(field, known)
    # the length of a text is in seconds, in words or in letters: nobody knows
    is_unclear = "length" in field.named and field.topic not in {"speech", "music"}
    if found is None or is_unclear or field.named & _SCALES:
        return None
    if field.named & topics.COUNT:
        return _count(field, found)
    if own := next((topic for topic in ("index", "confidence") if field.words & topics.NUMBERS[topic]), None):
        value = found[0].numbers.get(own) if len(found) == 1 else None
        return None if value is None else (value, own in topics.SHARES)
    is_length = field.named & (topics.LONGEST | topics.SHORTEST) or _is_spent(field)
    if field.words & topics.NUMBERS["duration"] or is_length:
        return length(field, found), False
    return _amount(field, found, known)


def _is_spent(field: Field) -> bool:
    """As "speaking_time" is how long, not when."""
    is_when = field.words & (topics.NUMBERS["start"] | topics.NUMBERS["end"]) - {"time"}
    is_one = field.named & (topics.FIRST | topics.LAST) or field.is_plural
    return "time" in field.words and field.topic in {"speech", "music"} and not is_when and not is_one


def _asks_when(field: Field) -> bool:
    is_one = field.mention is not None and field.named & (topics.FIRST | topics.LAST)
    return bool(is_one or field.words & (topics.NUMBERS["start"] | topics.NUMBERS["end"]))


def _amount(field: Field, found: Sequence[Known], known: Known) -> tuple[float, bool] | None:
    """When it is; else what a field that names no measure means: a share, how many, or how many seconds."""
    if _asks_when(field):
        at_s = moment(field, known)
        return None if at_s is None else (at_s, False)
    if field.hints & topics.SHARE:
        covered = covered_s(found)
        return (covered / known.duration_s, True) if known.duration_s else None
    is_itself = any(part is known for part in found)
    if is_itself and field.topic == "event":
        return found[0].numbers["start"], False
    is_count = field.hints & topics.COUNT or field.mention or field.topic == "event" or "word" in field.words
    if (is_count or are_parts(field)) and not field.named & _UNITS:
        return _count(field, found)
    if field.topic in {"speech", "music"} or field.named & _UNITS:
        return covered_s(found), False
    is_nameless = not field.named & topics.RECORDED_WORDS and not is_itself
    return _count(field, found) if field.is_plural or is_nameless else None


def are_parts(field: Field) -> bool:
    """As "music_segments" are so many, and not so many seconds."""
    return field.is_plural and bool(frozenset(topics.words_of(field.name)[-1:]) & topics.SHOT)


def is_number(field: Field) -> bool:
    """Whether its name asks for a time, a number or a share, and not for words."""
    return bool(field.words & _MEASURES or field.named & (topics.COUNT | topics.SHARE))


def _count(field: Field, found: Sequence[Known]) -> tuple[float, bool]:
    if field.mention is None and "word" in field.words:
        return float(sum(len(written(part.labels.get("spelled", ""))) for part in found)), False
    if field.topic == "face":
        return max(part.numbers["faces"] for part in found), False
    return float(len(found)), False


def length(field: Field, found: Sequence[Known]) -> float:
    """How long they last: the longest, the shortest, on average, else all together."""
    lengths = [part.duration_s for part in found]
    if not lengths:
        return 0.0
    if field.named & topics.LONGEST:
        return max(lengths)
    if field.named & topics.SHORTEST:
        return min(lengths)
    return sum(lengths) / len(lengths) if field.named & topics.MEAN else covered_s(found)


def covered_s(found: Iterable[Known]) -> float:
    """The seconds that passages cover, which may overlap."""
    return stretches.covered_s((part.start_s or 0.0, part.end_s or 0.0) for part in found)


def truth(field: Field, known: Known) -> bool | None:
    """Whether there is any; None where it asks for more than that."""
    found = passages(field, known)
    named = field.named - (field.mention.words if field.mention else frozenset())
    is_more = named & (_SCALES | topics.FIRST | topics.LAST | topics.COUNT | topics.SHARE) or field.hints & _WHOLE
    if found is None or is_more or (field.mention is None and field.words & _MEASURES):
        return None
    # which of the lines are subtitles nobody knows, but for that there are none where there are no lines
    return None if found and field.named & _SUBTITLES else bool(found)


_MEASURES = frozenset().union(*(topics.NUMBERS[name] for name in ("duration", "start", "end", "index", "confidence")))


def text(field: Field, known: Known) -> str | None:
    """What was read or understood, word by word; of what has no words, where it is."""
    found = passages(field, known)
    is_more = field.named & (_SCALES | topics.LONGEST | topics.SHORTEST) or field.hints & (topics.COUNT | KIND)
    if found is None or field.words & _MEASURES or is_more:
        return None
    if field.topic == "title" and field.words & _ONE and not field.is_plural and not field.mention:
        return _title(field, known, found)
    if field.topic in _WORDLESS or (known.of & _WORDLESS and field.mention is None):
        return spans(found)
    spelled = [part.labels["spelled"] for part in found if _is_spelled(part, known)]
    if field.topic == "timecode":
        spelled = [part.labels["spelled"] for part in found]
    return _chosen(field, spelled, found) if spelled else None


def spans(found: Iterable[Known]) -> str:
    """When they are, in readable words."""
    return ", ".join(map(span, found)) or "at no time"


def _is_spelled(part: Known, known: Known) -> bool:
    """Whether it has words: a timecode is none of a text, unless it is the line that is told."""
    return bool(part.labels.get("spelled")) and ("timecode" not in part.of or part is known)


def _title(field: Field, known: Known, found: Sequence[Known]) -> str | None:
    """The best one; of a stretch without any, what it may be called, unless just what is on screen is asked for."""
    if "title" in known.of:
        return known.labels["spelled"]
    if found and field.hints & (topics.FIRST | topics.LAST):
        return (found[-1] if field.hints & topics.LAST else found[0]).labels["spelled"]
    is_shown = field.hints & bag("screen onscreen shown displayed written ocr text overlay")
    return known.labels.get("title") or (None if is_shown else known.labels.get("heading"))


def _chosen(field: Field, spelled: Sequence[str], found: Sequence[Known]) -> str:
    if field.named & topics.LAST:
        return spelled[-1]
    if field.named & topics.FIRST or (field.mention and not field.is_plural):
        return spelled[0]
    if field.words & topics.RECORDED["words"] == {"quote"} and not field.is_plural:
        return max(found, key=lambda part: part.numbers.get("confidence", 0.0)).labels["spelled"]
    is_speech = any("words" in part.of for part in found)
    return " ".join(spelled) if is_speech else "\n".join(dict.fromkeys(spelled))


def support(members: Sequence[str], field: Field, known: Known) -> dict[str, float]:
    """How often each member, all of its words together, stands in what was read and understood."""
    if field.is_about or field.words & topics.TAG:
        found = [*known.parts.get("text", ()), *known.parts.get("words", ())]
    else:
        found = list(passages(field, known) or ())
    texts = [folded(part.labels.get("spelled", "")) for part in found]
    wanted = {member: frozenset(map(fold, written(member.replace("_", " ")))) for member in members}
    counts = {member: sum(words <= each for each in texts) for member, words in wanted.items() if words}
    return {member: float(count) for member, count in counts.items() if count}


def kinds(field: Field, known: Known) -> dict[str, float] | None:
    """The kinds of what the field names and what share of the time each has; None where it asks for none."""
    if "textkind" in known.labels and (known.of & topics.RECORDED.keys()) and field.hints & KIND:
        return {known.labels["textkind"]: 1.0}
    if not field.words & topics.SOUND or field.words - topics.SOUND - topics.SHOT:
        return None
    if "soundkind" in known.labels:
        return {known.labels["soundkind"]: 1.0}
    if "sounds" not in known.parts:
        return None
    shares: dict[str, float] = {}
    for part in known.parts["sounds"]:
        kind = part.labels["soundkind"]
        shares[kind] = shares.get(kind, 0.0) + part.duration_s
    total = sum(shares.values())
    return {kind: share / total for kind, share in shares.items()} if total else None
