"""structlog set-up; nothing else. Logs are events: `video.uploaded`, `request.retried`.

Two readers: the run's own log file gets everything from `info` as JSON lines; stderr gets what `log.level` lets
through, in a console form on a terminal and as JSON lines otherwise.
"""

import contextlib
import json
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, NoReturn, TextIO

import orjson
import structlog

from pipeline.config import LogSettings

_LEVELS = logging.getLevelNamesMapping()


def configure(settings: LogSettings, *, file: TextIO | None = None) -> None:
    """Send events to stderr and, where given, to the run's log file.

    Args:
        settings: level and form of what goes to stderr.
        file: an open text file.
    """
    level = _LEVELS[settings.level.upper()]
    console = settings.form == "console" or (settings.form == "auto" and sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _Writers(file, level, console=console),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(min(logging.INFO, level) if file else level),
        logger_factory=structlog.ReturnLoggerFactory(),
        cache_logger_on_first_use=False,
    )


class _Writers:
    """The last processor: writes the event where it belongs and ends it.

    `sys.stderr` is looked up for every event, because a live display puts itself in its place.
    """

    def __init__(self, file: TextIO | None, level: int, *, console: bool) -> None:
        self._file = file
        self._level = level
        self._json = structlog.processors.JSONRenderer(serializer=_dumps)
        self._console = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()) if console else self._json

    def __call__(self, logger: Any, name: str, event: MutableMapping[str, Any]) -> NoReturn:
        if self._file is not None:
            _write(self._file, str(self._json(logger, name, dict(event))))
        if _LEVELS[str(event["level"]).upper()] >= self._level:
            _write(sys.stderr, str(self._console(logger, name, dict(event))))
        raise structlog.DropEvent


def _dumps(event: Any, **options: Any) -> str:
    try:
        return orjson.dumps(event, default=options["default"]).decode()  # a third of the time of `json`
    except orjson.JSONEncodeError:  # half a surrogate pair, or an integer beyond 64 bits
        return json.dumps(event, ensure_ascii=False, default=options["default"])


def _write(target: TextIO, line: str) -> None:
    """A log that cannot be written stops nothing: where the disk is full, the ledger is the one to say so."""
    with contextlib.suppress(OSError):
        target.write((line if line.isascii() else line.encode("utf-8", "backslashreplace").decode()) + "\n")
