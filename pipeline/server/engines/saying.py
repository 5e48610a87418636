"""What the evidence has to say to one field in words: a text, or the best of the words that it may choose from."""

import math
from collections.abc import Iterator, Mapping, Sequence

from pipeline.server.engines import recorded, topics
from pipeline.server.engines.asking import number, truth
from pipeline.server.engines.fields import Field
from pipeline.server.engines.known import Known
from pipeline.server.engines.topics import words_of
from pipeline.server.engines.wording import BRIGHTNESS, LOUDNESS, MOTION, Scale

_UNKNOWN = ("unknown", "none", "n/a", "na", "not_applicable", "undefined", "unclear", "other", "")
# They say less than others, where nothing says that it is unknown.
_VAGUE = (
    *("undetermined", "not_determined", "inconclusive", "unspecified", "not_sure", "unsure", "unrated", "not_rated"),
    *("needs_review", "manual_review", "human_review", "neutral", "mixed", "no", "false"),
)
# Beside a judgement, somebody has to make it.
_JUDGED = frozenset(("pass", "fail", "approve", "reject", "approved", "rejected", "safe", "unsafe", "allow", "block"))
_TO_BE_JUDGED = ("review", "flag", "escalate", "pending")
_YES, _NO = frozenset(("yes", "true", "y", "present")), frozenset(("no", "false", "n", "absent"))

_MOST_OF_TOPIC = 3

_SCALES = {"brightness": BRIGHTNESS, "motion": MOTION, "loudness": LOUDNESS}

# What may be said instead of a measured word; the words of each line mean the same.
_MEANINGS = {
    "brightness": {
        "black": "black none night",
        "very dark": "dark low dim night very_dark",
        "dark": "dark low dim",
        "medium bright": "medium moderate normal mid average neutral mixed",
        "bright": "bright high light day well_lit",
    },
    "motion": {
        "no motion": "none static still frozen no",
        "slight motion": "slight slow low little gentle calm",
        "moderate motion": "moderate medium normal mid average",
        "strong motion": "strong fast high rapid dynamic heavy quick",
    },
    "loudness": {
        "no sound stream": "none no_sound silent silence mute no",
        "silence": "silence silent none mute no_sound no",
        "quiet sound": "quiet low soft",
        "moderate sound": "moderate medium normal mid average",
        "loud sound": "loud high noisy",
    },
    "orientation": {"portrait": "portrait vertical", "landscape": "landscape horizontal", "square": "square"},
}


def text(field: Field, known: Known) -> str | None:
    """In readable words; of a summary, all of them."""
    if recorded.asks(field, known):
        spelled = _kind(field, known) or recorded.text(field, known)
        return spelled or (_numeral(field, known) if recorded.is_number(field) else None)
    if not field.words or field.mention is not None:
        return None
    if field.words & topics.SUMMARY:
        return known.summary or None
    said = [] if field.words & topics.NUMBERS["duration"] else list(_said(field, known))
    if said:
        return ", ".join(dict.fromkeys(said))
    is_kind = bool(field.named & recorded.KIND)
    general = topics.SHOT | topics.IMAGE | topics.TAG | topics.KEYWORD
    if field.words & general and not is_kind and not field.hints & topics.COUNT:
        tagged = _tagged(field, known)
        return (known.summary if tagged is None else tagged) or None
    return None if is_kind else _numeral(field, known)


def _numeral(field: Field, known: Known) -> str | None:
    found = number(field, known)
    if found is None:
        return None
    return f"{found.value:.0%}" if found.is_share else f"{round(found.value, 3):g}"


def _kind(field: Field, known: Known) -> str | None:
    """The kind that has the most of the time."""
    kinds = recorded.kinds(field, known) if field.hints & topics.ABOUT else None
    return max(kinds, key=lambda kind: kinds[kind]) if kinds else None


def _tagged(field: Field, known: Known) -> str | None:
    """Keywords; as one topic the most used words, and no colours."""
    if not field.words & (topics.TAG | topics.KEYWORD) or "keyword" not in known.parts:
        return None
    tags = known.parts["keyword"]
    if "topic" in field.words and not field.is_plural:
        tags = tuple(tag for tag in tags if "spelled" in tag.labels)[:_MOST_OF_TOPIC]
    return ", ".join(tag.summary for tag in tags)


def _said(field: Field, known: Known) -> Iterator[str]:
    if (kind := _kind(field, known)) is not None:
        yield kind
        return
    for topic, named in topics.PASSAGES.items():
        if field.words & named and topic in known.parts:
            yield recorded.spans(known.parts[topic])
            return
    is_list = "colours" in field.name.lower() or "colors" in field.name.lower()
    if field.words & topics.COLOUR and known.colours:
        yield ", ".join(name for name, _ in known.colours[: None if is_list else 1])
    labels = (topic for topic, named in topics.LABELS.items() if field.words & named and topic != "colour")
    yield from (known.labels[topic] for topic in labels if topic in known.labels)


def choose(members: Sequence[str], field: Field, known: Known) -> str | None:
    """The member that measurements support best, the first of equals; None where they support none."""
    if not field.words and not field.is_about and field.mention is None:
        return None
    answer = truth(field, known)
    for member in members if answer is not None else ():
        if member.lower() in (_YES if answer else _NO):
            return member
    scores = _scores(members, field, known)
    best = max(scores, default=0.0)
    return members[scores.index(best)] if best > 0 else _nearest(members, field, known)


