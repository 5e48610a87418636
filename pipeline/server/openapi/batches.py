"""`/analyze/batches`."""

from datetime import datetime
from typing import Literal, NotRequired, get_args

from typing_extensions import TypedDict

from pipeline.config import ServerSettings
from pipeline.server.openapi.operation import Answer, Body, Operation, Parameter
from pipeline.server.openapi.pages import PageInfo, page_parameters
from pipeline.server.openapi.results import Count, Delivery, Remark, Result
from pipeline.server.schemas import AnalysisMode, CreateBatch
from pipeline.server.store.batches import BatchStatus


class CreatedItem(TypedDict):
    task_id: str
    custom_id: str | None


class CreatedBatch(TypedDict):
    """A batch and its tasks, in the order of the requests."""

    batch_id: str
    status: BatchStatus
    total_items: Count
    created_at: datetime
    expires_at: datetime
    items: list[CreatedItem]


class Batch(TypedDict):
    """A batch, and how many of its items are in each status. What has not ended has none of the three last times."""

    batch_id: str
    analysis_mode: AnalysisMode
    model_name: str
    status: BatchStatus
    total_items: Count
    queued_items: Count
    processing_items: Count
    ready_items: Count
    failed_items: Count
    canceled_items: Count
    created_at: datetime
    expires_at: datetime
    completed_at: NotRequired[datetime]
    canceled_at: NotRequired[datetime]
    expired_at: NotRequired[datetime]
    webhooks: NotRequired[list[Delivery]]


class BatchPage(TypedDict):
    data: list[Batch]
    page_info: PageInfo


class ItemResult(TypedDict):
    """One line of the results: `data` of a ready item, `error` of a failed one."""

    task_id: str
    custom_id: str | None
    status: Literal["queued", "processing", "ready", "failed", "canceled"]
    data: NotRequired[Result]
    error: NotRequired[Remark]


FILTERS = (
    Parameter(
        "status", "Only batches with one of these.", {"type": "array", "items": {"enum": [*get_args(BatchStatus)]}}
    ),
    Parameter(
        "analysis_mode",
        "Only batches of one of these.",
        {"type": "array", "items": {"enum": [*get_args(AnalysisMode)]}},
    ),
)


def operations(settings: ServerSettings) -> tuple[Operation, ...]:
    """What there is below `/analyze/batches`."""
    return (
        Operation(
            "analyze_async.batches.create",
            "post",
            "/analyze/batches",
            "Have many videos analysed. All requests are taken, or none.",
            (Answer(201, "The batch and its tasks.", CreatedBatch),),
            refusals=(404, 409, 422, 504),
            body=Body(CreateBatch),
        ),
        Operation(
            "analyze_async.batches.list",
            "get",
            "/analyze/batches",
            "List batches, newest first.",
            (Answer(200, "One page.", BatchPage),),
            refusals=(400,),
            parameters=(*page_parameters(settings), *FILTERS),
        ),
        Operation(
            "analyze_async.batches.retrieve",
            "get",
            "/analyze/batches/{batch_id}",
            "Tell of one batch.",
            (Answer(200, "The batch.", Batch),),
            refusals=(404,),
        ),
        Operation(
            "analyze_async.batches.results",
            "get",
            "/analyze/batches/{batch_id}/results",
            "What there is of each item by now, one line each, in no promised order.",
            (Answer(200, "The lines.", ItemResult, "application/jsonl"),),
            refusals=(404,),
        ),
        Operation(
            "analyze_async.batches.cancel",
            "post",
            "/analyze/batches/{batch_id}/cancel",
            "Let the items that have not begun be canceled.",
            (Answer(202, "The batch.", Batch),),
            refusals=(404, 409),
        ),
        Operation(
            "analyze_async.batches.delete",
            "delete",
            "/analyze/batches/{batch_id}",
            "Forget a batch that has ended, and its tasks.",
            (Answer(200, "Gone."),),
            refusals=(404, 409),
        ),
    )
