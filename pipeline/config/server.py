"""The section of the embedded platform."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline.config.section import MIB, Section


class ServerSettings(Section):
    """The embedded platform. What the platform's documents leave open is a setting here.

    Attributes:
        host: the address to listen on; nothing but loopback is sensible, there is one key at most.
        port: 0 picks a free one.
        data: folder of the database and the media; asset ids live as long as it does.
        faults: opens the switchboard `/_faults` and the books `/_books` to HTTP; for tests only.
        asset_readiness: `async` answers an upload at once with `processing`; `sync` when the media was validated.
        asset_seconds: how long every validation takes at least.
        inspect_processes: worker processes that validate media; apart from the analysing ones, so that uploads never
            wait for a long analysis.
        analysis_processes: worker processes that run the engine.
        direct_max_bytes, url_max_bytes, session_max_bytes: largest file by each way of uploading.
        fetch_timeout_s: how long the source of a `method=url` asset may stay silent.
        chunk_bytes: chunk size of new sessions.
        initial_urls: how many presigned URLs the answer to a new session holds.
        url_page: most URLs in one further request; `report_batch`: most chunks in one report.
        url_ttl_s, session_ttl_s: life of a chunk URL and of an upload session.
        url_spent: a single-use URL is spent when its transfer has `started`, or only when the chunk is `stored`.
        upload_headers: what a new session tells to send with each chunk; a chunk without them is refused.
        page_default, page_max: page sizes of every list.
        list_results: whether the task list holds the results of ready tasks, as its schema says.
        delete_status: what a deleted asset is answered with; it was 204 before.
        missing_asset_status: what an unknown asset id is answered with; it was 400 before.
        engine: who answers, a name in `pipeline.server.engines.ENGINES`.
        models: accepted model names; the first is the default.
        max_tokens_min, max_tokens_max, max_tokens_default: bounds of general analysis.
        context_tokens: most tokens of a prompt, counted as the engines count.
        window_min_s, window_max_s, source_max_s: shortest and longest analysed window, longest file it may be cut from.
        analysis_concurrency: tasks beyond `queued` at once.
        pending_seconds, analysis_seconds: how long every task stays `pending` and `processing` at least.
        analysis_timeout_s: an engine silent for so long is ended, its task fails.
        idempotency_ttl_s: how long an Idempotency-Key is remembered.
        idempotency_conflict: a key that comes back with another body is `refuse`d with 409, or the first answer
            `replay`ed.
        analyze_per_minute, upload_per_minute, read_per_minute: requests a window; null is no limit. The platform's free
            tier has 60, 60 and no stated one.
        rate_window: `fixed` windows, or a `rolling` one; `rate_window_s` long.
        rate_body: 429 of an analysis with flat JSON, or `empty`.
        rate_headers: which spelling of the rate headers is sent: `X-Ratelimit-*`, `X-RateLimit-Request-*`, or none.
        retry_after: whether a 429 has a Retry-After.
    """

    host: str = "127.0.0.1"
    port: int = Field(0, ge=0, le=65535)
    data: Path = Path("platform-data")
    faults: bool = False

    asset_readiness: Literal["async", "sync"] = "async"
    asset_seconds: float = Field(0, ge=0)
    inspect_processes: int = Field(1, ge=1, le=64)
    analysis_processes: int = Field(2, ge=1, le=64)

    direct_max_bytes: int = Field(200_000_000, gt=0)
    url_max_bytes: int = Field(4_000_000_000, gt=0)
    session_max_bytes: int = Field(10 * 1024**3, gt=0)
    fetch_timeout_s: float = Field(60, gt=0)

    chunk_bytes: int = Field(8 * MIB, gt=0)
    initial_urls: int = Field(10, ge=0)
    url_page: int = Field(50, ge=1)
    report_batch: int = Field(50, ge=1)
    url_ttl_s: float = Field(3600, gt=0)
    session_ttl_s: float = Field(24 * 3600, gt=0)
    url_spent: Literal["started", "stored"] = "started"
    upload_headers: dict[str, str] = Field(default={"Content-Type": "application/octet-stream"})

    page_default: int = Field(10, ge=1)
    page_max: int = Field(50, ge=1)
    list_results: bool = True
    delete_status: Literal[200, 204] = 200
    missing_asset_status: Literal[404, 400] = 404

    engine: str = "visual"
    models: tuple[str, ...] = Field(("pegasus1.5", "pegasus1.6"), min_length=1)
    max_tokens_min: int = Field(512, ge=1)
    max_tokens_max: int = Field(98_304, ge=1)
    max_tokens_default: int = Field(4_096, ge=1)
    context_tokens: int = Field(261_120, ge=1)
    window_min_s: float = Field(1, ge=0)
    window_max_s: float = Field(2 * 3600, gt=0)
    source_max_s: float = Field(4 * 3600, gt=0)
    analysis_concurrency: int = Field(8, ge=1, le=10_000)
    pending_seconds: float = Field(0, ge=0)
    analysis_seconds: float = Field(0, ge=0)
    analysis_timeout_s: float = Field(3600, gt=0)
    idempotency_ttl_s: float = Field(24 * 3600, gt=0)
    idempotency_conflict: Literal["refuse", "replay"] = "refuse"

    analyze_per_minute: int | None = Field(None, ge=0)
    upload_per_minute: int | None = Field(None, ge=0)
    read_per_minute: int | None = Field(None, ge=0)
    rate_window: Literal["fixed", "rolling"] = "fixed"
    rate_window_s: float = Field(60, gt=0)
    rate_body: Literal["json", "empty"] = "json"
    rate_headers: Literal["x-ratelimit", "x-ratelimit-request", "none"] = "x-ratelimit"
    retry_after: bool = True
