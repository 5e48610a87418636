"""Every error the pipeline raises on purpose: one root, four answers.

| family | who answers | what happens |
|---|---|---|
| ConfigError, ManifestError | the command line | nothing was touched, exit 2 |
| TransientError | client/retry.py | wait, ask again |
| VideoError | runner.py | this video fails, the run goes on |
| PauseRun | runner.py | stop feeding, drain, keep the state, exit 4 |
| FatalError | the command line | the run ends, exit 3 |

Anything else is a bug and ends the run with a traceback.
"""

from datetime import datetime


class PipelineError(Exception):
    """The root. `str(error)` is one sentence: what happened, to what, and what to do about it.

    Attributes:
        code: a stable, machine-readable name of the cause; the platform's own code where it gave one.
    """

    code = "pipeline_error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code


# --- before the start: nothing touched ---------------------------------------------------------------------------


class ConfigError(PipelineError):
    """A flag, an environment variable or a configuration file says something that cannot be obeyed."""

    code = "config_invalid"


class ManifestError(PipelineError):
    """The manifest has rows that cannot be read; `problems` names every one of them with file and line."""

    code = "manifest_invalid"

    def __init__(self, message: str, *, problems: tuple[str, ...] = (), code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.problems = problems


# --- wait, then ask again ----------------------------------------------------------------------------------------


class TransientError(PipelineError):
    """The same request may succeed later.

    Attributes:
        retry_after_s: seconds the platform asked to wait, if it said so.
        ambiguous: the request may have been carried out although no answer arrived.
        refused: its answer says that it certainly was not, although answers of its kind are ambiguous.
    """

    code = "transient"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        retry_after_s: float | None = None,
        ambiguous: bool = False,
        refused: bool = False,
    ) -> None:
        super().__init__(message, code=code)
        self.retry_after_s = retry_after_s
        self.ambiguous = ambiguous
        self.refused = refused


class RateLimited(TransientError):
    code = "too_many_requests"


class ServerUnavailable(TransientError):
    code = "server_unavailable"


class GatewayUnavailable(ServerUnavailable):
    """A gateway answered for a platform that is away (502, 503, 504): nobody's request would fare better."""

    code = "gateway_unavailable"


class GatewayTimeout(GatewayUnavailable):
    """A gateway gave up waiting (504)."""

    code = "gateway_timeout"


class ConnectionFailed(TransientError):
    code = "connection_failed"


class UrlExpired(TransientError):
    """A presigned chunk URL is spent or too old; another one may be asked for."""

    code = "chunk_url_expired"


# --- this video fails, the run goes on ---------------------------------------------------------------------------


class VideoError(PipelineError):
    """One video cannot be done; the others can.

    Attributes:
        status: the HTTP status that said so, if one did.
    """

    code = "video_failed"

    def __init__(self, message: str, *, code: str | None = None, status: int | None = None) -> None:
        super().__init__(message, code=code)
        self.status = status


class SourceUnreadable(VideoError):
    """The file is missing, forbidden, empty, or changed while it was read."""

    code = "source_unreadable"


class SourceRejected(VideoError):
    """The platform looked at the media and will not take it."""

    code = "source_rejected"


class UploadRejected(VideoError):
    """The platform refused the upload."""

    code = "upload_rejected"


class UploadExpired(UploadRejected):
    """The upload session is over; a new one has to be opened."""

    code = "upload_expired"


class AssetGone(UploadRejected):
    """The platform no longer holds the asset; the content has to travel again."""

    code = "asset_gone"


class TaskFailed(VideoError):
    """The platform refused the analysis or gave it up."""

    code = "task_failed"


class AnswerLost(VideoError):
    """A question may have been answered and paid for, but its answer is not here and nothing can look it up."""

    code = "answer_maybe_lost"


class BatchTooLarge(VideoError):
    """The platform could not create a batch of this size in time; it did not create it. Smaller ones may do."""

    code = "batch_too_large"


class BatchesActive(VideoError):
    """As many batches are active as the platform lets an account have; this one was not created."""

    code = "batches_active"


class UnexpectedResponse(VideoError):
    """The platform answered something that its description does not allow."""

    code = "unexpected_response"


class RetriesExhausted(VideoError):
    """The same transient error came back until the ceiling was reached."""

    code = "retries_exhausted"


# --- stop feeding, drain, keep the state -------------------------------------------------------------------------


class PauseRun(PipelineError):
    """Nothing is wrong with the videos; the run cannot go on now.

    Attributes:
        resume_at: when running again makes sense, if known.
    """

    code = "paused"

    def __init__(self, message: str, *, code: str | None = None, resume_at: datetime | None = None) -> None:
        super().__init__(message, code=code)
        self.resume_at = resume_at


class QuotaExhausted(PauseRun):
    code = "usage_limit_exceeded"


class LimitReached(PauseRun):
    """The account's limits leave no room for longer than a run should wait."""

    code = "rate_limit_reached"


class BudgetReached(PauseRun):
    """What the next question would cost is more than a cap leaves."""

    code = "budget_reached"


class PlatformUnreachable(PauseRun):
    """No request at all has been answered for so long that waiting on makes no sense."""

    code = "platform_unreachable"


class DeadlineReached(PauseRun):
    """The moment has come at which a run was to end."""

    code = "deadline_reached"


class Interrupted(PauseRun):
    code = "interrupted"


# --- the run ends ------------------------------------------------------------------------------------------------


class FatalError(PipelineError):
    """The whole run cannot go on; the ledger is intact."""

    code = "fatal"


class AuthenticationFailed(FatalError):
    code = "api_key_invalid"


class LedgerError(FatalError):
    code = "ledger_failed"


class SinkError(FatalError):
    code = "sink_failed"


class TooManyFailures(FatalError):
    """The same error came back for so many videos in a row that the fault is not in the videos."""

    code = "too_many_failures"


class FolderLocked(PipelineError):
    """Another run holds the output folder (exit 5)."""

    code = "folder_locked"
