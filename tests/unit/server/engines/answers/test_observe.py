"""A file is observed once: what is asked of it next is answered from notes."""

import shutil
from pathlib import Path

import orjson
import pytest

from pipeline.server.engines.answers.observe import observe
from pipeline.server.engines.contract import EngineError
from pipeline.server.engines.evidence.timeline import Timeline


@pytest.fixture
def video(samples: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(samples / "tower.mp4", tmp_path / "video"))


def test_the_second_question_needs_no_file(video: Path, tmp_path: Path) -> None:
    """Whole, or any window of it: the same as at first, from the notes alone."""
    notes = tmp_path / "notes"
    first = observe(video, notes)
    assert first == observe(video, None)
    video.unlink()
    assert observe(video, notes) == first
    part = observe(video, notes, 1.0, 5.0)
    assert (part.start_s, part.end_s) == (1.0, 5.0)
    assert [shot.start_s for shot in part.shots or ()] == [1.0, *(shot.start_s for shot in (first.shots or ())[1:])]


def test_a_small_window_is_observed_by_itself(video: Path, tmp_path: Path) -> None:
    """Nobody waits for hours of video when seconds of it are asked for; the next one asks the notes, too."""
    notes = tmp_path / "notes"
    part = observe(video, notes, 2.0, 3.0)
    assert (part.start_s, part.end_s) == (2.0, 3.0)
    assert [path.name for path in notes.iterdir()] == ["2000-3000.json"]
    whole = observe(video, notes)
    assert whole.end_s > 6
    assert observe(video, notes, 2.0, 3.0).start_s == 2.0


@pytest.mark.parametrize("spoiled", ["half", "old"])
def test_notes_that_cannot_be_used_are_made_anew(video: Path, tmp_path: Path, spoiled: str) -> None:
    """One that is not whole or of another version is no note."""
    notes = tmp_path / "notes"
    first = observe(video, notes)
    note = notes / "whole.json"
    text = note.read_bytes()
    note.write_bytes(
        text[: len(text) // 2] if spoiled == "half" else orjson.dumps({**orjson.loads(text), "version": 0})
    )
    assert observe(video, notes) == first
    assert Timeline.from_json(orjson.loads(note.read_bytes())) == first


def test_a_window_beyond_the_end_holds_nothing(video: Path, tmp_path: Path) -> None:
    """It is refused, with notes and without."""
    for notes in (None, tmp_path / "notes"):
        with pytest.raises(EngineError, match="holds nothing of the file, which ends at"):
            observe(video, notes, 60.0, 70.0)
