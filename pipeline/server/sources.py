"""Where the video of a question is."""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Literal

from pipeline.config import ServerSettings
from pipeline.server.problems import ApiError, invalid, not_found
from pipeline.server.problems import missing as not_given
from pipeline.server.schemas import Video, VideoByAsset, VideoByUrl, VideoInline, parse_url
from pipeline.server.store import Store
from pipeline.server.store.assets import Asset

NOT_READY = "video_not_ready"


@dataclass(frozen=True, slots=True)
class Span:
    """Where a video begins on its own clock, and how long it is."""

    start_s: float
    duration_s: float

    @property
    def end_s(self) -> float:
        return self.start_s + self.duration_s


@dataclass(frozen=True, slots=True)
class Source:
    """A video. `span` is known where it is an asset; `inline` is the video itself, where it came along."""

    kind: Literal["asset_id", "url", "base64_string"]
    asset_id: str | None = None
    url: str | None = None
    span: Span | None = None
    inline: bytes | None = field(default=None, repr=False)


class Sources:
    """Finds videos by what a request says of them."""

    def __init__(self, settings: ServerSettings, store: Store) -> None:
        self._settings = settings
        self._store = store

    def find(self, video: Video | None, *, has_images: bool, missing: int) -> Source | None:
        """A video that may be analysed, for all that is known at once; None where images are analysed instead.

        Raises:
            ApiError: 400, or `missing` where there is no such asset.
        """
        if has_images:
            if video is not None:
                raise invalid("The video and image parameters exclude each other.")
            return None
        match video:
            case None:
                raise not_given("video")
            case VideoByAsset(asset_id=asset_id):
                return self.asset(asset_id, missing=missing, not_ready=400)
            case VideoByUrl(url=url):
                return Source("url", url=parse_url(url))
            case VideoInline(base64_string=text):
                return Source("base64_string", inline=self._decode(text))

    def asset(self, asset_id: str, *, missing: int, not_ready: int) -> Source:
        """A ready asset that is a video.

        Raises:
            ApiError: resource_not_exist or video_not_ready with the statuses given, 400 parameter_invalid otherwise.
        """
        asset = ready_asset(self._store, asset_id, missing=missing, not_ready=not_ready)
        if asset.duration is None:
            raise invalid(f"The asset {asset_id} is no video but {asset.file_type}.")
        return Source("asset_id", asset_id=asset_id, span=Span(asset.clock_start or 0, asset.duration))

    def _decode(self, text: str) -> bytes:
        return decode(text, self._settings.inline_max_bytes, "video.base64_string")


def ready_asset(store: Store, asset_id: str, *, missing: int, not_ready: int) -> Asset:
    """An asset of any kind that can be used; raises as `Sources.asset` does."""
    asset = store.assets.get(asset_id)
    if asset is None:
        raise not_found("asset", asset_id, missing)
    if asset.status == "processing":
        raise ApiError(not_ready, NOT_READY, f"The asset {asset_id} is still being processed.")
    if asset.status == "failed":
        raise invalid(f"The asset {asset_id} has failed: {asset.error}")
    return asset


def decode(text: str, max_bytes: int, name: str) -> bytes:
    """Media that came along in base64, padded or not.

    Raises:
        ApiError: 400 video_filesize_too_large or parameter_invalid.
    """
    if len(text.rstrip("=")) * 3 // 4 > max_bytes:
        raise ApiError(400, "video_filesize_too_large", f"The {name} parameter takes at most {max_bytes:,} bytes.")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid(f"The {name} parameter is not valid base64: {error}.") from error
