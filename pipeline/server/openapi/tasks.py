"""`/analyze/tasks`."""

from datetime import datetime
from typing import Literal, NotRequired, get_args

from typing_extensions import TypedDict

from pipeline.config import ServerSettings
from pipeline.server.openapi.operation import Answer, Body, Operation, Parameter
from pipeline.server.openapi.pages import PageInfo, page_parameters
from pipeline.server.openapi.results import Delivery, Length, Remark, Result
from pipeline.server.schemas import AnalysisMode, CreateTask, MediaSource, PromptV2, ResponseFormat
from pipeline.server.store.tasks import TaskStatus


class CreatedTask(TypedDict):
    task_id: str
    status: TaskStatus


class CanceledTask(TypedDict):
    task_id: str
    status: Literal["canceled"]


class VideoFacts(TypedDict):
    """`duration` is seconds."""

    duration: Length


class VideoSource(TypedDict):
    type: Literal["asset_id", "url", "base64_string"]
    asset_id: NotRequired[str]
    url: NotRequired[str]
    system_metadata: NotRequired[VideoFacts]


class RequestParams(TypedDict):
    """What was asked, as it was asked. A list cuts prompts short, and shows no JSON schema and one definition."""

    analysis_mode: AnalysisMode
    prompt: NotRequired[str]
    prompt_v2: NotRequired[PromptV2]
    image: NotRequired[list[MediaSource]]
    response_format: NotRequired[ResponseFormat]
    temperature: NotRequired[float]
    max_tokens: NotRequired[int | Literal["unlimited"]]
    min_segment_duration: NotRequired[float]
    max_segment_duration: NotRequired[float]
    start_time: NotRequired[float]
    end_time: NotRequired[float]


class Task(TypedDict):
    """A task; `result` is there once it is ready, `completed_at` once it has ended."""

    task_id: str
    custom_id: str | None
    batch_id: NotRequired[str]
    video_source: NotRequired[VideoSource]
    request_params: RequestParams
    status: TaskStatus
    created_at: datetime
    completed_at: NotRequired[datetime]
    result: NotRequired[Result]
    error: NotRequired[Remark]
    webhooks: NotRequired[list[Delivery]]


class TaskPage(TypedDict):
    data: list[Task]
    page_info: PageInfo


IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    "The same key with the same request gets the task that the first one made.",
    {"type": "string", "minLength": 1, "maxLength": 255},
    where="header",
)
FILTERS = (
    Parameter("status", "Only tasks with this status.", {"enum": list(get_args(TaskStatus))}),
    Parameter("video_url", "Only tasks of exactly this URL.", {"type": "string"}),
    Parameter("asset_id", "Only tasks of this asset.", {"type": "string"}),
    Parameter("analysis_mode", "Only tasks of this mode.", {"enum": list(get_args(AnalysisMode))}),
)


def operations(settings: ServerSettings) -> tuple[Operation, ...]:
    """What there is below `/analyze/tasks`."""
    return (
        Operation(
            "analyze_async.tasks.create",
            "post",
            "/analyze/tasks",
            "Have a video analysed.",
            (Answer(202, "The task is queued.", CreatedTask),),
            refusals=(409, 422),
            parameters=(IDEMPOTENCY_KEY,),
            body=Body(CreateTask),
        ),
        Operation(
            "analyze_async.tasks.list",
            "get",
            "/analyze/tasks",
            "List tasks, newest first.",
            (Answer(200, "One page.", TaskPage),),
            refusals=(400,),
            parameters=(*page_parameters(settings), *FILTERS),
        ),
        Operation(
            "analyze_async.tasks.retrieve",
            "get",
            "/analyze/tasks/{task_id}",
            "Tell of one task.",
            (Answer(200, "The task.", Task),),
            refusals=(404,),
        ),
        Operation(
            "analyze_async.tasks.delete",
            "delete",
            "/analyze/tasks/{task_id}",
            "Forget a task that is not being processed.",
            (Answer(200, "Gone."),),
            refusals=(404, 409),
        ),
        Operation(
            "analyze_async.tasks.cancel",
            "post",
            "/analyze/tasks/{task_id}/cancel",
            "Let a task that has not ended, and belongs to no batch, be canceled.",
            (Answer(200, "It is canceled, now or before.", CanceledTask),),
            refusals=(400, 404, 409),
        ),
    )
