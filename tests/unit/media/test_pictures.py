"""Still images: what they are, and which content they have."""

import os
from pathlib import Path

import pytest

from pipeline.errors import ConfigError, SourceUnreadable
from pipeline.media.identity import hash_file, stamp_of
from pipeline.media.pictures import Gallery, identity_of_set, read_picture, text_of
from pipeline.media.stills import REFERENCE, SUBJECT, Limits, filename_of
from pipeline.models import Picture
from tests.contract.stills import PIXELS, still


def written(folder: Path, data: bytes, name: str = "picture") -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize("codec", PIXELS)
def test_every_format_of_the_platform_is_read(tmp_path: Path, codec: str) -> None:
    """JPEG, PNG, WebP, GIF and BMP are known by what they hold, and have the identity that any file has."""
    path = written(tmp_path, still(codec), "no suffix says it")
    found = read_picture(path, SUBJECT)
    assert found.content == hash_file(path, stamp_of(path))
    assert (found.path, found.stamp) == (path, stamp_of(path))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"<svg/>", "no JPEG, PNG, WebP, GIF or BMP; convert it"),
        (still("png")[:60], "cannot be read as an image"),
        (b"RIFF" + bytes(40), "cannot be read as an image"),
        (still("png", 4097, 4096), "4097x4096 pixels, the platform takes 16,777,216 in all"),
        (b"\x89PNG" + bytes(20 * 1024 * 1024), "the platform takes 20,971,520; make it smaller"),
    ],
    ids=["another format", "cut off", "nothing in it", "too many pixels", "too many bytes"],
)
def test_what_the_platform_would_refuse_is_named(tmp_path: Path, data: bytes, says: str) -> None:
    """The file, what is wrong with it, and the remedy."""
    path = written(tmp_path, data)
    with pytest.raises(SourceUnreadable) as caught:
        read_picture(path, SUBJECT)
    assert path in caught.value.message
    assert says in caught.value.message
    assert caught.value.code == "image_unusable"


def test_a_reference_may_have_more_pixels_than_an_image_that_is_analysed(tmp_path: Path) -> None:
    """No bound of pixels is documented for images that a prompt refers to."""
    path = written(tmp_path, still("png", 4097, 4096))
    assert read_picture(path, REFERENCE).content.startswith("blake3:")
    with pytest.raises(SourceUnreadable, match="the platform takes 60; make it smaller"):
        read_picture(path, Limits(60, None))


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("gone.png", "there is no such file"),
        ("", "no path; name a file or a URL"),
        ("s3://bucket/a.png", "neither a path nor a complete http"),
        ("https://", "neither a path nor a complete http"),
        (".", "it is a folder"),
    ],
)
def test_a_reference_that_cannot_be_had_is_a_mistake_of_whoever_names_it(
    tmp_path: Path, source: str, says: str
) -> None:
    """Nothing is worth beginning with an image that is not there."""
    with pytest.raises(ConfigError, match=says):
        Gallery().content_of(source, str(tmp_path))


def test_references_are_relative_to_where_they_are_named_and_urls_stay_as_given(tmp_path: Path) -> None:
    """The same file is the same content whatever it is called; only files have a whereabouts."""
    path = written(tmp_path, still(), "a.png")
    gallery = Gallery()
    content = gallery.content_of("x/../a.png", str(tmp_path))
    assert gallery.content_of(path, "/") == content
    url = gallery.content_of("https://example.org/a.png?x=1", str(tmp_path))
    assert url == "url:https://example.org/a.png?x=1"
    (place,) = gallery.whereabouts([url, content, content])
    assert (place.content, place.path) == (content, path)


def test_a_reference_that_changes_between_two_rows_is_read_again(tmp_path: Path) -> None:
    """Its content is what it holds when it is asked for."""
    path = written(tmp_path, still())
    gallery = Gallery()
    first = gallery.content_of(path, "/")
    Path(path).write_bytes(still(width=80))
    os.utime(path, ns=(1, 1))
    assert gallery.content_of(path, "/") != first


def test_a_set_of_images_is_known_by_names_and_contents_in_order() -> None:
    """Another name, content or order is another set."""
    one, other = Picture("a", "blake3:1"), Picture("b", "blake3:2")
    sets = [[one, other], [other, one], [one], [Picture("b", "blake3:1"), other], [one, Picture("b", "blake3:3")]]
    identities = {identity_of_set(text_of(pictures)) for pictures in sets}
    assert len(identities) == len(sets)
    assert identity_of_set(text_of([one, other])) == identity_of_set(text_of([one, other]))
    assert all(identity.startswith("images:") for identity in identities)


@pytest.mark.parametrize(
    ("name", "sent"),
    [("a.png", "a.png"), ("a.PNG", "a.PNG"), ("a", "a.png"), ("a.mp4", "a.mp4.png"), ("a.jpg", "a.jpg.png")],
)
def test_an_image_is_uploaded_under_a_name_that_says_what_it_is(name: str, sent: str) -> None:
    """The platform goes by the suffix: what has a wrong one, or none, gets the right one."""
    assert filename_of(name, still("png")) == sent
