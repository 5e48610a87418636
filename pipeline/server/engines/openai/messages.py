"""What a model is told and shown: the question, reference pictures by name, frames by their time."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.config.openai import OpenAISettings
from pipeline.server.engines.contract import EngineRequest, SegmentQuestion
from pipeline.server.engines.images import first_frame
from pipeline.server.engines.openai.frames import Shown, to_jpeg
from pipeline.server.engines.reply import to_json
from pipeline.server.engines.tokens import count_tokens
from pipeline.server.engines.watch import Passage

Part = dict[str, Any]

RULES = (
    "You answer questions about videos and pictures. Of a video you are shown frames, each after its time in seconds on"
    " the video's own clock; you do not hear its sound, but may be given lines of speech and of text on screen that"
    " were recognised in it. Say only what the frames, pictures and lines show, with times where they matter, and say"
    " so where something cannot be told from them. A name such as <@name> means the picture that is shown under that"
    " name."
)


def text(said: str) -> Part:
    return {"type": "text", "text": said}


def picture(jpeg: bytes) -> Part:
    return {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"}}


def references(settings: OpenAISettings, request: EngineRequest) -> list[Part]:
    """The pictures that belong to the question. Raises EngineError where one cannot be read."""
    parts: list[Part] = []
    for image in request.images:
        parts += (text(f"<@{image.name}>:"), picture(to_jpeg(first_frame(image)[0], settings.frame_pixels)))
    return parts


def frames(shown: Sequence[Shown]) -> Iterator[Part]:
    for frame in shown:
        yield text(f"Frame at {frame.at_s:.3f} s:")
        yield picture(frame.jpeg)


def most_heard(settings: OpenAISettings, request: EngineRequest, question: str) -> int:
    """How many tokens lines of speech and text may have: half of what the question leaves."""
    return max(0, _room(settings, request, question)) // 2


def most_frames(settings: OpenAISettings, request: EngineRequest, question: str) -> int:
    """How many frames the budget of tokens leaves room for beside all that is said, at least one."""
    each = _of_picture(settings) + count_tokens("Frame at 12345.678 s:")
    return max(1, min(settings.max_frames, _room(settings, request, question) // each))


def _room(settings: OpenAISettings, request: EngineRequest, said: str) -> int:
    asked = count_tokens(RULES + said) + count_tokens(to_json(request.json_schema or {}))
    each = _of_picture(settings) + max((count_tokens(f"<@{image.name}>:") for image in request.images), default=0)
    return settings.request_tokens - asked - each * len(request.images)


def _of_picture(settings: OpenAISettings) -> int:
    return -(-settings.frame_pixels // settings.pixels_per_token)


def about_part(window: Passage, number: int, count: int) -> str:
    start_s, end_s = window
    told = f"The frames are from {start_s:.3f} s to {end_s:.3f} s of the video"
    return f"{told}." if count == 1 else f"{told}, part {number} of {count}; the other parts are looked at apart."


def note_wanted(prompt: str) -> str:
    """What is asked of one part of a long video."""
    return (
        "Note, with times, everything in this part that helps to answer the following about the whole video. The notes"
        f" of all parts are put together later.\n\n{prompt}"
    )


def merging(prompt: str, notes: Sequence[tuple[Passage, str]]) -> str:
    """The question, with what was noted of each part."""
    told = "\n\n".join(f"Part from {start_s:.3f} s to {end_s:.3f} s:\n{note}" for (start_s, end_s), note in notes)
    return (
        "A long video was looked at in parts. Answer the following about the whole of it, from what was noted of each"
        f" part alone.\n\n{prompt}\n\nThe notes:\n\n{told}"
    )


def segments_wanted(asked: SegmentQuestion) -> str:
    """Which segments are asked for, in words and with their definitions as JSON."""
    lengths = [
        f"at {bound} {seconds:g} s long"
        for bound, seconds in (("least", asked.min_duration_s), ("most", asked.max_duration_s))
        if seconds is not None
    ]
    return (
        "Find every segment of the video that fits each of these definitions, in order of time. start_time and end_time"
        " are seconds on the video's clock; segments of one definition never overlap"
        f"{''.join(f' and are {length}' for length in lengths)}; where time_ranges are given, nothing outside of them"
        f" counts. A definition that nothing fits has an empty list.\n\n{to_json(asked.definitions)}"
    )


def form_wanted(schema: Mapping[str, Any]) -> str:
    """The form of an answer in words, where nothing else binds the model to it."""
    return f"Answer with nothing but JSON, and no other words, that keeps to this JSON schema:\n{to_json(schema)}"


def not_valid(problem: ValueError, schema: Mapping[str, Any]) -> str:
    return f"That is not valid: {problem}\nAnswer again, whole. {form_wanted(schema)}"


def most_halvings(parts: Sequence[Part]) -> int:
    """How often every second frame can be left out until one is left."""
    return max(0, len(_pictures(parts)).bit_length() - 1)


def halved(parts: Sequence[Part], halvings: int) -> list[Part]:
    """With every second frame left out so many times, each with its time."""
    places, step = _pictures(parts), 1 << halvings
    out = set(places) - set(places[step // 2 :: step])
    return [part for place, part in enumerate(parts) if not out & {place, place + 1}]


def _pictures(parts: Sequence[Part]) -> list[int]:
    return [place for place, part in enumerate(parts) if part["type"] == "image_url"]


def tokens(settings: OpenAISettings, talk: Sequence[Part]) -> int:
    """About how many a talk costs, where the endpoint does not tell."""
    told = [message["content"] for message in talk]
    parts: list[Part] = [part for content in told if isinstance(content, list) for part in content]
    said = [content for content in told if isinstance(content, str)]
    said += [part["text"] for part in parts if part["type"] == "text"]
    return sum(count_tokens(each) for each in said) + _of_picture(settings) * len(_pictures(parts))
