"""A run without an account and without settings: its answers come from what was seen, read and heard."""

from pathlib import Path

from scripts.sample_videos.film import encode
from scripts.sample_videos.films import TOWER
from tests.end_to_end.cli_world import lines, pipeline

DEFAULT = {"PIPELINE_SERVER__ENGINE": "evidence"}


def test_another_prompt_is_answered_from_what_was_observed(tmp_path: Path) -> None:
    """The first prompt has the video observed; the second uploads nothing and decodes nothing."""
    (tmp_path / "videos").mkdir()
    encode(TOWER, tmp_path / "videos" / TOWER.name)
    out = tmp_path / "out"
    first = pipeline("run", tmp_path / "videos", "--out", out, "--prompt", "Which shots are there?", env=DEFAULT)
    assert first.code == 0
    (media,) = (out / "platform" / "media").iterdir()
    media.write_bytes(b"what is decoded again is no video")
    asked = ("--prompt", "List the colours.", "--json")
    again = pipeline("run", tmp_path / "videos", "--out", out, *asked, env=DEFAULT)
    assert (again.code, again.summary["uploaded_bytes"]) == (0, 0)
    shots, colours = (line["text"] for line in lines(out / "results.jsonl"))
    assert "[00:01.6-00:04.0] shot after a cut" in shots
    assert "of all pictures" in colours
