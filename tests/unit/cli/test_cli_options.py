"""Flags are settings: each has a place, and its place has a variable and a YAML key."""

from pathlib import Path

import click
import pytest

from pipeline.cli.commands import pipeline
from pipeline.cli.options import PLACES, required_ledger, settings_from
from pipeline.config import Settings
from pipeline.errors import ConfigError


def test_every_flag_has_a_setting() -> None:
    """Each place of a flag is a setting that exists, so that variable and YAML key exist as well."""
    for section, name in PLACES.values():
        assert name in type(getattr(Settings(), section)).model_fields


@pytest.mark.parametrize("command", ["run", "retry"])
def test_every_flag_is_explained(command: str) -> None:
    """Each option of a command has a sentence of help."""
    found = pipeline.get_command(click.Context(pipeline), command)
    assert found is not None
    options = [option for option in found.params if isinstance(option, click.Option)]
    assert {"prompt", "prompt_file", "model", "base_url", "platform", "out", "workers", "as_json"} <= {
        option.name for option in options
    }
    assert all(option.help for option in options)


def test_a_flag_not_given_says_nothing(tmp_path: Path) -> None:
    """Only flags that were given win over the file."""
    config = tmp_path / "c.yaml"
    config.write_text("run: {workers: 7}\nrecipe: {prompt: from the file}\n")
    given = dict.fromkeys(PLACES)
    assert settings_from(config, given).run.workers == 7
    assert settings_from(config, given | {"workers": 8}).run.workers == 8


def test_a_prompt_flag_replaces_either_kind(tmp_path: Path) -> None:
    """`--prompt` wins over a prompt file of the configuration, and `--prompt-file` over its prompt."""
    config = tmp_path / "c.yaml"
    config.write_text("recipe: {prompt: from the file}\n")
    given = dict.fromkeys(PLACES)
    recipe = settings_from(config, given | {"prompt_file": tmp_path / "p.txt"}).recipe
    assert (recipe.prompt, recipe.prompt_file) == (None, tmp_path / "p.txt")
    assert settings_from(config, given | {"prompt": "from the flag"}).recipe.prompt == "from the flag"


def test_a_ledger_has_to_be_there(tmp_path: Path) -> None:
    """A folder without ledger is refused with the folder's name; one below a file likewise."""
    with pytest.raises(ConfigError, match=f"no ledger in {tmp_path}"):
        required_ledger(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="Not a directory"):
        required_ledger(tmp_path / "file")
    (tmp_path / "ledger.db").touch()
    assert required_ledger(tmp_path) == tmp_path / "ledger.db"
