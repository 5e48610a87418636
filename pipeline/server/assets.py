"""`/assets`: direct upload, upload by URL, retrieve, list, delete, the user's metadata."""

import mimetypes
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Literal, cast
from urllib.parse import unquote, urlsplit

from aiohttp import BodyPartReader, web
from aiohttp.http import HttpProcessingError

from pipeline.config import ServerSettings
from pipeline.server import paging
from pipeline.server.files import Files, Writing
from pipeline.server.problems import ApiError, answer, invalid, missing, not_found
from pipeline.server.schemas import (
    SetMetadata,
    asset_answer,
    asset_detail,
    merged_metadata,
    metadata_text,
    parse_metadata,
    parse_url,
    read,
)
from pipeline.server.signing import Signer
from pipeline.server.store import Store
from pipeline.server.store.assets import Asset, NewAsset, new_id
from pipeline.server.validation import Validation

FIELDS = {"method", "url", "filename", "enable_hls", "enable_thumbnail", "user_metadata"}
KINDS = {"video", "audio", "image"}
MAX_FIELD_BYTES = 1024 * 1024
FILE_BLOCK_BYTES = 256 * 1024


class Assets:
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
            web.post("/assets", self.create),
            web.get("/assets", self.list),
            web.get("/assets/{asset_id}", self.retrieve),
            web.delete("/assets/{asset_id}", self.delete),
            web.patch("/assets/{asset_id}/user-metadata", self.update_metadata),
            web.put("/assets/{asset_id}/user-metadata", self.replace_metadata),
            web.delete("/assets/{asset_id}/user-metadata", self.delete_metadata),
        ]

    def open_routes(self) -> list[web.RouteDef]:
        """What needs no key: the link that a complete upload is answered with."""
        return [web.get("/media/{asset_id}", self.media)]

    async def create(self, request: web.Request) -> web.Response:
        """201 with the asset, `processing` or, where settings say so, validated already."""
        if request.content_type != "multipart/form-data":
            raise ApiError(400, "content_type_invalid", "The content type must be multipart/form-data.")
        body = self._files.incoming()
        try:
            form = await Form.read(request, body, self._settings.direct_max_bytes)
            asset = self._url_asset(form) if form.method() == "url" else self._direct_asset(form, body)
        except ValueError as error:
            raise invalid(f"The multipart form is malformed: {error}.") from error
        except HttpProcessingError as error:
            raise invalid(f"The multipart form is malformed: {error.message}.") from error
        finally:
            body.unlink(missing_ok=True)
        if self._settings.asset_readiness == "sync":
            await self._validation.validate(asset.id)
            asset = self._get(asset.id)
        else:
            self._validation.submit(asset.id)
        return answer(asset_answer(asset), 201)

    def _direct_asset(self, form: "Form", body: Path) -> Asset:
        if form.file_name is None:
            raise missing("file")
        name = form.fields.get("filename") or form.file_name
        asset_id = new_id()
        body.rename(self._files.media(asset_id))
        asset = _new_asset(form, asset_id, "direct", name, form.file_type)
        return self._store.assets.add(replace(asset, received=True, size=form.file_size))

    def _url_asset(self, form: "Form") -> Asset:
        url = form.fields.get("url")
        if not url:
            raise missing("url")
        parse_url(url)
        name = form.fields.get("filename") or unquote(PurePosixPath(urlsplit(url).path).name) or "video"
        return self._store.assets.add(replace(_new_asset(form, new_id(), "url", name, None), url=url))

    async def list(self, request: web.Request) -> web.Response:
        page = paging.requested(request, self._settings)
        kinds = request.query.getall("asset_types", [])
        if unknown := set(kinds) - KINDS:
            raise invalid(f"The asset_types parameter has unknown values: {', '.join(sorted(unknown))}.")
        ids = request.query.getall("asset_ids", [])
        assets, total = self._store.assets.page(page, ids, kinds, request.query.get("filename"))
        return answer(page.wrap([asset_detail(asset) for asset in assets], total))

    async def retrieve(self, request: web.Request) -> web.Response:
        return answer(asset_detail(self._get(request.match_info["asset_id"])))

    async def delete(self, request: web.Request) -> web.Response:
        """Nothing here refers to an asset for good, so `force` changes nothing."""
        _flag(request.query, "force")
        asset_id = self._get(request.match_info["asset_id"]).id
        self._store.assets.delete(asset_id)
        self._files.forget_asset(asset_id)
        return web.Response(status=self._settings.delete_status)

    async def update_metadata(self, request: web.Request) -> web.Response:
        """Merge: null removes a member, an empty text or list is ignored."""
        changes = (await read(request, SetMetadata)).user_metadata
        asset = self._get(request.match_info["asset_id"])
        return self._set_metadata(asset, merged_metadata(asset.user_metadata, changes))

    async def replace_metadata(self, request: web.Request) -> web.Response:
        """All that was there goes; null and empty values are ignored."""
        wanted = (await read(request, SetMetadata)).user_metadata
        return self._set_metadata(self._get(request.match_info["asset_id"]), metadata_text(wanted))

    async def delete_metadata(self, request: web.Request) -> web.Response:
        return self._set_metadata(self._get(request.match_info["asset_id"]), None)

    def _set_metadata(self, asset: Asset, text: str | None) -> web.Response:
        self._store.assets.set_metadata(asset.id, text)
        return web.Response(status=204)

    async def media(self, request: web.Request) -> web.StreamResponse:
        asset = self._get(self._signer.check_media(request))
        return web.FileResponse(self._files.media(asset.id), headers={"Content-Type": asset.file_type})

    def _get(self, asset_id: str) -> Asset:
        asset = self._store.assets.get(asset_id)
        if asset is None:
            raise not_found("asset", asset_id, self._settings.missing_asset_status)
        return asset


