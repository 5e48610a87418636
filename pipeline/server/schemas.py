"""Requests and answers as this server reads the API: the TwelveLabs API reference of July 2026 and twelvelabs 1.3.6."""

from typing import Annotated, Any, Literal, TypeVar

import orjson
from aiohttp import web
from pydantic import AnyUrl, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from pipeline.server.clock import stamp
from pipeline.server.problems import ApiError, from_validation, invalid
from pipeline.server.store.assets import Asset
from pipeline.server.store.tasks import Task

M = TypeVar("M", bound=BaseModel)

LISTED_PROMPT_CHARACTERS = 30

MetadataValue = str | int | float | bool | list[str] | None
Metadata = dict[str, MetadataValue]
Filename = Annotated[str, StringConstraints(min_length=1, max_length=255)]
_metadata = TypeAdapter(Metadata, config=ConfigDict(strict=True))
_url = TypeAdapter(AnyUrl)


class Body(BaseModel):
    """A JSON request body; JSON has types, so nothing is converted, and unknown members are refused."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class CreateUpload(Body):
    filename: Filename
    type: Literal["video", "audio", "image"]
    total_size: int = Field(ge=1)
    enable_hls: bool | None = None
    enable_thumbnail: bool | None = None
    user_metadata: Metadata | None = None


class RequestUrls(Body):
    start: int = Field(ge=1)
    count: int = Field(ge=1)


class CompletedChunk(Body):
    chunk_index: int = Field(ge=1)
    proof: str
    proof_type: Literal["etag"]
    chunk_size: int = Field(ge=1)


class ReportChunks(Body):
    completed_chunks: list[CompletedChunk] = Field(min_length=1)


class VideoByAsset(Body):
    type: Literal["asset_id"]
    asset_id: str


class VideoByUrl(Body):
    type: Literal["url"]
    url: str


class VideoInline(Body):
    type: Literal["base64_string"]
    base64_string: str


Video = Annotated[VideoByAsset | VideoByUrl | VideoInline, Field(discriminator="type")]


class CreateTask(Body):
    """A task of general analysis. What belongs to other modes is named so that it can be refused by name."""

    model_name: str | None = None
    custom_id: str | None = Field(None, pattern=r"^[A-Za-z0-9_-]{1,64}$")
    video: Video | None = None
    prompt: str | None = None
    analysis_mode: Literal["general", "time_based_metadata"] | None = None
    temperature: float | None = Field(None, ge=0, le=1)
    max_tokens: int | Literal["unlimited"] | None = None
    start_time: float | None = Field(None, ge=0, allow_inf_nan=False)
    end_time: float | None = Field(None, gt=0, allow_inf_nan=False)

    image: Any = None
    prompt_v2: Any = None
    response_format: Any = None
    min_segment_duration: Any = None
    max_segment_duration: Any = None


async def read(request: web.Request, model: type[M]) -> M:
    """Read a JSON body.

    Raises:
        ApiError: 400 content_type_invalid, parameter_not_provided, parameter_unknown or parameter_invalid.
    """
    if request.content_type != "application/json":
        raise ApiError(400, "content_type_invalid", "The content type must be application/json.")
    try:
        return model.model_validate(orjson.loads(await request.read()))
    except orjson.JSONDecodeError as error:
        raise invalid(f"The request body is not valid JSON: {error}.") from error
    except ValidationError as error:
        raise from_validation(error) from error


def metadata_text(given: Metadata | None) -> str | None:
    """JSON text to store; members without a value are left out."""
    kept = {name: value for name, value in (given or {}).items() if value not in ("", [], None)}
    return orjson.dumps(kept).decode() if kept else None


def parse_metadata(text: str) -> Metadata:
    """The form field `user_metadata`.

    Raises:
        ApiError: 400 parameter_invalid.
    """
    try:
        return _metadata.validate_json(text)
    except ValidationError as error:
        raise invalid("The user_metadata parameter must be a JSON object of strings, numbers and booleans.") from error


def parse_url(text: str) -> str:
    """A direct link to a media file, as given.

    Raises:
        ApiError: 400 parameter_invalid.
    """
    try:
        is_good = _url.validate_python(text).scheme in {"http", "https"}
    except ValidationError:
        is_good = False
    if not is_good:
        raise invalid("The url parameter must be an http or https URL.")
    return text


def asset_answer(asset: Asset) -> dict[str, object]:
    """`Asset`, the answer to a creation."""
    body: dict[str, object] = {
        "_id": asset.id,
        "method": asset.method,
        "status": asset.status,
        "filename": asset.filename,
        "file_type": asset.file_type,
        "created_at": stamp(asset.created_at),
    }
    if asset.user_metadata:
        body["user_metadata"] = orjson.Fragment(asset.user_metadata)
    return body


def asset_detail(asset: Asset) -> dict[str, object]:
    """`AssetDetail`. HLS and thumbnails are not made here; who asked for them is told so by their own status."""
    body = asset_answer(asset)
    if asset.size is not None:
        body["size"] = asset.size
    if asset.duration is not None:
        body["duration"] = asset.duration
    if asset.technical_metadata:
        body["technical_metadata"] = orjson.Fragment(asset.technical_metadata)
    if asset.enable_hls:
        body["hls"] = {"status": "error"}
    if asset.enable_thumbnail:
        body["thumbnail"] = {"status": "error"}
    if asset.error is not None:
        body["error"] = {"message": asset.error}
    return body


def task_detail(task: Task) -> dict[str, object]:
    """`AnalyzeTaskResponse`."""
    body: dict[str, object] = {
        "task_id": task.id,
        "custom_id": task.custom_id,
        "video_source": _video_source(task),
        "request_params": _request_params(task, task.prompt),
        "status": task.status,
        "created_at": stamp(task.created_at),
    }
    if task.completed_at is not None:
        body["completed_at"] = stamp(task.completed_at)
    if task.result is not None:
        body["result"] = orjson.Fragment(task.result)
    if task.error is not None:
        body["error"] = orjson.Fragment(task.error)
    return body


def task_listed(task: Task, *, with_result: bool) -> dict[str, object]:
    """The same in a list, where prompts are cut short."""
    body = task_detail(task)
    body["request_params"] = _request_params(task, task.prompt[:LISTED_PROMPT_CHARACTERS])
    if not with_result:
        body.pop("result", None)
    return body


def _video_source(task: Task) -> dict[str, object]:
    source: dict[str, object] = {"type": task.source}
    if task.asset_id is not None:
        source["asset_id"] = task.asset_id
    if task.video_url is not None:
        source["url"] = task.video_url
    if task.duration is not None:
        source["system_metadata"] = {"duration": task.duration}
    return source


def _request_params(task: Task, prompt: str) -> dict[str, object]:
    given = {
        "temperature": task.temperature,
        "max_tokens": task.max_tokens,
        "start_time": task.start_time,
        "end_time": task.end_time,
    }
    return {
        "analysis_mode": "general",
        "prompt": prompt,
        **{name: value for name, value in given.items() if value is not None},
    }
