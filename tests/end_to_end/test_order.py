"""The order in which a manifest is worked through, as an operator asks for it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from scripts.sample_videos.odd import tiny_video
from tests.end_to_end.cli_world import PROMPT, lines, pipeline, platform, running, until

KIB = 1024


def write_video(path: Path, seed: int, padding: int = 0) -> None:
    """A valid video, made larger in a way that every reader of MP4 passes over."""
    filled = (padding + 8).to_bytes(4, "big") + b"free" + seed.to_bytes(4, "big") * (padding // 4)
    path.write_bytes(tiny_video(seed) + (filled if padding else b""))


def test_smallest_files_come_first(tmp_path):
    """With `--order smallest` the answers come in the order of the files' sizes, whatever their names."""
    paddings = {"a": 300, "b": 100, "c": 200}
    (tmp_path / "archive").mkdir()
    for seed, (name, padding) in enumerate(paddings.items()):
        write_video(tmp_path / "archive" / f"{name}.mp4", seed, padding * KIB)
    out = tmp_path / "out"
    done = pipeline("run", tmp_path / "archive", *PROMPT, "--out", out, "--workers", "1", "--order", "smallest")
    assert done.code == 0, done.err
    assert [Path(line["source"]).stem for line in lines(out / "results.jsonl")] == ["b", "c", "a"]


def test_short_videos_are_done_beside_uploads_that_take_hours(tmp_path):
    """With `--order mixed` short videos are answered while more long ones than `upload.files` stand in the upload."""
    archive = tmp_path / "archive"
    archive.mkdir()
    for seed in range(3):
        write_video(archive / f"a long one {seed}.mp4", seed, 100 * KIB)
    for seed in range(3, 13):
        write_video(archive / f"short {seed}.mp4", seed)
    out = tmp_path / "out"
    settings = {"PIPELINE_UPLOAD__FILES": "2", "PIPELINE_UPLOAD__DIRECT_MAX_BYTES": str(50 * KIB)}
    with platform(tmp_path, engine="echo") as served:
        served.fault(method="PUT", path="/chunks/", times=None, delay_s=600)
        arguments = ("run", archive, *PROMPT, "--out", out, "--workers", "4", "--order", "mixed")
        with running(*arguments, env={**served.env, **settings}):
            until(lambda: len(_written(out)) == 10)
        assert all("short" in source for source in _written(out))
        served.mend()
        assert pipeline(*arguments, env={**served.env, **settings}).code == 0
    assert len(_written(out)) == 13


def _written(out: Path) -> list[Any]:
    """Sources whose lines are recorded."""
    try:
        with closing(sqlite3.connect(f"file:{out / 'ledger.db'}?mode=ro", uri=True)) as ledger:
            return [row[0] for row in ledger.execute("SELECT source FROM sources WHERE written")]
    except sqlite3.OperationalError:  # the run has not come so far
        return []
