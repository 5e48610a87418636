"""Holds requests and answers against the platform's own published description."""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson
from jsonschema_rs import Draft202012Validator

from tests.contract.recorder import Exchange

JSON = "application/json"
ABSENT = object()


class Published:
    """One document, as `/openapi.json` gives it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._base = urlsplit(document["servers"][0]["url"]).path
        self._routes = [
            (method, _pattern(path, "" if "servers" in item else self._base), operation)
            for path, item in document["paths"].items()
            for method, operation in item.items()
            if method != "servers"
        ]

    def operation(self, exchange: Exchange) -> tuple[dict[str, Any], dict[str, str]]:
        """What is said of this request's route, and what stands in its path; LookupError where nothing is."""
        # a path without a variable is nearer than one with
        for method, pattern, operation in sorted(self._routes, key=lambda route: route[1].groups):
            match = pattern.fullmatch(exchange.path)
            if match and method == exchange.method.lower():
                return operation, {name: unquote(text) for name, text in match.groupdict().items()}
        raise LookupError(f"{exchange.method} {exchange.path} is not described")

    def request_problems(self, exchange: Exchange) -> list[str]:
        """What a request says otherwise than described."""
        operation, _ = self.operation(exchange)
        return [*self._parameter_problems(operation, exchange), *self._body_problems(operation, exchange)]

    def _parameter_problems(self, operation: dict[str, Any], exchange: Exchange) -> Iterator[str]:
        described = {(one["in"], one["name"].lower()): one for one in operation["parameters"]}
        for name in {name for name, _ in exchange.query}:
            if ("query", name.lower()) not in described:
                yield f"query: {name} is not described"
        for (place, name), one in described.items():
            value = _value(place, name, one["schema"], exchange)
            if value is not ABSENT:
                yield from self._problems(f"{place} {name}", one["schema"], value)
            elif one["required"] and place != "path":
                yield f"{place}: {name} is missing"

    def _body_problems(self, operation: dict[str, Any], exchange: Exchange) -> Iterator[str]:
        if "requestBody" not in operation:
            if exchange.body:
                yield "a body is not described"
            return
        described = operation["requestBody"]["content"]
        if exchange.body_type not in described:
            yield f"the body is {exchange.body_type}, not {', '.join(described)}"
        elif exchange.body_type != "application/octet-stream":
            schema = described[exchange.body_type]["schema"]
            yield from self._problems("body", schema, _plain(exchange.content()))

    def answer_problems(self, exchange: Exchange) -> list[str]:
        """What an answer says otherwise than described."""
        operation, _ = self.operation(exchange)
        described = operation["responses"].get(str(exchange.status))
        if described is None:
            return [f"status {exchange.status} is not described"]
        missing = [name for name in described.get("headers", {}) if name.lower() not in exchange.answer_headers]
        problems = [f"the header {name} is missing" for name in missing]
        if "content" not in described:
            return [*problems, *(["an answer with a body is not described"] if exchange.answer else [])]
        kind = described["content"].get(exchange.answer_type, described["content"].get("*/*"))
        if kind is None:
            return [*problems, f"the type {exchange.answer_type} is not described"]
        return [*problems, *self._answer_body_problems(kind, exchange)]

    def _answer_body_problems(self, kind: dict[str, Any], exchange: Exchange) -> Iterator[str]:
        if "x-line-schema" in kind:
            for number, line in enumerate(exchange.answer.splitlines()):
                yield from self._problems(f"line {number}", kind["x-line-schema"], orjson.loads(line))
        elif exchange.answer_type == JSON:
            yield from self._problems("answer", kind["schema"], orjson.loads(exchange.answer))

    def _problems(self, where: str, schema: dict[str, Any], value: Any) -> Iterable[str]:
        whole = {**schema, "components": self._document["components"]}
        for error in Draft202012Validator(whole, validate_formats=True).iter_errors(value):
            yield f"{where} {'.'.join(map(str, error.instance_path))}: {error.message}"


def _pattern(path: str, base: str) -> re.Pattern[str]:
    return re.compile(base + re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path))


def _value(place: str, name: str, schema: dict[str, Any], exchange: Exchange) -> Any:
    """A parameter as JSON; text that does not fit its type stays text, which the schema then refuses."""
    if place == "header":
        return exchange.headers.get(name, ABSENT)
    given = [value for key, value in exchange.query if key.lower() == name] if place == "query" else []
    if not given:
        return ABSENT
    if schema.get("type") == "array":
        return given
    if len(given) > 1:
        return given
    try:
        return orjson.loads(given[0]) if schema.get("type") in {"integer", "number", "boolean"} else given[0]
    except orjson.JSONDecodeError:
        return given[0]


def _plain(content: Any) -> Any:
    """A form as JSON: flags are flags, a file is some text."""
    if not isinstance(content, dict):
        return content
    return {name: "" if isinstance(value, tuple) else _flag(value) for name, value in content.items()}


def _flag(value: Any) -> Any:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
