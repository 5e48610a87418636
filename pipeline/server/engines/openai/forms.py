"""JSON schemas on their way to a model and back: what strict endpoints take, and what the platform asked for."""

import json
import re
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator

from pipeline.server.rules.finite import parse_reference

Schema = Mapping[str, Any]

_CLOCK = {
    "hh:mm:ss": r"^\d{2,}:[0-5]\d:[0-5]\d$",
    "hh:mm:ss.fff": r"^\d{2,}:[0-5]\d:[0-5]\d\.\d{3}$",
}
# Said to readers of a schema, and refused by strict endpoints.
_NOTES = {"$schema", "$comment", "$comments", "default", "examples", "deprecated", "readOnly", "writeOnly"}
_FENCE = re.compile(r"```(?:json)?[ \t]*\n(.*?)```", re.DOTALL | re.IGNORECASE)
_BRACES = re.compile(r"[{\[].*[}\]]", re.DOTALL)
_THOUGHT = "</think>"


def plain(schema: Schema) -> dict[str, Any]:
    """The platform's schema in the words of Draft 2020-12 alone: a timestamp is a number or a text there."""
    return _each(schema, plain, _plain_here)


def _plain_here(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.get("type") != "timestamp":
        return schema
    form = schema.pop("format", "seconds")
    told = f"{schema.get('description', '')} A time of the video, as {form}.".strip()
    kind = {"type": "string", "pattern": _CLOCK[form]} if form in _CLOCK else {"type": "number"}
    return {**schema, **kind, "description": told}


def strict(schema: Schema) -> dict[str, Any]:
    """As endpoints take it that keep to a form: every property is required, and an optional one may be null."""
    return _each(schema, strict, _strict_here)


def _strict_here(schema: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in schema.items() if name not in _NOTES}
    if kept.get("type") != "object":
        return kept
    required = kept.get("required", ())
    properties = {
        name: rule if name in required else {"anyOf": [rule, {"type": "null"}]}
        for name, rule in kept.get("properties", {}).items()
    }
    return {**kept, "properties": properties, "required": list(properties), "additionalProperties": False}


def _each(schema: Schema, inside: Any, here: Any) -> dict[str, Any]:
    """A copy whose parts went through `inside`, and then the whole of it through `here`."""
    copy = dict(schema)
    for keyword in ("properties", "$defs"):
        if keyword in copy:
            copy[keyword] = {name: inside(part) for name, part in copy[keyword].items()}
    if "items" in copy:
        copy["items"] = inside(copy["items"])
    if "anyOf" in copy:
        copy["anyOf"] = [inside(part) for part in copy["anyOf"]]
    changed: dict[str, Any] = here(copy)
    return changed


class Form:
    """The form of one answer. Endpoints want an object at the top, so that any other form travels inside one."""

    def __init__(self, schema: Schema) -> None:
        self._plain = plain(schema)
        self._is_wrapped = schema.get("type") != "object"
        self._validator = Draft202012Validator(self._plain, format_checker=Draft202012Validator.FORMAT_CHECKER)

    @property
    def response_format(self) -> dict[str, Any]:
        """The parameter of the request."""
        return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": self.schema}}

    @property
    def schema(self) -> dict[str, Any]:
        """What a model is asked to keep to."""
        sent = strict(self._plain)
        if self._is_wrapped:
            definitions = {"$defs": sent.pop("$defs")} if "$defs" in sent else {}
            sent = {"type": "object", "properties": {"answer": sent}, "required": ["answer"], **definitions}
            sent["additionalProperties"] = False
        return sent

    def read(self, text: str) -> Any:
        """The content of an answer.

        Raises:
            ValueError: it is not JSON, or not valid; the message is for the model to put it right.
        """
        try:
            content = self._without_nulls(self._content(text), self._plain)
            error = next(self._validator.iter_errors(content), None)
        except RecursionError:
            raise ValueError("it is nested too deep") from None
        if error is not None:
            raise ValueError(f"{error.json_path}: {error.message[:500]}")
        return content

    def _content(self, text: str) -> Any:
        content = _json_in(text)
        if self._is_wrapped and isinstance(content, dict) and content.keys() == {"answer"}:
            return content["answer"]
        return content

    def _without_nulls(self, content: Any, schema: Schema) -> Any:
        """Without the optional properties that are null because strict endpoints leave none out."""
        schema = self._meant(schema)
        for branch in schema.get("anyOf", ()):
            pruned = self._without_nulls(content, branch)
            if self._validator.evolve(schema=branch).is_valid(pruned):
                return pruned
        if isinstance(content, list):
            return [self._without_nulls(item, schema.get("items", {})) for item in content]
        if not isinstance(content, dict):
            return content
        rules, required = schema.get("properties", {}), schema.get("required", ())
        return {
            name: self._without_nulls(value, rules.get(name, {}))
            for name, value in content.items()
            if value is not None or name in required or name not in rules
        }

    def _meant(self, schema: Schema) -> Schema:
        seen: set[str] = set()
        while "$ref" in schema and schema["$ref"] not in seen:
            seen.add(schema["$ref"])
            meant: Any = self._plain
            for step in parse_reference(schema["$ref"]):
                meant = meant[step]
            schema = meant
        return schema


def _json_in(text: str) -> Any:
    """The JSON that a text is, or that is within it: after thoughts, in a fence, or between other words."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except ValueError:
        said = text.rpartition(_THOUGHT)[2]
        found = _FENCE.search(said) or _BRACES.search(said)
        if found is None:
            raise
        return json.loads(found[found.lastindex or 0], parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
