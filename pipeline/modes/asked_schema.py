"""Where the form of an answer is written: in the configuration itself, in a .json file, or as a pydantic model."""

import importlib
import json
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from pipeline.errors import ConfigError
from pipeline.modes.schema import checked

SETTING = "recipe.response_schema"
IMPORT_PATH = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_]\w*)")


def read_schema(asked: Mapping[Any, Any] | str, base: str = "") -> str:
    """The schema's text, checked against what the platform takes.

    Args:
        asked: the schema itself, the path of a `.json` file, or `package.module:Model`.
        base: the folder that a relative path is relative to; empty is the working directory.

    Raises:
        ConfigError: it cannot be read or imported, is no schema, or goes beyond the platform's subset.
    """
    if not isinstance(asked, str):
        return checked(asked, SETTING)
    where = f"{SETTING} {asked}"
    if asked.lower().endswith(".json"):
        return checked(_from_file(Path(base, asked), where), where)
    if named := IMPORT_PATH.fullmatch(asked):
        return checked(_from_model(named[1], named[2], where), where)
    raise ConfigError(f"{where}: neither a .json file nor a pydantic model; name the latter as package.module:Model")


def _from_file(path: Path, where: str) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{where}: cannot be read: {error.strerror}; check the path") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{where}: not JSON in UTF-8: {error}; mend the file") from error


def _from_model(module: str, name: str, where: str) -> Any:
    try:
        with _working_directory_importable():
            model = getattr(importlib.import_module(module), name, None)
    except Exception as error:  # a module of the user's own may fail in any way
        raise ConfigError(
            f"{where}: importing {module} failed: {type(error).__name__}: {error}; "
            "it has to be installed, or to lie in the working directory"
        ) from error
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise ConfigError(f"{where}: there is no pydantic model {name} in {module}; check the name")
    try:
        return model.model_json_schema()
    except Exception as error:  # whatever a field's type of the user's own raises
        raise ConfigError(f"{where}: has no JSON schema: {error}; use types that JSON has") from error


@contextmanager
def _working_directory_importable() -> Iterator[None]:
    """The installed command does not look there by itself; last, so that nothing of the program is shadowed."""
    here = str(Path.cwd())
    sys.path.append(here)
    try:
        yield
    finally:
        sys.path.remove(here)
