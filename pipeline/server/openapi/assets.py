"""`/assets`, and the uploaded files themselves."""

from datetime import datetime
from typing import Annotated, Literal, NotRequired

from pydantic import Field, WithJsonSchema
from typing_extensions import TypedDict

from pipeline.config import ServerSettings
from pipeline.server.openapi.operation import Answer, Body, Operation, Parameter
from pipeline.server.openapi.pages import PageInfo, page_parameters
from pipeline.server.openapi.results import Count, Length, Remark
from pipeline.server.schemas import Metadata, SetMetadata
from pipeline.server.store.assets import AssetStatus

File = Annotated[bytes, WithJsonSchema({"type": "string", "contentMediaType": "application/octet-stream"})]


class AssetForm(TypedDict):
    """A file, or the URL of one."""

    method: Literal["direct", "url"]
    file: NotRequired[File]
    url: NotRequired[str]
    filename: NotRequired[str]
    enable_hls: NotRequired[bool]
    enable_thumbnail: NotRequired[bool]
    user_metadata: NotRequired[Annotated[str, Field(description="A JSON object as text.")]]


class Asset(TypedDict):
    """An uploaded file."""

    _id: str
    method: Literal["direct", "url", "multipart"]
    status: AssetStatus
    filename: str
    file_type: str
    created_at: datetime
    user_metadata: NotRequired[Metadata]


class Rendition(TypedDict):
    """HLS or a thumbnail, which the embedded platform does not make."""

    status: Literal["error"]


class VideoStream(TypedDict):
    codec: str
    width: Count
    height: Count
    fps: Length
    duration_seconds: Length
    rotation: int
    pixel_format: str


class TechnicalMetadata(TypedDict):
    """What the file says of itself. Lengths are seconds, rates are per second, sizes are pixels and bytes."""

    file_size_bytes: NotRequired[Count]
    file_container_format: NotRequired[str]
    video_codec: NotRequired[str]
    video_width: NotRequired[Count]
    video_height: NotRequired[Count]
    video_fps: NotRequired[Length]
    video_duration_seconds: NotRequired[Length]
    video_bitrate_bps: NotRequired[Count]
    audio_codec: NotRequired[str]
    audio_sample_rate: NotRequired[Count]
    audio_channels: NotRequired[Count]
    has_audio: NotRequired[bool]
    storage_aspect_ratio: NotRequired[Length]
    video_streams: NotRequired[list[VideoStream]]


class AssetDetail(Asset):
    """An uploaded file with what is known of it by now; `duration` is seconds, `size` bytes."""

    size: NotRequired[Count]
    duration: NotRequired[Length]
    technical_metadata: NotRequired[TechnicalMetadata]
    hls: NotRequired[Rendition]
    thumbnail: NotRequired[Rendition]
    error: NotRequired[Remark]


class AssetPage(TypedDict):
    data: list[AssetDetail]
    page_info: PageInfo


TEXTS = {"type": "array", "items": {"type": "string"}}
KINDS = {"type": "array", "items": {"enum": ["video", "audio", "image"]}}
FILTERS = (
    Parameter("asset_ids", "Only these.", TEXTS),
    Parameter("asset_types", "Only files of these types.", KINDS),
    Parameter("filename", "Only files with this in their name.", {"type": "string"}),
)
FORCE = Parameter("force", "Changes nothing here: nothing refers to an asset for good.", {"type": "boolean"})


def operations(settings: ServerSettings) -> tuple[Operation, ...]:
    """What there is below `/assets` but for upload sessions."""
    unknown = settings.missing_asset_status
    return (
        Operation(
            "assets.create",
            "post",
            "/assets",
            "Upload a file in one request, or have one fetched.",
            (Answer(201, "Taken; validation follows.", Asset),),
            refusals=(400,),
            body=Body(AssetForm, "multipart/form-data"),
        ),
        Operation(
            "assets.list",
            "get",
            "/assets",
            "List assets, newest first.",
            (Answer(200, "One page.", AssetPage),),
            refusals=(400,),
            parameters=(*page_parameters(settings), *FILTERS),
        ),
        Operation(
            "assets.retrieve",
            "get",
            "/assets/{asset_id}",
            "Tell of one asset.",
            (Answer(200, "The asset.", AssetDetail),),
            refusals=(unknown,),
        ),
        Operation(
            "assets.delete",
            "delete",
            "/assets/{asset_id}",
            "Forget an asset and its file.",
            (Answer(settings.delete_status, "Gone."),),
            refusals=(400, unknown),
            parameters=(FORCE,),
        ),
        Operation(
            "assets.update_user_metadata",
            "patch",
            "/assets/{asset_id}/user-metadata",
            "Merge metadata into an asset's; null removes a member.",
            (Answer(204, "Merged."),),
            refusals=(unknown,),
            body=Body(SetMetadata),
        ),
        Operation(
            "assets.replace_user_metadata",
            "put",
            "/assets/{asset_id}/user-metadata",
            "Give an asset other metadata.",
            (Answer(204, "Replaced."),),
            refusals=(unknown,),
            body=Body(SetMetadata),
        ),
        Operation(
            "assets.delete_user_metadata",
            "delete",
            "/assets/{asset_id}/user-metadata",
            "Take an asset's metadata away.",
            (Answer(204, "Gone."),),
            refusals=(unknown,),
        ),
        Operation(
            "files.download",
            "get",
            "/media/{asset_id}",
            "The file of an asset, by the link that a complete upload is answered with.",
            (Answer(200, "The file.", bytes, "*/*"),),
            refusals=(403, 404),
            parameters=(Parameter("signature", "Vouches for the link.", {"type": "string"}, required=True),),
            is_open=True,
        ),
    )
