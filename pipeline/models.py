"""What travels through the house: frozen values, no I/O.

Times are seconds (`_s`), sizes bytes, timestamps aware UTC datetimes, hashes lower-case hex.
"""

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

Outcome = Literal["ready", "truncated", "incomplete"]
TaskStatus = Literal["queued", "pending", "processing", "ready", "failed", "canceled"]
AnalysisMode = Literal["general", "time_based_metadata"]
MaxTokens = int | Literal["unlimited"]
Delivery = Literal["task", "sync", "batch"]
BatchStatus = Literal["pending", "processing", "canceling", "canceled", "completed", "expired"]
AssetStatus = Literal["processing", "ready", "failed"]
# Why a file's header says nothing of use: no media, media without moving pictures, or no answer in time.
Flaw = Literal["unreadable", "no_video", "timeout"]


def shown(path: str) -> str:
    r"""A path as valid text: bytes that are not UTF-8 appear as `\xff`, so that logs and JSON can carry every name."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class Overrides:
    """What one manifest row asks differently from the configured recipe; None means as configured.

    Attributes:
        recipe: further settings of the section `recipe`, as JSON text.
        base: the absolute folder that relative paths in them are relative to.
    """

    prompt: str | None = None
    start_time_s: float | None = None
    end_time_s: float | None = None
    recipe: str | None = None
    base: str = ""


@dataclass(frozen=True, slots=True)
class PictureSource:
    """A still image as somebody names it.

    Attributes:
        name: how a prompt refers to it, as `<@name>`.
        source: the absolute path as valid text, or the URL as given.
        path: the absolute path as the operating system spells it; None for a URL.
    """

    name: str
    source: str
    path: str | None


@dataclass(frozen=True, slots=True)
class Video:
    """One manifest row.

    Attributes:
        source: the name every output uses: the absolute path as valid text (see `shown`), or the URL as given.
        path: the absolute path as the operating system spells it (surrogate escapes for non-UTF-8 bytes); None for a
        URL.
        id: the row's own `id` column, if it has one.
        metadata: every further column of the row; travels into the result untouched.
        overrides: what this row asks differently.
        images: what is analysed in place of a video; such a row has no path, and its `source` is that of its one image,
        or `name=source` of each where there are several.
    """

    source: str
    path: str | None
    id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    overrides: Overrides = Overrides()
    images: tuple[PictureSource, ...] = ()


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What tells whether a file is still the one that was read: size in bytes and modification time in nanoseconds."""

    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Header:
    """What a media file says of itself; None where it does not.

    Attributes:
        start_s: where it begins on its own clock, which is what clip windows are told by.
        flaw: why there is no more to know.
    """

    start_s: float = 0.0
    duration_s: float | None = None
    width: int | None = None
    height: int | None = None
    flaw: Flaw | None = None


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a picture of this content was found.

    Attributes:
        content: `blake3:<hex>`.
        path: as the operating system spells it.
        stamp: of the file when it was read.
    """

    content: str
    path: str
    stamp: FileStamp


@dataclass(frozen=True, slots=True)
class Picture:
    """A still image that belongs to a question.

    Attributes:
        name: how the prompt refers to it, as `<@name>`.
        content: the content identity, `blake3:<hex>` of a file or `url:<url>`.
    """

    name: str
    content: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is asked of a video, and of which platform. Equal recipes have equal `id`s.

    What has a form of its own is JSON text in one fixed spelling, so that recipes stay values. Images stand in it as
    `{"name", "content"}`: where a file lies is no part of what is asked.

    Attributes:
        prompt: None where the mode takes none.
        mode: which file of `modes` builds the request and reads the answer.
        max_tokens: of the answer; `unlimited` where model and mode know that.
        json_schema: the form that the answer is to have, within the platform's subset; None is free text. The order of
            its properties is the order in the answer, so it is part of what is asked.
        media_sources: a list of the reference images that the prompt speaks of.
        images: a list of the images that are analysed in place of a video.
        segment_definitions: the platform's list of them.
        segment_time_format: how the platform writes boundaries.
        min_segment_s, max_segment_s: bounds of a segment's length.
        whereabouts: where the files of its images lie, as far as this process has read them. No part of what is asked,
        nor of equality: the ledger keeps it apart.
    """

    scope: str
    model: str
    prompt: str | None = None
    mode: str = "general"
    temperature: float | None = None
    max_tokens: MaxTokens | None = None
    start_time_s: float | None = None
    end_time_s: float | None = None
    json_schema: str | None = None
    media_sources: str | None = None
    images: str | None = None
    segment_definitions: str | None = None
    segment_time_format: str | None = None
    min_segment_s: float | None = None
    max_segment_s: float | None = None
    whereabouts: tuple[Whereabouts, ...] = field(default=(), compare=False, repr=False)

    def canonical(self) -> str:
        """Sorted JSON without unset members, so that a member added later leaves old hashes alone."""
        return _canonical(self)

    @property
    def has_form(self) -> bool:
        """Whether an answer may miss the form that was asked for."""
        return self.json_schema is not None or self.segment_definitions is not None

    @property
    def definitions(self) -> int:
        """How many times the minutes of a video are charged for: once for each segment definition, else once."""
        return 1 if self.segment_definitions is None else _count(self.segment_definitions)

    def window_s(self, duration_s: float | None) -> float | None:
        """Seconds of a video of this duration that are analysed; None where neither it nor the window's end is
        known.
        """
        end_s = self.end_time_s if duration_s is None else min(self.end_time_s or duration_s, duration_s)
        return None if end_s is None else max(end_s - (self.start_time_s or 0), 0)

    @property
    def id(self) -> str:
        """The first 16 hex digits of the SHA-256 of the canonical form."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()[:16]

    def key(self, identity: str) -> str:
        """The job key of this recipe on one content identity: 64 hex digits, fit for the platform's `custom_id`."""
        return hashlib.sha256(f"{identity}\n{self.canonical()}".encode()).hexdigest()