def _nearest(members: Sequence[str], field: Field, known: Known) -> str | None:
    """The member whose word on a scale is next to what was measured, where several members are words of that scale."""
    for topic, scale in _SCALES.items():
        value = known.numbers.get(topic)
        if value is None or recorded.asks(field, known) or not _is_about(field, topic):
            continue
        gaps = {member: gap for member in members if (gap := _gap(topic, scale, member, value)) is not None}
        if len(gaps) > 1:
            return min(gaps, key=lambda member: gaps[member])
    return None


def _gap(topic: str, scale: Scale, member: str, value: float) -> float | None:
    """How far a value is from the nearest that the member stands for; None where it is no word of the scale."""
    lows = (-math.inf, *(limit for limit, _ in scale))
    meant = " ".join(member.lower().split()).replace("-", " ").replace("_", " ")
    gaps = [
        max(low - value, value - high, 0.0)
        for low, (high, word) in zip(lows, scale, strict=False)
        if meant == word or meant.replace(" ", "_") in _MEANINGS[topic].get(word, "").split()
    ]
    return min(gaps, default=None)


def _scores(members: Sequence[str], field: Field, known: Known) -> list[float]:
    """How well each is supported: kinds of sound by their time, others by what is read, heard or measured."""
    if (kinds := recorded.kinds(field, known)) is not None and (meant := _kinds_of(members, kinds)):
        return [_score(member, meant) for member in members]
    is_told = field.is_about or recorded.asks(field, known) or field.words & topics.TAG
    told = recorded.support(_telling(members), field, known) if is_told else {}
    measured = {} if recorded.asks(field, known) or not field.words else _support(field, known)
    return [_score(member, measured) + told.get(member, 0.0) for member in members]


def _telling(members: Sequence[str]) -> list[str]:
    return [member for member in members if member.lower() not in {*_UNKNOWN, *_YES, *_NO}]


def _kinds_of(members: Sequence[str], kinds: Mapping[str, float]) -> dict[str, float]:
    """How much of each kind there is, by the words that members have for it; nothing if none has the main kind."""
    meant = {word: share for kind, share in kinds.items() for word in (kind, *_KINDS.get(kind, ()))}
    main = max(kinds, key=lambda kind: kinds[kind])
    names = {" ".join(words_of(member)) for member in members} | {member.lower() for member in members}
    # "silent" or "quiet" among words for levels is no kind.
    is_kinds = names & {"music", "speech", "title", *_KINDS["speech"], *_KINDS["mark"]}
    return meant if is_kinds and names & {main, *_KINDS.get(main, ())} else {}


_KINDS = {
    "speech": ("voice", "spoken", "talk", "talking", "dialogue", "speaking"),
    "silence": ("silent", "quiet", "none", "no sound"),
    "other": ("noise", "ambient", "effect", "environmental"),
    "mark": ("logo", "watermark"),
}


def supported(members: Sequence[str], field: Field, known: Known) -> list[str]:
    """All members that measurements support, the best first."""
    scored = [(-score, place) for place, score in enumerate(_scores(members, field, known)) if score > 0]
    return [members[place] for _, place in sorted(scored)]


def fallback(members: Sequence[object]) -> object:
    """The member that says that nothing is known, or the least: no, nothing, none at all; else the first one."""
    if None in members:
        return None
    wordless = {"_".join(member.lower().split()): member for member in reversed(members) if isinstance(member, str)}
    left_open = (*_UNKNOWN, *_VAGUE, *(_TO_BE_JUDGED if _JUDGED.intersection(wordless) else ()))
    least = next((each for each in members if isinstance(each, bool | int | float) and not each), members[0])
    return next((wordless[word] for word in left_open if word in wordless), least)


def _support(field: Field, known: Known) -> dict[str, float]:
    """How well each word is supported, from 0 to 1: colours by their share, others by the scale that they lie on."""
    support: dict[str, float] = {}
    if field.words & topics.NUMBERS["duration"]:
        return support
    for topic, label in known.labels.items():
        if not _is_about(field, topic):
            continue
        support[label.lower()] = 1.0
        for rank, word in enumerate(_MEANINGS.get(topic, {}).get(label, "").split()):
            support.setdefault(word.replace("_", " "), 0.9 - 0.1 * rank)
    if _is_about(field, "colour"):
        support |= dict(known.colours or ())
    return support


# Labels that are somebody's own words.
_NAMES = frozenset(("title", "heading", "name", "spelled", "textkind", "soundkind", "keyword"))


def _is_about(field: Field, topic: str) -> bool:
    named = topics.COLOUR | topics.COLOURS if topic == "colour" else topics.LABELS.get(topic, frozenset())
    general = topics.SUMMARY | topics.SHOT | topics.TAG | topics.IMAGE
    if topic in _NAMES:
        return False
    if topic == "entered" and field.words <= topics.CUT:
        return True
    return bool(field.words & named) or field.words <= general


def _score(member: str, support: dict[str, float]) -> float:
    words = words_of(member)
    whole = support.get(" ".join(words), support.get(member.lower(), 0.0))
    if whole or not words or topics.NO.intersection(words):
        return whole
    # Of several words every one counts: "bright green" is less than green where it is dark.
    return sum(support.get(word, 0.0) for word in words) / len(words) * 0.99
