"""The section of the embedded platform."""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from pipeline.config.openai import OpenAISettings
from pipeline.config.section import MIB, Section
from pipeline.config.tiers import RateName, TierName, rate_of


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
        worker_memory_mib: most memory of each of these processes. All models of the evidence take 500 MiB of it; the
            rest is for decoders, which keep up to 17 pictures, 33 MB each of the largest and deepest ones, and for a
            Whisper model where one is set; the largest need more.
        worker_timeout_s: how long a process may take, whatever the work; a request of the engine `openai` may take
            half of it.
        worker_seconds_per_minute: how long for each minute of the video, where that is more: sixteen times what the
            evidence of 720p takes on a core of its own. What takes more of any is ended, and its asset or task fails.
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
        engine: who answers, a name in `pipeline.server.engines.NAMES`.
        tracks: what the engine `evidence` looks for in a video, and `openai` is told of; fewer are quicker, and
            answers say of the others that they were not looked for. Without the extra `evidence` there are neither
            text nor words nor faces, and speech and music are not told apart.
        openai: what the engine of that name asks; see `OpenAISettings`.
        whisper_model: a folder with a Whisper model that CTranslate2 reads; spoken words are recognised with it instead
            of PocketSphinx. It needs the extra `whisper`; Whisper base takes 1100 MiB of
            `worker_memory_mib`, which larger models need more of.
        whisper_language: what is spoken, as "en"; null has it detected in every passage, which takes twice as
            long.
        models: accepted model names, of those that `pipeline.server.rules.models` has; the first is the default.
        max_tokens_min, max_tokens_max, max_tokens_default: bounds of general analysis; null is the model's own.
        context_tokens: most tokens of a prompt, counted as the engines count; null is the model's own.
        window_min_s, window_max_s, source_max_s: shortest and longest analysed window, longest file it may be cut from.
        sync_max_s: longest video of `POST /analyze`.
        inline_max_bytes: largest video inside a request; `json_max_bytes`: largest request with all that is inside it.
        image_max_bytes, reference_max_bytes, image_max_pixels: largest analysed image and largest of any other use.
        image_schemes: how the URL of an image may begin; the platform takes https alone.
        stream_piece_seconds: how long each piece of a streamed answer takes at least.
        analysis_concurrency: tasks beyond `queued` at once.
        pending_seconds, analysis_seconds: how long every task stays `pending` and `processing` at least.
        idempotency_ttl_s: how long an Idempotency-Key is remembered.
        idempotency_conflict: a key that comes back with another body is `refuse`d with 409, or the first answer
            `replay`ed.
        batch_max_items, batch_max_hours, batch_active_max: most requests of a batch, most hours of video in it, most
            batches that have not ended.
        batch_creation_max_items: a batch with more requests than this is answered 504, as where the platform's own
            deadline passes; null is never.
        batch_ttl_s, batch_retention_s: when a batch expires and when it is deleted, seconds after its creation.
        batch_overdue: how an item ends that was being processed when its batch expired.
        batch_results_order: the lines of the results in the order of the requests (`created`), in that in which they
            ended, or `shuffled`, always the same for a batch.
        webhook_urls: the addresses that are told when a task or a batch has ended.
        webhook_secret: what those events are signed with; needed where there are addresses.
        webhook_attempts, webhook_backoff_s: how often an event is tried, and how long to wait after the first attempt,
            twice as long after each further one; the platform documents neither.
        webhook_timeout_s: how long an address may take to answer.
        tier: the account's plan, whose limits hold where none of the next are set; null has none. The counts live as
            long as the process.
        analyze_per_minute, analyze_per_day, upload_per_minute, upload_per_day, read_per_minute: requests; null is no
            limit.
        video_minutes_per_hour, video_minutes_per_day: what analyses of assets look at.
        output_tokens_per_minute, output_tokens_per_day: of all answers.
        rate_window: `fixed` windows, or `rolling` ones; a minute of them is `rate_window_s` long, an hour
            `rate_hour_s`, a day `rate_day_s`.
        rate_definitions: segment definitions multiply the minutes; the platform says so of its prices only.
        rate_batches: the videos of batches are counted; the platform does not say, and a batch may hold more than a day
            allows.
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
    worker_memory_mib: int = Field(2048, ge=256)
    worker_timeout_s: float = Field(600, gt=0)
    worker_seconds_per_minute: float = Field(240, gt=0)

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

    engine: str = "evidence"
    tracks: tuple[Literal["visuals", "text", "speech", "sounds"], ...] = Field(
        ("visuals", "text", "speech", "sounds"), min_length=1
    )
    openai: OpenAISettings = OpenAISettings()
    whisper_model: Path | None = None
    whisper_language: str | None = Field(None, min_length=1)
    models: tuple[str, ...] = Field(("pegasus1.5", "pegasus1.6"), min_length=1)
    max_tokens_min: int | None = Field(None, ge=1)
    max_tokens_max: int | None = Field(None, ge=1)
    max_tokens_default: int | None = Field(None, ge=1)
    context_tokens: int | None = Field(None, ge=1)
    window_min_s: float = Field(1, ge=0)
    window_max_s: float = Field(2 * 3600, gt=0)
    source_max_s: float = Field(4 * 3600, gt=0)
    sync_max_s: float = Field(3600, gt=0)
    inline_max_bytes: int = Field(30 * MIB, gt=0)
    json_max_bytes: int = Field(128 * MIB, gt=0)
    image_max_bytes: int = Field(20 * MIB, gt=0)
    reference_max_bytes: int = Field(32 * MIB, gt=0)
    image_max_pixels: int = Field(16_777_216, gt=0)
    image_schemes: tuple[Literal["http", "https"], ...] = Field(("https",), min_length=1)
    stream_piece_seconds: float = Field(0, ge=0)
    analysis_concurrency: int = Field(8, ge=1, le=10_000)
    pending_seconds: float = Field(0, ge=0)
    analysis_seconds: float = Field(0, ge=0)
    idempotency_ttl_s: float = Field(24 * 3600, gt=0)
    idempotency_conflict: Literal["refuse", "replay"] = "refuse"

    batch_max_items: int = Field(1000, ge=1)
    batch_max_hours: float = Field(2000, gt=0)
    batch_active_max: int = Field(5, ge=1)
    batch_creation_max_items: int | None = Field(None, ge=1)
    batch_ttl_s: float = Field(24 * 3600, gt=0)
    batch_retention_s: float = Field(30 * 24 * 3600, gt=0)
    batch_overdue: Literal["failed", "canceled"] = "failed"
    batch_results_order: Literal["created", "ended", "shuffled"] = "created"

    webhook_secret: SecretStr | None = None
    webhook_urls: tuple[str, ...] = ()
    webhook_attempts: int = Field(5, ge=1)
    webhook_backoff_s: float = Field(1, ge=0)
    webhook_timeout_s: float = Field(10, gt=0)

    tier: TierName | None = None
    analyze_per_minute: float | None = Field(None, ge=0)
    analyze_per_day: float | None = Field(None, ge=0)
    upload_per_minute: float | None = Field(None, ge=0)
    upload_per_day: float | None = Field(None, ge=0)
    read_per_minute: float | None = Field(None, ge=0)
    video_minutes_per_hour: float | None = Field(None, ge=0)
    video_minutes_per_day: float | None = Field(None, ge=0)
    output_tokens_per_minute: float | None = Field(None, ge=0)
    output_tokens_per_day: float | None = Field(None, ge=0)
    rate_window: Literal["fixed", "rolling"] = "fixed"
    rate_window_s: float = Field(60, gt=0)
    rate_hour_s: float = Field(3600, gt=0)
    rate_day_s: float = Field(24 * 3600, gt=0)
    rate_definitions: bool = False
    rate_batches: bool = False
    rate_body: Literal["json", "empty"] = "json"
    rate_headers: Literal["x-ratelimit", "x-ratelimit-request", "none"] = "x-ratelimit"
    retry_after: bool = True

    def rate(self, name: RateName) -> float | None:
        """A limit as it was set, else as the tier has it."""
        return rate_of(self, name)

    @field_validator("webhook_urls")
    @classmethod
    def _are_told_signed(cls, urls: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for url in urls:
            if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
                raise ValueError(f"{url!r} is no http or https address")
        if urls and not info.data.get("webhook_secret"):
            raise ValueError("events are signed: set webhook_secret too, best by PIPELINE_SERVER__WEBHOOK_SECRET")
        return urls
