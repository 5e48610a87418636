"""Reference images beside a video, and images alone."""

import json
from pathlib import Path

import pytest

from pipeline.server.engines import EngineError, EngineImage, EngineRequest
from pipeline.server.engines.answers.engine import analyze
from pipeline.server.engines.answers.pictures import look_at_still
from pipeline.server.engines.evidence.senses import Senses
from pipeline.server.engines.likeness import alike
from scripts.sample_videos.films import NIGHT_TRAIN, SUNRISE

from .conftest import WriteStill

LOOKS = Senses(("visuals",))


@pytest.fixture(scope="module")
def video(samples: Path) -> Path:
    return samples / NIGHT_TRAIN.name


def told(path: Path | None, prompt: str, *images: EngineImage) -> list[str]:
    return analyze(EngineRequest(path, prompt, 4096, images=images), LOOKS).text.splitlines()


@pytest.mark.parametrize("codec", ["png", "mjpeg", "bmp", "gif", "libwebp"])
def test_a_picture_of_the_video_is_found_where_it_is(video: Path, write_still: WriteStill, codec: str) -> None:
    """A reference image taken from the video, smaller and in any format, is most like the shot that it is from."""
    image = EngineImage("disc", write_still(video, at_s=8.5, codec=codec, size=(320, 240)))
    lines = told(video, "Where is <@disc>?", image)
    (line,) = (line for line in lines if "Most like it" in line)
    assert line.startswith("<@disc>: 320x240 (")
    assert "Most like it: [00:07.0-00:10.0], at best 9" in line
    assert line.endswith("(nearly the same picture).")


def test_a_picture_of_another_video_is_unlike(samples: Path, video: Path, write_still: WriteStill) -> None:
    """What the video does not show is said to be in none of its shots."""
    image = EngineImage("sky", write_still(samples / SUNRISE.name, at_s=6.0))
    (line,) = (line for line in told(video, "<@sky>", image) if line.startswith("<@sky>"))
    assert " No shot is like it: at best " in line


def test_a_name_without_an_image_is_told(video: Path, write_still: WriteStill) -> None:
    """A placeholder for which no image was given is named."""
    lines = told(video, "Is <@a> like <@b>?", EngineImage("a", write_still("red")))
    assert "No image goes by the name <@b>." in lines


def test_images_alone_are_described_and_compared(write_still: WriteStill) -> None:
    """Of images alone, size, format, brightness and colours are told, and how each pair differs."""
    images = (
        EngineImage("before", write_still("blue")),
        EngineImage("after", write_still("white", size=(800, 600), codec="mjpeg")),
    )
    assert told(None, "Compare <@before> with <@after>.", *images) == [
        "2 images.",
        "<@before>: 640x480 (png), dark, all blue.",
        "<@after>: 800x600 (mjpeg), bright, all white.",
        (
            "<@before> and <@after>: unlike (0% alike); the second is brighter (29% to 94%) and less blue (100% to 0%)"
            " and more white (0% to 100%) and of another size (640x480 to 800x600)."
        ),
        "Not looked for: text on pictures, since server.tracks names other tracks alone.",
    ]


def test_images_alone_in_a_form(write_still: WriteStill) -> None:
    """A structured answer about images tells of all of them, and of each by its name."""
    one = {
        "type": "object",
        "properties": {"dominant_color": {"type": "string"}, "width": {"type": "integer"}},
        "required": ["dominant_color", "width"],
    }
    images = (EngineImage("before", write_still("blue")), EngineImage("after", write_still("white", size=(800, 600))))
    schema = {
        "type": "object",
        "properties": {
            "image_count": {"type": "integer"},
            "similarity": {"type": "number"},
            "after": one,
            "images": {"type": "array", "items": one},
            "start_time": {"type": "number"},
        },
        "required": ["image_count", "similarity", "after", "images", "start_time"],
    }
    answer = analyze(EngineRequest(None, "Compare", 4096, images=images, json_schema=schema), LOOKS)
    white = {"dominant_color": "white", "width": 800}
    assert json.loads(answer.text) == {
        "image_count": 2,
        "similarity": 0.0,
        "after": white,
        "images": [{"dominant_color": "blue", "width": 640}, white],
        "start_time": 0,
    }
    assert answer.warning is not None
    assert "answers start_time:" in answer.warning


def test_likeness_is_even_and_bounded(samples: Path, write_still: WriteStill) -> None:
    """A picture is wholly like itself; likeness is the same both ways and lies between 0 and 1."""
    films = [samples / NIGHT_TRAIN.name, samples / SUNRISE.name]
    stills = [look_at_still(EngineImage("x", write_still(film, at_s=at_s))) for film in films for at_s in (0.5, 4.0)]
    stills += [look_at_still(EngineImage("x", write_still(colour))) for colour in ("black", "white", "red")]
    for one in stills:
        assert alike(one.sketch, one.sketch) == pytest.approx(1.0)
        for other in stills:
            assert alike(one.sketch, other.sketch) == pytest.approx(alike(other.sketch, one.sketch))
            assert 0 <= alike(one.sketch, other.sketch) <= 1.000001


def test_a_name_with_a_percent_sign_is_one_file(tmp_path: Path, write_still: WriteStill) -> None:
    """A file is read by what is in it, whatever its name looks like."""
    path = write_still("green").rename(tmp_path / "picture %03d")
    assert told(None, "Describe", EngineImage("x", path))[1] == "<@x>: 640x480 (png), medium bright, all green."


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    """An image that cannot be read fails the analysis with a sentence that names it."""
    (tmp_path / "text").write_text("no picture")
    (tmp_path / "torn").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    for name in ("text", "torn", "missing"):
        with pytest.raises(EngineError, match="The image logo cannot be read"):
            told(None, "Describe", EngineImage("logo", tmp_path / name))
