"""A batch pipeline that analyses video archives with the TwelveLabs platform.

    manifest -> bounded worker pool -> parallel chunked upload -> analysis task -> rate-limited polling -> JSONL
    results + usage

What one video lives through; states are facts in the past tense, so that a crash cannot make them false:

| state (what the ledger knows) | step that leaves it | leads to |
|---|---|---|
| accepted: the row and its content identity (steps/identify.py) | steps/upload.py begin | opened, uploaded |
| opened: the upload session | steps/upload.py send_chunks | uploaded; accepted where the session expired |
| uploaded: the asset id | steps/delivery.py submit | submitted, or analyzed at once; accepted where the asset is gone |
| submitted: the task id | steps/delivery.py poll | analyzed; uploaded where it has to be submitted again |
| analyzed: the raw answer and its usage | steps/write.py write | written; uploaded where it is asked again |
| written: every sink holds the line | none | analyzed where a further source joins |
| failed: why, and all facts so far | none | `pipeline retry` reopens at the last good fact |

The rooms, from the top floor down; imports only go down:

- cli: the commands; app: opens and closes every resource of a run
- runner: the one task group; survey: what a run would work through; server: the embedded platform, a house of its own
- steps: the life of a video; recipes: what is asked of each; feed: rows on their way in; plan: what a run comes to;
  progress: how far one is
- client: the platform over HTTP; ledger: SQLite; manifests, modes, sinks, media: one file for each kind
- budget, billing: what may be spent, and what is charged for, as plain arithmetic
- config, log; jobs: the state machine; models; errors

As a library::

    settings = pipeline.load(flags={"recipe": {"prompt": "What happens?"}, "output": {"dir": "out"}})
    async with pipeline.open_run(settings) as run:
        await run.execute(pipeline.rows_of(videos, pipeline.recipes_of(settings)))
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.app import open_run, recipes_of, rows_of
    from pipeline.config import load

__all__ = ["load", "open_run", "recipes_of", "rows_of"]


def __getattr__(name: str) -> Any:
    """The library's names, imported when first asked for: `import pipeline` alone stays cheap, for every room imports
    it.
    """
    import importlib

    if name not in __all__:
        raise AttributeError(f"module 'pipeline' has no attribute {name!r}")
    return getattr(importlib.import_module("pipeline.config" if name == "load" else "pipeline.app"), name)
