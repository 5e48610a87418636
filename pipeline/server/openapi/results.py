"""What every way of asking answers with."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

Count = Annotated[int, Field(ge=0)]
Length = Annotated[float, Field(ge=0)]
FinishReason = Literal["stop", "length"]


class Usage(TypedDict):
    """Tokens."""

    output_tokens: Count
    input_tokens: NotRequired[Count]


class Result(TypedDict):
    """The answer; `data` is text, or JSON as text where that was asked for."""

    generation_id: str
    data: str
    finish_reason: FinishReason
    usage: Usage


class Remark(TypedDict):
    """Why something failed or was canceled, or a warning about an answer."""

    message: str
    code: NotRequired[str]


class Delivery(TypedDict):
    """How the telling of one webhook address goes."""

    url: str
    delivered: bool
    attempts: Count
    last_error: NotRequired[str]
