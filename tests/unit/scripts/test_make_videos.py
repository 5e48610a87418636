"""scripts/make_videos as a person runs it."""

import json
import subprocess
import sys
from pathlib import Path

import av
import pytest

from scripts.sample_videos.font import text_mask

SCRIPT = Path(__file__).parents[3] / "scripts" / "make_videos"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "new folder"
    done = run(folder)
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def test_the_samples_are_real_videos_and_small(made: Path) -> None:
    """Every sample is H.264 with AAC sound, at least 360 pixels each way, and all together are under a megabyte."""
    videos = sorted(made.glob("*.mp4"))
    assert len(videos) == 4
    assert sum(path.stat().st_size for path in made.iterdir()) < 1_000_000
    for path in videos:
        with av.open(str(path)) as container:
            video, sound = container.streams.video[0], container.streams.audio[0]
            assert (video.codec_context.name, sound.codec_context.name) == ("h264", "aac")
            assert min(video.width, video.height) >= 360


def test_the_ground_truth_fits_the_files(made: Path) -> None:
    """The JSON beside the videos names each with its duration, size, shots that cover it, and a title."""
    known = json.loads((made / "ground_truth.json").read_text())["videos"]
    assert sorted(known) == sorted(path.name for path in made.glob("*.mp4"))
    for name, facts in known.items():
        with av.open(str(made / name)) as container:
            video = container.streams.video[0]
            assert float(video.duration * video.time_base) == pytest.approx(facts["duration_s"], abs=0.01)
            assert (video.width, video.height) == (facts["width"], facts["height"])
        edges = [(shot["start_s"], shot["end_s"]) for shot in facts["shots"]]
        assert [start_s for start_s, _ in edges] == [0.0, *(end_s for _, end_s in edges[:-1])]
        assert edges[-1][1] == facts["duration_s"]
        assert facts["titles"]


def test_the_same_command_again_changes_nothing(made: Path) -> None:
    """A second run leaves every byte as it is, and a video that is missing comes back."""
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in made.iterdir()}
    assert "0 made now" in run(made).stdout
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in made.iterdir()} == before
    (made / "signals.mp4").unlink()
    assert "1 made now" in run(made).stdout
    assert (made / "signals.mp4").read_bytes() == before["signals.mp4"][0]


def test_broken_and_tiny_videos_on_request(tmp_path: Path) -> None:
    """Broken media and any number of tiny videos are made on request."""
    assert run("--broken", tmp_path / "broken").returncode == 0
    assert "audio only.mp4" in {path.name for path in (tmp_path / "broken").iterdir()}
    assert run("--tiny", "3", tmp_path / "tiny").returncode == 0
    assert len({path.read_bytes() for path in (tmp_path / "tiny").iterdir()}) == 3


def test_bad_usage_is_said(tmp_path: Path) -> None:
    """Without a folder the command says how it is used."""
    done = run()
    assert done.returncode == 2
    assert "usage: make_videos" in done.stderr


def test_letters_are_drawn_as_large_as_fits() -> None:
    """A title is scaled to the width it is given and never wider."""
    mask = text_mask("TV 7", 230)
    assert mask.shape == (7 * 10, 23 * 10)
    assert mask[:10, :50].all()
    assert not mask[:, 50:60].any()
