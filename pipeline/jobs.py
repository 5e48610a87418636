"""The state machine of a job, pure. States are facts in the past tense, so that a crash cannot make them false."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from pipeline.errors import PipelineError, VideoError
from pipeline.models import Delivery, FileStamp, OpenUpload, Recipe


class State(StrEnum):
    """What the ledger knows of a job; `pipeline/__init__.py` holds the table of who leads where."""

    ACCEPTED = "accepted"
    OPENED = "opened"
    UPLOADED = "uploaded"
    SUBMITTED = "submitted"
    ANALYZED = "analyzed"
    WRITTEN = "written"
    FAILED = "failed"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.ACCEPTED: frozenset({State.OPENED, State.UPLOADED, State.FAILED}),
    State.OPENED: frozenset({State.UPLOADED, State.ACCEPTED, State.FAILED}),
    State.UPLOADED: frozenset({State.SUBMITTED, State.ANALYZED, State.ACCEPTED, State.FAILED}),
    State.SUBMITTED: frozenset({State.ANALYZED, State.UPLOADED, State.FAILED}),
    State.ANALYZED: frozenset({State.WRITTEN, State.UPLOADED, State.FAILED}),
    State.WRITTEN: frozenset({State.ANALYZED}),  # a further source joined: its line is still to be written
    State.FAILED: frozenset({State.ACCEPTED, State.OPENED, State.UPLOADED, State.SUBMITTED, State.ANALYZED}),
}


class ForbiddenTransition(PipelineError):
    """A step returned a state that the table does not allow: a bug, never a fact about a video."""

    code = "forbidden_transition"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job stands still: error class, platform or own code, one sentence, and the state it failed from."""

    error: str
    code: str
    message: str
    state: State


@dataclass(frozen=True, slots=True)
class Job:
    """Our record of one (video content, recipe).

    Attributes:
        key: SHA-256 hex of content identity and recipe; also the platform's `custom_id`.
        content: the content identity, `blake3:<hex>` or `url:<url>`.
        source: the source whose bytes are uploaded if the platform does not hold them yet.
        path: its file system path; None for a URL.
        stamp: the file's size and modification time when it was hashed.
        upload: the session under way, or the one that brought the content.
        attempt: counts deliberate submissions; part of the Idempotency-Key. 0 before the first.
        intent: a submission under the present attempt may have left; it must be looked for before it is sent again.
        reasks: how often an invalid answer was asked for again.
        delivery: how the last submission left, or is about to.
        batch_id: the platform's batch that the task belongs to.
        reused_asset: the platform already held the content; nothing was uploaded for this job.
        raw: the platform's answer, unparsed. Empty until analyzed.
    """

    key: str
    content: str
    recipe: Recipe
    source: str
    path: str | None
    stamp: FileStamp | None
    state: State = State.ACCEPTED
    upload: OpenUpload | None = None
    asset_id: str | None = None
    task_id: str | None = None
    submitted_at: datetime | None = None
    attempt: int = 0
    intent: bool = False
    reasks: int = 0
    delivery: Delivery = "task"
    batch_id: str | None = None
    reused_asset: bool = False
    duration_s: float | None = None
    upload_bytes: int = 0
    upload_s: float = 0.0
    wait_s: float = 0.0
    requests: int = 0
    raw: str = ""
    failure: Failure | None = None

    @property
    def idempotency_key(self) -> str:
        """The same for every HTTP retry of one submission; a new one for each deliberate resubmission.

        The asset is part of it: another output folder of the same account may ask the same of a copy of its own.
        """
        return f"{self.key}-{self.asset_id or ''}-{self.attempt}"

    def to(self, state: State, **facts: Any) -> "Job":
        """The job in its next state with further facts; raises ForbiddenTransition where the table has no such
        arrow.
        """
        if state not in TRANSITIONS[self.state]:
            raise ForbiddenTransition(f"job {self.key}: {self.state} cannot lead to {state}")
        return replace(self, state=state, **facts)

    def failed(self, error: VideoError) -> "Job":
        """The job at rest, with the reason and the state it may be reopened from."""
        failure = Failure(type(error).__name__, error.code, error.message, self.state)
        return self.to(State.FAILED, failure=failure)

    def reopened(self) -> "Job":
        """The failed job at its last good fact, ready to be driven again."""
        if self.failure is None:
            raise ForbiddenTransition(f"job {self.key}: only a failed job is reopened, this one is {self.state}")
        return self.to(self.failure.state, failure=None)
