"""Batches: TwelveLabs API reference of July 2026 and twelvelabs 1.3.6."""

from typing import Annotated, Literal

import orjson
from pydantic import Field, StringConstraints

from pipeline.server.clock import stamp
from pipeline.server.schemas.asks import MIN_SEGMENT_S, AnalysisMode, Ask, CustomId, PromptV2, ResponseFormat, Seconds
from pipeline.server.schemas.reading import Body
from pipeline.server.store.batches import Batch
from pipeline.server.store.tasks import Task

AssetId = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{24}$")]
SegmentSeconds = Annotated[float, Field(ge=MIN_SEGMENT_S, allow_inf_nan=False)]

# a task waits in two statuses, an item of a batch in one
ITEM_STATUS = {"pending": "queued"}


class BatchVideo(Body):
    type: Literal["asset_id"]
    asset_id: AssetId


class BatchDefaults(Body):
    """What can be said for all items at once, and again for each; a prompt or a format is replaced as a whole."""

    prompt: PromptV2 | None = None
    response_format: ResponseFormat | None = None
    temperature: float | None = Field(None, ge=0, le=1)
    max_tokens: int | None = None
    min_segment_duration: SegmentSeconds | None = None
    max_segment_duration: SegmentSeconds | None = None
    start_time: Seconds | None = None
    end_time: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class BatchItem(BatchDefaults):
    video: BatchVideo
    custom_id: CustomId | None = None


class CreateBatch(Body):
    """The body of `POST /analyze/batches`."""

    model_name: str
    analysis_mode: AnalysisMode
    defaults: BatchDefaults = BatchDefaults()
    requests: list[BatchItem] = Field(min_length=1)

    def ask(self, item: BatchItem) -> Ask:
        """What an item asks, in the words of a task."""
        wanted = {
            name: own if (own := getattr(item, name)) is not None else getattr(self.defaults, name)
            for name in BatchDefaults.model_fields
        }
        wanted["prompt_v2"] = wanted.pop("prompt")
        return Ask(model_name=self.model_name, analysis_mode=self.analysis_mode, **wanted)


def batch_created(batch: Batch, items: list[tuple[str, str | None]]) -> dict[str, object]:
    """`CreateAnalyzeBatchResponse`; an item is its task's id and its custom_id."""
    return {
        "batch_id": batch.id,
        "status": batch.status,
        "total_items": batch.total_items,
        "created_at": stamp(batch.created_at),
        "expires_at": stamp(batch.expires_at),
        "items": [{"task_id": task_id, "custom_id": custom_id} for task_id, custom_id in items],
    }


def batch_detail(batch: Batch, webhooks: list[dict[str, object]]) -> dict[str, object]:
    """`AnalyzeBatchStatusResponse`; `webhooks` are shown from the first attempt on."""
    body: dict[str, object] = {
        "batch_id": batch.id,
        "analysis_mode": batch.analysis_mode,
        "model_name": batch.model,
        "status": batch.status,
        "total_items": batch.total_items,
        "created_at": stamp(batch.created_at),
        "expires_at": stamp(batch.expires_at),
    }
    if batch.ended_at is not None:
        body[f"{batch.status}_at"] = stamp(batch.ended_at)
    body |= batch_counts(batch)
    if any(webhook["attempts"] for webhook in webhooks):
        body["webhooks"] = webhooks
    return body


def batch_counts(batch: Batch) -> dict[str, int]:
    """How many items are in each status."""
    return {
        "queued_items": batch.queued,
        "processing_items": batch.processing,
        "ready_items": batch.ready,
        "failed_items": batch.failed,
        "canceled_items": batch.canceled,
    }


def batch_result(task: Task) -> dict[str, object]:
    """`BatchResultItem`: `data` only of a ready item, `error` only of a failed one."""
    line: dict[str, object] = {
        "task_id": task.id,
        "custom_id": task.custom_id,
        "status": ITEM_STATUS.get(task.status, task.status),
    }
    if task.status == "ready" and task.result is not None:
        line["data"] = orjson.Fragment(task.result)
    if task.status == "failed" and task.error is not None:
        line["error"] = orjson.Fragment(task.error)
    return line
