"""Spoken words by a Whisper model that the user has, instead of PocketSphinx."""

import json
import pickle
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline.cli.evidence import evidence
from pipeline.config import ServerSettings
from pipeline.errors import ConfigError
from pipeline.server.app import serve
from pipeline.server.engines import EngineError, EngineRequest, engine_of
from pipeline.server.engines.answers.clip import clip
from pipeline.server.engines.answers.observe import observe
from pipeline.server.engines.evidence import whisper, whisper_model
from pipeline.server.engines.evidence.pcm import RATE
from pipeline.server.engines.evidence.senses import Senses
from pipeline.server.engines.evidence.speech import NAME
from pipeline.server.engines.evidence.timeline import VERSION, Media, Timeline, Utterance, Word
from pipeline.server.engines.evidence.voice import Spoken
from pipeline.server.engines.evidence.whisper import WhisperRecogniser
from scripts.sample_videos import score

from .conftest import Film
from .whisper_models import WORD_S, build

SENTENCE = "We saw the red boat at noon."
WORDS = SENTENCE.split()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("whisper") / "tiny", SENTENCE)


@pytest.fixture(scope="module")
def video(film: Film) -> Path:
    """One sentence, which is another than the model says."""
    return film("said.mp4", (), score.speech("please keep your hands away"))


def hear(folder: Path, language: str | None = None, seconds: float = 4.0) -> Utterance:
    """What is heard in a stretch of noise that begins at 10 seconds."""
    noise = np.random.default_rng(1).integers(-3000, 3000, round(seconds * RATE)).astype(np.int16)
    found = whisper_model.find(folder, language, "setting")
    return WhisperRecogniser(found).hear(Spoken(10.2, 10.0 + seconds, 0.9, 10.0, noise))


@pytest.mark.parametrize(("detects", "language"), [(None, None), (None, "en"), ("fr", None), ("fr", "en")])
def test_words_come_with_their_times(tmp_path: Path, detects: str | None, language: str | None) -> None:
    """As the model hears them, with capitals and stops; of one language or several, detected or told."""
    said = hear(build(tmp_path / "model", SENTENCE, detects=detects), language)
    assert (said.understood, said.text) == (True, SENTENCE)
    assert [word.text for word in said.words] == WORDS
    begin_s = [10.0 + number * WORD_S for number in range(len(WORDS))]
    assert [word.start_s for word in said.words] == pytest.approx(begin_s)
    assert [word.end_s for word in said.words] == pytest.approx([at_s + WORD_S for at_s in begin_s])
    assert all(word.confidence > 0.9 for word in said.words)


def test_words_lie_inside_the_sound(model: Path) -> None:
    """Whisper fills its window up to whole seconds: nothing is said after the sound has ended."""
    said = hear(model, seconds=1.3)
    assert max(word.end_s for word in said.words) == pytest.approx(11.3)


@pytest.mark.parametrize("sureness", [3.0, 5.0, 7.0])
def test_what_is_not_understood_is_not_quoted(tmp_path: Path, sureness: float) -> None:
    """Where Whisper guesses, no word is told."""
    said = hear(build(tmp_path / "model", SENTENCE, sureness))
    assert (said.understood, said.text, said.words) == (False, "", ())
    assert said.confidence < 0.9


def test_what_is_said_over_and_over_is_not_quoted(tmp_path: Path) -> None:
    """Whisper that repeats itself has lost the thread, however sure it is."""
    said = hear(build(tmp_path / "model", " ".join(["again"] * 24)), seconds=12)
    assert (said.understood, said.words) == (False, ())


