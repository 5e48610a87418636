"""What may be asked together, and what is answered where it may not: general analysis, images, segments."""

import orjson
import pytest

from pipeline.server.rules.json_schema import MOST_DEPTH, MOST_LEVELS
from tests.contract.stills import inline, still

pytestmark = pytest.mark.anyio

PNG = inline(still())
SCHEMA = {"type": "object", "properties": {"b": {"type": "string"}, "a": {"const": None}}}
JSON = {"type": "json_schema", "json_schema": SCHEMA}
FIELD = {"name": "mood", "type": "string", "description": "How it feels."}
SEGMENTS = {"analysis_mode": "time_based_metadata", "prompt": None}


@pytest.fixture(scope="module")
async def asset_id(api, video):
    return await api.ready_asset(video)


@pytest.fixture(scope="module")
async def image_id(api, tmp_path_factory):
    path = tmp_path_factory.mktemp("images") / "still.png"
    path.write_bytes(still())
    return await api.ready_asset(path)


@pytest.fixture
def by_asset(asset_id):
    """A task on a video of two seconds; None takes a member away."""
    return lambda changes: {"video": {"type": "asset_id", "asset_id": asset_id}, "prompt": "What is this?", **changes}


def picture(name="one", **changes):
    return {"name": name, "base64_string": PNG, **changes}


def reference(name="one", **changes):
    return {**picture(name), "media_type": "image", **changes}


def images(prompt, *pictures, **changes):
    return {"video": None, "model_name": "pegasus1.6", "prompt": prompt, "image": list(pictures), **changes}


def structured(text, *sources):
    return {"prompt": None, "prompt_v2": {"input_text": text, "media_sources": list(sources)}}


def definition(name="scene", **changes):
    return {"id": name, "description": "A scene.", **changes}


def segments(*definitions, form=None, **changes):
    response_format = {"type": "segment_definitions", "segment_definitions": list(definitions), **(form or {})}
    return {**SEGMENTS, "response_format": response_format, **changes}


def fields(*wanted, **changes):
    return segments(definition(fields=[{**FIELD, **one} for one in wanted]), **changes)


def events(*wanted, **changes):
    items = {"type": "object", "fields": [{**FIELD, **one} for one in wanted]}
    return fields({"type": "time_array", "items": items}, model_name="pegasus1.6", **changes)


def ranges(*spans, **changes):
    return segments(definition(time_ranges=[{"start_time": a, "end_time": b} for a, b in spans]), **changes)


GOOD = {
    "schema": {"response_format": JSON},
    "prompt_v2": structured("Is there a <@tiger-1> or <@b>?", reference("tiger-1"), reference("b")),
    "prompt_v2 without images": structured("What is this?"),
    "images, all referred to": images("Compare <@a_1> with <@b>.", picture("a_1"), picture("b")),
    "images, none referred to": images("What are these?", picture("a_1"), picture("b")),
    "images, unpadded base64": images("What?", picture(base64_string=PNG.rstrip("="))),
    "twenty images": images("What?", *(picture(f"p{number}") for number in range(20))),
    "images with a schema": images("What?", picture(), response_format=JSON),
    "segments": segments(definition(), max_tokens=2048, min_segment_duration=2, max_segment_duration=2),
    "twenty definitions": segments(*(definition(str(number)) for number in range(20))),
    "fields of every type": fields(
        {"name": "string", "enum": [str(number) for number in range(100)]},
        {"name": "boolean", "type": "boolean"},
        {"name": "number", "type": "number"},
        {"name": "integer", "type": "integer"},
        {"name": "array", "type": "array", "items": {"type": "string"}},
        {"name": "timestamp", "type": "timestamp", "format": "hh:mm:ss"},
        form={"segment_time_format": "hh:mm:ss.fff"},
    ),
    "time_array": events({"enum": ["x"]}, {"name": "tags", "type": "array", "items": {"type": "number"}}),
    "unlimited": segments(definition(), model_name="pegasus1.6", max_tokens="unlimited"),
    "segments with images": segments(
        definition("a", media_sources=[reference()]), definition("b", media_sources=[reference()])
    ),
    "time_ranges": ranges((0, 2)),
    "window": segments(definition(), start_time=0.5, end_time=1.5),
}


