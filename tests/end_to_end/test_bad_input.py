"""Bad input gets a clear sentence, and the rest goes on."""

import csv
import json
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from scripts.sample_videos.odd import tiny_video, write_broken
from tests.end_to_end.cli_world import HEED_PERMISSIONS, KEY, PROMPT, Done, lines, pipeline, platform, write_videos

ODD_NAMES = {
    b"with space.mp4": "with space.mp4",
    b"quote'\".mp4": "quote'\".mp4",
    b"new\nline.mp4": "new\nline.mp4",
    b"bytes\xff\xfe.mp4": None,
    "emoji \U0001f600.mp4".encode(): "emoji \U0001f600.mp4",
    b"UPPER.MP4": "UPPER.MP4",
    b"-dash.mp4": "-dash.mp4",
}

BAD_FILES = {
    "empty.mp4": ("file_empty", "the file is empty"),
    "text.mp4": ("source_rejected", "cannot be read as video"),
    "headless.mp4": ("source_rejected", "cannot be read as video"),
    "truncated.mp4": ("source_rejected", "cut off"),
    "audio only.mp4": ("source_rejected", "no video stream"),
    "90x90.mp4": ("source_rejected", "90x90 pixels; at least 360x360"),
    "too wide.mp4": ("source_rejected", "2.4 times"),
    "one picture.mp4": ("source_rejected", "at least 1 s"),
    "loop.mp4": ("file_unreadable", "Too many levels of symbolic links"),
    "dangling.mp4": ("file_missing", "there is no such file"),
}


@pytest.fixture(scope="module")
def folder_night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, Path]:
    """One run over a folder with everything in it; what it said, and its output folder."""
    folder = tmp_path_factory.mktemp("folder night")
    archive = folder / "the archive"
    write_broken(archive)
    for seed, name in enumerate(ODD_NAMES):
        (archive / os.fsdecode(name)).write_bytes(tiny_video(seed))
    (archive / "folder.mp4").mkdir()
    (archive / "folder.mp4" / "inside.mp4").write_bytes(tiny_video(100))
    (archive / "loop.mp4").symlink_to("loop.mp4")
    (archive / "dangling.mp4").symlink_to("nowhere.mp4")
    (archive / "up").symlink_to("..")
    return pipeline("run", archive, *PROMPT, "--out", folder / "out"), folder / "out"


def test_bad_files_do_not_stop_the_good_ones(folder_night: tuple[Done, Path]) -> None:
    """Every good video of a folder is analysed once, whatever stands beside it, and the exit code says that some
    failed.
    """
    done, out = folder_night
    assert done.code == 1
    assert len(lines(out / "results.jsonl")) == len(ODD_NAMES) + 1
    assert {Path(line["source"]).name for line in lines(out / "failures.jsonl")} == BAD_FILES.keys()


@pytest.mark.parametrize("name", BAD_FILES)
def test_each_bad_file_gets_its_own_sentence(folder_night: tuple[Done, Path], name: str) -> None:
    """`failures.jsonl` and the last lines of the run say of every bad file what is wrong with it."""
    done, out = folder_night
    code, sentence = BAD_FILES[name]
    (failure,) = (line for line in lines(out / "failures.jsonl") if line["source"].endswith(f"/{name}"))
    assert failure["code"] == code
    assert sentence in failure["message"]
    assert name in failure["message"]
    told = done.out.splitlines()
    (at,) = (number for number, line in enumerate(told) if line.strip() == failure["source"])
    cause = next(line for line in reversed(told[:at]) if " x " in line)
    assert sentence in cause


@pytest.mark.parametrize("name", [name for name in ODD_NAMES.values() if name])
def test_any_file_name_travels_unchanged(folder_night: tuple[Done, Path], name: str) -> None:
    """A name with spaces, quotes, line ends or emoji stands in the result as it is on the disk."""
    _, out = folder_night
    assert [line["outcome"] for line in lines(out / "results.jsonl") if line["source"].endswith(f"/{name}")] == [
        "ready"
    ]


