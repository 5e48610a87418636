"""What is known of one passage of a track: a line on screen, an utterance, a sound."""

from collections.abc import Iterable, Mapping

from pipeline.server.engines.answers.qualities import sound_labels
from pipeline.server.engines.evidence.reading import Reading
from pipeline.server.engines.evidence.timeline import Faces, Line, Passage, SoundEvent, SoundPassage, Utterance, Word
from pipeline.server.engines.known import Known, Later
from pipeline.server.engines.times import span


def of_passages(topic: str, passages: Iterable[Passage]) -> tuple[Known, ...]:
    """Stretches in which something holds."""
    return tuple(_known(each, number, topic, of=(topic,)) for number, each in enumerate(passages, 1))


def of_faces(faces: Iterable[Faces]) -> tuple[Known, ...]:
    """Stretches with faces in view, each with how many there are at once."""
    return tuple(
        _known(each, number, numbers={"faces": each.most}, of=("face",)) for number, each in enumerate(faces, 1)
    )


def of_lines(lines: Iterable[Line]) -> tuple[Known, ...]:
    """Lines on screen, each with its text."""
    return tuple(
        _known(line, number, line.text, {"textkind": line.kind}, {"height": line.height_px}, of=("text", line.kind))
        for number, line in enumerate(lines, 1)
    )


def of_writing(readings: Iterable[Reading]) -> tuple[Known, ...]:
    """Lines on a picture, which has no time."""
    return tuple(
        Known(
            summary=each.text,
            numbers={"index": number, "confidence": each.confidence, "height": each.height_px},
            labels={"spelled": each.text, "name": each.text},
            of=frozenset(("text", "title")),
        )
        for number, each in enumerate(readings, 1)
    )


def of_speech(speech: Iterable[Utterance]) -> tuple[Known, ...]:
    """Utterances; those that were understood have their words."""
    return tuple(
        _understood(said, number) if said.understood and said.text else _known(said, number, "", of=("speech",))
        for number, said in enumerate(speech, 1)
    )


def of_words(speech: Iterable[Utterance]) -> tuple[Known, ...]:
    """The utterances that were understood."""
    return of_speech(said for said in speech if said.understood and said.text)


def of_sounds(sounds: Iterable[SoundPassage]) -> tuple[Known, ...]:
    """Stretches of one kind of sound, each with its kind and its level."""
    return tuple(
        _known(
            sound,
            number,
            labels={"soundkind": sound.kind, "name": sound.kind, **sound_labels(sound.level_dbfs)},
            numbers={"loudness": sound.level_dbfs},
            of=(_SOUND_TOPICS[sound.kind],) if sound.kind in _SOUND_TOPICS else (),
        )
        for number, sound in enumerate(sounds, 1)
    )


_SOUND_TOPICS = {"music": "music", "speech": "speech", "silence": "silent"}


def of_events(events: Iterable[SoundEvent]) -> tuple[Known, ...]:
    """Sudden sounds, each with the level that it rises to."""
    return tuple(
        _known(event, number, numbers={"loudness": event.level_dbfs}, of=("event",))
        for number, event in enumerate(events, 1)
    )


def _understood(said: Utterance, number: int) -> Known:
    words = said.words
    each = Later({"each": lambda: tuple(_word(word, place) for place, word in enumerate(words, 1))} if words else {})
    return _known(said, number, said.text, of=("speech", "words"), parts=each)


def _word(word: Word, number: int) -> Known:
    return _known(word, number, word.text, of=("words",))


def _known(
    passage: Passage,
    number: int,
    spelled: str = "",
    labels: dict[str, str] | None = None,
    numbers: dict[str, float] | None = None,
    *,
    of: tuple[str, ...] = (),
    parts: Mapping[str, tuple[Known, ...]] | None = None,
) -> Known:
    times = {"start": passage.start_s, "end": passage.end_s, "duration": passage.end_s - passage.start_s}
    return Known(
        summary=spelled or span(passage),
        start_s=passage.start_s,
        end_s=passage.end_s,
        numbers={"index": number, **times, "confidence": passage.confidence, **(numbers or {})},
        labels={**({"spelled": spelled, "name": spelled} if spelled else {}), **(labels or {})},
        of=frozenset(of),
        parts=parts or {},
    )