@pytest.mark.parametrize("name", GOOD)
async def test_what_is_allowed_is_done(api, by_asset, name):
    """Every way of asking that the platform has is taken and answered."""
    reply = await api("POST", "/analyze/tasks", json=by_asset(GOOD[name]))
    assert reply.status == 202, reply
    task = await api.until(f"/analyze/tasks/{reply.body['task_id']}")
    assert task["status"] == "ready", task
    if name in {"schema", "images with a schema"}:
        assert set(orjson.loads(task["result"]["data"])) <= {"b", "a"}
    if GOOD[name].get("analysis_mode"):
        wanted = GOOD[name]["response_format"]["segment_definitions"]
        assert set(orjson.loads(task["result"]["data"])) == {one["id"] for one in wanted}


INVALID, ABSENT, UNKNOWN = "parameter_invalid", "parameter_not_provided", "parameter_unknown"
BAD = [
    # prompts
    ({"prompt_v2": {"input_text": "x"}}, INVALID, "exclude"),
    ({"prompt": None}, ABSENT, "prompt"),
    (structured("  "), INVALID, "input_text"),
    (structured("A <@b>?", reference("a")), INVALID, "refers to images that are not there: b"),
    (structured("x", reference("a"), reference("a")), INVALID, "twice"),
    (structured("x", *(reference(str(number)) for number in range(5))), INVALID, "media_sources"),
    (structured("x", reference(url="https://x/y.png")), INVALID, "exactly one"),
    (structured("x", reference(base64_string=None)), INVALID, "exactly one"),
    (structured("x", reference(media_type="video")), INVALID, "media_type"),
    (structured("x", picture()), ABSENT, "media_type"),
    (structured("x", reference("two words")), INVALID, "name"),
    (structured("x", reference(base64_string="?")), INVALID, "base64"),
    (structured("x", reference(base64_string=inline(b"no image"))), INVALID, "no JPEG"),
    (structured("x", reference(base64_string=inline(still()[:60]))), INVALID, "cannot be read"),
    (structured("x", reference(base64_string=None, url="http://x/y.png")), INVALID, "https"),
    (structured("x", reference(base64_string=None, url="https://127.0.0.1:9/y.png")), INVALID, "could not be fetched"),
    (structured("x", reference(base64_string=None, asset_id="0")), "resource_not_exist", "asset"),
    # images
    (images("x", picture(), model_name="pegasus1.5"), INVALID, "image"),
    (images("x", picture(), model_name=None), INVALID, "image"),
    (images("x"), INVALID, "image"),
    (images("x", *(picture(f"p{number}") for number in range(21))), INVALID, "image"),
    (images("x", picture(), picture()), INVALID, "twice"),
    (images("x", picture("tiger-1")), INVALID, "name"),
    (images("<@a> <@c>", picture("a"), picture("b")), INVALID, "not there: c"),
    (images("<@a>", picture("a"), picture("b")), INVALID, "every image or to none"),
    (images(None, picture()), ABSENT, "prompt"),
    (images("x", picture(), video={"type": "url", "url": "https://x/y"}), INVALID, "exclude"),
    ({**images(None, picture()), "prompt_v2": {"input_text": "x"}}, INVALID, "exclude"),
    (images("x", picture(), start_time=0), INVALID, "start_time"),
    ({**images("x", picture()), **segments(definition())}, INVALID, "image"),
    # structured answers
    ({"response_format": {"type": "json_schema"}}, ABSENT, "json_schema"),
    ({"response_format": {"type": "json_schema", "json_schema": {}}}, ABSENT, "json_schema"),
    ({"response_format": {"type": "text"}}, INVALID, "response_format"),
    ({"response_format": {"json_schema": SCHEMA}}, ABSENT, "type"),
    ({"response_format": {**JSON, "segment_time_format": "seconds"}}, INVALID, "segment_time_format"),
    ({"response_format": {**JSON, "json_schema": {"type": "text"}}}, INVALID, "type"),
    ({"response_format": segments(definition())["response_format"]}, INVALID, "time_based_metadata"),
    ({"min_segment_duration": 2}, INVALID, "min_segment_duration"),
    # segments
    (SEGMENTS, ABSENT, "response_format"),
    ({**SEGMENTS, "response_format": JSON}, INVALID, "segment_definitions"),
    (segments(definition(), form={"json_schema": SCHEMA}), INVALID, "json_schema"),
    (segments(form={"segment_definitions": None}), ABSENT, "segment_definitions"),
    (segments(), INVALID, "segment_definitions"),
    (segments(*(definition(str(number)) for number in range(21))), INVALID, "segment_definitions"),
    (segments(definition(), definition()), INVALID, "unique"),
    (
        segments(
            definition(""),
        ),
        INVALID,
        "id",
    ),
    (segments({"id": "a"}), ABSENT, "description"),
    (segments(definition(), prompt="x"), INVALID, "prompt"),
    (segments(definition(), prompt_v2={"input_text": "x"}), INVALID, "prompt_v2"),
    (segments(definition(), form={"segment_time_format": "minutes"}), INVALID, "segment_time_format"),
    (segments(definition(), max_tokens=2047), INVALID, "2,048"),
    (segments(definition(), max_tokens=98_305), INVALID, "98,304"),
    (segments(definition(), max_tokens="unlimited"), INVALID, "pegasus1.6"),
    (segments(definition(), min_segment_duration=1.9), INVALID, "min_segment_duration"),
    (segments(definition(), min_segment_duration=4, max_segment_duration=3), INVALID, "max_segment_duration"),
    (segments(definition(colour="red")), UNKNOWN, "colour"),
    (segments(definition(media_sources=[reference(str(number)) for number in range(5)])), INVALID, "media_sources"),
    (segments(definition(media_sources=[reference(), reference()])), INVALID, "twice"),
    # fields
    (fields(*({"name": str(number)} for number in range(21))), INVALID, "fields"),
    (fields({}, {}), INVALID, "unique"),
    (fields({"name": "start_time"}), INVALID, "reserved"),
    (fields({"name": "end_time"}), INVALID, "reserved"),
    (fields({"name": "metadata"}), INVALID, "reserved"),
    (fields({"type": "text"}), INVALID, "fields.type"),
    (fields({"type": "time_array", "items": {"type": "object", "fields": [FIELD]}}), INVALID, "fields.type"),
    (fields({"type": "timestamp"}), INVALID, "response_format.segment_definitions.fields.format"),
    (fields({"type": "timestamp", "format": ""}), INVALID, "fields.format"),
    (fields({"format": "seconds"}), INVALID, "fields.format"),
    (fields({"type": "timestamp", "format": "seconds", "enum": ["x"]}), INVALID, "enum"),
    (fields({"type": "timestamp", "format": "seconds", "items": {"type": "string"}}), INVALID, "items"),
    (fields({"enum": [str(number) for number in range(101)]}), INVALID, "enum"),
    (fields({"enum": [1]}), INVALID, "enum"),
    (fields({"type": "array"}), INVALID, "fields.items"),
    (fields({"items": {"type": "string"}}), INVALID, "fields.items"),
    (fields({"type": "array", "items": {"type": "object"}}), INVALID, "items.type"),
    (fields({"type": "array", "items": {"type": "timestamp"}}), INVALID, "items.type"),
    (fields({"type": "array", "items": {"type": "string", "fields": [FIELD]}}), INVALID, "items.fields"),
    # events
    (fields({"type": "time_array"}, model_name="pegasus1.6"), INVALID, "items"),
    (fields({"type": "time_array", "items": {"type": "string"}}, model_name="pegasus1.6"), INVALID, "items.type"),
    (events(), INVALID, "items.fields"),
    (events({}, {}), INVALID, "unique"),
    (events({"name": "start_time"}), INVALID, "reserved"),
    (events({"type": "timestamp"}), INVALID, "items.fields"),
    (events({"type": "time_array"}), INVALID, "items.fields"),
    (events({"format": "seconds"}), UNKNOWN, "format"),
    (events({"type": "number", "enum": ["1"]}), INVALID, "enum"),
    (events({"type": "array"}), INVALID, "items"),
    (events({"items": {"type": "string"}}), INVALID, "items"),
    (events({"type": "array", "items": {"type": "object"}}), INVALID, "items"),
    # time ranges
    (ranges(), INVALID, "time_ranges"),
    (ranges((0, 1.9)), INVALID, "at least 2 seconds"),
    (ranges((2, 0)), INVALID, "at least 2 seconds"),
    (ranges((-1, 2)), INVALID, "start_time"),
    (ranges((2, 5), (0, 3)), INVALID, "overlap"),
    (ranges((0, 3)), INVALID, "within the video"),
    (ranges((0, 2), start_time=0), INVALID, "start_time"),
    (ranges((0, 2), end_time=2), INVALID, "end_time"),
    (ranges((0, 2), min_segment_duration=2), INVALID, "min_segment_duration"),
    (ranges((0, 2), max_segment_duration=2), INVALID, "max_segment_duration"),
    (ranges((0, 2), max_tokens="unlimited", model_name="pegasus1.6"), INVALID, "unlimited"),
]


