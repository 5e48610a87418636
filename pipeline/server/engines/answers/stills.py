"""Questions about pictures alone: what they look like, how they differ, and what is written on them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pipeline.server.engines.answers.asked import read
from pipeline.server.engines.answers.passages import of_writing
from pipeline.server.engines.answers.picture_facts import of_stills
from pipeline.server.engines.answers.pictures import look_at_still, tell_stills, unnamed
from pipeline.server.engines.contract import Answer, EngineImage, EngineRequest
from pipeline.server.engines.evidence.extra import advice, missing
from pipeline.server.engines.evidence.reading import Reader, Reading
from pipeline.server.engines.evidence.senses import ALL, Senses
from pipeline.server.engines.images import first_frame
from pipeline.server.engines.known import Known
from pipeline.server.engines.reply import reply, reply_schema

# What is written on each picture, by its name.
Written = Mapping[str, Sequence[Reading]]


def at_images(request: EngineRequest, senses: Senses = ALL) -> Answer:
    """In words or in the form of a JSON schema."""
    looked = [look_at_still(image) for image in request.images]
    unread = _unread(senses)
    written = None if unread else _read(request.images)
    if request.json_schema is not None:
        answer = reply_schema(request, _with_writing(of_stills(looked), written))
        return _noting(answer, unread) if unread else answer
    told = tell_stills(looked, read(request.prompt).limits)
    unmet = unnamed(request.prompt, (image.name for image in request.images))
    return reply(request, "\n".join((*told, *_tell(written or {}), *filter(None, (unread,)), *unmet)))


def _unread(senses: Senses) -> str | None:
    """Why text is not looked for, in one sentence; None where it is."""
    if "text" not in senses.tracks:
        return "Not looked for: text on pictures, since server.tracks names other tracks alone."
    absent = missing("text on screen")
    return None if absent is None else advice((absent,))


def _noting(answer: Answer, unread: str) -> Answer:
    """What was not answered may have been written on the pictures."""
    return replace(answer, warning=f"{answer.warning} {unread.rstrip('.')}.") if answer.warning else answer


def _read(images: Sequence[EngineImage]) -> Written:
    reader = Reader()
    return {image.name: reader.read(first_frame(image)[0]) for image in images}


def _tell(written: Written) -> Iterator[str]:
    for name, lines in written.items():
        yield f"<@{name}>: text on it: {_quoted(lines) or 'none was read'}."


def _quoted(lines: Sequence[Reading]) -> str:
    return ", ".join(f'"{line.text}"' for line in lines)


def _with_writing(known: Known, written: Written | None) -> Known:
    """What is known of the pictures, and of each by its name, with what is written on them."""
    if written is None:
        return known
    named = {name: _written_on(each, written[name]) for name, each in known.named.items()}
    lines = [line for each in written.values() for line in each]
    whole = _written_on(known, lines)
    return replace(whole, parts={**whole.parts, "images": tuple(named.values())}, named=named)


def _written_on(known: Known, lines: Sequence[Reading]) -> Known:
    tallest = max(lines, key=lambda line: line.height_px, default=None)
    labels = {**known.labels, "title": tallest.text} if tallest else known.labels
    texts = of_writing(lines)
    summary = f"{known.summary} Text on it: {_quoted(lines)}." if lines else known.summary
    return replace(known, summary=summary, labels=labels, parts={**known.parts, "text": texts, "title": texts})