class Form:
    """The multipart form of a new asset, its file already on disk; fields come in any order."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.file_name: str | None = None
        self.file_type: str | None = None
        self.file_size = 0

    @classmethod
    async def read(cls, request: web.Request, path: Path, max_bytes: int) -> "Form":
        """Read the whole form; the file goes to `path`.

        Raises:
            ApiError: 400 for an unknown field or too large a file.
            ValueError: the form breaks off or is malformed.
        """
        form = cls()
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise invalid("The form must not hold another multipart body.")
            if part.name == "file":
                await form._take_file(part, path, max_bytes)
            elif part.name in FIELDS:
                part.chunk_size = MAX_FIELD_BYTES
                form.fields[part.name] = (await part.read_chunk(MAX_FIELD_BYTES)).decode()
            else:
                raise ApiError(400, "parameter_unknown", f"The {part.name} parameter is unknown.")
        return form

    async def _take_file(self, part: BodyPartReader, path: Path, max_bytes: int) -> None:
        with Writing(path) as writing:
            while block := await part.read_chunk(FILE_BLOCK_BYTES):
                writing.take(block)
                if writing.size > max_bytes:
                    raise ApiError(
                        400, "video_filesize_too_large", f"A direct upload takes at most {max_bytes:,} bytes."
                    )
        self.file_name = part.filename or "video"
        self.file_type = part.headers.get("Content-Type")
        self.file_size = writing.size

    def method(self) -> Literal["direct", "url"]:
        """Raises ApiError: 400 where it is missing or unknown."""
        method = self.fields.get("method")
        if not method:
            raise missing("method")
        if method not in {"direct", "url"}:
            raise invalid("The method parameter must be direct or url.")
        return cast("Literal['direct', 'url']", method)

    def flag(self, name: str) -> bool:
        """A boolean field; absent is false. Raises ApiError: 400 for anything but true and false."""
        return _flag(self.fields, name)


def _new_asset(
    form: Form, asset_id: str, method: Literal["direct", "url"], name: str, declared_type: str | None
) -> NewAsset:
    file_type = media_type(name, declared_type)
    text = form.fields.get("user_metadata")
    return NewAsset(
        id=asset_id,
        method=method,
        filename=name,
        file_type=file_type,
        kind=kind_of(file_type),
        user_metadata=metadata_text(parse_metadata(text)) if text else None,
        enable_hls=form.flag("enable_hls"),
        enable_thumbnail=form.flag("enable_thumbnail"),
    )


def _flag(fields: Mapping[str, str], name: str) -> bool:
    text = fields.get(name, "false").lower()
    if text not in {"true", "false"}:
        raise invalid(f"The {name} parameter must be true or false.")
    return text == "true"


def media_type(filename: str, declared: str | None = None, kind: str = "video") -> str:
    """The MIME type by the file's name, else as declared, else a general one of that kind."""
    guessed = mimetypes.guess_type(filename)[0]
    for candidate in (guessed, declared):
        if candidate and _main_type(candidate) in KINDS:
            return candidate
    return f"{kind}/{'jpeg' if kind == 'image' else 'mp4'}"


def _main_type(file_type: str) -> str:
    return file_type.partition("/")[0]


def kind_of(file_type: str) -> Literal["video", "audio", "image"]:
    """The asset type that a list can be filtered by."""
    return cast("Literal['video', 'audio', 'image']", _main_type(file_type))
