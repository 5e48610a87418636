"""The official `twelvelabs` package asks everything that can be asked of one video, by both of its clients."""

import base64
import json
from typing import Any

import anyio
import pytest
from twelvelabs import (
    AnalyzeImageInput,
    AnalyzePromptV2,
    AnalyzeTimeRange,
    AsyncResponseFormat,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    SegmentDefinition,
    SegmentField,
    SegmentFieldItems,
    SmeMediaSource,
    SyncResponseFormat,
    TimeArrayItemField,
    TooManyRequestsError,
    VideoContext_AssetId,
    VideoContext_Base64String,
    VideoContext_Url,
)
from twelvelabs.core.api_error import ApiError

from pipeline.server.faults import Fault
from tests.contract.stills import inline, still

pytestmark = pytest.mark.anyio

TASKS = "analyze_async.tasks"
SCHEMA = {"type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"]}


@pytest.fixture(scope="module")
async def film(api, video):
    return VideoContext_AssetId(asset_id=await api.ready_asset(video))


async def until_ended(sdk: Any, task_id: str) -> Any:
    with anyio.fail_after(30):
        while True:
            found = await sdk(f"{TASKS}.retrieve", task_id)
            if found.status in {"ready", "failed", "canceled"}:
                return found
            await anyio.sleep(0.05)


async def done(sdk: Any, **asked: Any) -> Any:
    created = await sdk(f"{TASKS}.create", **asked)
    task = await until_ended(sdk, created.task_id)
    assert task.status == "ready", task
    return task


async def test_analyze_answers_at_once(sdk, film):
    """client.analyze gives the text, the reason and the usage of a general analysis."""
    found = await sdk("analyze", video=film, prompt="What is this?", max_tokens=600, start_time=0, end_time=1.5)
    assert (found.finish_reason, found.error, "2.00 seconds" in found.data) == ("stop", None, True)
    assert (bool(found.id), found.usage.output_tokens > 0, found.usage.input_tokens > 0) == (True, True, True)


async def test_analyze_stream_gives_events(sdk, film):
    """client.analyze_stream yields a start, text in pieces that add up, and an end."""
    whole = await sdk("analyze", video=film, prompt="What is this?")
    start, *pieces, end = await sdk("analyze_stream", video=film, prompt="What is this?")
    assert (start.event_type, end.event_type, end.finish_reason) == ("stream_start", "stream_end", "stop")
    assert "".join(piece.text for piece in pieces) == whole.data
    assert end.metadata.generation_id == start.metadata.generation_id
    assert end.metadata.usage.output_tokens == whole.usage.output_tokens


async def test_analyze_takes_images_and_schemas(sdk):
    """client.analyze asks about images alone, and for an answer of a given form."""
    found = await sdk(
        "analyze",
        model_name="pegasus1.6",
        image=[AnalyzeImageInput(name="one", base_64_string=inline(still()))],
        prompt="Which colour has <@one>?",
        response_format=SyncResponseFormat(type="json_schema", json_schema=SCHEMA),
    )
    assert list(json.loads(found.data)) == ["colour"]


async def test_analyze_takes_a_video_sent_along(sdk, video):
    """client.analyze takes a video inside the request."""
    film = VideoContext_Base64String(base_64_string=base64.b64encode(video.read_bytes()).decode())
    assert "2.00 seconds" in (await sdk("analyze", video=film, prompt="What is this?")).data


async def test_analyze_raises_typed_errors(sdk, film, api):
    """A broken rule raises BadRequestError, an unknown asset NotFoundError, a 429 with a body TooManyRequestsError."""
    with pytest.raises(BadRequestError) as caught:
        await sdk("analyze", video=film)
    assert caught.value.body["code"] == "parameter_not_provided"
    with pytest.raises(NotFoundError) as caught:
        await sdk("analyze_stream", video=VideoContext_AssetId(asset_id="0" * 24), prompt="What?")
    assert caught.value.body["code"] == "resource_not_exist"
    form = SyncResponseFormat(type="json_schema", json_schema={"type": "string", "maxLength": 1})
    with pytest.raises(ApiError) as caught:
        await sdk("analyze", video=film, prompt="What?", response_format=form)
    assert (caught.value.status_code, caught.value.body["code"]) == (422, "response_format_invalid")
    for name in ("analyze", "analyze_stream"):
        api.platform.faults.add(Fault(path="/analyze$", status=429, body={"code": "too_many_requests", "message": "."}))
        with pytest.raises(TooManyRequestsError):
            await sdk(name, video=film, prompt="What?")
    api.platform.faults.add(Fault(path="/analyze$", status=429))
    with pytest.raises(ApiError) as caught:
        await sdk("analyze", video=film, prompt="What?")
    assert caught.value.status_code == 429


