"""A file is observed once: what is asked of it next is answered from notes."""

import os
import shutil
import sys
from pathlib import Path

import orjson
import pytest

from pipeline.server.engines.answers.observe import observe
from pipeline.server.engines.contract import EngineError
from pipeline.server.engines.evidence import faces
from pipeline.server.engines.evidence.senses import Senses
from pipeline.server.engines.evidence.timeline import Timeline

LOOKS = Senses(("visuals",))


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


def test_notes_that_cannot_be_written_cost_no_answer(video: Path, tmp_path: Path) -> None:
    """They are a saving for the next question; the worker's log says why there is none."""
    (tmp_path / "notes" / f"whole.{os.getpid()}").mkdir(parents=True)  # where it would be written
    assert observe(video, tmp_path / "notes", senses=LOOKS) == observe(video, None, senses=LOOKS)


def test_a_package_that_cannot_be_loaded_is_named(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do about it: it is there, so that nothing says that it is not installed."""
    (tmp_path / "dlib.py").write_text("raise ImportError('libopenblas.so.0: cannot open shared object file')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "dlib", raising=False)
    faces._detector.cache_clear()
    with pytest.raises(EngineError, match=r"cannot be loaded: libopenblas.*Install it anew, or remove it"):
        observe(video, None, senses=LOOKS)


def test_a_window_beyond_the_end_holds_nothing(video: Path, tmp_path: Path) -> None:
    """It is refused, with notes and without."""
    for notes in (None, tmp_path / "notes"):
        with pytest.raises(EngineError, match="holds nothing of the file, which ends at"):
            observe(video, notes, 60.0, 70.0)
