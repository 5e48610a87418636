"""Flags that commands share, and the settings they stand for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pipeline.config import Settings, load
from pipeline.errors import ConfigError

F = TypeVar("F", bound=Callable[..., Any])

# flag -> (section, name): the same value is the YAML key `section: name:` and the variable PIPELINE_<SECTION>__<NAME>
PLACES = {
    "manifest": ("manifest", "source"),
    "prompt": ("recipe", "prompt"),
    "prompt_file": ("recipe", "prompt_file"),
    "model": ("recipe", "model"),
    "schema": ("recipe", "response_schema"),
    "base_url": ("platform", "base_url"),
    "platform": ("platform", "kind"),
    "out": ("output", "dir"),
    "workers": ("run", "workers"),
    "delivery": ("run", "delivery"),
    "order": ("run", "order"),
    "until": ("run", "until"),
    "webhook_port": ("webhooks", "port"),
    "max_cost": ("budget", "max_cost_usd"),
    "max_minutes": ("budget", "max_minutes"),
    "max_tokens": ("budget", "max_tokens"),
}

CONFIG = click.option(
    "-c", "--config", type=click.Path(path_type=Path), help="A YAML file of settings, such as configs/overnight.yaml."
)
MODEL = click.option("--model", help="The platform's model, such as pegasus1.5.")
BASE_URL = click.option("--base-url", help="The platform's address, with its version path.")
PLATFORM = click.option(
    "--platform",
    type=click.Choice(["local", "remote"]),
    help="local: the embedded platform; the default without an API key.",
)
OUT = click.option("--out", type=click.Path(path_type=Path), help="The folder of the ledger and every output.")
_AMOUNT = click.FloatRange(min=0)
CAPS = (
    click.option("--max-cost", type=_AMOUNT, metavar="USD", help="Commit to no more than this in the run."),
    click.option("--max-minutes", type=_AMOUNT, help="Of video that is charged for, in the run."),
    click.option("--max-tokens", type=_AMOUNT, help="Of all answers of the run."),
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print one summary object on stdout at the end.")

_OPTIONS = (
    click.argument("manifest", required=False),
    CONFIG,
    click.option("--prompt", help="What to ask of every video."),
    click.option("--prompt-file", type=click.Path(path_type=Path), help="A text file with the prompt."),
    MODEL,
    click.option(
        "--schema", help="The form of the answers: a .json file, or a pydantic model as package.module:Model."
    ),
    BASE_URL,
    PLATFORM,
    OUT,
    click.option("--workers", type=int, help="Videos in flight at once."),
    click.option(
        "--delivery",
        type=click.Choice(["task", "sync", "batch", "auto"]),
        help="How to ask: task, an asynchronous analysis each; sync, one request each that is held open; batch, up to "
        "1,000 in one; auto, batch where there are many.",
    ),
    click.option(
        "--order",
        type=click.Choice(["manifest", "smallest", "mixed"]),
        help="Which files go first: as the manifest has them, the smallest, or large and small ones by turns.",
    ),
    click.option("--until", help="When to pause: a time of day such as 06:00, today or tomorrow, or a date and time."),
    click.option(
        "--webhook-port", type=click.IntRange(0, 65535), help="Listen here for the platform's events; 0 picks a port."
    ),
    *CAPS,
    JSON,
)

_OF_ONE_VIDEO = (
    click.argument("video"),
    click.argument("question", required=False),
    CONFIG,
    MODEL,
    BASE_URL,
    PLATFORM,
    OUT,
    *CAPS,
    JSON,
)


def settings_options(command: F) -> F:
    """Add the flags of commands that work through a manifest."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def one_video_options(command: F) -> F:
    """Add the flags of a command that asks of one video."""
    for option in reversed(_OF_ONE_VIDEO):
        command = option(command)
    return command


def required_ledger(folder: Path) -> Path:
    """The ledger of an output folder that an earlier run has filled.

    Raises:
        ConfigError: there is none.
    """
    path = folder / "ledger.db"
    try:
        path.stat()
    except FileNotFoundError as error:
        raise ConfigError(f"there is no ledger in {folder}: no run has worked there yet; check --out") from error
    except OSError as error:
        raise ConfigError(f"cannot look for a ledger in {folder}: {error.strerror}; check --out") from error
    return path


def settings_from(config: Path | None, given: dict[str, Any]) -> Settings:
    """Settings with the given flags on top; a flag that was not given says nothing.

    Raises:
        ConfigError: something cannot be obeyed.
    """
    flags: dict[str, dict[str, Any]] = {}
    for flag, value in given.items():
        if value is not None:
            section, name = PLACES[flag]
            flags.setdefault(section, {})[name] = value
    if "prompt" in flags.get("recipe", {}) or "prompt_file" in flags.get("recipe", {}):
        flags["recipe"] = {"prompt": None, "prompt_file": None, **flags["recipe"]}  # the flag replaces either kind
    return load(config, flags)
