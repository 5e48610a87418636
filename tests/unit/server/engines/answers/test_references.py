"""Reference pictures are found in a video by their looks, and pictures alone are read as well as looked at."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest
from PIL import Image, ImageDraw, ImageFont

from pipeline.server.engines import EngineImage, EngineRequest, SegmentQuestion
from pipeline.server.engines.answers.engine import analyze
from pipeline.server.engines.answers.observe import observe
from pipeline.server.engines.answers.pictures import look_at_still
from pipeline.server.engines.decode import Picture
from pipeline.server.engines.evidence.glimpses import Gallery, coarse, sketch_of
from pipeline.server.engines.likeness import alike
from pipeline.server.engines.looks import look_at

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
    assert "No shot is like it: at best " in next(line for line in lines if line.startswith("<@other>"))
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


def test_a_form_is_not_told_when_a_picture_is_shown_that_is_not(
    film: Path, notes: Path, write_still: WriteStill
) -> None:
    """It has no time, however little unlike the likeliest shot may be."""
    other = EngineImage("other", write_still("white"))
    inner = {"type": "object", "properties": {"start_time": {"type": "number"}}, "required": ["start_time"]}
    schema = {"type": "object", "properties": {"other": inner}, "required": ["other"]}
    answer = analyze(EngineRequest(film, "Where?", 4096, images=(other,), json_schema=schema, notes=notes))
    assert answer.warning is not None
    assert "answers other" in answer.warning


def test_a_form_may_ask_when_each_picture_is_shown(film: Path, notes: Path, shown: EngineImage) -> None:
    """By the name of the picture: how much the video is like it at best, and where; so may a segment's field."""
    properties = {"similarity": {"type": "number"}, "start_time": {"type": "number"}}
    inner = {"type": "object", "properties": properties, "required": list(properties)}
    schema = {"type": "object", "properties": {"shown": inner}, "required": ["shown"]}
    request = EngineRequest(film, "Where?", 4096, images=(shown,), json_schema=schema, notes=notes)
    found = json.loads(analyze(request).text)["shown"]
    assert (found["similarity"] > 0.95, found["start_time"]) == (True, 4.033)
    fields = [{"name": "similarity", "type": "number", "description": ""}]
    asked = SegmentQuestion(({"id": "shot", "description": "Every shot", "fields": fields},))
    answer = analyze(EngineRequest(film, "", None, images=(shown,), segments=asked, notes=notes))
    likes = [part["metadata"]["similarity"] for part in json.loads(answer.text)["shot"]]
    assert max(likes) == likes[-1] > 0.95 > likes[0]


def test_a_picture_that_no_shot_is_like_is_explained(film: Path, notes: Path, write_still: WriteStill) -> None:
    """There are no segments, and the warning says how much the video is like it at best."""
    image = EngineImage("other", write_still("white"))
    asked = SegmentQuestion(({"id": "like", "description": "<@other>", "media_sources": [{"name": "other"}]},))
    answer = analyze(EngineRequest(film, "", None, images=(image,), segments=asked, notes=notes))
    assert json.loads(answer.text) == {"like": []}
    assert (answer.warning or "").startswith("No shot is as much like its reference pictures as 75%: at best ")


def test_an_hour_of_glimpses_is_small() -> None:
    """Whatever happens in it, its glimpses take less than 1.3 MB; short shots have one each."""
    looks = list(look_at(Picture(0.0, np.full((72, 128, 3), level, np.uint8)) for level in (20, 120, 220)))
    gallery = Gallery()
    for _ in gallery.watch(replace(looks[number % 3], at_s=number * 0.5) for number in range(7200)):
        pass
    size = len(orjson.dumps(gallery.glimpses))
    assert size < 1_300_000
    assert [glimpse.at_s for glimpse in gallery.glimpses[:20]] == [number * 0.5 for number in range(20)]


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
