"""The platform's own published description, OpenAPI 3.1.

Request bodies are the schemas of the very models that the handlers validate with; answers are described beside each
other here, one file a resource, and held against what the server really says by the tests.
"""

from functools import cached_property

import anyio.to_thread
from aiohttp import web

from pipeline.config import ServerSettings
from pipeline.server.openapi import assets, batches, document, sync, tasks, transcriptions, uploads
from pipeline.server.openapi.operation import Operation
from pipeline.server.openapi.rendering import Schema, render
from pipeline.server.problems import answer

RESOURCES = (uploads, assets, transcriptions, sync, tasks, batches, document)


def operations(settings: ServerSettings) -> tuple[Operation, ...]:
    """Every route that is published."""
    return tuple(operation for resource in RESOURCES for operation in resource.operations(settings))


class Description:
    """The handler."""

    def __init__(self, settings: ServerSettings, base: str) -> None:
        self._settings = settings
        self._operations = operations(settings)
        self._base = base

    @cached_property
    def _document(self) -> Schema:
        # when first asked for: it would be a third of a start's CPU, and few ever read it
        return render(self._operations, self._settings)

    def open_routes(self) -> list[web.RouteDef]:
        """What needs no key: below the base path and at the top."""
        return [web.get("/openapi.json", self.document), web.get(f"{self._base}/openapi.json", self.document)]

    async def document(self, request: web.Request) -> web.Response:
        """The document for the address that it was asked at."""
        return answer(await anyio.to_thread.run_sync(self.at, str(request.url.origin())))

    def at(self, origin: str) -> Schema:
        """The document of a platform that is reached at `origin`."""
        paths = dict(self._document["paths"])
        for operation in self._operations:
            if operation.is_open:
                paths[operation.path] = {**paths[operation.path], "servers": [{"url": origin}]}
        return {**self._document, "servers": [{"url": origin + self._base}], "paths": paths}
