"""Presigned chunk URLs: who holds one may send that chunk, once, for a while, without a key."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from aiohttp import web

from pipeline.server import clock
from pipeline.server.problems import ApiError


@dataclass(frozen=True, slots=True)
class Grant:
    """What one URL allows. `token` is what makes it single-use; times are epoch milliseconds."""

    upload_id: str
    index: int
    token: str
    issued_ms: int
    expires_ms: int


class Signer:
    """Makes and reads URLs. Nothing is stored for one: the signature vouches for what the URL says."""

    def __init__(self, secret: bytes, ttl_s: float) -> None:
        self._secret = secret
        self._ttl_ms = int(ttl_s * 1000)
        self._refused_before_ms = 0

    def expire_all(self) -> None:
        """Refuse every URL made until now, as though its time were over."""
        self._refused_before_ms = _now_ms() + 1

    def make(self, origin: str, upload_id: str, index: int) -> tuple[str, float]:
        """A new URL, and when it expires in epoch seconds."""
        # a URL made in the very millisecond of `expire_all` is a later one
        issued = max(_now_ms(), self._refused_before_ms)
        grant = Grant(upload_id, index, secrets.token_hex(12), issued, issued + self._ttl_ms)
        query = f"issued={grant.issued_ms}&expires={grant.expires_ms}&token={grant.token}&signature={self._sign(grant)}"
        return f"{origin}/chunks/{upload_id}/{index}?{query}", grant.expires_ms / 1000

    def read(self, request: web.Request) -> Grant:
        """What the URL of a chunk request allows.

        Raises:
            ApiError: 403 for a URL that is not ours, or whose time is over.
        """
        try:
            query = request.query
            grant = Grant(
                request.match_info["upload_id"],
                int(request.match_info["index"]),
                query["token"],
                int(query["issued"]),
                int(query["expires"]),
            )
            is_ours = hmac.compare_digest(self._sign(grant).encode(), query["signature"].encode())
        except (KeyError, ValueError):
            is_ours = False
        if not is_ours:
            raise ApiError(403, "signature_invalid", "The presigned URL is not valid.")
        if _now_ms() >= grant.expires_ms or grant.issued_ms < self._refused_before_ms:
            raise ApiError(403, "url_expired", "The presigned URL has expired.")
        return grant

    def media_url(self, origin: str, asset_id: str) -> str:
        """Where an uploaded file can be fetched again."""
        return f"{origin}/media/{asset_id}?signature={self._digest(f'media.{asset_id}')}"

    def check_media(self, request: web.Request) -> str:
        """The asset id of a media URL.

        Raises:
            ApiError: 403 for a URL that is not ours.
        """
        asset_id = request.match_info["asset_id"]
        given = request.query.get("signature", "")
        if not hmac.compare_digest(self._digest(f"media.{asset_id}").encode(), given.encode()):
            raise ApiError(403, "signature_invalid", "The media URL is not valid.")
        return asset_id

    def _sign(self, grant: Grant) -> str:
        return self._digest(f"{grant.upload_id}.{grant.index}.{grant.token}.{grant.issued_ms}.{grant.expires_ms}")

    def _digest(self, text: str) -> str:
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()[:32]


def _now_ms() -> int:
    return int(clock.now() * 1000)