def test_a_name_that_is_no_text_is_shown_escaped(folder_night: tuple[Done, Path]) -> None:
    """A name with bytes that are not UTF-8 has a printable form in the result, and its video is analysed."""
    _, out = folder_night
    (source,) = (line["source"] for line in lines(out / "results.jsonl") if "/bytes" in line["source"])
    assert source.isprintable()
    assert source.lower().endswith("/bytes\\xff\\xfe.mp4")


def test_a_folder_named_like_a_video_is_a_folder(folder_night: tuple[Done, Path]) -> None:
    """A directory named x.mp4 is looked into, and a link back up is not followed."""
    _, out = folder_night
    inside = [line["source"] for line in lines(out / "results.jsonl") if line["source"].endswith("inside.mp4")]
    assert [Path(source).parent.name for source in inside] == ["folder.mp4"]


@pytest.fixture(scope="module")
def table_night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, Path, Path]:
    """One run over a table of good, doubtful and missing files; what it said, its output folder, the table's folder."""
    folder = tmp_path_factory.mktemp("table night")
    good, _ = write_videos(folder / "media", 2)
    (folder / "x.mp4").mkdir()
    (folder / "link.mp4").symlink_to(good)
    rows = [
        ("media/video 0.mp4", "Anna", "first"),
        ("media/video 0.mp4", "Anna", "first"),
        (str(good), "Anna", "first"),
        ("./media/../media/video 1.mp4", "Bo", "second, quoted"),
        ("link.mp4", "Cy", "third"),
        ("x.mp4", "", ""),
        ("media/gone.mp4", "", ""),
    ]
    table = folder / "list of videos.csv"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([("source", "presenter", "note"), *rows])
    return pipeline("run", table, *PROMPT, "--out", folder / "out", cwd="/"), folder / "out", folder


def test_a_missing_file_and_a_folder_in_a_table_get_their_sentences(table_night: tuple[Done, Path, Path]) -> None:
    """A table that names a missing file and a directory has both told apart, and its other rows are analysed."""
    done, out, _ = table_night
    assert done.code == 1
    failures = {Path(line["source"]).name: (line["code"], line["message"]) for line in lines(out / "failures.jsonl")}
    assert {name: code for name, (code, _) in failures.items()} == {
        "x.mp4": "file_is_directory",
        "gone.mp4": "file_missing",
    }
    assert "it is a folder" in failures["x.mp4"][1]
    assert "there is no such file" in failures["gone.mp4"][1]


def test_duplicate_rows_relative_and_absolute_are_one(table_night: tuple[Done, Path, Path]) -> None:
    """The same file named twice, by relative and by absolute path, is one line; the same content elsewhere reuses its
    answer.
    """
    _, out, folder = table_night
    results = {line["source"]: line["key"] for line in lines(out / "results.jsonl")}
    first, second = (str(folder / "media" / f"video {number}.mp4") for number in range(2))
    assert sorted(results) == sorted([first, second, str(folder / "link.mp4")])
    assert len(lines(out / "results.jsonl")) == 3
    assert results[first] == results[str(folder / "link.mp4")] != results[second]


def test_unknown_columns_travel(table_night: tuple[Done, Path, Path]) -> None:
    """Columns that the program does not know stand in the result's metadata."""
    _, out, _ = table_night
    metadata = {Path(line["source"]).name: line["metadata"] for line in lines(out / "results.jsonl")}
    assert metadata["video 1.mp4"] == {"presenter": "Bo", "note": "second, quoted"}


def test_files_without_permission_are_named(tmp_path: Path) -> None:
    """A forbidden file fails alone, a forbidden folder is told, and what may be read is analysed."""
    archive = tmp_path / "archive"
    good, secret = write_videos(archive, 2)
    write_videos(archive / "closed", 1, 5)
    secret.chmod(0)
    (archive / "closed").chmod(0)
    out = tmp_path / "out"
    done = pipeline("run", archive, *PROMPT, "--out", out, before=HEED_PERMISSIONS)
    (archive / "closed").chmod(0o700)
    assert done.code == 1
    assert [line["source"] for line in lines(out / "results.jsonl")] == [str(good)]
    assert [(line["source"], line["code"]) for line in lines(out / "failures.jsonl")] == [
        (str(secret), "file_forbidden")
    ]
    assert f"{archive / 'closed'}: Permission denied" in done.out


