"""`/assets/multipart-uploads`, and the chunks."""

from datetime import datetime
from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from pipeline.config import ServerSettings
from pipeline.server.openapi.operation import Answer, Body, Operation, Parameter
from pipeline.server.openapi.pages import PageInfo, page_parameters
from pipeline.server.openapi.results import Count
from pipeline.server.schemas import CreateUpload, ReportChunks, RequestUrls

Index = Annotated[int, Field(ge=1)]
SessionStatus = Literal["active", "completed", "failed", "expired"]


class ChunkUrl(TypedDict):
    """Where one chunk may be sent, once, without a key."""

    chunk_index: Index
    url: str
    expires_at: datetime


class Session(TypedDict):
    """A new upload session. `upload_headers` have to be sent with each chunk; sizes are bytes."""

    upload_id: str
    asset_id: str
    upload_urls: list[ChunkUrl]
    upload_headers: dict[str, str]
    chunk_size: Index
    total_chunks: Index
    expires_at: datetime


class SessionSummary(TypedDict):
    upload_id: str
    status: SessionStatus
    total_size: Index
    chunk_size: Index
    total_chunks: Index
    created_at: datetime
    expires_at: datetime


class SessionPage(TypedDict):
    data: list[SessionSummary]
    page_info: PageInfo


class ChunkStatus(TypedDict):
    index: Index
    status: Literal["completed", "pending", "failed"]
    uploaded_at: datetime | None
    updated_at: datetime


class SessionDetail(TypedDict):
    """How far a session is; `completed` means received, the asset may still be `processing`."""

    upload_id: str
    status: SessionStatus
    uploaded_chunks: list[ChunkStatus]
    chunks_completed: Count
    chunks_failed: Count
    chunks_pending: Count
    page_info: PageInfo
    total_size: Index
    uploaded_size: Count
    created_at: datetime
    updated_at: datetime


class MoreUrls(TypedDict):
    upload_id: str
    start_index: Index
    count: Index
    upload_urls: list[ChunkUrl]
    generated_at: datetime
    expires_at: datetime


class Reported(TypedDict):
    """What a report changed; `url` gives the file back once all chunks are there."""

    asset_id: str
    processed_chunks: Count
    duplicate_chunks: Count
    total_completed: Count
    url: NotRequired[str]


def operations(settings: ServerSettings) -> tuple[Operation, ...]:
    """What there is below `/assets/multipart-uploads`, and where chunks go."""
    return (
        Operation(
            "multipart_upload.create",
            "post",
            "/assets/multipart-uploads",
            "Open an upload session.",
            (Answer(201, "The session.", Session),),
            body=Body(CreateUpload),
        ),
        Operation(
            "multipart_upload.list_incomplete_uploads",
            "get",
            "/assets/multipart-uploads",
            "List sessions that are not complete, newest first.",
            (Answer(200, "One page.", SessionPage),),
            refusals=(400,),
            parameters=page_parameters(settings),
        ),
        Operation(
            "multipart_upload.get_status",
            "get",
            "/assets/multipart-uploads/{upload_id}",
            "Tell of one session and a page of its chunks.",
            (Answer(200, "The session.", SessionDetail),),
            refusals=(400, 404),
            parameters=page_parameters(settings),
        ),
        Operation(
            "multipart_upload.report_chunk_batch",
            "post",
            "/assets/multipart-uploads/{upload_id}",
            "Report chunks that were sent.",
            (Answer(200, "All of them count.", Reported),),
            refusals=(404,),
            body=Body(ReportChunks),
        ),
        Operation(
            "multipart_upload.get_additional_presigned_urls",
            "post",
            "/assets/multipart-uploads/{upload_id}/presigned-urls",
            "Ask for the URLs of further chunks.",
            (Answer(200, "The URLs.", MoreUrls),),
            refusals=(404,),
            body=Body(RequestUrls),
        ),
        Operation(
            "files.put_chunk",
            "put",
            "/chunks/{upload_id}/{index}",
            "Send one chunk to a URL from a session; each URL serves once.",
            (Answer(200, "Stored.", headers={"ETag": "The proof to report."}),),
            refusals=(400, 403, 409, 411),
            parameters=tuple(Parameter(name, "Part of the URL.", kind, required=True) for name, kind in GRANT.items()),
            body=Body(Annotated[bytes, Field(description="The chunk.")], "application/octet-stream"),
            is_open=True,
        ),
    )


GRANT = {
    "issued": {"type": "integer"},
    "expires": {"type": "integer"},
    "token": {"type": "string"},
    "signature": {"type": "string"},
}
