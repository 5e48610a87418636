"""Between rows of the ledger and the values of the house; no I/O."""

import dataclasses
import json
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from pipeline.jobs import Failure, Job, State
from pipeline.models import FileStamp, OpenUpload, Recipe

JOBS = "jobs JOIN recipes ON recipes.id = jobs.recipe_id"
JOB_COLUMNS = (
    "key, content, recipe, source, path, size_bytes, mtime_ns, state, upload, asset_id, task_id, submitted_at, attempt,"
    " intent, reasks, delivery, batch_id, reused_asset, duration_s, upload_bytes, upload_s, wait_s, requests, error,"
    " code, message, failed_from"
)


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One manifest row of a job: what its output lines carry besides the job's own facts.

    Attributes:
        metadata: the row's further columns, with its `id` under that name.
        pays: this line carries the job's cost; other lines of the job reuse its answer.
        run_id: the run that asked for it, or wrote it.
    """

    source: str
    path: str | None
    metadata: Mapping[str, Any]
    pays: bool
    run_id: str


@dataclass(frozen=True, slots=True)
class WrittenLine:
    """One line that every sink holds: whose it is, whether it carries the job's cost, and that cost in US dollars."""

    key: str
    source: str
    pays: bool
    cost_usd: float


@dataclass(frozen=True, slots=True)
class HeldAsset:
    """What the platform holds of one content: an asset, or an upload session under way where `asset_id` is None."""

    upload: OpenUpload | None
    asset_id: str | None
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class PaidAnswer:
    """One answer that was paid for, without its text.

    Attributes:
        row: its place in the ledger; later answers stand later.
        number: the job's attempt that it answered.
        at: when its job was last recorded.
    """

    row: int
    key: str
    number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failed sources with one cause: class, code, one message of them, and how many there are."""

    error: str
    code: str
    message: str
    count: int
    sources: tuple[str, ...]


def job_values(job: Job) -> dict[str, Any]:
    """Every column of a job that may change, by name."""
    failure = job.failure
    return {
        "key": job.key,
        "content": job.content,
        "source": job.source,
        "path": None if job.path is None else os.fsencode(job.path),
        "size_bytes": job.stamp.size_bytes if job.stamp else None,
        "mtime_ns": job.stamp.mtime_ns if job.stamp else None,
        "state": job.state.value,
        "upload": json.dumps(dataclasses.asdict(job.upload)) if job.upload else None,
        "asset_id": job.asset_id,
        "task_id": job.task_id,
        "submitted_at": job.submitted_at.isoformat() if job.submitted_at else None,
        "attempt": job.attempt,
        "intent": job.intent,
        "reasks": job.reasks,
        "delivery": job.delivery,
        "batch_id": job.batch_id,
        "reused_asset": job.reused_asset,
        "duration_s": job.duration_s,
        "upload_bytes": job.upload_bytes,
        "upload_s": job.upload_s,
        "wait_s": job.wait_s,
        "requests": job.requests,
        "error": failure.error if failure else None,
        "code": failure.code if failure else None,
        "message": failure.message if failure else None,
        "failed_from": failure.state.value if failure else None,
    }


def job_of(row: sqlite3.Row) -> Job:
    """The job of a row selected by JOB_COLUMNS; its raw answer is loaded apart."""
    failure = None
    if row["error"] is not None:
        failure = Failure(row["error"], row["code"], row["message"], State(row["failed_from"]))
    stamp = None if row["size_bytes"] is None else FileStamp(row["size_bytes"], row["mtime_ns"])
    return Job(
        key=row["key"],
        content=row["content"],
        recipe=recipe_of(row["recipe"]),
        source=row["source"],
        path=None if row["path"] is None else os.fsdecode(row["path"]),
        stamp=stamp,
        state=State(row["state"]),
        upload=upload_of(row["upload"]),
        asset_id=row["asset_id"],
        task_id=row["task_id"],
        submitted_at=datetime.fromisoformat(row["submitted_at"]) if row["submitted_at"] else None,
        attempt=row["attempt"],
        intent=bool(row["intent"]),
        reasks=row["reasks"],
        delivery=row["delivery"],
        batch_id=row["batch_id"],
        reused_asset=bool(row["reused_asset"]),
        duration_s=row["duration_s"],
        upload_bytes=row["upload_bytes"],
        upload_s=row["upload_s"],
        wait_s=row["wait_s"],
        requests=row["requests"],
        failure=failure,
    )


@lru_cache(maxsize=64)  # a whole archive shares one recipe
def recipe_of(text: str) -> Recipe:
    """The recipe of its canonical text."""
    return Recipe(**json.loads(text))


def upload_of(text: str | None) -> OpenUpload | None:
    """The upload session of its JSON text."""
    return OpenUpload(**json.loads(text)) if text else None


def source_of(row: sqlite3.Row) -> SourceRow:
    """The manifest row of a job."""
    path = None if row["path"] is None else os.fsdecode(row["path"])
    return SourceRow(row["source"], path, json.loads(row["metadata"]), bool(row["pays"]), row["run_id"])