def test_an_unreadable_manifest_is_named(tmp_path: Path) -> None:
    """A manifest without permission ends the command with exit 2 before anything is touched."""
    manifest = tmp_path / "list.csv"
    manifest.write_text("source\na.mp4\n")
    manifest.chmod(0)
    done = pipeline("run", manifest, *PROMPT, "--out", tmp_path / "out", before=HEED_PERMISSIONS)
    assert done.code == 2
    assert "Permission denied" in done.err
    assert not (tmp_path / "out").exists()


def test_every_malformed_line_is_named_at_once(tmp_path: Path) -> None:
    """A manifest with bad lines is refused as a whole: each is named by file and line, and nothing is touched."""
    (video,) = write_videos(tmp_path, 1)
    manifest = tmp_path / "rows.jsonl"
    good = json.dumps({"source": str(video)})
    rows = [good, '{"source": ', "[1]", good, '{"source": 3}', '{"src": "x.mp4"}', '{"source": "a", "end_time": -1}']
    manifest.write_text("\n".join(rows))
    done = pipeline("run", "rows.jsonl", *PROMPT, "--out", "out", cwd=tmp_path)
    assert done.code == 2
    named = [line.split(": ")[0].strip() for line in done.err.splitlines() if line.startswith("  ")]
    assert named == [f"rows.jsonl:{number}" for number in (2, 3, 5, 6, 7)]
    assert "nothing was touched" in done.err
    assert done.out == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.jsonl", "video 0.mp4"]


