"""`/openapi.json`."""

from typing import Any

from pipeline.config import ServerSettings
from pipeline.server.openapi.operation import Answer, Operation


def operations(_: ServerSettings) -> tuple[Operation, ...]:
    """The description of the description."""
    return (
        Operation(
            "openapi.document",
            "get",
            "/openapi.json",
            "This document; it is also served below the base path.",
            (Answer(200, "The document.", dict[str, Any]),),
            is_open=True,
        ),
    )
