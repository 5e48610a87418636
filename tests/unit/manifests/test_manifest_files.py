"""Manifests that are files: CSV, JSON lines, text lists."""

import os
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import ManifestSettings
from pipeline.errors import ManifestError
from pipeline.manifests import Manifest, open_manifest
from pipeline.manifests.lines import LINE_BYTES
from pipeline.manifests.text_list import read_rows
from pipeline.models import Overrides


def written(folder: Path, name: str, content: bytes | str) -> Manifest:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return open_manifest(ManifestSettings(source=str(path)))


def names(manifest: Manifest) -> list[str]:
    return [video.source.rpartition("/")[2] for video in manifest.videos()]


def problems(manifest: Manifest) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        manifest.check()
    assert "nothing was touched" in caught.value.message
    return [problem.rpartition("/")[2] for problem in caught.value.problems]


def test_csv_cells_become_what_the_columns_say(tmp_path: Path) -> None:
    """Numbers are read, empty cells of known columns say nothing, further columns travel as text."""
    manifest = written(
        tmp_path,
        "m.csv",
        "id,source,start_time,end_time,prompt,camera,metadata\n"
        '7,"a ""b"", c.mp4",1.5,,,,x\n'
        ',d.mp4,,,"two\nlines",north,\n',
    )
    assert manifest.check() == 2
    first, second = manifest.videos()
    assert first.path == str(tmp_path / 'a "b", c.mp4')
    assert (first.id, first.overrides) == ("7", Overrides(None, 1.5, None))
    assert first.metadata == {"camera": "", "metadata": "x"}
    assert (second.id, second.overrides.prompt) == (None, "two\nlines")
    assert second.metadata == {"camera": "north", "metadata": ""}


def test_csv_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    """A row is named by the line it begins on, after line breaks in quotes and blank lines alike."""
    manifest = written(tmp_path, "m.csv", 'source,prompt\n"a\nb.mp4",x\n\n,y\n')
    assert problems(manifest) == ["m.csv:5: source is empty; name a file or a URL"]


@pytest.mark.parametrize("name", ["m.csv", "m.jsonl", "m.txt"])
def test_byte_order_mark_and_carriage_returns_are_tolerated(tmp_path: Path, name: str) -> None:
    """A file that a Windows program saved reads like any other."""
    rows = {
        "m.csv": b"source\r\na.mp4\r\nb.mp4\r\n",
        "m.jsonl": b'{"source":"a.mp4"}\r\n\r\n{"source":"b.mp4"}\r\n',
        "m.txt": b"a.mp4\r\nb.mp4\r\n",
    }[name]
    manifest = written(tmp_path, name, b"\xef\xbb\xbf" + rows)
    assert manifest.check() == 2
    assert names(manifest) == ["a.mp4", "b.mp4"]


@pytest.mark.parametrize("name", ["m.csv", "m.jsonl", "m.txt"])
def test_utf_16_is_named(tmp_path: Path, name: str) -> None:
    """A file in UTF-16 is refused with the remedy instead of as a thousand broken rows."""
    manifest = written(tmp_path, name, "source\n".encode("utf-16"))
    with pytest.raises(ManifestError, match="UTF-16; save it as UTF-8"):
        manifest.check()


@pytest.mark.parametrize("name", ["m.csv", "m.jsonl", "m.txt"])
def test_an_empty_list_is_a_list_of_none(tmp_path: Path, name: str) -> None:
    """A list that a program made and that names nothing is no mistake."""
    manifest = written(tmp_path, name, "source\n" if name == "m.csv" else "\n")
    assert manifest.check() == 0
    assert names(manifest) == []


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("file,prompt", "among 'file, prompt'; the first line names the columns"),
        ("Sources,prompt", "did you mean 'Sources'? rename it"),
        ("source;prompt", "separated by ';'; save the table with commas"),
        ("source,a,b,a,b", "the column 'a' stands there twice; rename one of them"),
        ('source,"a', "not CSV"),
    ],
)
def test_a_bad_csv_header_is_named_on_line_one(tmp_path: Path, header: str, says: str) -> None:
    """What is wrong with the header is said once, not once for every row."""
    found = problems(written(tmp_path, "m.csv", f"{header}\n"))
    assert found[0].startswith("m.csv:1: ")
    assert says in found[0]


def test_ragged_csv_rows_are_named_together_with_a_bad_header(tmp_path: Path) -> None:
    """Everything that can be said of the table is said at once."""
    found = problems(written(tmp_path, "m.csv", 'src,prompt\na.mp4\nb.mp4,x\nc.mp4,"x"y\n'))
    assert [problem.split(":")[1] for problem in found] == ["1", "2", "4"]
    assert "did you mean 'src'" in found[0]
    assert "1 cells where the header has 2" in found[1]


def test_a_csv_column_without_a_name_has_to_be_empty(tmp_path: Path) -> None:
    """Trailing commas are harmless; a value nobody can name is not dropped in silence."""
    assert problems(written(tmp_path, "m.csv", "source,,\na.mp4,,\nb.mp4,,5\n")) == [
        "m.csv:3: there is a value in a column without a name; name it in the first line"
    ]


