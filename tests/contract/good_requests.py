"""Loaded by schemathesis: requests that have to succeed, which it sends besides those that it makes up itself.

They are read from `good_requests.json` in the working folder: for each operation a list of parts of a request, as
`path_parameters`, `query` and `body`.
"""

import json
from pathlib import Path
from typing import Any

import schemathesis

GOOD = json.loads(Path("good_requests.json").read_bytes())


@schemathesis.hook
def before_add_examples(context: Any, examples: list[Any]) -> None:
    """Add those of one operation."""
    for parts in GOOD.get(context.operation.label, []):
        media = {"media_type": "application/json"} if "body" in parts else {}
        examples.append(context.operation.Case(**parts, **media))
