"""What the embedded platform cannot look for is told once a run, with the way to have it."""

import pytest

from pipeline.cli.summary import engine_note
from pipeline.config import ServerSettings
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