def test_it_takes_over_from_pocketsphinx(
    video: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine quotes what Whisper hears, from a worker process as well, without asking any network."""
    whisper._load.cache_clear()
    asked: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **_: asked.append(address))
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: asked.append(address))
    engine = pickle.loads(pickle.dumps(engine_of(ServerSettings(whisper_model=model))))
    request = EngineRequest(video, "What is said?", None, notes=tmp_path / "notes")
    assert "red boat" in engine(request).text
    assert asked == []


def test_notes_of_another_recogniser_are_not_used(video: Path, model: Path, tmp_path: Path) -> None:
    """What one recogniser heard is not told as what another hears: neither another model nor another language."""
    notes = tmp_path / "notes"
    for language in (None, "en"):
        found = whisper_model.find(model, language, "setting")
        by_whisper = observe(video, notes, senses=Senses(whisper=found))
        assert by_whisper.speech_by == found.name
    by_sphinx = observe(video, notes)
    assert by_sphinx.speech_by == NAME
    assert by_sphinx.speech != by_whisper.speech


@pytest.mark.parametrize(("text", "part"), [("two of them", "two of"), ("二つの物", "二つの")])
def test_a_part_of_what_is_said_is_written_as_the_whole(text: str, part: str) -> None:
    """With spaces between words, or without, as the language has it."""
    texts = text.split() if " " in text else [text[:2], text[2:3], text[3:]]
    words = tuple(Word(at_s, at_s + 1.0, 1.0, each) for at_s, each in enumerate(texts))
    media = Media(3.0, 0.0, None, None, None, 0, None, "aac", 1)
    said = Utterance(0.0, 3.0, 1.0, understood=True, text=text, words=words)
    (cut,) = clip(Timeline(VERSION, media, 0.0, 3.0, speech=(said,)), 0.0, 2.0).speech or ()
    assert cut.text == part


def test_the_same_name_for_the_same_model_alone(model: Path, tmp_path: Path) -> None:
    """It is known by what it holds, so that a better one in the same folder is another."""
    folder = tmp_path / "tiny"
    shutil.copytree(model, folder)
    names = [whisper_model.find(model, None, "").name, whisper_model.find(folder, None, "").name]
    shutil.rmtree(folder)
    names.append(whisper_model.find(build(folder, "Another sentence."), None, "").name)
    assert names[0] == names[1] != names[2]
    assert all(name.startswith("Whisper tiny ") for name in names)


def _without(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def _with(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("spoil", "language", "told"),
    [
        (shutil.rmtree, None, "there is nothing at this path"),
        (lambda folder: (shutil.rmtree(folder), folder.write_text("")), None, "a folder is needed"),
        (_without("model.bin"), None, "there is no model.bin in it"),
        (_without("tokenizer.json"), None, "there is no tokenizer.json in it"),
        (_without("vocabulary.json"), None, "there is no vocabulary in it"),
        (_with("model.bin", "TransformerSpec"), None, "model.bin is another kind of model, or none"),
        (_with("config.json", "{}"), None, "its config.json has no alignment_heads"),
        (_with("tokenizer.json", "nonsense"), None, "tokenizer.json is no JSON"),
        (_with("tokenizer.json", "[]"), None, "tokenizer.json holds no JSON object"),
        (lambda _: None, "klingon", "it knows no language 'klingon'"),
    ],
)
async def test_what_is_no_model_is_refused_at_the_start(
    model: Path, tmp_path: Path, spoil: Callable[[Path], object], language: str | None, told: str
) -> None:
    """Before anything is opened, with the setting and the reason; never is what is missing downloaded."""
    folder, data = tmp_path / "model", tmp_path / "data"
    shutil.copytree(model, folder)
    spoil(folder)
    settings = ServerSettings(whisper_model=folder, whisper_language=language, data=data)
    with pytest.raises(ConfigError, match=rf"^server\.whisper_model: .* is no Whisper model .*: {told}"):
        async with serve(settings, None):
            pass
    assert not data.exists()


def test_without_the_package_the_line_that_installs_it_is_told(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model alone is not enough."""
    monkeypatch.setattr(whisper_model, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"pip install 'video-analysis-pipeline\[whisper\]'"):
        whisper_model.find(model, None, "--whisper-model")


@pytest.mark.parametrize(("spoilt", "told"), [("model.bin", "cannot be loaded"), (None, "knows English alone")])
def test_a_model_that_turns_out_not_to_work(model: Path, tmp_path: Path, spoilt: str | None, told: str) -> None:
    """Cut short, or of English where another language is spoken: the analysis fails with the reason."""
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    if spoilt:
        (folder / spoilt).write_bytes((folder / spoilt).read_bytes()[:2000])
    with pytest.raises(EngineError, match=told):
        hear(folder, "fr")


def test_the_command_hears_with_it(video: Path, model: Path) -> None:
    """`--whisper-model` does for one file what the setting does for the platform."""
    told = CliRunner().invoke(evidence, [str(video), "--json", "--track", "speech", "--whisper-model", str(model)])
    timeline = json.loads(told.stdout)
    assert timeline["speech_by"].startswith("Whisper tiny ")
    assert timeline["speech"][0]["text"].startswith("We saw the red")
