"""Reading every source of settings once, and saying what is wrong with them in words."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsError

from pipeline.config.explain import explain, explain_environment, refuse_unknown_environment
from pipeline.config.server import ServerSettings
from pipeline.config.settings import Settings
from pipeline.errors import ConfigError

API_KEY_VARIABLE = "TWELVE_LABS_API_KEY"
WEBHOOK_SECRET_VARIABLE = "TWELVE_LABS_WEBHOOK_SECRET"  # noqa: S105 - its name only
MODEL_KEY_VARIABLE = "OPENAI_API_KEY"


def load(config_file: Path | None = None, flags: Mapping[str, Mapping[str, Any]] | None = None) -> Settings:
    """Read every source of settings once.

    Args:
        config_file: a YAML file of sections; relative paths in it are relative to the working directory.
        flags: section -> name -> value, only what was given.

    Raises:
        ConfigError: an unreadable file, an unknown name (with the nearest valid one), or a value out of its bounds.
    """
    refuse_unknown_environment()
    values: dict[str, Any] = {section: dict(named) for section, named in (flags or {}).items() if named}
    from_file = _read_yaml(config_file)
    try:
        settings = Settings(**values | {"_yaml": from_file})
    except ValidationError as error:
        raise ConfigError("\n".join(explain(error, values, config_file, from_file))) from error
    except SettingsError as error:
        raise ConfigError(explain_environment(error)) from error
    secrets = {
        "api_key": _secret(API_KEY_VARIABLE, settings.platform.api_key_file, "platform.api_key_file"),
        "webhook_secret": _secret(WEBHOOK_SECRET_VARIABLE, settings.webhooks.secret_file, "webhooks.secret_file"),
    }
    return settings.model_copy(update={**secrets, "server": _with_model_key(settings.server)})


def _with_model_key(server: ServerSettings) -> ServerSettings:
    """The key of a model of one's own, read only where such a model is asked."""
    if server.engine != "openai":
        return server
    key = _secret(MODEL_KEY_VARIABLE, None, MODEL_KEY_VARIABLE)
    return server.model_copy(update={"openai": server.openai.model_copy(update={"api_key": key})})


def _read_yaml(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    import yaml  # for whoever has such a file

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the configuration {path}: {error.strerror}; check the -c path") from error
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigError(f"{path}{line}: not valid YAML: {error.problem}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid YAML: {str(error).splitlines()[0]}; save it as UTF-8 text") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: expected sections such as `recipe:` at the top, found {type(content).__name__}")
    if "api_key" in content:
        raise ConfigError(
            f"{path}: the API key does not belong in this file; set {API_KEY_VARIABLE} or platform.api_key_file"
        )
    if "webhook_secret" in content:
        raise ConfigError(
            f"{path}: the secret of webhooks does not belong in this file; set {WEBHOOK_SECRET_VARIABLE} or"
            " webhooks.secret_file"
        )
    return {str(section): value for section, value in content.items() if value is not None}


def _secret(variable: str, path: Path | None, setting: str) -> SecretStr | None:
    """From its variable, else from the file that a setting names, else none."""
    if value := os.environ.get(variable, "").strip():
        return _usable(value, variable)
    if path is None:
        return None
    try:
        value = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"cannot read {setting} {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{setting} {path} is no text; write the key into it, and nothing else") from error
    if not value:
        raise ConfigError(f"{setting} {path} is empty")
    return _usable(value, f"{setting} {path}")


def _usable(key: str, where: str) -> SecretStr:
    """Refused here is what HTTP could not carry; the key itself is never part of a message."""
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(f"{where} holds more than a key: white space or characters that no key has; copy it again")
    return SecretStr(key)
