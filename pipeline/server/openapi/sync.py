"""`/analyze`: answered in the request itself, as lines while it is written or whole."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from pipeline.config import ServerSettings
from pipeline.server.openapi.operation import Answer, Body, Operation
from pipeline.server.openapi.results import FinishReason, Remark, Usage
from pipeline.server.schemas import AnalyzeNow


class Whole(TypedDict):
    """The whole answer; `error` warns of one that was cut short."""

    id: str
    data: str
    finish_reason: FinishReason
    usage: Usage
    error: NotRequired[Remark]


class Start(TypedDict):
    generation_id: str


class End(TypedDict):
    generation_id: str
    usage: NotRequired[Usage]


class StreamStart(TypedDict):
    """The first line."""

    event_type: Literal["stream_start"]
    metadata: Start


class StreamText(TypedDict):
    """A piece of the answer."""

    event_type: Literal["text_generation"]
    text: str


class StreamEnd(TypedDict):
    """The last line; without it the answer is incomplete.

    An answer that broke off has an `error` here, and neither a `finish_reason` nor its usage.
    """

    event_type: Literal["stream_end"]
    finish_reason: NotRequired[FinishReason]
    metadata: End
    error: NotRequired[Remark]


Line = StreamStart | StreamText | StreamEnd


def operations(_: ServerSettings) -> tuple[Operation, ...]:
    """The one operation."""
    return (
        Operation(
            "analyze",
            "post",
            "/analyze",
            "Have a video or images analysed at once.",
            (
                Answer(200, "The answer; as lines unless `stream` is false.", Whole),
                Answer(200, "The answer; as lines unless `stream` is false.", Line, "application/x-ndjson"),
            ),
            refusals=(404, 422),
            body=Body(AnalyzeNow),
        ),
    )
