"""Thousands of requests made from the published description: no answer is other than described."""

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.contract.conftest import KEY, Api

pytestmark = pytest.mark.anyio

EXAMPLES = 15  # random requests for each operation, besides the boundary values that are always tried
# What is right by its shape may be refused by a rule, so not all good data are accepted; and where an asset's id may
# stand, `multipart-uploads` is one that nobody has, so that what is allowed there depends on how it is read.
CHECKS_LEFT_OUT = "positive_data_acceptance,allow_header_conformance"
KNOWN_ID_SHARE = 0.5
# one red point
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
HOOKS = Path(__file__).with_name("good_requests.py")


@pytest.mark.timeout(300)  # about fifteen seconds on a machine that is not busy
async def test_no_answer_is_other_than_described(run_platform, video, tmp_path):
    """Whatever is asked, there is no 5xx, no undescribed status, type or body, and every operation also succeeds."""
    async with run_platform(pending_seconds=0.05, analysis_concurrency=1) as api:
        known, good = await prepare(api, video)
        write_config(tmp_path / "schemathesis.toml", known)
        (tmp_path / "good_requests.json").write_text(json.dumps(good))
        url = api.platform.base_url.removesuffix("/v1.3") + "/openapi.json"
        done = await anyio.run_process(command(url), check=False, cwd=tmp_path, stderr=subprocess.STDOUT)
        described = (await api("GET", url)).body
    assert done.returncode == 0, done.stdout.decode()
    every = {
        f"{method.upper()} {path}" for path, item in described["paths"].items() for method in item.keys() - {"servers"}
    }
    assert every - succeeded(tmp_path / "report.ndjson") <= NEEDS_A_SIGNATURE


# a URL made up has no right signature
NEEDS_A_SIGNATURE = {"PUT /chunks/{upload_id}/{index}", "GET /media/{asset_id}"}


async def prepare(api: Api, video: Path) -> tuple[dict[str, list[str]], dict[str, list[dict[str, Any]]]]:
    """Something of every kind to ask for, by the place where a request names it; and requests that succeed."""
    ready = await api.ready_asset(video)
    session = await api.session(2500)
    put = await api.put(session["upload_urls"][0]["url"], bytes(1000))
    chunk = {"chunk_index": 1, "proof": put.headers["ETag"], "proof_type": "etag", "chunk_size": 1000}
    by_asset = {"video": {"type": "asset_id", "asset_id": ready}, "prompt": "What is to be seen?"}
    task = await created(api, "/analyze/tasks", by_asset)
    await api.until(f"/analyze/tasks/{task['task_id']}", "ready")
    canceled = await created(api, "/analyze/tasks", by_asset)
    await api("POST", f"/analyze/tasks/{canceled['task_id']}/cancel")
    ended = await created(api, "/analyze/batches", batch(ready, 1))
    await api.until(f"/analyze/batches/{ended['batch_id']}", "completed")
    active = await created(api, "/analyze/batches", batch(ready, 1000))
    known = {
        "path.asset_id": [ready, session["asset_id"]],
        "path.upload_id": [session["upload_id"]],
        "path.task_id": [task["task_id"], canceled["task_id"]],
        "path.batch_id": [ended["batch_id"], active["batch_id"]],
        "body.video.asset_id": [ready],
        "body.requests[*].video.asset_id": [ready],
    }
    good = {
        "POST /analyze": [{"body": by_asset}, {"body": {**by_asset, "stream": False, "max_tokens": 512}}],
        "POST /analyze/tasks": [{"body": body} for body in asked(by_asset)],
        "POST /analyze/tasks/{task_id}/cancel": [{"path_parameters": {"task_id": canceled["task_id"]}}],
        "POST /analyze/batches": [{"body": batch(ready, 2)}],
        "GET /analyze/batches/{batch_id}": [{"path_parameters": {"batch_id": active["batch_id"]}}],
        "GET /analyze/batches/{batch_id}/results": [{"path_parameters": {"batch_id": active["batch_id"]}}],
        "POST /analyze/batches/{batch_id}/cancel": [{"path_parameters": {"batch_id": active["batch_id"]}}],
        "DELETE /analyze/batches/{batch_id}": [{"path_parameters": {"batch_id": ended["batch_id"]}}],
        "POST /assets/multipart-uploads/{upload_id}": [
            {"path_parameters": {"upload_id": session["upload_id"]}, "body": {"completed_chunks": [chunk]}}
        ],
    }
    return known, good


async def created(api: Api, path: str, body: dict[str, Any]) -> dict[str, Any]:
    reply = await api("POST", path, json=body)
    assert reply.status in {201, 202}, reply
    return reply.body


def batch(asset_id: str, size: int) -> dict[str, Any]:
    return {
        "model_name": "pegasus1.5",
        "analysis_mode": "general",
        "defaults": {"prompt": {"input_text": "What is to be seen?"}},
        "requests": [{"video": {"type": "asset_id", "asset_id": asset_id}}] * size,
    }


def asked(by_asset: dict[str, Any]) -> list[dict[str, Any]]:
    """A task of every mode."""
    schema = {"type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"]}
    shots = {"id": "shots", "description": "Shots.", "fields": [{"name": "n", "type": "integer", "description": "N."}]}
    picture = {"name": "red", "base64_string": base64.b64encode(PICTURE).decode()}
    prompt_v2 = {"input_text": "Is <@red> in it?", "media_sources": [{**picture, "media_type": "image"}]}
    return [
        {**by_asset, "custom_id": "row_7", "max_tokens": 600, "start_time": 0, "end_time": 1.5, "temperature": 0.5},
        {**by_asset, "response_format": {"type": "json_schema", "json_schema": schema}},
        {"video": by_asset["video"], "prompt_v2": prompt_v2},
        {"model_name": "pegasus1.6", "image": [picture], "prompt": "What is this?"},
        {
            "video": by_asset["video"],
            "analysis_mode": "time_based_metadata",
            "response_format": {"type": "segment_definitions", "segment_definitions": [shots]},
        },
    ]


def write_config(path: Path, known: dict[str, list[str]]) -> None:
    """Let a share of the requests name what there is; JSON lists are TOML lists."""
    blocks = [
        f"[dictionaries.{json.dumps(place)}]\nvalues = {json.dumps(values)}\n"
        f"[parameters.{json.dumps(place)}]\ndictionary = {json.dumps(place)}\nprobability = {KNOWN_ID_SHARE}\n"
        for place, values in known.items()
    ]
    path.write_text(f"hooks = {json.dumps(str(HOOKS))}\n" + "".join(blocks))


def command(url: str) -> list[str]:
    options = {
        "--header": f"x-api-key: {KEY}",
        "--max-examples": str(EXAMPLES),
        "--exclude-checks": CHECKS_LEFT_OUT,
        "--warnings": "off",
        "--report": "ndjson",
        "--report-ndjson-path": "report.ndjson",
    }
    flags = ["--generation-deterministic", "--continue-on-failure", "--no-color", "--no-shrink"]
    whole = [sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run", url, *flags]
    return [*whole, *(part for option in options.items() for part in option)]


def succeeded(report: Path) -> set[str]:
    """The operations that answered at least once with success."""
    found = set()
    for line in report.read_bytes().splitlines():
        recorded = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        for number, interaction in recorded.get("interactions", {}).items():
            case = recorded["cases"][number]["value"]
            if (interaction["response"] or {}).get("status_code", 0) // 100 == 2:
                found.add(f"{case['method']} {case['path']}")
    return found
