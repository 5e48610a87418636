"""The sections of what travels between here and the platform: how fast, how much at once, how often again."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from pipeline.config.section import MIB, Section
from pipeline.config.tiers import TIERS, RateName, TierName, rate_of


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
