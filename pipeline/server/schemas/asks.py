"""What an analysis can be asked with: TwelveLabs API reference of July 2026 and twelvelabs 1.3.6.

Only shapes are told here, and what one member needs for itself. How members go together is told in `rules`.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from pipeline.server.schemas.reading import Body

AnalysisMode = Literal["general", "time_based_metadata"]
TimeFormat = Literal["seconds", "hh:mm:ss", "hh:mm:ss.fff"]
Scalar = Literal["string", "number", "boolean", "integer"]
Text = Annotated[str, StringConstraints(min_length=1)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
CustomId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]

MOST_IMAGES = 20
MOST_MEDIA_SOURCES = 4
MOST_DEFINITIONS = 20
MOST_FIELDS = 20
MOST_ENUM_VALUES = 100
MIN_SEGMENT_S = 2.0


class VideoByAsset(Body):
    type: Literal["asset_id"]
    asset_id: str


class VideoByUrl(Body):
    type: Literal["url"]
    url: str


class VideoInline(Body):
    type: Literal["base64_string"]
    base64_string: str = Field(repr=False)


Video = Annotated[VideoByAsset | VideoByUrl | VideoInline, Field(discriminator="type")]


class Picture(Body):
    """One image, from exactly one of three sources."""

    # the platform's own example of a placeholder, `<@tiger-1>`, has a hyphen
    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    url: str | None = None
    asset_id: str | None = None
    base64_string: str | None = Field(None, repr=False)


class MediaSource(Picture):
    """A reference image."""

    media_type: Literal["image"]


class ImageInput(Picture):
    """An image that is analysed itself."""

    name: str = Field(pattern=r"^[A-Za-z0-9_]+$")


MediaSources = Annotated[list[MediaSource], Field(max_length=MOST_MEDIA_SOURCES)]


class PromptV2(Body):
    input_text: str
    media_sources: MediaSources | None = None


class TimeRange(Body):
    start_time: Seconds
    end_time: Seconds


Enum = Annotated[list[str], Field(min_length=1, max_length=MOST_ENUM_VALUES)]


class EventItems(Body):
    type: Scalar


class EventField(Body):
    """A field of the events in a `time_array`."""

    name: Text
    type: Literal["string", "boolean", "number", "integer", "array"]
    description: Text
    enum: Enum | None = None
    items: EventItems | None = None


class FieldItems(Body):
    type: Literal["string", "number", "boolean", "integer", "object"]
    fields: list[EventField] | None = None


class SegmentField(Body):
    """`type` and `format` are checked by the rules: what they may be depends on the model and on each other."""

    name: Text
    type: str
    description: Text
    format: str | None = None
    enum: Enum | None = None
    items: FieldItems | None = None


class SegmentDefinition(Body):
    id: Text
    description: Text
    fields: Annotated[list[SegmentField], Field(max_length=MOST_FIELDS)] | None = None
    media_sources: MediaSources | None = None
    time_ranges: Annotated[list[TimeRange], Field(min_length=1)] | None = None


class ResponseFormat(Body):
    type: Literal["json_schema", "segment_definitions"]
    json_schema: dict[str, Any] | None = None
    segment_definitions: Annotated[list[SegmentDefinition], Field(min_length=1, max_length=MOST_DEFINITIONS)] | None = (
        None
    )
    segment_time_format: TimeFormat | None = None


class GeneralAsk(Body):
    """What every way of asking shares."""

    model_name: str | None = None
    prompt: str | None = None
    prompt_v2: PromptV2 | None = None
    image: Annotated[list[ImageInput], Field(min_length=1, max_length=MOST_IMAGES)] | None = None
    temperature: float | None = Field(None, ge=0, le=1)
    response_format: ResponseFormat | None = None
    start_time: Seconds | None = None
    end_time: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class AnalyzeNow(GeneralAsk):
    """The body of `POST /analyze`."""

    max_tokens: int | None = None
    video: Video | None = None
    stream: bool | None = None


class Ask(GeneralAsk):
    """What a task, or an item of a batch, asks of its video."""

    max_tokens: int | Literal["unlimited"] | None = None
    analysis_mode: AnalysisMode | None = None
    min_segment_duration: Annotated[float, Field(ge=MIN_SEGMENT_S, allow_inf_nan=False)] | None = None
    max_segment_duration: Annotated[float, Field(ge=MIN_SEGMENT_S, allow_inf_nan=False)] | None = None


class CreateTask(Ask):
    """The body of `POST /analyze/tasks`."""

    custom_id: CustomId | None = None
    video: Video | None = None