def test_a_csv_cell_without_bounds_is_refused(tmp_path: Path) -> None:
    """A quote that is never closed ends at the bound of a cell or of the file, and the line it began on is named."""
    found = problems(written(tmp_path, "m.csv", 'source\na.mp4\n"b.mp4\n' + "c.mp4\n" * 10))
    assert len(found) == 1
    assert found[0].startswith("m.csv:3: not CSV (unexpected end of data); ")
    assert "field larger" in problems(written(tmp_path, "n.csv", "source\n" + "x" * 200_000 + "\n"))[0]


def test_every_bad_json_line_is_named(tmp_path: Path) -> None:
    """Each line that is no JSON object is named with its number, the good ones between them are not."""
    lines = [
        '{"source": "a.mp4"',
        "[1]",
        '"a.mp4"',
        '{"source": "ok.mp4"}',
        '{"source": "b", "x": NaN}',
        "[" * 5000,
        "{}",
    ]
    found = problems(written(tmp_path, "m.jsonl", "\n".join(lines)))
    assert [problem.split(":")[1] for problem in found] == ["1", "2", "3", "5", "6", "7"]
    assert "not JSON" in found[0]
    assert "[1] is not an object" in found[1]
    assert "'a.mp4' is not an object" in found[2]
    assert "NaN is no JSON value" in found[3]
    assert "there is no source" in found[5]


def test_json_lines_carry_names_that_are_not_utf_8(tmp_path: Path) -> None:
    """Raw bytes and Python's escapes for them both name the file that has them."""
    content = b'{"source": "a\xff.mp4"}\n{"source": "b\\udcff.mp4"}\n'
    paths = [video.path for video in written(tmp_path, "m.jsonl", content).videos()]
    assert paths == [os.fsdecode(bytes(tmp_path) + b"/a\xff.mp4"), os.fsdecode(bytes(tmp_path) + b"/b\xff.mp4")]


def test_text_lists_have_comments_and_blank_lines(tmp_path: Path) -> None:
    """Lines that begin with # and blank ones are passed over, and still counted; spaces belong to names."""
    manifest = written(tmp_path, "m.txt", "# films\n\n  \n a.mp4 \nb #1.mp4\n./#2.mp4")
    assert names(manifest) == [" a.mp4 ", "b #1.mp4", "#2.mp4"]
    with (tmp_path / "m.txt").open("rb") as file:
        assert [line for line, _ in read_rows(file)] == [4, 5, 6]


def test_lists_separated_by_nul_take_every_name(tmp_path: Path) -> None:
    """What `find -print0` writes is read with line breaks, leading #, and bytes that are not UTF-8."""
    manifest = written(tmp_path, "m.list", b"a\nb.mp4\0#c.mp4\0\0\xff\r\n.mp4\0d.mp4")
    assert manifest.check() == 4
    assert [os.fsencode(video.path or "").rpartition(b"/")[2] for video in manifest.videos()] == [
        b"a\nb.mp4",
        b"#c.mp4",
        b"\xff\r\n.mp4",
        b"d.mp4",
    ]
    with (tmp_path / "m.list").open("rb") as file:
        assert [record for record, _ in read_rows(file)] == [1, 2, 4, 5]


@pytest.mark.parametrize(("name", "end"), [("m.jsonl", b"\n"), ("m.txt", b"\n"), ("m.list", b"\0")])
def test_a_line_without_end_is_not_read_as_a_whole(tmp_path: Path, name: str, end: bytes) -> None:
    """A line of many MiB is one named problem, and the lines after it keep their numbers."""
    good = b'{"source":"a"}' if name == "m.jsonl" else b"a"
    rows = [good, b"x" * (2 * LINE_BYTES + 10), good, b"y" * (LINE_BYTES + 1)]
    found = problems(written(tmp_path, name, end.join(rows)))
    assert [problem.split(":")[1] for problem in found] == ["2", "4"]
    assert all("longer than 4 MiB" in problem for problem in found)


def test_a_hundred_problems_are_shown_and_the_rest_counted(tmp_path: Path) -> None:
    """A manifest that is all wrong does not fill the screen or the memory."""
    with pytest.raises(ManifestError) as caught:
        written(tmp_path, "m.jsonl", "x\n" * 1234).check()
    assert caught.value.message.startswith("1,234 problems in the manifest ")
    assert len(caught.value.problems) == 101
    assert caught.value.problems[-1] == "and 1,134 more"


def test_a_manifest_that_changes_after_its_check_is_refused_at_the_row(tmp_path: Path) -> None:
    """Rows that went bad since the check are never fed."""
    manifest = written(tmp_path, "m.jsonl", '{"source":"a"}\n')
    assert manifest.check() == 1
    (tmp_path / "m.jsonl").write_text('{"source":"a"}\n{"source":""}\n')
    videos = manifest.videos()
    next(videos)
    with pytest.raises(ManifestError, match=r"m\.jsonl:2: source is empty.*changed while"):
        next(videos)
    (tmp_path / "m.jsonl").unlink()
    with pytest.raises(ManifestError, match="cannot read the manifest"):
        next(manifest.videos())


def test_metadata_travels_untouched(tmp_path: Path) -> None:
    """Nested values, numbers and text of any script come out as they stood in the line."""
    metadata: dict[str, Any] = {"tags": ["a", {"b": None}], "größe": 1.5, "emoji": "🎬", "flag": False}
    content = r'{"source":"a","metadata":{"tags":["a",{"b":null}]},"größe":1.5,"emoji":"\ud83c\udfac","flag":false}'
    (video,) = written(tmp_path, "m.jsonl", content).videos()
    assert video.metadata == metadata
