"""Tasks as answers show them."""

from collections.abc import Sequence
from typing import Any

import orjson

from pipeline.server.clock import stamp
from pipeline.server.store.tasks import Task

LISTED_PROMPT_CHARACTERS = 30


def task_detail(task: Task, webhooks: Sequence[dict[str, object]] = ()) -> dict[str, object]:
    """`AnalyzeTaskResponse`; `webhooks` tells how each delivery went."""
    return _shown(task, _request_params(task), webhooks)


def task_listed(task: Task, webhooks: Sequence[dict[str, object]] = (), *, with_result: bool) -> dict[str, object]:
    """The same in a list, which shows less of what was asked."""
    body = _shown(task, _shortened(_request_params(task)), webhooks)
    if not with_result:
        body.pop("result", None)
    return body


def _shown(task: Task, request_params: dict[str, Any], webhooks: Sequence[dict[str, object]]) -> dict[str, object]:
    body: dict[str, object] = {"task_id": task.id, "custom_id": task.custom_id}
    if task.batch_id is not None:
        body["batch_id"] = task.batch_id
    if task.source is not None:
        body["video_source"] = video_source(task)
    body |= {"request_params": request_params, "status": task.status, "created_at": stamp(task.created_at)}
    if task.completed_at is not None:
        body["completed_at"] = stamp(task.completed_at)
    if task.result is not None:
        body["result"] = orjson.Fragment(task.result)
    if task.error is not None:
        body["error"] = orjson.Fragment(task.error)
    if webhooks:
        body["webhooks"] = webhooks
    return body


def video_source(task: Task) -> dict[str, object]:
    """Where a task's video is, for a task that has one."""
    source: dict[str, object] = {"type": task.source}
    if task.asset_id is not None:
        source["asset_id"] = task.asset_id
    if task.video_url is not None:
        source["url"] = task.video_url
    if task.duration is not None:
        source["system_metadata"] = {"duration": task.duration}
    return source


def _request_params(task: Task) -> dict[str, Any]:
    params: dict[str, Any] = orjson.loads(task.request)
    # the platform does not tell the model
    params.pop("model_name", None)
    if "image" in params:
        params["image"] = [{"media_type": "image", **image} for image in params["image"]]
    return params


def _shortened(params: dict[str, Any]) -> dict[str, Any]:
    if "prompt" in params:
        params["prompt"] = params["prompt"][:LISTED_PROMPT_CHARACTERS]
    if "prompt_v2" in params:
        params["prompt_v2"]["input_text"] = params["prompt_v2"]["input_text"][:LISTED_PROMPT_CHARACTERS]
    form = params.get("response_format", {})
    form.pop("json_schema", None)
    if "segment_definitions" in form:
        form["segment_definitions"] = form["segment_definitions"][:1]
    return params
