"""Reference pictures are found in a video by their looks, and pictures alone are read as well as looked at."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from pipeline.server.engines import EngineImage, EngineRequest, SegmentQuestion
from pipeline.server.engines.answers.engine import analyze
from pipeline.server.engines.answers.observe import observe
from pipeline.server.engines.evidence.glimpses import coarse, sketch_of
from pipeline.server.engines.images import look_at_still
from pipeline.server.engines.likeness import alike

WriteStill = Callable[..., Path]
AT_S = 5.0  # within the third shot of the film


@pytest.fixture(scope="module")
def film(samples: Path) -> Path:
    return samples / "tower.mp4"


@pytest.fixture(scope="module")
def notes(film: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was observed of the film, once for all tests."""
    folder = tmp_path_factory.mktemp("notes")
    observe(film, folder)
    return folder


@pytest.fixture(scope="module")
def shown(film: Path, write_still: WriteStill) -> EngineImage:
    """A picture of the film."""
    return EngineImage("shown", write_still(film, AT_S))


def test_the_best_match_is_told_with_its_time_and_how_good_it_is(
    film: Path, notes: Path, shown: EngineImage, write_still: WriteStill
) -> None:
    """A picture of the film is found in its shot, nearly the same; another is said to be unlike."""
    other = EngineImage("other", write_still("white"))
    request = EngineRequest(
        film, "Where are <@shown>, <@other> and <@third>?", 4096, images=(shown, other), notes=notes
    )
    lines = analyze(request).text.splitlines()
    (found,) = (line for line in lines if line.startswith("<@shown>"))
    assert "Most like it: [00:04.0-00:06.4], at best 9" in found
    assert "nearly the same picture" in found
    assert "unlike" in next(line for line in lines if line.startswith("<@other>"))
    assert "No image goes by the name <@third>." in lines


def test_a_glimpse_is_as_good_as_the_picture(film: Path, notes: Path, shown: EngineImage) -> None:
    """What is kept of a picture compares as the picture does, to a hundredth."""
    glimpses = observe(film, notes).glimpses or ()
    sketch = look_at_still(shown).sketch
    best = max(alike(coarse(sketch), sketch_of(glimpse)) for glimpse in glimpses)
    assert best > 0.97
    assert len(glimpses) <= 4 * 6.4 + 1


def test_segments_and_forms_know_the_likeness(film: Path, notes: Path, shown: EngineImage) -> None:
    """A definition's own picture chooses the shots that look like it; a form may ask how much the video is like one."""
    definition = {"id": "like", "description": "Like <@shown>", "media_sources": [{"name": "shown"}]}
    asked = SegmentQuestion((definition,))
    segments = json.loads(analyze(EngineRequest(film, "", None, images=(shown,), segments=asked, notes=notes)).text)
    assert [(part["start_time"], part["end_time"]) for part in segments["like"]] == [(4.033, 6.4)]
    schema = {"type": "object", "properties": {"similarity": {"type": "number"}}, "required": ["similarity"]}
    request = EngineRequest(film, "How alike?", 4096, images=(shown,), json_schema=schema, notes=notes)
    assert json.loads(analyze(request).text)["similarity"] > 0.95


@pytest.fixture(scope="module")
def sign(tmp_path_factory: pytest.TempPathFactory) -> EngineImage:
    """A picture with words on it."""
    picture = Image.new("RGB", (640, 360), (20, 30, 90))
    ImageDraw.Draw(picture).text((60, 140), "Winter Market", (255, 255, 255), ImageFont.load_default(64))
    path = tmp_path_factory.mktemp("signs") / "sign.png"
    picture.save(path)
    return EngineImage("sign", path)


def test_pictures_are_read(sign: EngineImage, write_still: WriteStill) -> None:
    """What is written on a picture is told beside its looks, and of one without letters that there is none."""
    images = (sign, EngineImage("plain", write_still("green")))
    lines = analyze(EngineRequest(None, "What is on <@sign>?", 4096, images=images)).text.splitlines()
    assert '<@sign>: text on it: "Winter Market".' in lines
    assert "<@plain>: text on it: none was read." in lines
    assert any(line.startswith("<@sign>: 640x360 (png)") for line in lines)


def test_a_form_may_ask_what_is_written(sign: EngineImage) -> None:
    """As a title, as a list of texts, and whether a word is there."""
    properties = {
        "title": {"type": "string"},
        "texts": {"type": "array", "items": {"type": "string"}, "description": "All text on the image"},
        "mentions_market": {"type": "boolean"},
    }
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    answer = analyze(EngineRequest(None, "Read it", 4096, images=(sign,), json_schema=schema))
    assert json.loads(answer.text) == {"title": "Winter Market", "texts": ["Winter Market"], "mentions_market": True}
