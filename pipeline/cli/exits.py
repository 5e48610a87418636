"""Exit codes, computed from errors and from what the ledger says."""

from enum import IntEnum

from pipeline.errors import ConfigError, FolderLocked, ManifestError, PauseRun, PipelineError


class Exit(IntEnum):
    """What a script may rely on; the table is in `pipeline/cli/__init__.py`."""

    DONE = 0
    SOME_FAILED = 1
    USAGE = 2
    FATAL = 3
    PAUSED = 4
    LOCKED = 5


def code_of(error: PipelineError) -> Exit:
    """The exit code of an error that ended the command."""
    if isinstance(error, ConfigError | ManifestError):
        return Exit.USAGE
    if isinstance(error, FolderLocked):
        return Exit.LOCKED
    return Exit.PAUSED if isinstance(error, PauseRun) else Exit.FATAL
