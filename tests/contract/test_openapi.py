"""The platform's published description says what there is, no more and no less."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
import schemathesis
from jsonschema_rs import Draft202012Validator

from pipeline.server import app as server
from pipeline.server.assets import FIELDS
from tests.contract.conftest import Api
from tests.contract.official import Official
from tests.contract.published import Published
from tests.contract.recorder import Recorder

pytestmark = pytest.mark.anyio

# for tests alone, and not published
CONTROL = "/_"
# `stream` is what tells `analyze` and `analyze_stream` of the package apart
SAID_BY_THE_METHOD = {("analyze", "stream")}
# headers that the package leaves to its callers
FREE_HEADERS = {"Idempotency-Key"}
# not in the package: it opens presigned URLs by hand
OWN = {"files.put_chunk", "files.download", "openapi.document"}


@pytest.fixture
async def document(api) -> dict[str, Any]:
    return (await api("GET", "/openapi.json", headers={})).body


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of every operation."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "servers":
                yield method.upper(), path, operation


def inputs(document: dict[str, Any], operation: dict[str, Any]) -> set[str]:
    """The names of all that a request can say."""
    names = {one["name"] for one in operation["parameters"]}
    for content in operation.get("requestBody", {"content": {}})["content"].values():
        name = content["schema"]["$ref"].rpartition("/")[2]
        names |= document["components"]["schemas"][name]["properties"].keys()
    return names


async def test_every_route_is_described_and_no_other(run_platform, monkeypatch):
    """The routes that the server listens for and the operations of its description are the same."""
    built = []
    build = server._application
    monkeypatch.setattr(server, "_application", lambda *parts: built.append(build(*parts)) or built[0])
    async with run_platform(faults=True) as api:
        described = (await api("GET", "/openapi.json", headers={})).body
    routes = {
        (route.method, route.resource.canonical.removeprefix(server.BASE))
        for route in built[0].router.routes()
        if route.method != "HEAD"  # comes with every GET
    }
    assert {(method, path) for method, path, _ in operations(described)} == {
        (method, path) for method, path in routes if not path.startswith(CONTROL)
    }


async def test_the_description_is_valid(document):
    """It is OpenAPI 3.1, and each of its schemas is JSON Schema whose references lead somewhere."""
    schemathesis.openapi.from_dict(document).validate()
    for name in document["components"]["schemas"]:
        Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": document["components"]})


async def test_the_description_needs_no_key_and_names_its_own_address(api):
    """It is served at the top and below the base path, without a key, for the address it was asked at."""
    origin = api.platform.base_url.removesuffix("/v1.3")
    for url in (f"{origin}/openapi.json", f"{origin}/v1.3/openapi.json"):
        reply = await api("GET", url, headers={})
        assert (reply.status, reply.body["servers"]) == (200, [{"url": api.platform.base_url}])
        assert reply.body["paths"]["/chunks/{upload_id}/{index}"]["servers"] == [{"url": origin}]
    by_name = await api("GET", "/openapi.json", headers={"Host": "platform.test:99"})
    assert by_name.body["servers"] == [{"url": "http://platform.test:99/v1.3"}]


async def test_the_description_knows_the_settings(run_platform):
    """Statuses and bounds that settings choose are described as they are chosen."""
    async with run_platform(delete_status=204, missing_asset_status=400, page_max=7, page_default=3) as api:
        described = (await api("GET", "/openapi.json", headers={})).body
    delete = described["paths"]["/assets/{asset_id}"]["delete"]["responses"]
    assert {"204", "400"} <= delete.keys()
    assert not {"200", "404"} & delete.keys()
    limits = [one for one in described["paths"]["/assets"]["get"]["parameters"] if one["name"] == "page_limit"]
    assert [(one["schema"]["maximum"], one["schema"]["default"]) for one in limits] == [(7, 3)]


async def test_what_is_described_is_what_the_package_can_say(document):
    """Each operation is a method of the official package, and takes exactly what the method takes."""
    with Official() as official:
        for _, _, operation in operations(document):
            name = operation["operationId"]
            if name in OWN:
                continue
            described = {one for one in inputs(document, operation) if (name, one) not in SAID_BY_THE_METHOD}
            assert described - FREE_HEADERS == official.parameters(name).keys(), name


async def test_the_form_of_an_upload_is_described_with_every_field_that_is_read(document):
    """`POST /assets` describes the file and each form field that the server knows."""
    assert inputs(document, document["paths"]["/assets"]["post"]) == {"file", *FIELDS}


async def test_each_line_of_an_answer_is_described(run_platform, video):
    """The lines of a streamed analysis and of a batch's results are as the description says of one line."""
    async with run_platform() as api, Recorder(api.platform.base_url) as recorder, aiohttp.ClientSession() as session:
        heard = Api(session, replace(api.platform, base_url=recorder.base_url))
        asset_id = await heard.ready_asset(video)
        by_asset = {"video": {"type": "asset_id", "asset_id": asset_id}}
        await heard("POST", "/analyze", json={**by_asset, "prompt": "What is to be seen?"})
        body = {"model_name": "pegasus1.5", "analysis_mode": "general", "defaults": {"prompt": {"input_text": "What?"}}}
        created = await heard("POST", "/analyze/batches", json={**body, "requests": [by_asset] * 3})
        batch = f"/analyze/batches/{created.body['batch_id']}"
        await heard("GET", f"{batch}/results")
        await heard.until(batch, "completed")
        await heard("GET", f"{batch}/results")
        published = Published((await api("GET", "/openapi.json", headers={})).body)
    lines = {}
    for exchange in recorder.exchanges:
        assert published.answer_problems(exchange) == [], exchange
        lines[exchange.answer_type] = len(exchange.answer.splitlines())
    assert lines["application/jsonl"] == 3
    assert lines["application/x-ndjson"] > 2