@pytest.mark.parametrize(("change", "code", "named"), BAD)
async def test_what_is_not_allowed_is_refused_by_name(api, by_asset, change, code, named):
    """Every rule that is broken is answered 400, nested, with the code for it and what it is about."""
    reply = await api("POST", "/analyze/tasks", json=by_asset(change))
    assert (reply.status, reply.body["error"]["code"]) == (400, code), reply
    assert named in reply.body["error"]["message"]


async def test_an_unsupported_keyword_of_a_schema_is_422(api, by_asset):
    """A schema with a keyword outside the platform's subset is answered 422 with the keyword's place."""
    schema = {"type": "object", "properties": {"a": {"type": "string", "minLength": 1}}}
    body = by_asset({"response_format": {"type": "json_schema", "json_schema": schema}})
    reply = await api("POST", "/analyze/tasks", json=body)
    assert (reply.status, reply.body["error"]["code"]) == (422, "response_format_invalid")
    assert "properties.a.minLength" in reply.body["error"]["message"]


@pytest.mark.parametrize("codec", ["png", "mjpeg", "gif", "bmp", "libwebp"])
async def test_every_image_format_is_taken(api, by_asset, codec):
    """JPEG, PNG, WebP, GIF and BMP images are decoded and analysed, whatever they are called."""
    body = by_asset(images("What is this?", picture(base64_string=inline(still(codec)))))
    task_id = (await api("POST", "/analyze/tasks", json=body)).body["task_id"]
    assert (await api.until(f"/analyze/tasks/{task_id}"))["status"] == "ready"


