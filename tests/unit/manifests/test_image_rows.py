"""Rows about images: what may be wrong with them, and the images they name."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import ManifestSettings
from pipeline.errors import ManifestError
from pipeline.manifests import Manifest, open_manifest
from pipeline.manifests.rows import problems_of, video_of
from pipeline.models import Overrides, PictureSource

NOTHING = Overrides()


def opened(path: Path, **settings: Any) -> Manifest:
    return open_manifest(ManifestSettings(source=str(path), **settings))


def test_named_images_are_a_row() -> None:
    """Names come from the row, relative paths are relative to the manifest, URLs stay; the outputs name them all."""
    row = {"images": {"before": "a.png", "after": "https://example.org/b"}, "id": "x", "place": "north"}
    assert problems_of(row) == []
    video = video_of(row, "/m")
    assert video.images == (
        PictureSource("before", "/m/a.png", "/m/a.png"),
        PictureSource("after", "https://example.org/b", None),
    )
    assert (video.source, video.path) == ("before=/m/a.png, after=https://example.org/b", None)
    assert (video.id, video.metadata) == ("x", {"place": "north"})


def test_a_list_of_images_gets_names() -> None:
    """image1, image2 and so on, in the order of the list."""
    video = video_of({"images": ["a.png", "b.png"]}, "/m")
    assert [image.name for image in video.images] == ["image1", "image2"]
    assert video.source == "image1=/m/a.png, image2=/m/b.png"


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.png", "a.webp", "a.gif", "a.bmp"])
def test_a_source_with_an_image_suffix_is_one_image(name: str) -> None:
    """It is called image, and the outputs name it as they name a video."""
    assert problems_of({"source": name}) == []
    video = video_of({"source": name}, "/m")
    assert video.images == (PictureSource("image", f"/m/{name}", f"/m/{name}"),)
    assert (video.source, video.path) == (f"/m/{name}", None)
    assert video_of({"source": f"https://example.org/{name}?w=1"}, "/m").images[0].path is None


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"images": {"a": "a.png"}, "source": "b.mp4"}, "source and images stand in one row; keep one"),
        ({"images": "a.png"}, "'a.png' is neither an object nor a list"),
        ({"images": []}, "images has 0 entries, the platform takes 1 to 20"),
        ({"images": ["a.png"] * 21}, "images has 21 entries, the platform takes 1 to 20"),
        ({"images": {"a-b": "a.png"}}, "'a-b' is no name the platform takes"),
        ({"images": {"a": ""}}, "the image a: source is empty"),
        ({"images": ["a.png", 5]}, "the image image2: source 5 is not text"),
        ({"images": ["s3://b/a.png"]}, "s3:// is not read"),
        ({"images": ["http://example.org/a"]}, "from https URLs alone"),
        ({"source": "http://example.org/a.png"}, "from https URLs alone"),
    ],
)
def test_what_is_wrong_with_a_row_of_images_is_named(row: dict[str, Any], says: str) -> None:
    """One sentence with its remedy."""
    (problem,) = problems_of(row)
    assert says in problem
    assert ";" in problem


def test_a_table_may_have_images_beside_videos(tmp_path: Path) -> None:
    """In CSV the column holds JSON; of source and images each row has one."""
    cell = json.dumps({"one": "a.png", "two": "b.png"}).replace('"', '""')
    path = tmp_path / "m.csv"
    path.write_text(f'source,images,id\nfilm.mp4,,v\n,"{cell}",i\n,"[""c.png""]",j\n')
    manifest = opened(path)
    assert manifest.check() == 3
    film, named, listed = manifest.videos()
    assert (film.images, film.path) == ((), str(tmp_path / "film.mp4"))
    assert [image.name for image in (*named.images, *listed.images)] == ["one", "two", "image1"]
    path.write_text("images\na.png\n")
    with pytest.raises(ManifestError) as caught:
        opened(path).check()
    assert "neither an object nor a list" in caught.value.problems[0]


def test_a_folder_has_images_where_its_suffixes_say_so(tmp_path: Path) -> None:
    """Each of them is a row of its own; by default they are passed over."""
    for name in ("a.mp4", "b.PNG", "c.jpg"):
        (tmp_path / name).touch()
    assert [Path(video.source).name for video in opened(tmp_path).videos()] == ["a.mp4"]
    film, image = opened(tmp_path, suffixes=(".mp4", "png")).videos()
    assert (film.images, film.path) == ((), film.source)
    assert image.images == (PictureSource("image", image.source, image.source),)


def test_a_single_image_stands_for_a_manifest(tmp_path: Path) -> None:
    """As a single video does."""
    path = tmp_path / "a.webp"
    path.touch()
    assert opened(path).check() == 1
    assert [image.name for video in opened(path).videos() for image in video.images] == ["image"]
