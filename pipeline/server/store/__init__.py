"""What the platform remembers: assets, upload sessions, tasks, batches, webhook events. The only SQL of the server."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.server.store.assets import AssetStore
from pipeline.server.store.batches import BatchStore
from pipeline.server.store.database import Database
from pipeline.server.store.tasks import TaskStore
from pipeline.server.store.uploads import UploadStore
from pipeline.server.store.webhooks import WebhookStore


@dataclass(frozen=True, slots=True)
class Books:
    """What was done, for tests to compare with what should have been.

    Attributes:
        requests: by `METHOD /path` with ids replaced by `*`, since this process began.
        refusals: how many requests were refused for the account's rate, by dimension, since this process began.
        tasks_created: how many tasks, ever.
        tasks_by_custom_id: the same by `custom_id`; tasks without one are not in it.
        billed: how many analyses were billed: each task that ended ready, also if it was deleted since.
        billed_by_custom_id: the same by `custom_id`.
        chunks_started: chunk transfers that began, by upload id and then chunk index; also those that broke off.
        chunks_stored: those that arrived whole.
    """

    requests: dict[str, int]
    refusals: dict[str, int]
    tasks_created: int
    tasks_by_custom_id: dict[str, int]
    billed: int
    billed_by_custom_id: dict[str, int]
    chunks_started: dict[str, dict[int, int]]
    chunks_stored: dict[str, dict[int, int]]


class Store:
    """Opens the database; use as `with`."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path)
        self._requests: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()
        self.assets = AssetStore(self._database)
        self.uploads = UploadStore(self._database, self.assets)
        self.tasks = TaskStore(self._database)
        self.batches = BatchStore(self._database, self.tasks)
        self.webhooks = WebhookStore(self._database)

    def __enter__(self) -> Self:
        self._database.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.__exit__(kind, error, trace)

    @property
    def instance_id(self) -> str:
        """A UUID of this data folder, the same over restarts."""
        return self._meta("instance_id")

    @property
    def secret(self) -> bytes:
        """What presigned URLs are signed with."""
        return self._meta("secret").encode()

    def checkpoint(self) -> None:
        """Move the log into the database file; blocking, fit for a thread."""
        self._database.checkpoint()

    def count_request(self, method: str, path: str) -> None:
        self._requests[f"{method} {path}"] += 1

    def count_refusal(self, quota: str) -> None:
        self._refusals[quota] += 1

    def books(self) -> Books:
        """A snapshot."""
        by_custom_id = self._database.all(
            "SELECT custom_id, count(*), sum(billed) FROM created_tasks WHERE custom_id IS NOT NULL GROUP BY custom_id"
        )
        started: dict[str, dict[int, int]] = {}
        stored: dict[str, dict[int, int]] = {}
        for row in self._database.all("SELECT upload_id, chunk, started, stored FROM chunks"):
            started.setdefault(row["upload_id"], {})[row["chunk"]] = row["started"]
            stored.setdefault(row["upload_id"], {})[row["chunk"]] = row["stored"]
        return Books(
            requests=dict(self._requests),
            refusals=dict(self._refusals),
            tasks_created=self._database.one("SELECT count(*) FROM created_tasks")[0],
            tasks_by_custom_id={row[0]: row[1] for row in by_custom_id},
            billed=self._database.one("SELECT coalesce(sum(billed), 0) FROM created_tasks")[0],
            billed_by_custom_id={row[0]: row[2] for row in by_custom_id if row[2]},
            chunks_started=started,
            chunks_stored=stored,
        )

    def _meta(self, name: str) -> str:
        value: str = self._database.one("SELECT value FROM meta WHERE name = ?", name)[0]
        return value