async def test_images_are_bounded(run_platform):
    """An image with too many bytes or pixels is refused; analysed and reference images have bounds of their own."""
    limits = {"image_max_bytes": 2_000, "reference_max_bytes": 100, "image_max_pixels": 64 * 48}
    async with run_platform(**limits) as api:
        for name, given, said in (
            ("bytes", images("x", picture(base64_string=inline(bytes(2_001)))), "2,000 bytes"),
            ("pixels", images("x", picture(base64_string=inline(still(width=65)))), "pixels"),
            (
                "reference",
                {**structured("x", reference()), "video": {"type": "url", "url": "https://x/y"}},
                "100 bytes",
            ),
        ):
            reply = await api("POST", "/analyze/tasks", json=given)
            assert (name, reply.status) == (name, 400)
            assert said in reply.body["error"]["message"]
        assert (await api("POST", "/analyze/tasks", json=images("x", picture()))).status == 202


async def test_images_may_come_from_anywhere(run_platform, api, image_id):
    """An image asset and an image by URL are analysed as one sent along; the request tells what it was given."""
    link = (await api("GET", f"/assets/{image_id}")).body
    assert (link["status"], link["file_type"], "duration" in link) == ("ready", "image/png", False)
    async with run_platform(image_schemes=["http"]) as other:
        sources = {"by_url": {"url": await hosted(api)}, "inline": {"base64_string": PNG}}
        pictures = [{"name": name, **source} for name, source in sources.items()]
        reply = await other("POST", "/analyze/tasks", json=images("Compare them.", *pictures))
        task = await other.until(f"/analyze/tasks/{reply.body['task_id']}")
    assert task["status"] == "ready"
    reply = await api("POST", "/analyze/tasks", json=images("What?", {"name": "mine", "asset_id": image_id}))
    mine = await api.until(f"/analyze/tasks/{reply.body['task_id']}")
    assert mine["status"] == "ready"
    assert "video_source" not in mine
    told = [*task["request_params"]["image"], *mine["request_params"]["image"]]
    assert told == [
        {"name": "by_url", "media_type": "image", "url": sources["by_url"]["url"]},
        {"name": "inline", "media_type": "image"},
        {"name": "mine", "media_type": "image", "asset_id": image_id},
    ]


