"""A run that kills itself after a save: killed_run.py CONFIG MANIFEST OUT STATE INTENT N.

It dies by SIGKILL in the very moment when the ledger has recorded, for the Nth time, a job in STATE with that INTENT
(0 or 1); it ends by itself where that never happens.
"""

import os
import signal
import sys
import tempfile
from pathlib import Path

import anyio

from pipeline.app import open_run, rows_of
from pipeline.config import Settings, load
from pipeline.jobs import Job
from pipeline.manifests import Manifest, open_manifest
from pipeline.recipes import Recipes


class Fate:
    """Counts the saves of one kind."""

    def __init__(self, state: str, intent: str, nth: str) -> None:
        self._kind = (state, bool(int(intent)))
        self._left = int(nth)

    def __call__(self, job: Job) -> None:
        if (job.state.value, job.intent) != self._kind:
            return
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


async def drive(settings: Settings, manifest: Manifest, fate: Fate) -> None:
    async with open_run(settings, on_saved=fate) as run:
        await run.execute(rows_of(manifest.videos(), Recipes(settings)))


def main(config: str, manifest: str, out: str, *fate: str) -> None:
    settings = load(Path(config), {"manifest": {"source": manifest}, "output": {"dir": Path(out)}})
    with tempfile.TemporaryDirectory() as spool:
        videos = open_manifest(settings.manifest, stdin=sys.stdin.buffer, spool_dir=Path(spool))
        anyio.run(drive, settings, videos, Fate(*fate))


main(*sys.argv[1:])
