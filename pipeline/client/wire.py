"""The platform's answers as values of the house.

Only the envelope is read; what an analysis says stays the platform's own text. Unknown members are ignored and an
unknown status counts as still under way, so that a platform that grows does not break a run. Shapes: TwelveLabs API
reference, July 2026, and twelvelabs 1.3.6.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from pipeline.client.calls import Answer
from pipeline.client.refusals import Reason, loads, platform_now, snippet
from pipeline.errors import UnexpectedResponse
from pipeline.models import Asset, AssetStatus, Batch, BatchStatus, Task, TaskStatus

# The most entries the platform gives a page, URLs it makes, and chunks it takes in one report.
PAGE = 50
FILENAME_MAX = 255
# How long chunk URLs live where the platform does not say it with each.
URL_LIFE_S = 3600.0

ASSET_STATUSES: tuple[AssetStatus, ...] = get_args(AssetStatus)
TASK_STATUSES: tuple[TaskStatus, ...] = get_args(TaskStatus)
BATCH_STATUSES: tuple[BatchStatus, ...] = get_args(BatchStatus)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Moment = Annotated[datetime, AfterValidator(_aware)]


class Shape(BaseModel):
    """Part of an answer; members it does not name are ignored."""

    model_config = ConfigDict(defer_build=True, extra="ignore")


class ProblemShape(Shape):
    code: str | None = None
    message: Reason | None = None


class AssetShape(Shape):
    id: str = Field(alias="_id")
    status: str = "processing"
    duration: float | None = None
    error: ProblemShape | str | None = None
    user_metadata: dict[str, Any] | None = None

    def value(self) -> Asset:
        problem = self.error if isinstance(self.error, ProblemShape) else ProblemShape(message=self.error)
        return Asset(
            id=self.id,
            status=next((known for known in ASSET_STATUSES if known == self.status), "processing"),
            duration_s=self.duration,
            error=problem.message,
            user_metadata=self.user_metadata or {},
            error_code=problem.code,
        )


class AssetPage(Shape):
    data: list[AssetShape]


class UrlShape(Shape):
    chunk_index: int
    url: str = Field(pattern=r"^https?://")
    expires_at: Moment | None = None


class SessionShape(Shape):
    upload_id: str
    asset_id: str
    chunk_size: int = Field(gt=0)
    total_chunks: int = Field(ge=0)
    upload_urls: list[UrlShape] = Field(default_factory=list)
    upload_headers: dict[str, str] | None = None


class UrlsShape(Shape):
    upload_urls: list[UrlShape]


class ReportShape(Shape):
    total_completed: int


class ChunkShape(Shape):
    index: int
    status: str


class UploadStatusShape(Shape):
    status: str
    uploaded_chunks: list[ChunkShape] = Field(default_factory=list)
    total_size: int | None = None


class CreatedTaskShape(Shape):
    task_id: str
    status: str = "pending"


class VideoSourceShape(Shape):
    asset_id: str | None = None
    url: str | None = None


class TaskShape(CreatedTaskShape):
    custom_id: str | None = None
    video_source: VideoSourceShape | None = None
    created_at: Moment | None = None
    completed_at: Moment | None = None
    error: ProblemShape | str | None = None

    def value(self, raw: str) -> Task:
        problem = self.error if isinstance(self.error, ProblemShape) else ProblemShape(message=self.error)
        return Task(
            id=self.task_id,
            status=task_status(self.status),
            custom_id=self.custom_id,
            asset_id=self.video_source.asset_id if self.video_source else None,
            url=self.video_source.url if self.video_source else None,
            created_at=self.created_at,
            completed_at=self.completed_at,
            error_code=problem.code,
            error_message=problem.message,
            raw=raw,
        )


class TaskPage(Shape):
    data: list[TaskShape]


class BatchItemShape(Shape):
    task_id: str
    custom_id: str | None = None


class BatchShape(Shape):
    batch_id: str
    status: str = "pending"
    total_items: int = 0
    ready_items: int = 0
    failed_items: int = 0
    canceled_items: int = 0
    created_at: Moment | None = None
    items: list[BatchItemShape] = Field(default_factory=list)

    def value(self) -> Batch:
        return Batch(
            id=self.batch_id,
            status=next((known for known in BATCH_STATUSES if known == self.status), "processing"),
            total_items=self.total_items,
            done_items=self.ready_items + self.failed_items + self.canceled_items,
            created_at=self.created_at,
            task_ids={item.custom_id: item.task_id for item in self.items if item.custom_id is not None},
        )


class BatchPage(Shape):
    data: list[BatchShape]


class BatchLineShape(BatchItemShape):
    status: str
    error: ProblemShape | str | None = None

    def value(self, raw: str) -> Task:
        problem = self.error if isinstance(self.error, ProblemShape) else ProblemShape(message=self.error)
        return Task(
            id=self.task_id,
            status=task_status(self.status),
            custom_id=self.custom_id,
            error_code=problem.code,
            error_message=problem.message,
            raw=raw,
        )


S = TypeVar("S", bound=Shape)


@dataclass(frozen=True, slots=True)
class ChunkUrl:
    """Where one chunk goes, and how many seconds that URL lives from its receipt."""

    index: int
    url: str = field(repr=False)
    life_s: float


def parse(shape: type[S], answer: Answer, doing: str) -> S:
    """Read an answer; raises UnexpectedResponse, with its beginning, where it does not have the shape."""
    try:
        return shape.model_validate(loads(answer.body))
    except (ValueError, RecursionError) as error:
        raise UnexpectedResponse(
            f"{doing}: the platform's answer cannot be read ({_why(error)}): {snippet(answer.body)!r}",
            status=answer.status,
        ) from error


def _why(error: ValueError | RecursionError) -> str:
    if not isinstance(error, ValidationError):
        return f"not JSON: {error}"
    problem = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, problem['loc'])) or 'the body'}: {problem['msg']}"


def task_status(status: str) -> TaskStatus:
    """A status as the platform words it; one that is not known yet is taken for work in progress."""
    return next((known for known in TASK_STATUSES if known == status), "processing")


def chunk_urls(shapes: list[UrlShape], headers: Mapping[str, str]) -> list[ChunkUrl]:
    """URLs with their lives by the platform's clock, so that a wrong clock here expires none of them."""
    now = platform_now(headers)
    return [
        ChunkUrl(
            shape.chunk_index, shape.url, (shape.expires_at - now).total_seconds() if shape.expires_at else URL_LIFE_S
        )
        for shape in shapes
    ]


def filename(name: str) -> str:
    """A name the platform takes: at most 255 characters, shortened in the middle so that the suffix stays."""
    if len(name) <= FILENAME_MAX:
        return name
    return name[:200] + "…" + name[-(FILENAME_MAX - 201) :]
