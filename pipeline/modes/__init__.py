"""What is asked of a video: one file for each mode, one line for each in `MODES`."""

from pipeline.modes import general
from pipeline.modes.contract import Mode

__all__ = ["MODES", "Mode"]

MODES: dict[str, Mode] = {
    "general": general,
}