async def hosted(api):
    """A link to an image: that of a complete upload."""
    data = still()
    session = await api.session(len(data), type="image", filename="still.png")
    chunk = session["upload_urls"][0]
    put = await api.put(chunk["url"], data)
    done = {
        "completed_chunks": [
            {"chunk_index": 1, "proof": put.headers["ETag"], "proof_type": "etag", "chunk_size": len(data)}
        ]
    }
    return (await api("POST", f"/assets/multipart-uploads/{session['upload_id']}", json=done)).body["url"]


async def test_an_image_is_no_video(api, image_id, asset_id):
    """An image asset cannot be analysed as a video, nor a video as an image."""
    body = {"video": {"type": "asset_id", "asset_id": image_id}, "prompt": "What?"}
    reply = await api("POST", "/analyze/tasks", json=body)
    assert (reply.status, reply.body["error"]["code"]) == (400, INVALID)
    body = images("What?", {"name": "film", "asset_id": asset_id})
    reply = await api("POST", "/analyze/tasks", json=body)
    assert (reply.status, reply.body["error"]["code"]) == (400, INVALID)


async def test_what_was_asked_is_told(api, by_asset):
    """A task shows all it was asked; the list shortens prompts, leaves out schemas and keeps one definition."""
    given = {
        "prompt_v2": {**structured("p" * 100, reference()), "prompt": None},
        "schema": {"prompt": "p" * 100, "response_format": JSON, "temperature": 0.5, "start_time": 0, "end_time": 1.5},
        "segments": segments(definition("a", fields=[FIELD]), definition("b"), max_segment_duration=3, max_tokens=4096),
    }
    shown, listed = {}, {}
    for name, change in given.items():
        reply = await api("POST", "/analyze/tasks", json=by_asset({**change, "custom_id": f"told_{name}"}))
        shown[name] = (await api.until(f"/analyze/tasks/{reply.body['task_id']}"))["request_params"]
    for task in (await api("GET", "/analyze/tasks", params={"page_limit": 3})).body["data"]:
        listed[task["custom_id"].removeprefix("told_")] = task["request_params"]
    assert shown["prompt_v2"] == {
        "analysis_mode": "general",
        "prompt_v2": {"input_text": "p" * 100, "media_sources": [{"name": "one", "media_type": "image"}]},
    }
    assert listed["prompt_v2"]["prompt_v2"]["input_text"] == "p" * 30
    assert shown["schema"] == {"analysis_mode": "general", **given["schema"]}
    assert list(shown["schema"]["response_format"]["json_schema"]["properties"]) == ["b", "a"]
    assert listed["schema"]["response_format"] == {"type": "json_schema"}
    assert listed["schema"]["prompt"] == "p" * 30
    assert shown["segments"] == {name: value for name, value in given["segments"].items() if value is not None}
    assert listed["segments"]["response_format"]["segment_definitions"] == [definition("a", fields=[FIELD])]


async def test_tasks_are_found_by_their_mode(run_platform, video):
    """The list's filter by analysis mode tells segment tasks from general ones."""
    async with run_platform() as api:
        video_by_id = {"video": {"type": "asset_id", "asset_id": await api.ready_asset(video)}}
        general = await api("POST", "/analyze/tasks", json={**video_by_id, "prompt": "What?"})
        segmented = await api("POST", "/analyze/tasks", json={**segments(definition()), **video_by_id})
        for mode, reply in (("general", general), ("time_based_metadata", segmented)):
            listed = (await api("GET", "/analyze/tasks", params={"analysis_mode": mode})).body
            assert [task["task_id"] for task in listed["data"]] == [reply.body["task_id"]]


async def test_segments_beyond_the_bound_fail_the_task(run_platform, video):
    """Segments that do not fit into max_tokens fail the task, without a part of an answer."""
    async with run_platform() as api:
        many = [{**FIELD, "name": f"f{number}" + "x" * 900} for number in range(20)]
        body = segments(definition(fields=many), max_tokens=2048)
        body["video"] = {"type": "asset_id", "asset_id": await api.ready_asset(video)}
        reply = await api("POST", "/analyze/tasks", json=body)
        task = await api.until(f"/analyze/tasks/{reply.body['task_id']}")
        assert (task["status"], "result" in task) == ("failed", False)


