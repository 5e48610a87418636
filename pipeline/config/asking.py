"""The sections of what is asked: whom, what, of which videos, in which way."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from pipeline.config.moments import moment_of
from pipeline.config.section import Section

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
