"""Whether a schema that refers to itself ever comes to an end."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]


def has_finite_answer(root: Schema) -> bool:
    """False where every answer would have to hold another one, for ever.

    `root` is checked otherwise: every `$ref` leads to a schema.
    """
    # those references that are known to end; each round adds those that end by way of them
    ending: set[str] = set()
    references = {*_references(root)}
    while True:
        added = {one for one in references - ending if _ends(_target(root, one), ending)}
        if not added:
            return _ends(root, ending)
        ending |= added


def _ends(schema: Schema, ending: set[str]) -> bool:
    if "$ref" in schema and schema["$ref"] not in ending:
        return False
    if "anyOf" in schema and not any(_ends(choice, ending) for choice in schema["anyOf"]):
        return False
    if schema.get("minItems") and "items" in schema and not _ends(schema["items"], ending):
        return False
    properties = schema.get("properties", {})
    return all(_ends(properties[name], ending) for name in schema.get("required", ()))


def _references(schema: Schema) -> list[str]:
    found = [schema["$ref"]] if "$ref" in schema else []
    parts = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values(), *schema.get("anyOf", ())]
    if "items" in schema:
        parts.append(schema["items"])
    return found + [one for part in parts for one in _references(part)]


def _target(root: Schema, reference: str) -> Schema:
    found: Any = root
    for step in parse_reference(reference):
        found = found[int(step)] if isinstance(found, list) else found[step]
    target: Schema = found
    return target


def parse_reference(reference: str) -> tuple[str, ...]:
    """The steps of an internal `$ref`, a JSON pointer."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in reference.split("/")[1:])
