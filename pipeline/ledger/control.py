"""How a run that is on is spoken to: two small files in its output folder, each replaced as a whole.

`control.json` says what is asked of it, `running.json` what holds. Both are the run's that is on, and go with it.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError, LedgerError

CONTROL = "control.json"
RUNNING = "running.json"
MAX_BYTES = 100_000


def write(path: Path, values: Mapping[str, Any]) -> None:
    """Replace a file, so that nobody ever reads half of it.

    Raises:
        LedgerError: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(f"{json.dumps(values, indent=2)}\n", encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise LedgerError(f"cannot write {path}: {error.strerror}; check the output folder") from error


def read(path: Path) -> dict[str, Any] | None:
    """What a file says; None where there is none.

    Raises:
        ConfigError: it cannot be read, or is no object of JSON.
    """
    try:
        with path.open("rb") as file:
            values = json.loads(file.read(MAX_BYTES))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid JSON: {error}; `pipeline tune` writes it") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path} holds no object; `pipeline tune` writes it")
    return values


def remove(folder: Path) -> None:
    """Take both files away; what cannot be taken away is nobody's."""
    for name in (CONTROL, RUNNING):
        with suppress(OSError):
            (folder / name).unlink()
