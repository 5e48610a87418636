"""Structured answers: valid against any schema, filled with what was measured and with nothing else."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from pipeline.server.engines import ENGINES, EngineError, EngineRequest
from pipeline.server.engines.answers import facts
from pipeline.server.engines.answers.engine import analyze
from pipeline.server.engines.evidence.gather import gather
from pipeline.server.engines.evidence.senses import Senses
from pipeline.server.engines.evidence.timeline import Track
from pipeline.server.engines.known import NOTHING, Known
from pipeline.server.engines.reply import to_json
from pipeline.server.engines.structure import fill
from pipeline.server.engines.tokens import count_tokens
from scripts.sample_videos.film import encode
from scripts.sample_videos.films import NIGHT_TRAIN, TOWER

from .answers.programme import TIMELINE
from .judge import problems, schemas

LOOKS_AND_LEVELS: tuple[Track, ...] = ("visuals", "sounds")
OBSERVED = facts.of_video(TIMELINE)


def observed(path: Path) -> Known:
    return facts.of_video(gather(path, tracks=LOOKS_AND_LEVELS))


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    path = tmp_path_factory.mktemp("film") / NIGHT_TRAIN.name
    encode(NIGHT_TRAIN, path)
    return observed(path)


def obj(required: bool = True, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties) if required else []}


@settings(deadline=None, max_examples=60)
@given(schema=schemas())
def test_every_answer_is_valid(known: Known, schema: dict[str, Any]) -> None:
    """Whatever the schema asks for and whatever was measured, the answer is valid, and the same each time."""
    for evidence in (known, OBSERVED, NOTHING):
        filled = fill(schema, evidence)
        assert problems(schema, json.loads(json.dumps(filled.content))) == []
    assert fill(schema, OBSERVED) == fill(schema, facts.of_video(TIMELINE))


def test_facts_of_the_file_and_of_the_window(known: Known) -> None:
    """Numbers, words and truths that are asked for by name are those that were measured."""
    number, integer, boolean, string = ({"type": kind} for kind in ("number", "integer", "boolean", "string"))
    schema = obj(
        durationSeconds=number,
        duration_in_minutes=number,
        shot_count=integer,
        number_of_cuts=integer,
        average_shot_length=number,
        longest_shot_duration=number,
        video_width=integer,
        height=integer,
        frame_rate=number,
        has_audio=boolean,
        no_audio=boolean,
        is_portrait=boolean,
        has_black_frames=boolean,
        silence_duration=number,
        black_percentage=integer,
        red_share=number,
        dominant_color=string,
        resolution=string,
        video_codec=string,
    )
    filled = fill(schema, known)
    assert filled.guessed == ()
    assert filled.content == {
        "durationSeconds": 12.0,
        "duration_in_minutes": 0.2,
        "shot_count": 5,
        "number_of_cuts": 4,
        "average_shot_length": 2.4,
        "longest_shot_duration": 3.0,
        "video_width": 640,
        "height": 480,
        "frame_rate": 24.0,
        "has_audio": True,
        "no_audio": False,
        "is_portrait": False,
        "has_black_frames": True,
        "silence_duration": pytest.approx(5.0, abs=0.1),
        "black_percentage": 17,
        "red_share": pytest.approx(0.14, abs=0.02),
        "dominant_color": "black",
        "resolution": "640x480",
        "video_codec": "h264",
    }


@pytest.mark.parametrize(
    ("name", "description"),
    [
        ("title", ""),
        ("hair_color", ""),
        ("people_count", ""),
        ("shots_on_goal", ""),
        ("duration", "How long the person speaks"),
        ("count", "Number of goals in the scene"),
        ("jersey", "Main color of the jersey"),
        ("dark_duration", ""),
        ("xyzzy", "whatever"),
    ],
)
@pytest.mark.parametrize(
    ("rule", "empty"),
    [
        ({"type": "string"}, ""),
        ({"type": "integer"}, 0),
        ({"type": "integer", "minimum": 3}, 3),
        ({"type": "number"}, 0),
        ({"type": "boolean"}, False),
        ({"type": "array", "items": {"type": "string"}}, []),
        ({"type": "string", "enum": ["red", "dark", "unknown"]}, "unknown"),
        ({"type": "string", "enum": ["red", "dark"]}, "red"),
        ({"type": "string", "format": "date"}, "1970-01-01"),
    ],
)
def test_what_was_not_measured_is_empty_and_named(
    known: Known, name: str, description: str, rule: dict[str, Any], empty: Any
) -> None:
    """A required field that asks for something else is the emptiest there is, and listed; an optional one is out."""
    rule = {**rule, "description": description}
    required, optional = fill(obj(**{name: rule}), known), fill(obj(required=False, **{name: rule}), known)
    assert (required.content, required.guessed) == ({name: empty}, (name,))
    assert (optional.content, optional.guessed) == ({}, ())


def test_lists_of_shots_passages_and_colours(known: Known) -> None:
    """A list that names shots, passages or colours has one item for each, with its own times and facts."""
    shot = obj(
        start_time={"type": "string"},
        end_time={"type": "integer"},
        motion={"enum": ["static", "slow", "medium", "fast"]},
        main_color={"type": "string", "enum": ["gray", "black", "green", "red"]},
        shot_number={"type": "integer"},
        colors={"type": "array", "items": obj(name={"type": "string"}, share={"type": "number"})},
    )
    times = obj(start={"type": "timestamp", "format": "hh:mm:ss"}, end={"type": "timestamp", "format": "seconds"})
    schema = {
        **obj(
            scenes={"type": "array", "items": {"$ref": "#/$defs/Shot"}},
            silent_passages={"type": "array", "items": times},
            colours={"type": "array", "items": {"type": "string"}},
            shot_starts={"type": "array", "items": {"type": "number"}},
        ),
        "$defs": {"Shot": shot},
    }
    filled = fill(schema, known)
    content = filled.content
    assert filled.guessed == ()
    assert problems(schema, content) == []
    assert [(scene["start_time"], scene["end_time"]) for scene in content["scenes"]] == [
        ("00:00:00.000", 2),
        ("00:00:02.000", 5),
        ("00:00:05.000", 7),
        ("00:00:07.000", 10),
        ("00:00:10.000", 12),
    ]
    assert [scene["motion"] for scene in content["scenes"]] == ["static", "fast", "static", "medium", "static"]
    assert [scene["main_color"] for scene in content["scenes"]] == ["gray", "black", "black", "green", "red"]
    assert [scene["shot_number"] for scene in content["scenes"]] == [1, 2, 3, 4, 5]
    assert content["scenes"][4]["colors"][0] == {"name": "red", "share": pytest.approx(0.85, abs=0.02)}
    assert content["silent_passages"] == [{"start": "00:00:05", "end": pytest.approx(10.0, abs=0.1)}]
    assert content["colours"][:3] == ["black", "green", "grey"]
    assert content["shot_starts"] == [0.0, 2.0, 5.0, 7.0, 10.0]


def test_a_list_of_what_is_not_there_is_empty(tmp_path: Path) -> None:
    """Black passages that were looked for in vain are an empty list, which is an answer and no guess."""
    encode(TOWER, tmp_path / "tower.mp4")
    passages = {"type": "array", "items": obj(start_time={"type": "number"})}
    filled = fill(obj(black_passages=passages), observed(tmp_path / "tower.mp4"))
    assert (filled.content, filled.guessed) == ({"black_passages": []}, ())


def test_an_object_can_pick_out_a_shot(known: Known) -> None:
    """An object called after the first, last or darkest shot tells of it; after something else, of nothing."""
    part = obj(start_time={"type": "number"}, brightness={"type": "number"})
    filled = fill(obj(first_shot=part, last_scene=part, darkest_shot=part, goal_scene=part), known)
    starts = {name: picked["start_time"] for name, picked in filled.content.items()}
    assert starts == {"first_shot": 0.0, "last_scene": 10.0, "darkest_shot": 5.0, "goal_scene": 0}
    assert filled.guessed == ("goal_scene",)


def test_scales_and_percentages(known: Known) -> None:
    """A share is told on the scale of its bounds, in percent as a whole number, and from 0 to 1 otherwise."""
    scale = {"type": "integer", "minimum": 0, "maximum": 10}
    filled = fill(
        obj(black_share=scale, black_ratio={"type": "number"}, black_percent={"type": "number"}), known
    ).content
    assert filled == {
        "black_share": 2,
        "black_ratio": pytest.approx(1 / 6, abs=0.01),
        "black_percent": pytest.approx(16.7, abs=1),
    }


def test_a_number_out_of_bounds_is_the_nearest_and_named(known: Known) -> None:
    """Where the bounds rule out what was measured, the nearest valid number stands there and is listed."""
    filled = fill(obj(shot_count={"type": "integer", "exclusiveMaximum": 4}), known)
    assert (filled.content, filled.guessed) == ({"shot_count": 3}, ("shot_count",))


def test_null_is_taken_where_nothing_is_known(known: Known) -> None:
    """Of several branches the first that measurements answer is taken; where they answer none, null, unlisted."""
    branches = {"anyOf": [{"type": "null"}, {"type": "string"}, {"type": "integer"}]}
    filled = fill(obj(speaker=branches, summary=branches, shot_count={"type": ["null", "integer"]}), known)
    assert filled.content["speaker"] is None
    assert "12.0 s of video" in filled.content["summary"]
    assert filled.content["shot_count"] == 5
    assert filled.guessed == ()


def test_a_required_property_comes_first(known: Known) -> None:
    """Properties come in the order of their declaration, save that the first one is a required one."""
    schema = obj(required=False, width={"type": "integer"}, height={"type": "integer"}, fps={"type": "number"})
    assert list(fill({**schema, "required": ["fps"]}, known).content) == ["fps", "width", "height"]


def test_a_pattern_is_met_by_what_was_measured_if_it_can_be(known: Known) -> None:
    """Of the ways to say a fact the one that the pattern takes is said; else a text is made for it, and named."""
    clock = {"type": "string", "pattern": r"^\d{2}:\d{2}:\d{2}$"}
    filled = fill(obj(end=clock, black_start=clock, code={"type": "string", "pattern": "^[A-Z]{2}-[0-9]$"}), known)
    assert filled.content == {"end": "00:00:12", "black_start": "00:00:05", "code": "AA-0"}
    assert filled.guessed == ("code",)


ENDLESS = {"$ref": "#/$defs/Node", "$defs": {"Node": obj(next={"$ref": "#/$defs/Node"})}}
HUGE = {
    "$ref": "#/$defs/D0",
    "$defs": {f"D{n}": obj(a={"$ref": f"#/$defs/D{n + 1}"}, b={"$ref": f"#/$defs/D{n + 1}"}) for n in range(30)}
    | {"D30": {"type": "string"}},
}


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        (ENDLESS, "contains itself without end"),
        (HUGE, "describes more than this engine fills"),
        (obj(a={"type": "integer", "minimum": 3, "maximum": 2}), "no number lies within"),
        (obj(a={"type": "string", "enum": [1, 2]}), "none of the values of enum"),
        (obj(a={"type": "string", "pattern": "^a(?!a)b(?<=x)$"}), "pattern"),
        (obj(a={"$ref": "#/$defs/Missing"}), "points to nothing"),
    ],
)
def test_a_schema_without_an_answer_fails_with_the_reason(known: Known, schema: dict[str, Any], reason: str) -> None:
    """Where nothing can be valid, the analysis fails with a sentence that says why, in a bounded time."""
    with pytest.raises(EngineError, match=reason):
        fill(schema, known)


@pytest.mark.parametrize("prompt", ["How many shots are there?", "Count the scenes", "How many goals are there?"])
def test_a_field_that_says_nothing_is_read_by_the_prompt(samples: Path, prompt: str) -> None:
    """A field called "count" counts what the prompt asks to be counted, if every word of that is understood."""
    request = EngineRequest(samples / NIGHT_TRAIN.name, prompt, 512, json_schema=obj(count={"type": "integer"}))
    told = analyze(request, Senses(LOOKS_AND_LEVELS))
    assert (json.loads(told.text), told.warning is None) == (
        ({"count": 0}, False) if "goals" in prompt else ({"count": 5}, True)
    )


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_an_answer_that_does_not_fit_is_cut(samples: Path, engine: str, tmp_path: Path) -> None:
    """JSON beyond max_tokens is cut wherever that is, keeps to its tokens, and says so."""
    schema = obj(summary={"type": "string"}, speaker={"type": "string"})
    path, notes = samples / NIGHT_TRAIN.name, tmp_path / "notes"
    request = EngineRequest(path, "Describe it", 512, json_schema=schema, notes=notes)
    whole = ENGINES[engine](request)
    cut = ENGINES[engine](replace(request, max_tokens=5))
    assert (whole.finish_reason, cut.finish_reason) == ("stop", "length")
    assert json.loads(whole.text)["speaker"] == ""
    assert whole.warning is not None
    assert "speaker" in whole.warning
    assert len(cut.text.encode()) == 20
    assert whole.text.startswith(cut.text)
    assert cut.output_tokens == 5
    assert cut.warning is not None
    assert "max_tokens (5)" in cut.warning
    assert whole.input_tokens == count_tokens("Describe it") + count_tokens(to_json(schema))