@lru_cache(maxsize=64)
def _count(listed: str) -> int:
    return len(json.loads(listed))


@lru_cache(maxsize=64)  # asked for several times a video, and a whole archive shares one recipe: 0.1 ms a video
def _canonical(recipe: Recipe) -> str:
    facts = {name: getattr(recipe, name) for name in recipe.__slots__ if name != "whereabouts"}
    return json.dumps({k: v for k, v in facts.items() if v is not None}, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class AnalysisRequest:
    """What is asked, as the platform takes it; None stays unsaid. What it is asked of stands apart, in `Medium`.

    Attributes:
        media_sources: reference images of the prompt.
        images: what is analysed in place of a video.
        temperature: 0 to 1; None is the platform's default.
        max_tokens: of the answer; None is the platform's default.
        start_time_s: where the window begins, in seconds on the file's own clock; None is the beginning.
        end_time_s: where it ends; None is the end.
        response_format: the form of the answer, as the platform's JSON text, images in it as `{"name", "content"}`.
        min_segment_s, max_segment_s: bounds of a segment's length.
    """

    model: str
    prompt: str | None = None
    analysis_mode: AnalysisMode = "general"
    media_sources: tuple[Picture, ...] = ()
    images: tuple[Picture, ...] = ()
    temperature: float | None = None
    max_tokens: MaxTokens | None = None
    start_time_s: float | None = None
    end_time_s: float | None = None
    response_format: str | None = None
    min_segment_s: float | None = None
    max_segment_s: float | None = None


@dataclass(frozen=True, slots=True)
class Medium:
    """What a question is asked of, where that is a video; exactly one of these, or none where it is asked of images.

    Attributes:
        asset_id: a ready asset.
        url: a media file that the platform fetches for this one question.
        base64: a small file's content.
    """

    asset_id: str | None = None
    url: str | None = None
    base64: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """Which content a video is.

    Attributes:
        content: `blake3:<hex>` for a file, `url:<url>` for a URL.
        stamp: size and modification time at the moment of hashing; None for a URL.
    """

    content: str
    stamp: FileStamp | None

    @classmethod
    def unread(cls, source: str) -> "Identity":
        """Of a file that cannot be read: reading it one day gives it another."""
        return cls(f"unread:{source}", None)

    @property
    def is_read(self) -> bool:
        """Whether the content is known."""
        return not self.content.startswith("unread:")


@dataclass(frozen=True, slots=True)
class Asset:
    """The media as the platform holds it."""

    id: str
    status: AssetStatus
    duration_s: float | None = None
    error: str | None = None
    user_metadata: Mapping[str, Any] = field(default_factory=dict)
    error_code: str | None = None


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """What has to be kept of an upload session to go on with it in another process.

    Attributes:
        asset_id: reserved for the content when the session was opened.
        chunk_bytes: the length of every chunk but the last.
        headers: what the platform wants sent with every chunk.
    """

    upload_id: str
    asset_id: str
    chunk_bytes: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Chunk:
    """One part of a multipart upload: 1-based index, where it starts in the file, and its length in bytes."""

    index: int
    offset: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Task:
    """The platform's asynchronous analysis, as last seen.

    Attributes:
        raw: the platform's own JSON text of the answer, exactly as received; kept before anything is parsed out of it.
    """

    id: str
    status: TaskStatus
    custom_id: str | None = None
    asset_id: str | None = None
    url: str | None = None
    created_at: datetime | None = None
    completed_at: datetime | None = None
    error_code: str | None = None
    error_message: str | None = None
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """One find of a segment definition; what was to be told of it is in `metadata`."""

    definition: str
    start_s: float
    end_s: float
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """The platform's grouping of tasks, as last seen.

    Attributes:
        done_items: those that are ready, failed or canceled.
        task_ids: the task of each `custom_id`, where that was told.
    """

    id: str
    status: BatchStatus
    total_items: int
    done_items: int = 0
    created_at: datetime | None = None
    task_ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is going to change any more."""
        return self.status in {"canceled", "completed", "expired"}


@dataclass(frozen=True, slots=True)
class Result:
    """What one analysis said, read from the raw answer.

    Attributes:
        text: the platform's answer unchanged.
        data: the same, parsed, where a schema was asked for and it is JSON.
        segments: the same, where segments were asked for: all that can be read.
        valid: whether the answer keeps to the schema or the definitions; None where none were asked for.
        validation_error: why not, with the place in the answer.
    """

    generation_id: str | None
    text: str
    finish_reason: str | None
    outcome: Outcome
    warning: str | None
    input_tokens: int | None
    output_tokens: int
    duration_s: float | None
    created_at: datetime | None
    completed_at: datetime | None
    data: Any = None
    segments: tuple[Segment, ...] | None = None
    valid: bool | None = None
    validation_error: str | None = None


@dataclass(frozen=True, slots=True)
class Draw:
    """What one request takes of an account: itself, minutes of video, tokens of the answer (an estimate at first)."""

    requests: float = 1
    minutes: float = 0
    tokens: float = 0


NOT_YET = math.inf


@dataclass(frozen=True, slots=True)
class Drawn:
    """A draw that was made: when, in epoch seconds, and for which job; `NOT_YET` until its request leaves."""

    at: float
    draw: Draw
    key: str = ""
