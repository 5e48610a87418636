"""What is wrong with a setting, who said it, and the nearest valid name."""

import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError

from pipeline.config.settings import ENV_PREFIX, SECRETS, Settings
from pipeline.errors import ConfigError


def refuse_unknown_environment() -> None:
    for variable in os.environ:
        if not variable.upper().startswith(ENV_PREFIX):
            continue
        section = variable[len(ENV_PREFIX) :].split("__")[0].lower()
        if section not in _names():
            raise ConfigError(f"environment variable {variable}: no section {section!r}{_nearest(section, _names())}")


def _names(path: tuple[str, ...] = ()) -> list[str]:
    model: type[BaseModel] = Settings
    for name in path:
        annotation = model.model_fields[name].annotation
        model = next(t for t in (annotation, *get_args(annotation)) if isinstance(t, type) and issubclass(t, BaseModel))
    return [name for name in model.model_fields if name not in SECRETS]


def _nearest(name: str, valid: list[str]) -> str:
    close = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; valid names: {', '.join(sorted(valid))}"


def _nearest_setting(path: tuple[str, ...]) -> str:
    """The setting of the same name in another section, or the nearest one beside it."""
    namesakes = [f"{section}.{path[-1]}" for section in _names() if path[-1] in _names((section,))]
    return f"; did you mean {namesakes[0]!r}?" if namesakes else _nearest(path[-1], _names(path[:-1]))


def explain(
    error: ValidationError, flags: Mapping[str, Any], config_file: Path | None, from_file: Mapping[str, Any]
) -> Iterator[str]:
    for problem in error.errors(include_url=False, include_input=False):
        path = tuple(str(part) for part in problem["loc"])
        where = _where(path, flags, config_file, from_file)
        name = ".".join(path)
        if problem["type"] == "extra_forbidden":
            yield f"{where}unknown setting {name!r}{_nearest_setting(path)}"
        elif problem["type"] == "model_type":
            yield f"{where}{name!r} is a section; write its settings indented below it: {', '.join(_names(path))}"
        else:
            yield f"{where}setting {name!r}: {problem['msg'].removeprefix('Value error, ')}"


def _where(path: tuple[str, ...], flags: Mapping[str, Any], config_file: Path | None, from_file: object) -> str:
    """Who said so, in the order in which they win, as the beginning of a sentence."""
    if _holds(flags, path):
        return f"flag --{path[-1].replace('_', '-')}: "
    for variable in os.environ:
        if tuple(variable.lower().removeprefix(ENV_PREFIX.lower()).split("__")) == path[:2]:
            return f"environment variable {variable}: "
    return f"{config_file}: " if _holds(from_file, path[:2]) else ""


def _holds(values: object, path: tuple[str, ...]) -> bool:
    if not path:
        return True
    return isinstance(values, Mapping) and path[0] in values and _holds(values[path[0]], path[1:])


def explain_environment(error: SettingsError) -> str:
    sections = [name for name in _names() if f'"{name}"' in str(error)]
    prefixes = tuple(f"{ENV_PREFIX}{name}".upper() for name in sections)
    told = ", ".join(sorted(name for name in os.environ if name.upper().startswith(prefixes)))
    return f"environment variable {told}: not JSON; write a list or a group of settings as JSON, such as '[\".mp4\"]'"