REFUSED: dict[str, tuple[tuple[str, ...], dict[str, str], str]] = {
    "unknown YAML name": (("-c", "typo.yaml"), {}, "typo.yaml: unknown setting 'recipe.promt'; did you mean 'prompt'"),
    "unknown YAML section": (("-c", "typo.yaml"), {}, "typo.yaml: unknown setting 'outptu'; did you mean 'output'"),
    "unknown variable": (
        (),
        {"PIPELINE_RUN__WORKRES": "3"},
        "environment variable PIPELINE_RUN__WORKRES: unknown setting 'run.workres'; did you mean 'workers'",
    ),
    "broken YAML": (("-c", "broken.yaml"), {}, "broken.yaml:2: not valid YAML"),
    "missing configuration": (("-c", "gone.yaml"), {}, "cannot read the configuration gone.yaml"),
    "value out of bounds": (("--workers", "0"), {}, "flag --workers: setting 'run.workers'"),
    "not a number": (("--workers", "many"), {}, "'many' is not a valid integer"),
    "unknown flag": (("--promt", "x"), {}, "--prompt"),
    "missing prompt file": (("--prompt-file", "gone.txt"), {}, "cannot read the prompt file gone.txt"),
    "no key for the platform": (("--platform", "remote"), {}, "set TWELVE_LABS_API_KEY"),
    "no address": (("--base-url", "localhost"), {"TWELVE_LABS_API_KEY": KEY}, "is no http or https address"),
    "a key of two lines": ((), {"TWELVE_LABS_API_KEY": "two\nlines"}, "TWELVE_LABS_API_KEY holds more than a key"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_obeyed_is_refused_at_once(case: str, tmp_path: Path) -> None:
    """Bad usage and configuration end with exit 2 and a sentence with the remedy, and touch nothing."""
    arguments, variables, sentence = REFUSED[case]
    (tmp_path / "typo.yaml").write_text("recipe:\n  promt: x\noutptu:\n  dir: x\n")
    (tmp_path / "broken.yaml").write_text("recipe: [\n")
    write_videos(tmp_path / "archive", 1)
    before = sorted(tmp_path.rglob("*"))
    prompt = () if case == "missing prompt file" else PROMPT
    done = pipeline("run", "archive", *prompt, "--out", "out", *arguments, env=variables, cwd=tmp_path)
    assert done.code == 2
    assert sentence in done.err
    assert done.out == ""
    assert sorted(tmp_path.rglob("*")) == before


def test_a_wrong_key_ends_the_run_at_once(tmp_path: Path) -> None:
    """A key that the platform refuses costs one request for each video in flight, none is repeated, and exit 3 names
    the variable.
    """
    write_videos(tmp_path / "archive", 8)
    arguments = ("run", tmp_path / "archive", *PROMPT, "--out", tmp_path / "out", "--workers", "2")
    with platform(tmp_path) as real:
        done = pipeline(*arguments, env={**real.env, "TWELVE_LABS_API_KEY": "wrong-key-of-somebody"})
        assert done.code == 3
        assert 1 <= sum(real.books()["requests"].values()) <= 2
        assert "TWELVE_LABS_API_KEY" in done.out
        assert "wrong-key" not in done.out + done.err
        assert pipeline(*arguments, env=real.env).code == 0
    assert len(lines(tmp_path / "out" / "results.jsonl")) == 8


def test_an_output_folder_without_permission_is_fatal(tmp_path: Path) -> None:
    """An output folder that cannot be written ends with exit 3 and its name, before anything is asked of the
    platform.
    """
    write_videos(tmp_path / "archive", 1)
    (tmp_path / "out").mkdir()
    (tmp_path / "out").chmod(0o555)
    done = pipeline("run", tmp_path / "archive", *PROMPT, "--out", tmp_path / "out", before=HEED_PERMISSIONS)
    assert done.code == 3
    assert f"cannot write the output folder {tmp_path / 'out'}: Permission denied" in done.err


def test_an_output_folder_that_is_a_file_is_fatal(tmp_path: Path) -> None:
    """A file in the place of the output folder ends with exit 3 and stays as it is."""
    write_videos(tmp_path / "archive", 1)
    (tmp_path / "out").write_text("mine")
    assert pipeline("run", tmp_path / "archive", *PROMPT, "--out", tmp_path / "out").code == 3
    assert (tmp_path / "out").read_text() == "mine"


LEDGER_BYTES = 400_000  # enough to begin with, not enough for the whole night


@contextmanager
def _full_filesystem(out: Path) -> Iterator[str]:
    """A file system of its own with little room, where this user may mount one; else as below."""
    out.mkdir()
    size = f"size={LEDGER_BYTES}"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", out], capture_output=True, check=False)
    if mounted.returncode:
        with _full_quota(out) as limited:
            yield limited
        return
    try:
        yield ""
        subprocess.run(["mount", "-o", "remount,size=64m", out], check=True)
    except BaseException:
        subprocess.run(["umount", "--lazy", out], check=True)
        raise


@contextmanager
def _full_quota(_: Path) -> Iterator[str]:
    """No file may grow beyond a bound: what every user can set, and programs meet as a failing write."""
    yield f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({LEDGER_BYTES}, {LEDGER_BYTES}))"


@pytest.mark.parametrize("limit", [_full_filesystem, _full_quota])
def test_a_full_disk_loses_nothing(tmp_path: Path, limit: Callable[[Path], Any]) -> None:
    """A disk that fills up ends the run with exit 3 and an intact ledger, and the next run with room finishes."""
    write_videos(tmp_path / "archive", 40)
    out = tmp_path / "out"
    arguments = ("run", tmp_path / "archive", "--prompt", "x" * 4000, "--out", out)
    try:
        # the platform is a process of its own, whose files may grow
        with platform(tmp_path, engine="echo") as served:
            with limit(out) as limited:
                done = pipeline(*arguments, env=served.env, before=limited)
                assert done.code == 3
                assert "what was saved before is intact" in done.out
                assert all(json.loads(path.read_bytes()) for path in out.glob("runs/*/summary.json"))  # whole, or none
            with closing(sqlite3.connect(out / "ledger.db")) as ledger:
                assert ledger.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert pipeline(*arguments, env=served.env).code == 0
        assert len({line["source"] for line in lines(out / "results.jsonl")}) == 40
        assert len(lines(out / "results.jsonl")) == 40
    finally:
        if out.is_mount():
            subprocess.run(["umount", "--lazy", out], check=True)