async def test_a_model_can_be_brought_back(run_platform, video):
    """Where the settings name pegasus1.2, it is taken with its own bounds, and without what it does not have."""
    async with run_platform(models=["pegasus1.2", "pegasus1.5"]) as api:
        asset = {"type": "asset_id", "asset_id": await api.ready_asset(video)}
        for change, status in (
            ({"max_tokens": 2}, 202),
            ({"max_tokens": 4097}, 400),
            ({"prompt": "long " * 2000}, 400),
            ({"prompt": "long " * 2000, "model_name": "pegasus1.5"}, 202),
            ({"start_time": 0}, 400),
            ({**structured("x")}, 400),
            (segments(definition()), 400),
            ({"model_name": "pegasus1.6"}, 400),
        ):
            reply = await api("POST", "/analyze/tasks", json={"video": asset, "prompt": "What?", **change})
            assert (change, reply.status) == (change, status)


async def test_an_image_is_deleted_before_its_turn(run_platform, tmp_path):
    """A task whose image asset is deleted before the analysis fails with a reason."""
    path = tmp_path / "still.png"
    path.write_bytes(still())
    async with run_platform(pending_seconds=1) as api:
        image = await api.ready_asset(path)
        reply = await api("POST", "/analyze/tasks", json=images("What?", {"name": "gone", "asset_id": image}))
        await api("DELETE", f"/assets/{image}")
        task = await api.until(f"/analyze/tasks/{reply.body['task_id']}")
        assert (task["status"], "deleted" in task["error"]["message"]) == ("failed", True)


async def test_a_schema_as_deep_as_allowed_is_told_again(api, by_asset):
    """The deepest schema that is taken, annotations included, is answered for and shown unchanged."""
    schema, value = {"type": "string"}, "end"
    for _ in range(MOST_LEVELS):
        schema = {"type": "object", "properties": {"a": schema}}
    for _ in range(MOST_DEPTH - 1):
        value = [value]
    form = {"type": "json_schema", "json_schema": {**schema, "default": value}}
    reply = await api("POST", "/analyze/tasks", json=by_asset({"response_format": form}))
    task = await api.until(f"/analyze/tasks/{reply.body['task_id']}")
    assert (task["status"], task["request_params"]["response_format"]) == ("ready", form)


async def test_a_video_sent_along_is_bounded(run_platform, video):
    """A video inside a request has a bound of its own, and the whole request another."""
    data = video.read_bytes()
    body = {"video": {"type": "base64_string", "base64_string": inline(data)}, "prompt": "What?"}
    async with run_platform(inline_max_bytes=len(data)) as api:
        assert (await api("POST", "/analyze/tasks", json=body)).status == 202
        body["video"]["base64_string"] = inline(data + b"x")
        reply = await api("POST", "/analyze/tasks", json=body)
        assert (reply.status, reply.body["error"]["code"]) == (400, "video_filesize_too_large")
    async with run_platform(json_max_bytes=len(data)) as api:
        assert (await api("POST", "/analyze/tasks", json=body)).status == 413


async def test_a_task_with_images_survives_a_restart(run_platform):
    """Images that came along with a waiting task are still there when another process takes the task up."""
    body = images("Compare <@a> with <@b>.", picture("a"), picture("b", base64_string=inline(still("bmp"))))
    async with run_platform(pending_seconds=3600) as api:
        task_id = (await api("POST", "/analyze/tasks", json=body)).body["task_id"]
    async with run_platform() as api:
        assert (await api.until(f"/analyze/tasks/{task_id}"))["status"] == "ready"


async def test_media_are_removed_with_their_task(run_platform, video, tmp_path):
    """What came along with a request is on the disk until its task has ended, and leaves nothing behind."""
    async with run_platform(pending_seconds=3600) as api:
        body = images("What?", picture("a"), picture("b"))
        task_id = (await api("POST", "/analyze/tasks", json=body)).body["task_id"]
        await api.until(f"/analyze/tasks/{task_id}", "pending")
        kept = sorted(path.name for path in (tmp_path / "data" / "tasks").iterdir())
        assert kept == [f"{task_id}.0", f"{task_id}.1"]
        assert (await api("DELETE", f"/analyze/tasks/{task_id}")).status == 200
        assert list((tmp_path / "data" / "tasks").iterdir()) == []
        assert list((tmp_path / "data" / "incoming").iterdir()) == []
