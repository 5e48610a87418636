"""`/assets/multipart-uploads`: sessions, presigned chunk URLs, the chunks themselves, reports and status."""

from collections.abc import Iterator

from aiohttp import web

from pipeline.config import ServerSettings
from pipeline.server import paging
from pipeline.server.assets import kind_of, media_type
from pipeline.server.clock import now, stamp
from pipeline.server.files import Files, Writing
from pipeline.server.problems import ApiError, answer, invalid, not_found
from pipeline.server.schemas import CompletedChunk, CreateUpload, ReportChunks, RequestUrls, metadata_text, read
from pipeline.server.signing import Grant, Signer
from pipeline.server.store import Store
from pipeline.server.store.assets import NewAsset, new_id
from pipeline.server.store.uploads import Chunk, Upload
from pipeline.server.validation import Validation


class Uploads:
    """The handlers."""

    def __init__(
        self, settings: ServerSettings, store: Store, files: Files, validation: Validation, signer: Signer
    ) -> None:
        self._settings = settings
        self._store = store
        self._files = files
        self._validation = validation
        self._signer = signer

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/assets/multipart-uploads", self.create),
            web.get("/assets/multipart-uploads", self.list),
            web.get("/assets/multipart-uploads/{upload_id}", self.status),
            web.post("/assets/multipart-uploads/{upload_id}", self.report),
            web.post("/assets/multipart-uploads/{upload_id}/presigned-urls", self.more_urls),
        ]

    def open_routes(self) -> list[web.RouteDef]:
        """What needs no key: the chunk URLs carry their own leave."""
        return [web.put("/chunks/{upload_id}/{index}", self.put_chunk)]

    async def create(self, request: web.Request) -> web.Response:
        wanted = await read(request, CreateUpload)
        is_image = wanted.type == "image"
        most = self._settings.reference_max_bytes if is_image else self._settings.session_max_bytes
        if wanted.total_size > most:
            raise invalid(f"The total_size parameter must be at most {most:,} bytes.")
        asset = NewAsset(
            id=new_id(),
            method="multipart",
            filename=wanted.filename,
            file_type=media_type(wanted.filename, kind=wanted.type),
            kind=kind_of(f"{wanted.type}/"),
            user_metadata=metadata_text(wanted.user_metadata),
            enable_hls=bool(wanted.enable_hls),
            enable_thumbnail=bool(wanted.enable_thumbnail),
        )
        self._files.reserve(asset.id, wanted.total_size)
        upload = self._store.uploads.add(
            asset, wanted.total_size, self._settings.chunk_bytes, self._settings.session_ttl_s
        )
        count = min(self._settings.initial_urls, upload.total_chunks)
        body = {
            "upload_id": upload.id,
            "asset_id": upload.asset_id,
            "upload_urls": list(self._urls(request, upload, 1, count)),
            "upload_headers": self._settings.upload_headers,
            "chunk_size": upload.chunk_size,
            "total_chunks": upload.total_chunks,
            "expires_at": stamp(upload.expires_at),
        }
        return answer(body, 201)

    async def list(self, request: web.Request) -> web.Response:
        page = paging.requested(request, self._settings)
        uploads, total = self._store.uploads.page_incomplete(page)
        return answer(page.wrap([_summary(upload) for upload in uploads], total))

    async def status(self, request: web.Request) -> web.Response:
        upload = self._get(request.match_info["upload_id"])
        page = paging.requested(request, self._settings)
        first, last = page.offset + 1, min(page.offset + page.limit, upload.total_chunks)
        chunks = self._store.uploads.chunks(upload.id, first, last)
        completed, size = self._store.uploads.reported(upload)
        body = {
            "upload_id": upload.id,
            "status": upload.status,
            "uploaded_chunks": [_chunk_info(upload, index, chunks.get(index)) for index in range(first, last + 1)],
            "chunks_completed": completed,
            "chunks_failed": 0,
            "chunks_pending": upload.total_chunks - completed,
            "page_info": page.info(upload.total_chunks),
            "total_size": upload.total_size,
            "uploaded_size": size,
            "created_at": stamp(upload.created_at),
            "updated_at": stamp(upload.updated_at),
        }
        return answer(body)

    async def more_urls(self, request: web.Request) -> web.Response:
        upload = self._get(request.match_info["upload_id"])
        wanted = await read(request, RequestUrls)
        self._check_open(upload)
        if wanted.count > self._settings.url_page:
            raise invalid(f"The count parameter must be at most {self._settings.url_page}.")
        if wanted.start > upload.total_chunks:
            raise invalid(f"The start parameter must be at most {upload.total_chunks}, the number of chunks.")
        last = min(wanted.start + wanted.count - 1, upload.total_chunks)
        urls = list(self._urls(request, upload, wanted.start, last))
        body = {
            "upload_id": upload.id,
            "start_index": wanted.start,
            "count": len(urls),
            "upload_urls": urls,
            "generated_at": stamp(now()),
            "expires_at": urls[-1]["expires_at"],
        }
        return answer(body)

    async def report(self, request: web.Request) -> web.Response:
        """All chunks of a report count, or none. A report that completes the upload can be repeated."""
        upload = self._get(request.match_info["upload_id"])
        reported = (await read(request, ReportChunks)).completed_chunks
        if len(reported) > self._settings.report_batch:
            raise invalid(f"The completed_chunks parameter takes at most {self._settings.report_batch} chunks.")
        if upload.status != "completed":
            self._check_open(upload)
        chunks = self._store.uploads.chunks(upload.id, 1, upload.total_chunks)
        for chunk in reported:
            _check_proof(upload, chunk, chunks.get(chunk.chunk_index))
        indexes = {chunk.chunk_index for chunk in reported}
        fresh = [index for index in indexes if chunks[index].reported_at is None]
        if fresh:
            self._store.uploads.report(upload, fresh)
        total, _ = self._store.uploads.reported(upload)
        if fresh and total == upload.total_chunks:
            self._validation.submit(upload.asset_id)
        body: dict[str, object] = {
            "asset_id": upload.asset_id,
            "processed_chunks": len(fresh),
            "duplicate_chunks": len(reported) - len(fresh),
            "total_completed": total,
        }
        if total == upload.total_chunks:
            body["url"] = self._signer.media_url(_origin(request), upload.asset_id)
        return answer(body)

    async def put_chunk(self, request: web.Request) -> web.Response:
        """Take one chunk. A request that is refused before its body is read leaves its URL unspent."""
        grant = self._signer.read(request)
        upload = self._store.uploads.get(grant.upload_id)
        if upload is None or upload.status != "active":
            raise ApiError(403, "upload_not_active", "The upload session is not active.")
        self._check_transfer(request, upload, grant)
        is_unspent = not self._store.uploads.is_spent(grant.token)
        if is_unspent and self._settings.url_spent == "started":
            is_unspent = self._spend(grant)
        if not is_unspent:
            raise ApiError(403, "url_used", "The presigned URL was used before.")
        self._store.uploads.chunk_started(upload.id, grant.index)
        etag = await self._receive(request, upload, grant.index)
        self._spend(grant)
        self._store.uploads.chunk_stored(upload.id, grant.index, etag)
        return web.Response(headers={"ETag": f'"{etag}"'})

    def _check_transfer(self, request: web.Request, upload: Upload, grant: Grant) -> None:
        expected = upload.length(grant.index)
        if request.content_length is None:
            raise ApiError(411, "content_length_required", "The Content-Length header is missing.")
        if request.content_length != expected:
            raise invalid(f"Chunk {grant.index} has {expected} bytes, not {request.content_length}.")
        for name, value in self._settings.upload_headers.items():
            if request.headers.get(name) != value:
                raise ApiError(403, "signature_invalid", f"The {name} header is not as upload_headers says.")
        chunk = self._store.uploads.chunks(upload.id, grant.index, grant.index).get(grant.index)
        if chunk is not None and chunk.reported_at is not None:
            raise ApiError(409, "chunk_reported", f"Chunk {grant.index} is complete already.")

    def _spend(self, grant: Grant) -> bool:
        return self._store.uploads.spend(grant.token, grant.expires_ms / 1000)

    async def _receive(self, request: web.Request, upload: Upload, index: int) -> str:
        with Writing(self._files.media(upload.asset_id), upload.offset(index)) as writing:
            async for block in request.content.iter_any():
                writing.take(block)
        if writing.size != upload.length(index):
            raise ApiError(400, "request_canceled_or_timed_out", "The chunk did not arrive whole.")
        return writing.etag

    def _urls(self, request: web.Request, upload: Upload, first: int, last: int) -> Iterator[dict[str, object]]:
        for index in range(first, last + 1):
            url, expires_at = self._signer.make(_origin(request), upload.id, index)
            yield {"chunk_index": index, "url": url, "expires_at": stamp(expires_at)}

    def _get(self, upload_id: str) -> Upload:
        upload = self._store.uploads.get(upload_id)
        if upload is None:
            raise not_found("upload session", upload_id)
        return upload

    def _check_open(self, upload: Upload) -> None:
        if upload.status != "active":
            raise invalid(f"The upload session is {upload.status}; create a new one.")


