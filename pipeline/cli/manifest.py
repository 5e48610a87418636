"""The manifest that a command works through, checked before anything is touched."""

import sys
from pathlib import Path

from pipeline.config import Settings
from pipeline.manifests import Manifest, open_manifest
from pipeline.recipes import Recipes


def checked_manifest(settings: Settings, recipes: Recipes, spool: Path) -> tuple[Manifest, int | None]:
    """The manifest and the number of its rows where that is known without delay; every bad row is named at once.

    Raises:
        ManifestError: no manifest was named, or it has rows that cannot be read.
    """
    manifest = open_manifest(settings.manifest, judge=recipes.problems, stdin=sys.stdin.buffer, spool_dir=spool)
    return manifest, manifest.check()
