"""From the table of operations to the OpenAPI 3.1 document."""

import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from pipeline.config import ServerSettings
from pipeline.server.counting import FixedWindow, Room
from pipeline.server.limits import EndpointClass, Limits, Quota, Verdict, classify
from pipeline.server.openapi.operation import JSON, Answer, NestedProblem, Operation, Parameter, Problem
from pipeline.server.problems import ApiError, describe

Schema = dict[str, Any]

KEY_SCHEME = "apiKey"
ANYWHERE = (500,)  # the disk may be full at any time


class Plain(GenerateJsonSchema):
    """Without titles that only repeat the names of members; an answer has no members but the described ones."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False

    def typed_dict_schema(self, schema: Any) -> Schema:
        return {**super().typed_dict_schema(schema), "additionalProperties": False}


def render(operations: Sequence[Operation], settings: ServerSettings) -> Schema:
    """The document but for its servers, which depend on where it is asked for."""
    schemas, components = _schemas(operations)
    paths: dict[str, Schema] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation, schemas, settings)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Embedded platform",
            "version": "1.3",
            "description": "The part of the TwelveLabs API v1.3 that the embedded platform serves.",
        },
        "security": [{KEY_SCHEME: []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {KEY_SCHEME: {"type": "apiKey", "in": "header", "name": "x-api-key"}},
        },
    }


def _schemas(operations: Sequence[Operation]) -> tuple[dict[int, Schema], Schema]:
    """The schema of each model by its `id`, and the components they refer to."""
    models = {id(model): model for operation in operations for model in _models(operation)}
    adapters = [(key, "validation", TypeAdapter(model)) for key, model in models.items()]
    found, whole = TypeAdapter.json_schemas(
        adapters,  # type: ignore[arg-type]
        ref_template="#/components/schemas/{model}",
        schema_generator=Plain,
    )
    return {key: schema for (key, _), schema in found.items()}, whole.get("$defs", {})


def _models(operation: Operation) -> Iterator[Any]:
    yield from (Problem, NestedProblem)
    if operation.body is not None:
        yield operation.body.model
    yield from (answer.model for answer in operation.answers if answer.model is not None)


def _operation(operation: Operation, schemas: dict[int, Schema], settings: ServerSettings) -> Schema:
    described: Schema = {
        "operationId": operation.name,
        "summary": operation.text,
        "parameters": [*_path_parameters(operation.path), *map(_parameter, operation.parameters)],
        "responses": _answers(operation, schemas) | _refusals(operation, schemas, settings),
    }
    if operation.body is not None:
        content = {operation.body.media_type: {"schema": schemas[id(operation.body.model)]}}
        described["requestBody"] = {"required": True, "content": content}
    if operation.is_open:
        described["security"] = []
    return described


def _path_parameters(path: str) -> list[Schema]:
    names = re.findall(r"{(\w+)}", path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _parameter(parameter: Parameter) -> Schema:
    return {
        "name": parameter.name,
        "in": parameter.where,
        "description": parameter.text,
        "required": parameter.required,
        "schema": dict(parameter.schema),
    }


def _answers(operation: Operation, schemas: dict[int, Schema]) -> Schema:
    described: Schema = {}
    for answer in operation.answers:
        entry = described.setdefault(str(answer.status), {"description": answer.text})
        if answer.model is not None:
            entry.setdefault("content", {})[answer.media_type] = _content(answer, schemas)
        for name, text in answer.headers.items():
            header = {"description": text, "required": True, "schema": {"type": "string"}}
            entry.setdefault("headers", {})[name] = header
    return described


def _content(answer: Answer, schemas: dict[int, Schema]) -> Schema:
    schema = schemas[id(answer.model)]
    if answer.media_type == JSON:
        return {"schema": schema}
    if answer.model is bytes:
        return {"schema": {}}
    # OpenAPI 3.1 has no word for a sequence of lines
    return {"schema": {"type": "string"}, "x-line-schema": schema}


def _refusals(operation: Operation, schemas: dict[int, Schema], settings: ServerSettings) -> Schema:
    return {str(status): _refusal(status, operation, schemas, settings) for status in sorted(_statuses(operation))}


def _statuses(operation: Operation) -> set[int]:
    statuses = {*operation.refusals, *ANYWHERE}
    if not operation.is_open:
        statuses.add(401)
    if operation.body is not None and operation.body.media_type == JSON:
        statuses |= {400, 413}
    if _budget(operation) is not None:
        statuses.add(429)
    return statuses


def _budget(operation: Operation) -> EndpointClass | None:
    return None if operation.is_open else classify(operation.method.upper(), operation.path)


def _refusal(status: int, operation: Operation, schemas: dict[int, Schema], settings: ServerSettings) -> Schema:
    described: Schema = {"description": HTTPStatus(status).phrase}
    worded = _worded(status, operation, settings).body
    if worded is None:
        return described
    assert isinstance(worded, bytes)
    model = NestedProblem if "error" in orjson.loads(worded) else Problem
    return {**described, "content": {JSON: {"schema": schemas[id(model)]}}}


def _worded(status: int, operation: Operation, settings: ServerSettings) -> web.Response:
    """Such a refusal as this route really answers it: its shape is read off, not told again."""
    budget = _budget(operation)
    if status == 429 and budget is not None:
        quota = Quota(budget, "requests", FixedWindow(0, settings.rate_window_s))
        return Limits(settings).refusal(Verdict(quota, Room(fits=False, used=0, reset_s=0)), operation.path)
    return describe(ApiError(status, "", ""), operation.method.upper(), operation.path)