async def test_a_task_takes_a_structured_prompt(sdk, film):
    """A prompt with reference images and a schema is asked for and told again, without the images themselves."""
    prompt = AnalyzePromptV2(
        input_text="Is <@tiger-1> there?",
        media_sources=[SmeMediaSource(name="tiger-1", media_type="image", base_64_string=inline(still("mjpeg")))],
    )
    form = AsyncResponseFormat(type="json_schema", json_schema=SCHEMA)
    task = await done(sdk, video=film, prompt_v_2=prompt, response_format=form, temperature=0.1)
    assert list(json.loads(task.result.data)) == ["colour"]
    params = task.request_params
    assert (params.prompt, params.prompt_v_2.input_text) == (None, "Is <@tiger-1> there?")
    assert params.prompt_v_2.media_sources[0].name == "tiger-1"
    assert (params.response_format.json_schema, params.temperature) == (SCHEMA, 0.1)


async def test_a_task_takes_images(sdk):
    """Images are analysed by a task that has no video source."""
    images = [AnalyzeImageInput(name=name, base_64_string=inline(still())) for name in ("a", "b")]
    task = await done(sdk, model_name="pegasus1.6", image=images, prompt="Compare <@a> with <@b>.")
    assert task.video_source is None
    assert [(image.name, image.media_type) for image in task.request_params.image] == [("a", "image"), ("b", "image")]


async def test_a_task_takes_segments(sdk, film):
    """Segment definitions with every type of field are answered by definition and told again."""
    fields = [
        SegmentField(name="mood", type="string", description="Mood.", enum=["calm", "loud"]),
        SegmentField(name="colours", type="array", description="Colours.", items=SegmentFieldItems(type="string")),
        SegmentField(name="peak", type="timestamp", description="Peak.", format="hh:mm:ss"),
        SegmentField(
            name="moves",
            type="time_array",
            description="Moves.",
            items=SegmentFieldItems(
                type="object", fields=[TimeArrayItemField(name="what", type="string", description="What moves.")]
            ),
        ),
    ]
    form = AsyncResponseFormat(
        type="segment_definitions",
        segment_definitions=[SegmentDefinition(id="scene", description="A scene.", fields=fields)],
        segment_time_format="hh:mm:ss.fff",
    )
    task = await done(
        sdk,
        video=film,
        model_name="pegasus1.6",
        analysis_mode="time_based_metadata",
        response_format=form,
        max_tokens="unlimited",
        min_segment_duration=2,
        max_segment_duration=10,
    )
    assert list(json.loads(task.result.data)) == ["scene"]
    params = task.request_params
    assert (params.analysis_mode, params.max_tokens, params.min_segment_duration) == (
        "time_based_metadata",
        "unlimited",
        2,
    )
    told = params.response_format.segment_definitions[0]
    assert [field.name for field in told.fields] == ["mood", "colours", "peak", "moves"]
    assert params.response_format.segment_time_format == "hh:mm:ss.fff"


async def test_a_task_takes_time_ranges(sdk, film):
    """Segments are looked for in the ranges that a definition names."""
    ranges = [AnalyzeTimeRange(start_time=0, end_time=2)]
    definition = SegmentDefinition(id="scene", description="A scene.", time_ranges=ranges)
    form = AsyncResponseFormat(type="segment_definitions", segment_definitions=[definition])
    task = await done(sdk, video=film, analysis_mode="time_based_metadata", response_format=form)
    assert task.request_params.response_format.segment_definitions[0].time_ranges[0].end_time == 2


async def test_a_task_is_canceled(sdk, api):
    """tasks.cancel ends a task that waits for its video, says so again, and the task tells who canceled it."""
    api.platform.faults.add(Fault(path="/slow$", delay_s=3600))
    slow = VideoContext_Url(url=f"{api.platform.base_url}/slow")
    created = await sdk(f"{TASKS}.create", video=slow, prompt="What?")
    canceled = await sdk(f"{TASKS}.cancel", created.task_id)
    assert (canceled.task_id, canceled.status) == (created.task_id, "canceled")
    assert (await sdk(f"{TASKS}.cancel", created.task_id)).status == "canceled"
    task = await until_ended(sdk, created.task_id)
    assert (task.status, task.error.code, task.result) == ("canceled", "user_canceled", None)
    assert task.completed_at >= task.created_at
    listed = await sdk(f"{TASKS}.list", status="canceled")
    assert created.task_id in {task.task_id for task in listed.data}
    await sdk(f"{TASKS}.delete", created.task_id)


async def test_tasks_raise_typed_errors(sdk, film, api):
    """Tasks raise BadRequestError, NotFoundError, ConflictError and InternalServerError with the platform's code."""
    with pytest.raises(BadRequestError) as caught:
        await sdk(f"{TASKS}.create", video=film, analysis_mode="time_based_metadata")
    assert caught.value.body["error"]["code"] == "parameter_not_provided"
    with pytest.raises(NotFoundError):
        await sdk(f"{TASKS}.cancel", "none")
    task = await done(sdk, video=film, prompt="What?")
    with pytest.raises(ConflictError) as caught:
        await sdk(f"{TASKS}.cancel", task.task_id)
    assert caught.value.body["error"]["code"] == "task_ready"
    api.platform.faults.add(Fault(path="/analyze/tasks$", status=500, body={"error": {"code": "x", "message": "y"}}))
    with pytest.raises(InternalServerError):
        await sdk(f"{TASKS}.create", video=film, prompt="What?")
