"""Which kind of manifest a name stands for."""

import io
import os
import threading
from pathlib import Path

import pytest

from pipeline.config import ManifestSettings
from pipeline.errors import ManifestError
from pipeline.manifests import Manifest, open_manifest


def opened(source: str | Path) -> Manifest:
    return open_manifest(ManifestSettings(source=str(source)))


def from_stdin(folder: Path, content: bytes) -> Manifest:
    return open_manifest(ManifestSettings(source="-"), stdin=io.BytesIO(content), spool_dir=folder)


def test_a_single_video_is_a_list_of_one(tmp_path: Path) -> None:
    """A video file in the place of a manifest is read as the one row it is, whatever the case of its suffix."""
    path = tmp_path / "film.MP4"
    path.touch()
    manifest = opened(path)
    assert manifest.check() == 1
    assert [video.path for video in manifest.videos()] == [str(path)]


def test_a_url_is_a_list_of_one() -> None:
    """A web address in the place of a manifest is the one video it names; a broken one is refused."""
    manifest = opened("https://example.org/a.mp4")
    assert manifest.check() == 1
    assert [(video.source, video.path) for video in manifest.videos()] == [("https://example.org/a.mp4", None)]
    with pytest.raises(ManifestError):
        opened("https:///a b").check()


def test_a_missing_manifest_names_its_nearest_neighbour(tmp_path: Path) -> None:
    """A slip in the name is answered with the name that was meant."""
    (tmp_path / "videos.csv").touch()
    with pytest.raises(ManifestError, match=r"did you mean videos\.csv\?") as caught:
        opened(tmp_path / "video.csv")
    assert caught.value.code == "manifest_missing"
    with pytest.raises(ManifestError, match="check the path"):
        opened(tmp_path / "no" / "where")
    for nothing in (None, ""):
        with pytest.raises(ManifestError, match="no manifest; name a folder"):
            open_manifest(ManifestSettings(source=nothing))


def test_an_unknown_suffix_is_refused(tmp_path: Path) -> None:
    """A file of no known kind is refused with the kinds there are."""
    (tmp_path / "list.json").touch()
    with pytest.raises(ManifestError, match=r"none of \.csv, \.jsonl, .*\.txt"):
        opened(tmp_path / "list.json")


def test_an_unreadable_manifest_is_refused(tmp_path: Path) -> None:
    """A path through a file is an error with a remedy, not a traceback."""
    (tmp_path / "a.csv").touch()
    with pytest.raises(ManifestError, match="check the path"):
        opened(tmp_path / "a.csv" / "b.csv")


def test_stdin_holds_a_list_of_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines on stdin are sources relative to the working directory, and can be read twice."""
    monkeypatch.chdir(tmp_path)
    manifest = from_stdin(tmp_path, b"a.mp4\n\xff.mp4\n")
    assert manifest.check() == 2
    for _ in range(2):
        paths = [os.fsencode(video.path or "") for video in manifest.videos()]
        assert paths == [bytes(tmp_path) + b"/a.mp4", bytes(tmp_path) + b"/\xff.mp4"]


def test_stdin_holds_json_lines_where_it_begins_with_a_brace(tmp_path: Path) -> None:
    """The first character that is no white space tells JSON lines from a list; problems are those of `stdin`."""
    manifest = from_stdin(tmp_path, b'\xef\xbb\xbf\n  {"source": "a.mp4", "id": "x"}\n{"source": 1}\n')
    with pytest.raises(ManifestError) as caught:
        manifest.check()
    assert caught.value.problems == ("stdin:3: source 1 is not text; name a file or a URL",)
    assert from_stdin(tmp_path, b"").check() == 0


def test_a_full_spool_folder_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    """Stdin that cannot be kept is a manifest error."""
    with pytest.raises(ManifestError, match="cannot read the manifest stdin"):
        from_stdin(tmp_path / "missing", b"a.mp4\n")


def test_a_pipe_is_read_once_and_kept(tmp_path: Path) -> None:
    """A named pipe, as a shell's <(...) makes it, works like stdin."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(b"/a.mp4\n/b.mp4\n"))
    writer.start()
    manifest = open_manifest(ManifestSettings(source=str(pipe)), spool_dir=tmp_path)
    writer.join()
    assert manifest.check() == 2
    assert [video.source for video in manifest.videos()] == ["/a.mp4", "/b.mp4"]


def test_a_manifest_whose_name_is_not_utf_8_is_found(tmp_path: Path) -> None:
    """The name of the manifest itself may be any bytes; messages show it as valid text."""
    path = os.fsdecode(bytes(tmp_path) + b"/\xff.txt")
    Path(path).write_bytes(b"s3://x\n")
    with pytest.raises(ManifestError) as caught:
        opened(path).check()
    assert caught.value.problems[0].startswith(rf"{tmp_path}/\xff.txt:1: ")


def test_what_rows_ask_is_judged(tmp_path: Path) -> None:
    """Whoever knows what is configured is asked about every row, and what is wrong is told with its line."""
    (tmp_path / "m.jsonl").write_text('{"source":"a"}\n{"source":"b","end_time":5}\n')
    settings = ManifestSettings(source=str(tmp_path / "m.jsonl"))
    assert open_manifest(settings).check() == 2
    with pytest.raises(ManifestError) as caught:
        open_manifest(settings, judge=lambda asked, _: ["too early"] if asked.end_time_s else []).check()
    assert caught.value.problems == (f"{tmp_path}/m.jsonl:2: too early",)
