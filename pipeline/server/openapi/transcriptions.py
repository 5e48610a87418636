"""`/assets/{asset_id}/transcription`."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from pipeline.config import ServerSettings
from pipeline.server.openapi.operation import Answer, Operation, Parameter
from pipeline.server.openapi.results import Remark


class Entry(TypedDict):
    """What was understood from `start` to `end`, seconds on the file's own clock."""

    start: float
    end: float
    value: str


class Transcription(TypedDict):
    """How far it is; once it is `ready`, whichever lists were asked for.

    An entry of `utterances` with an empty value is speech that was not understood. Speakers are not told apart.
    """

    status: Literal["pending", "processing", "ready", "failed"]
    words: NotRequired[list[Entry]]
    sentences: NotRequired[list[Entry]]
    utterances: NotRequired[list[Entry]]
    error: NotRequired[Remark]


INCLUDE = Parameter(
    "include",
    "Which lists are wanted; `words` unless told.",
    {"type": "array", "items": {"enum": ["words", "sentences", "utterances"]}, "minItems": 1},
)


def operations(settings: ServerSettings) -> tuple[Operation, ...]:
    """The one operation."""
    return (
        Operation(
            "assets.retrieve_transcription",
            "get",
            "/assets/{asset_id}/transcription",
            "Tell what is spoken in an asset; the first to ask has it listened to.",
            (Answer(200, "As far as it is.", Transcription),),
            refusals=tuple({400, 404, settings.missing_asset_status}),
            parameters=(INCLUDE,),
        ),
    )
