"""Assets, their user metadata and multipart uploads: bodies and answers."""

from typing import Annotated, Literal

import orjson
from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter

from pipeline.server.clock import stamp
from pipeline.server.problems import invalid
from pipeline.server.schemas.reading import Body
from pipeline.server.store.assets import Asset

MetadataValue = str | int | float | bool | list[str] | None
Metadata = dict[str, MetadataValue]
Filename = Annotated[str, StringConstraints(min_length=1, max_length=255)]
_metadata = TypeAdapter(Metadata, config=ConfigDict(strict=True))


class CreateUpload(Body):
    filename: Filename
    type: Literal["video", "audio", "image"]
    total_size: int = Field(ge=1)
    enable_hls: bool | None = None
    enable_thumbnail: bool | None = None
    user_metadata: Metadata | None = None


class SetMetadata(Body):
    user_metadata: Metadata


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


def metadata_text(given: Metadata | None) -> str | None:
    """JSON text to store; members without a value are left out."""
    kept = {name: value for name, value in (given or {}).items() if value not in ("", [], None)}
    return orjson.dumps(kept).decode() if kept else None


def merged_metadata(stored: str | None, changes: Metadata) -> str | None:
    """JSON text to store: a null removes its member, an empty text or list changes nothing."""
    kept = orjson.loads(stored) if stored else {}
    for name, value in changes.items():
        if value is None:
            kept.pop(name, None)
        elif value not in ("", []):
            kept[name] = value
    return metadata_text(kept)


def parse_metadata(text: str) -> Metadata:
    """The form field `user_metadata`.

    Raises:
        ApiError: 400 parameter_invalid.
    """
    try:
        return _metadata.validate_python(orjson.loads(text))
    except ValueError as error:
        raise invalid("The user_metadata parameter must be a JSON object of strings, numbers and booleans.") from error


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