def _check_proof(upload: Upload, reported: CompletedChunk, chunk: Chunk | None) -> None:
    index = reported.chunk_index
    if chunk is None or chunk.etag is None:
        raise invalid(f"Chunk {index} was not received.")
    # clients send the ETag as they got it, or without its quotes
    if reported.proof.strip('"') != chunk.etag:
        raise invalid(f"The proof of chunk {index} is not the ETag it was answered with.")
    if reported.chunk_size != upload.length(index):
        raise invalid(f"Chunk {index} has {upload.length(index)} bytes, not {reported.chunk_size}.")


def _summary(upload: Upload) -> dict[str, object]:
    return {
        "upload_id": upload.id,
        "status": upload.status,
        "total_size": upload.total_size,
        "chunk_size": upload.chunk_size,
        "total_chunks": upload.total_chunks,
        "created_at": stamp(upload.created_at),
        "expires_at": stamp(upload.expires_at),
    }


def _chunk_info(upload: Upload, index: int, chunk: Chunk | None) -> dict[str, object]:
    is_complete = chunk is not None and chunk.reported_at is not None
    return {
        "index": index,
        "status": "completed" if is_complete else "pending",
        "uploaded_at": stamp(chunk.reported_at) if chunk is not None and chunk.reported_at is not None else None,
        "updated_at": stamp(chunk.updated_at if chunk is not None else upload.created_at),
    }


def _origin(request: web.Request) -> str:
    return str(request.url.origin())
