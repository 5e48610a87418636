"""Assets: direct upload, by URL, retrieve, list."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlsplit

import anyio
import orjson

from pipeline.client import wire
from pipeline.client.body import file_form, form, open_file
from pipeline.client.calls import Call, OnBytes
from pipeline.client.refusals import Meaning
from pipeline.client.transport import Transport
from pipeline.config import UploadSettings
from pipeline.errors import AssetGone, UploadRejected
from pipeline.models import Asset, FileStamp

# How far back a lost answer's asset is looked for: it is among the newest that have its name.
LOOK_BACK_PAGES = 4


class Assets:
    """`/assets`. Every method raises what `Transport.ask` does, besides what it names itself."""

    def __init__(self, transport: Transport, upload: UploadSettings, threads: anyio.CapacityLimiter) -> None:
        self._transport = transport
        self._block_bytes = upload.read_bytes
        self._threads = threads

    async def create_direct(
        self, path: str, stamp: FileStamp, *, filename: str, content_hash: str, on_bytes: OnBytes
    ) -> Asset:
        """Send a file of at most 200 MB in one request, streamed.

        Args:
            path: as the operating system spells it.
            stamp: the file's size and modification time when `content_hash` was taken.
            filename: valid text.
            content_hash: kept with the asset, so that a lost answer is found again.
            on_bytes: told how many bytes have left; a negative number takes back those of a failed attempt.

        Raises:
            SourceUnreadable: the file cannot be read or has changed.
            UploadRejected: the platform will not take it.
        """
        name = wire.filename(filename)
        fields = {"method": "direct", "filename": name, "user_metadata": _metadata(content_hash)}
        async with open_file(path, stamp, self._threads) as file:
            call = Call(
                "POST",
                "/assets",
                Meaning(f"uploading {name!r}", UploadRejected, UploadRejected),
                "upload",
                body=lambda: file_form(file, stamp.size_bytes, fields, name, self._block_bytes),
                on_bytes=on_bytes,
                draws=(content_hash,),
            )
            return await self._create(call, name, content_hash)

    async def create_url(self, url: str, *, content_hash: str) -> Asset:
        """Let the platform fetch a media file of at most 4 GB from a public URL."""
        name = wire.filename(unquote(PurePosixPath(urlsplit(url).path).name) or "video")
        fields = {"method": "url", "url": url, "filename": name, "user_metadata": _metadata(content_hash)}
        meaning = Meaning("uploading by URL", UploadRejected, UploadRejected)
        content, content_type = form(fields)
        call = Call(
            "POST", "/assets", meaning, "upload", content=content, content_type=content_type, draws=(content_hash,)
        )
        return await self._create(call, name, content_hash)

    async def find(self, filename: str, content_hash: str) -> Asset | None:
        """The newest asset of this name and content that has not failed, if the platform holds one."""
        for page in range(1, LOOK_BACK_PAGES + 1):
            assets = await self.list(filename=filename, page=page)
            for asset in assets:
                if asset.user_metadata.get("content_hash") == content_hash and asset.status != "failed":
                    return asset
            if len(assets) < wire.PAGE:
                break
        return None

    async def retrieve(self, asset_id: str) -> Asset:
        """One asset with its duration; raises AssetGone where the platform does not hold it."""
        meaning = Meaning(f"retrieving asset {asset_id}", AssetGone, AssetGone)
        answer = await self._transport.ask(Call("GET", f"/assets/{quote(asset_id, safe='')}", meaning, "read"))
        return wire.parse(wire.AssetShape, answer, meaning.doing).value()

    async def list(
        self,
        asset_ids: Iterable[str] = (),
        *,
        filename: str | None = None,
        page: int = 1,
        page_limit: int = wire.PAGE,
    ) -> tuple[Asset, ...]:
        """One page, newest first: of these assets, or of those whose filename contains a text, or of all."""
        params = [("page", str(page)), ("page_limit", str(page_limit))]
        params += [("asset_ids", asset_id) for asset_id in asset_ids]
        if filename is not None:
            params.append(("filename", filename))
        meaning = Meaning("listing assets", UploadRejected, UploadRejected)
        answer = await self._transport.ask(Call("GET", "/assets", meaning, "read", params=params))
        return tuple(shape.value() for shape in wire.parse(wire.AssetPage, answer, meaning.doing).data)

    async def _create(self, call: Call, name: str, content_hash: str) -> Asset:
        async def attempt() -> Asset:
            answer = await self._transport.once(call)
            return wire.parse(wire.AssetShape, answer, call.meaning.doing).value()

        return await self._transport.persist(
            attempt, doing=call.meaning.doing, rescue=lambda: self.find(name, content_hash)
        )


def _metadata(content_hash: str) -> str:
    return orjson.dumps({"content_hash": content_hash}).decode()
