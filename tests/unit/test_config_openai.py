"""The settings of a model of one's own, and the key that no file holds."""

from pathlib import Path

import pytest

from pipeline.config import load
from pipeline.errors import ConfigError

KEY = "sk-DISTINCTIVE"
OPENAI = "PIPELINE_SERVER__OPENAI__"


@pytest.fixture(autouse=True)
def own_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_SERVER__ENGINE", "openai")
    monkeypatch.setenv(f"{OPENAI}MODEL", "seer")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def test_the_key_comes_from_its_variable_and_is_nowhere_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is there for the engine that needs it alone, and in no dump or text of the settings."""
    settings = load()
    assert settings.server.openai.api_key is not None
    assert settings.server.openai.api_key.get_secret_value() == KEY
    assert KEY not in repr(settings) + settings.model_dump_json()
    monkeypatch.setenv("PIPELINE_SERVER__ENGINE", "evidence")
    assert load().server.openai.api_key is None


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("API_KEY", KEY, "set OPENAI_API_KEY"),
        ("BASE_URL", f"http://user:{KEY}@127.0.0.1/v1", "OPENAI_API_KEY"),
        ("BASE_URL", "127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
        ("MODLE", "seer", "did you mean 'model'"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_explained(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    """In words, and without the key."""
    monkeypatch.setenv(OPENAI + name, value)
    with pytest.raises(ConfigError) as caught:
        load()
    assert told in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_key_in_a_file_is_refused(tmp_path: Path) -> None:
    """The sentence names the variable, and not the key."""
    path = tmp_path / "own.yaml"
    path.write_text(f"server: {{openai: {{api_key: {KEY}}}}}")
    with pytest.raises(ConfigError, match="OPENAI_API_KEY") as caught:
        load(path)
    assert KEY not in str(caught.value)


def test_a_key_that_no_request_could_carry_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is asked."""
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY} and more")
    with pytest.raises(ConfigError, match="OPENAI_API_KEY") as caught:
        load()
    assert KEY not in str(caught.value)
