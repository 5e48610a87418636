"""What the embedded platform cannot look for is told once a run, with the way to have it."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from pipeline.cli.summary import engine_note
from pipeline.config import ServerSettings
from pipeline.config.openai import OpenAISettings
from pipeline.server.engines.evidence import extra


def test_what_is_not_installed_is_told_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every ability without its packages is named; none that the settings leave out, or that no engine needs."""
    assert engine_note(ServerSettings()) is None
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name == "rapidocr" else name)
    assert engine_note(ServerSettings()) == (
        "Not looked for, since packages are not installed: text on screen."
        " To look for it: pip install 'video-analysis-pipeline[evidence]'"
    )
    assert engine_note(ServerSettings(tracks=("visuals", "speech"))) is None
    assert engine_note(ServerSettings(engine="echo")) is None


def test_what_no_package_is_made_for_is_not_said_to_be_installable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra brings no PocketSphinx, what recognises words in its place is told, and what the extra does."""
    monkeypatch.setattr(extra, "has_pocketsphinx", lambda: False)
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name == "pocketsphinx" else name)
    told = engine_note(ServerSettings())
    assert told is not None
    assert (extra.INSTALL in told, "video-analysis-pipeline[whisper]" in told) == (False, True)
    monkeypatch.setattr(extra, "find_spec", lambda _: None)
    told = engine_note(ServerSettings())
    assert told is not None
    assert (extra.INSTALL in told, "video-analysis-pipeline[whisper]" in told) == (True, True)


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13), (3, 14)])
@pytest.mark.parametrize("machine", ["x86_64", "aarch64", "arm64"])
def test_where_the_extra_brings_pocketsphinx(version: tuple[int, int], machine: str) -> None:
    """It is known as the project's own file says it."""
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    named = [Requirement(line) for line in project["optional-dependencies"]["evidence"]]
    (marker,) = [each.marker for each in named if each.name == "pocketsphinx"]
    environment = {"python_version": ".".join(map(str, version)), "platform_machine": machine}
    assert extra.has_pocketsphinx(version, machine) == marker.evaluate(environment)


def test_what_a_model_of_ones_own_is_not_told_of_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told what is said and written, so that faces are no loss to it; nothing is one without the evidence."""
    settings = ServerSettings(engine="openai", openai=OpenAISettings(model="mine"))
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name in {"rapidocr", "dlib"} else name)
    note = engine_note(settings)
    assert note is not None
    assert "not installed: text on screen." in note
    unaided = settings.model_copy(update={"openai": OpenAISettings(model="mine", evidence=False)})
    assert engine_note(unaided) is None
