"""The sections of the client half: whom to ask, what, of which videos, how fast."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from pipeline.config.moments import moment_of
from pipeline.config.section import MIB, Section
from pipeline.config.tiers import TIERS, RateName, TierName, rate_of

REMOTE_URL = "https://api.twelvelabs.io/v1.3"
ADDRESS = re.compile(r"https?://[^\s/]")


class PlatformSettings(Section):
    """Whom to ask.

    `kind` auto is remote where an API key is set, local (the embedded platform) otherwise. `account` names the
    account that owns the assets, for people who have several; uploads are reused only within one account and base URL.
    """

    kind: Literal["auto", "local", "remote"] = "auto"
    base_url: str | None = None
    account: str = "default"
    api_key_file: Path | None = None

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, base_url: str | None) -> str | None:
        if base_url is None or ADDRESS.match(base_url):
            return base_url
        raise ValueError(f"{base_url!r} is no http or https address; the platform's is {REMOTE_URL}")


class RecipeSettings(Section):
    """What to ask. What a model and a mode take is told when a run begins; the platform has the last word.

    `mode` is `segments` where there are `segment_definitions`, written here or in the `.json` or `.yaml` file that is
    named, else `general`. Durations and times are in seconds.

    `response_schema` is the form of the answer: a JSON schema written here, the path of a `.json` file that holds one,
    or a pydantic model as `package.module:Model`. An answer that does not keep to it is asked for again up to
    `max_reasks` times, each of them paid. `media_sources` are reference images, name -> path or URL, that the prompt
    speaks of as `<@name>`.
    """

    prompt: str | None = None
    prompt_file: Path | None = None
    model: str = "pegasus1.5"
    temperature: float | None = Field(None, ge=0, le=1)
    max_tokens: int | Literal["unlimited"] | None = None
    start_time: float | None = Field(None, ge=0)
    end_time: float | None = Field(None, gt=0)
    response_schema: dict[Any, Any] | str | None = None
    max_reasks: int = Field(0, ge=0, le=10)
    media_sources: dict[str, str] = Field(default_factory=dict)
    mode: Literal["general", "segments"] | None = None
    segment_definitions: list[Any] | str | None = None
    segment_time_format: Literal["seconds", "hh:mm:ss", "hh:mm:ss.fff"] | None = None
    min_segment_duration: float | None = None
    max_segment_duration: float | None = None


class ManifestSettings(Section):
    """Where the videos come from: a folder, .csv, .jsonl, a text list, or `-` for a list on stdin."""

    source: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = (
        ".mp4",
        ".mov",
        ".mkv",
        ".webm",
        ".avi",
        ".m4v",
        ".mpg",
        ".mpeg",
        ".ts",
        ".mts",
        ".wmv",
        ".flv",
    )


class OutputSettings(Section):
    """The folder that holds the ledger and every sink."""

    dir: Path = Path("out")


class RunSettings(Section):
    """How much at once, and when to give up.

    `workers` videos are in flight at once, most of them waiting for the platform. After `max_same_failures` failures
    in a row with one and the same cause, and no success between, the run ends: the fault is not in the videos.
    `delivery` is how a question is asked: `task` is one asynchronous analysis for each video, `sync` one request that
    is held open until it is answered, `batch` the platform's batches, for which more than `workers` videos are in
    flight. `auto` is `batch` for many rows, `task` for few and for what cannot go by batch.

    `order` is that of the manifest, or by size as far as it is known from `order_window` rows that are read ahead:
    `smallest` files first, or `mixed`: large files (above the mean of those seen) and others by turns. Then a quarter
    of the videos in flight is kept from large files, and of `upload.files` a quarter for either kind.

    At `until`, a time of day such as 06:00 or a date and time, nothing further is uploaded or asked. What the platform
    is at work on is collected for `drain_s` more, like after a signal; what is not done by then stays with the
    platform, and the next run collects it. Of delivery `sync` that is lost, so give it a longer `drain_s`.
    """

    delivery: Literal["task", "sync", "batch", "auto"] = "task"
    order: Literal["manifest", "smallest", "mixed"] = "manifest"
    order_window: int = Field(5000, ge=1, le=1_000_000)
    until: datetime | None = None

    workers: int = Field(32, ge=1, le=10_000)
    hashing_threads: int = Field(2, ge=1, le=64)
    drain_s: float = Field(20, ge=0)
    max_same_failures: int = Field(50, ge=1)
    max_resubmissions: int = Field(3, ge=1)
    plain_interval_s: float = Field(60, gt=0)

    @field_validator("until", mode="before")
    @classmethod
    def _is_moment(cls, until: object) -> datetime | None:
        return None if until is None else moment_of(until)


class UploadSettings(Section):
    """Direct upload takes files up to `direct_max_bytes` (the platform's own bound is 200 MB), sessions the rest.

    An image of at most `inline_image_bytes` travels inside every question that needs it, a larger one is uploaded once.
    A video file of at most `inline_max_bytes` travels inside its question instead of being uploaded (the platform takes
    30 MB); then nothing of it is kept there, and each of `run.workers` may hold one in memory. A row that is a URL
    becomes an `asset`, which is reused, or is handed over `direct` in every question.

    As many chunks are on their way at once as the link can use, found by trying: `chunks_first` at first, never fewer
    than `chunks_least` nor more than `chunks`, a small file counting as one; and at most `files` videos. A chunk of
    which no byte moves for `stall_s` is sent again, and fewer go at once.

    What is behind a URL is asked for within `head_timeout_s`, what a file's header says within `probe_timeout_s`; what
    takes longer is not known. Headers are read by `probe_processes`, null is one for each core.
    """

    url_sources: Literal["asset", "direct"] = "asset"
    inline_max_bytes: int = Field(0, ge=0, le=30_000_000)
    head_timeout_s: float = Field(10, gt=0)
    probe_timeout_s: float = Field(10, gt=0)
    probe_processes: int | None = Field(None, ge=1, le=256)
    direct_max_bytes: int = Field(100 * MIB, ge=0, le=200_000_000)
    max_bytes: int = Field(10 * 1000 * MIB, gt=0)
    inline_image_bytes: int = Field(64 * 1024, ge=0, le=20_000_000)
    files: int = Field(8, ge=1, le=256)
    chunks: int = Field(16, ge=1, le=256)
    chunks_first: int = Field(8, ge=1, le=256)
    chunks_least: int = Field(1, ge=1, le=256)
    read_bytes: int = Field(256 * 1024, ge=4096, le=16 * MIB)
    url_page: int = Field(50, ge=1, le=50)
    report_batch: int = Field(10, ge=1, le=50)
    stall_s: float = Field(60, gt=0)
    ready_timeout_s: float = Field(1800, gt=0)

    @field_validator("chunks_least")
    @classmethod
    def _is_no_more_than_the_most(cls, least: int, info: ValidationInfo) -> int:
        most = info.data.get("chunks", least)
        if least > most:
            raise ValueError(f"{least} is more than upload.chunks, which is {most}")
        return least


class MediaSettings(Section):
    """What the platform takes of a video (twelvelabs 1.3.6), as far as `pipeline plan` holds headers against it.

    A video lasts from `shortest_s` to `longest_s` (`sync.longest_s` with delivery sync). Its shorter side has from
    `min_side` to `max_short_side` pixels, its longer one up to `max_long_side` and `max_aspect` times the shorter.
    """

    shortest_s: float = Field(1, ge=0)
    longest_s: float = Field(4 * 3600, gt=0)
    min_side: int = Field(360, ge=1)
    max_short_side: int = Field(2160, ge=1)
    max_long_side: int = Field(5184, ge=1)
    max_aspect: float = Field(2.4, ge=1)


class PollingSettings(Section):
    """When to look at a task: first by experience, then exponentially later with full jitter, between bounds.

    A two-hour video takes about ten minutes (OBS of the official plug-in): five seconds a minute of video until
    learned better. From `list_from` tasks due at once, one list request (50 tasks) stands for many single ones.
    """

    first_look_s: float = Field(4, ge=0)
    per_video_minute_s: float = Field(5, ge=0)
    min_s: float = Field(2, gt=0)
    max_s: float = Field(60, gt=0)
    tick_s: float = Field(0.5, gt=0)
    list_from: int = Field(4, ge=2)
    asset_min_s: float = Field(1, gt=0)
    asset_max_s: float = Field(15, gt=0)
    give_up_s: float = Field(6 * 3600, gt=0)

    @classmethod
    def close_by(cls) -> "PollingSettings":
        """For the embedded platform, which is a function call away."""
        return cls(
            first_look_s=0.2, per_video_minute_s=0.5, min_s=0.2, max_s=5, tick_s=0.1, asset_min_s=0.1, asset_max_s=2
        )


class WebhookSettings(Section):
    """Listening for the platform's events, so that a task is looked at the moment it ends. Off without a `port`.

    The secret that events are signed with comes from TWELVE_LABS_WEBHOOK_SECRET or from `secret_file`; the embedded
    platform of a local run gets one made up. Events only hasten: without any, polling finds every answer.

    Attributes:
        port: 0 picks a free one.
        host: the address to listen on; behind a proxy that speaks https, loopback is enough.
    """

    port: int | None = Field(None, ge=0, le=65535)
    host: str = "127.0.0.1"
    secret_file: Path | None = None


class RetrySettings(Section):
    """Backoff of one request: full jitter below `base_s * 2^n`, at most `max_s`; a Retry-After of any length is obeyed.

    While the platform answers nobody, attempts do not count: it is waited for during `outage_s`, then the run pauses.
    """

    attempts: int = Field(8, ge=1, le=100)
    outage_s: float = Field(1800, gt=0)
    base_s: float = Field(0.5, gt=0)
    max_s: float = Field(30, gt=0)
    connect_timeout_s: float = Field(15, gt=0)
    response_timeout_s: float = Field(120, gt=0)


class LimitSettings(Section):
    """What the account may draw, in six dimensions; null is no limit. What is not set is as the `tier` has it.

    Minutes are of video, tokens of the answers. All of them are kept in windows that roll, a minute of them `minute_s`
    long, an hour `hour_s`, a day `day_s`, and `slack_s` longer, because a request is counted when it arrives. What was
    drawn is remembered in `shared_file`, by which several output folders of one account draw on the same limits; where
    none is named, in the output folder.

    The minutes of a whole life, `lifetime_minutes`, are kept only where they are set, or where `tier` is set to `free`:
    who has never said which plan it is must not be stopped by the end of another.

    How many submissions are on their way at once is found by trying, from `submissions_least` to `submissions`.

    A wait of more than `max_wait_s` pauses the run instead. Until answers have told better, one is thought to take
    `tokens_per_answer`.
    """

    tier: TierName | None = "free"
    analyze_per_minute: float | None = Field(None, gt=0)
    analyze_per_day: float | None = Field(None, gt=0)
    upload_per_minute: float | None = Field(None, gt=0)
    upload_per_day: float | None = Field(None, gt=0)
    video_minutes_per_hour: float | None = Field(None, gt=0)
    video_minutes_per_day: float | None = Field(None, gt=0)
    output_tokens_per_minute: float | None = Field(None, gt=0)
    output_tokens_per_day: float | None = Field(None, gt=0)
    lifetime_minutes: float | None = Field(None, gt=0)
    read_per_minute: float | None = Field(600, gt=0)
    minute_s: float = Field(60, gt=0)
    hour_s: float = Field(3600, gt=0)
    day_s: float = Field(24 * 3600, gt=0)
    slack_s: float = Field(0.5, ge=0)
    max_wait_s: float = Field(900, gt=0)
    tokens_per_answer: float = Field(600, ge=0)
    shared_file: Path | None = None
    connections: int = Field(64, ge=1, le=1000)
    submissions: int = Field(64, ge=1, le=1000)
    submissions_least: int = Field(1, ge=1, le=1000)

    @classmethod
    def unlimited(cls) -> "LimitSettings":
        """For the embedded platform, which has no account to protect."""
        return cls(tier=None, read_per_minute=None)

    @property
    def effective_lifetime_minutes(self) -> float | None:
        """The minutes of video in the account's life, as set or as the plan has them that was named."""
        if "lifetime_minutes" in self.model_fields_set:
            return self.lifetime_minutes
        return self.presumed_lifetime_minutes if "tier" in self.model_fields_set else None

    @property
    def presumed_lifetime_minutes(self) -> float | None:
        """What the plan has that was named, or that is presumed where none was."""
        return None if self.tier is None else TIERS[self.tier].lifetime_minutes

    def rate(self, name: RateName) -> float | None:
        """A limit as it was set, else as the tier has it."""
        return rate_of(self, name)


class SyncSettings(Section):
    """Of delivery `sync`: one request, held open until its answer is there.

    With `stream` the answer comes in pieces. The platform may stay silent for `patience_s` while it works, and takes
    videos of at most `longest_s`, whatever part of them is asked for (twelvelabs 1.3.6).
    """

    stream: bool = False
    patience_s: float = Field(1800, gt=0)
    longest_s: float = Field(3600, gt=0)


class BatchSettings(Section):
    """Of delivery `batch`: the platform's own batches, each of one model and one mode.

    At most `max_items` questions and `max_hours` of video in one, `max_active` batches at once (TwelveLabs API
    reference, July 2026). One leaves when it is full, or when no further video has joined for `gather_s`. It is looked
    at every `poll_min_s` to `poll_max_s`. One that may have been created although no answer came is looked for until it
    is `settle_s` old before it is sent again: the platform remembers no Idempotency-Key of batches.

    Delivery `auto` asks in batches from `auto_from` rows on, but of what lasts longer than `auto_longest_s` by task.
    """

    max_items: int = Field(1000, ge=1, le=1000)
    max_hours: float = Field(2000, gt=0)
    max_active: int = Field(5, ge=1)
    gather_s: float = Field(5, gt=0)
    poll_min_s: float = Field(5, gt=0)
    poll_max_s: float = Field(60, gt=0)
    settle_s: float = Field(60, ge=0)
    auto_from: int = Field(50, ge=1)
    auto_longest_s: float = Field(3600, gt=0)

    @property
    def jobs_in_flight(self) -> int:
        """How many jobs have to be under way for every active batch to be full while the next one gathers."""
        return self.max_items * (self.max_active + 1)

    @classmethod
    def close_by(cls) -> "BatchSettings":
        """For the embedded platform, which is a function call away and does not lose answers."""
        return cls(gather_s=0.5, poll_min_s=0.2, poll_max_s=2, settle_s=1)


class LogSettings(Section):
    """What goes to stderr; the run's log file has it all. `auto` is a console form on a terminal, else JSON lines."""

    level: Literal["debug", "info", "warning", "error"] = "warning"
    form: Literal["auto", "console", "json"] = "auto"
