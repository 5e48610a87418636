"""Segments: where they begin and end, and what is said of them."""

import json
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.server.engines import ENGINES, Answer, Engine, EngineError, EngineImage, EngineRequest, SegmentQuestion
from pipeline.server.engines.answers.engine import analyze
from pipeline.server.engines.evidence.senses import Senses
from pipeline.server.engines.segments import fields_schema, of_lengths
from scripts.sample_videos.film import Film, Scene, encode
from scripts.sample_videos.films import NIGHT_TRAIN, SIGNALS

from .conftest import WriteStill
from .judge import problems

EVIDENCE = partial(analyze, senses=Senses(("visuals", "sounds")))
SHOTS = [(0.0, 2.0), (2.0, 5.0), (5.0, 7.0), (7.0, 10.0), (10.0, 12.0)]
FIELDS: list[dict[str, Any]] = [
    {"name": "description", "type": "string", "description": "What can be seen"},
    {"name": "main_color", "type": "string", "description": "", "enum": ["gray", "black", "green", "red"]},
    {"name": "is_silent", "type": "boolean", "description": ""},
    {"name": "brightness", "type": "number", "description": ""},
    {"name": "shot_count", "type": "integer", "description": ""},
    {"name": "colors", "type": "array", "items": {"type": "string"}, "description": ""},
    {"name": "ends_at", "type": "timestamp", "format": "hh:mm:ss", "description": ""},
    {"name": "speaker", "type": "string", "description": "Who speaks"},
    {
        "name": "events",
        "type": "time_array",
        "description": "Every shot",
        "items": {
            "type": "object",
            "fields": [
                {"name": "motion", "type": "string", "description": ""},
                {"name": "silent", "type": "boolean", "description": ""},
            ],
        },
    },
]


def define(described: str = "Every shot", **more: Any) -> dict[str, Any]:
    return {"id": "it", "description": described, **more}


def ask(path: Path, *definitions: dict[str, Any], engine: Engine = EVIDENCE, **more: Any) -> Answer:
    window = {name: more.pop(name) for name in ("start_s", "end_s", "images", "max_tokens", "notes") if name in more}
    # what is noted of a film serves all tests
    request = {"max_tokens": None, "notes": path.with_suffix(".notes"), **window}
    return engine(EngineRequest(path, "", segments=SegmentQuestion(definitions, **more), **request))


def times(told: Answer, which: str = "it") -> list[tuple[Any, Any]]:
    return [(segment["start_time"], segment["end_time"]) for segment in json.loads(told.text)[which]]


@pytest.fixture(scope="module")
def video(samples: Path) -> Path:
    return samples / NIGHT_TRAIN.name


def test_segments_are_the_shots(video: Path) -> None:
    """Where a description asks for scenes, its segments are the shots, in seconds, with nothing to warn of."""
    told = ask(video, define("Every scene of the video"))
    assert times(told) == SHOTS
    assert (told.finish_reason, told.warning) == ("stop", None)
    assert all(segment["metadata"] == {} for segment in json.loads(told.text)["it"])


@pytest.mark.parametrize(
    ("described", "found"),
    [
        ("Black frames", [(5.0, 7.0)]),
        ("When there is silence", [(5.0, 10.0)]),
        ("The picture stands still: freeze frames", [(0.0, 2.0), (10.0, 12.0)]),
        ("Scenes with a green or red ground", [(7.0, 10.0), (10.0, 12.0)]),
        ("Purple scenes", []),
    ],
)
def test_segments_are_what_is_described(video: Path, described: str, found: list[tuple[float, float]]) -> None:
    """Black, silent and still passages and the colours of shots are found by what the description says."""
    told = ask(video, define(described))
    assert times(told) == [pytest.approx(part, abs=0.1) for part in found]
    assert told.warning is None


def test_silence_without_a_sound_stream(tmp_path: Path) -> None:
    """A file without a sound stream has no silent segments, and the answer says why."""
    encode(Film("mute.mp4", (Scene(2.0, "red"),), width=360, sound=False), tmp_path / "mute.mp4")
    told = ask(tmp_path / "mute.mp4", define("Silence"))
    assert times(told) == []
    assert told.warning is not None
    assert "no sound stream" in told.warning


@pytest.mark.parametrize(
    ("form", "first"),
    [
        ("seconds", [0.0, 1.6]),
        ("hh:mm:ss", ["00:00:00", "00:00:02"]),
        ("hh:mm:ss.fff", ["00:00:00.000", "00:00:01.600"]),
    ],
)
def test_boundaries_have_the_format_that_is_asked_for(samples: Path, form: Any, first: list[Any]) -> None:
    """Boundaries of segments and of their events are written in the format that is asked for."""
    events = {"name": "events", "type": "time_array", "description": "", "items": {"type": "object", "fields": []}}
    told = ask(samples / SIGNALS.name, define(fields=[events]), time_format=form)
    segment = json.loads(told.text)["it"][0]
    assert [segment["start_time"], segment["end_time"]] == first
    assert segment["metadata"]["events"] == [{"start_time": first[0], "end_time": first[1]}]


def test_fields_tell_of_their_own_segment(video: Path) -> None:
    """Every field of every type is told from what was measured in its own segment; what was not is named."""
    told = ask(video, define(fields=FIELDS), start_s=4.0, min_duration_s=3.0, max_duration_s=6.0)
    rows = json.loads(told.text)["it"]
    assert times(told) == [(4.0, 7.0), (7.0, 12.0)]
    first, second = (row["metadata"] for row in rows)
    assert list(first) == [field["name"] for field in FIELDS]
    assert first["description"].endswith("[00:04.0-00:07.0].")
    assert (first["main_color"], second["main_color"]) == ("black", "green")
    assert (first["is_silent"], second["is_silent"]) == (False, False)
    assert first["brightness"] < 0.2 < 0.4 < second["brightness"]
    assert (first["shot_count"], second["shot_count"]) == (2, 2)
    assert second["colors"][:2] == ["green", "red"]
    assert (first["ends_at"], second["ends_at"]) == ("00:00:07", "00:00:12")
    assert first["events"] == [
        {"start_time": 4.0, "end_time": 5.0, "motion": "strong motion", "silent": False},
        {"start_time": 5.0, "end_time": 7.0, "motion": "no motion", "silent": True},
    ]
    assert first["speaker"] == ""
    assert told.warning is not None
    assert told.warning.startswith("Nothing that was measured answers it.speaker: ")


def test_the_window_bounds_the_segments(video: Path) -> None:
    """Segments lie inside the window, on the clock of the whole file."""
    assert times(ask(video, define(), start_s=3.0, end_s=8.0)) == [(3.0, 5.0), (5.0, 7.0), (7.0, 8.0)]


def test_time_ranges_bound_the_segments_of_their_definition(video: Path) -> None:
    """Each definition keeps to its own time ranges, in order; one without any has the whole video."""
    ranges = [{"start_time": 8.0, "end_time": 11.0}, {"start_time": 1.0, "end_time": 4.0}]
    told = ask(video, define(time_ranges=ranges), {**define(), "id": "all"})
    assert times(told) == [(1.0, 2.0), (2.0, 4.0), (8.0, 10.0), (10.0, 11.0)]
    assert times(told, "all") == SHOTS
    assert times(ask(video, define("Silence", time_ranges=ranges))) == [pytest.approx((8.0, 10.0), abs=0.1)]


@pytest.mark.parametrize("name", ["disc", "it/disc"])
def test_a_reference_image_finds_its_shots(video: Path, write_still: WriteStill, name: str) -> None:
    """A definition with a reference image, named alone or with the definition's id, has the shots that look like it."""
    images = (EngineImage("other", write_still("white")), EngineImage(name, write_still(video, at_s=8.5)))
    named = [{"name": "disc", "media_type": "image"}]
    told = ask(video, define("Scenes like <@disc>", media_sources=named), images=images)
    assert times(told) == [(7.0, 10.0)]


@pytest.mark.parametrize("engine", [EVIDENCE, ENGINES["echo"]], ids=["evidence", "echo"])
def test_segments_that_do_not_fit_fail(video: Path, engine: Engine) -> None:
    """Beyond a numeric max_tokens the analysis fails whole, naming both numbers; without a limit it is ready."""

    def asked(**more: int) -> int:
        return ask(video, define(fields=FIELDS), engine=engine, **more).output_tokens

    tokens = asked()
    assert asked(max_tokens=tokens) == tokens
    with pytest.raises(EngineError, match=rf"take {tokens} tokens, more than max_tokens \({tokens - 1}\)"):
        asked(max_tokens=tokens - 1)


@pytest.mark.parametrize("engine", [EVIDENCE, ENGINES["echo"]], ids=["evidence", "echo"])
def test_fields_are_valid_whatever_they_ask_for(video: Path, engine: Engine) -> None:
    """Metadata has every field, of the type and from the values that were declared, from every engine."""
    fields = [
        *FIELDS,
        {"name": "rank", "type": "integer", "description": "", "enum": ["3", "4", "x"]},
        {"name": "tags", "type": "array", "items": {"type": "string"}, "enum": ["red", "calm"], "description": ""},
        {"name": "scores", "type": "array", "items": {"type": "number"}, "description": ""},
    ]
    asked = SegmentQuestion((define(fields=fields),), "hh:mm:ss.fff", 2.0, 4.0)
    told = engine(EngineRequest(video, "", None, segments=asked, notes=video.with_suffix(".notes")))
    segments = json.loads(told.text)["it"]
    schema = fields_schema(fields, asked)
    assert segments
    assert [fault for segment in segments for fault in problems(schema, segment["metadata"])] == []
    assert {segment["metadata"]["rank"] for segment in segments} == {3}


def test_an_echo_has_one_segment_for_each_stretch(video: Path) -> None:
    """The echo engine makes one segment of the window or of each time range, divided to the longest duration."""
    ranges = [{"start_time": 1.0, "end_time": 4.0}, {"start_time": 6.0, "end_time": 9.0}]
    assert times(ask(video, define(time_ranges=ranges), engine=ENGINES["echo"])) == [(1.0, 4.0), (6.0, 9.0)]
    assert times(ask(video, define(), engine=ENGINES["echo"], start_s=2.0, max_duration_s=5.0)) == [
        (2.0, 7.0),
        (7.0, 12.0),
    ]


@pytest.mark.parametrize(
    ("stretches", "shortest", "longest", "fitting"),
    [
        ([(0, 1), (1, 2), (2, 5)], 2, None, [(0, 2), (2, 5)]),
        ([(0, 3), (3, 4)], 2, None, [(0, 4)]),
        ([(0, 1), (3, 6)], 2, None, [(3, 6)]),
        ([(0, 9)], None, 4, [(0, 3), (3, 6), (6, 9)]),
        ([(0, 5)], 4, 4.5, [(0, 4.5)]),
        ([(0, 1)], 2, None, []),
        ([(0, 1), (1, 2)], None, None, [(0, 1), (1, 2)]),
    ],
)
def test_stretches_are_joined_and_divided(stretches: Any, shortest: Any, longest: Any, fitting: Any) -> None:
    """What is too short is joined with its neighbour or dropped, what is too long is divided evenly."""
    assert of_lengths(stretches, shortest, longest) == fitting


@example([(29.19571997888595, 0.0), (1.0, 0.0)], None, 1.0)  # whose parts are a little more than the whole
@given(
    st.lists(st.tuples(st.floats(0.01, 30), st.floats(0, 3)), max_size=12),
    st.one_of(st.none(), st.floats(2, 10)),
    st.one_of(st.none(), st.floats(0, 20)),
)
def test_lengths_are_kept(parts: list[tuple[float, float]], shortest: float | None, more: float | None) -> None:
    """No segment is too short or too long, none overlaps another, all are in order and lie on what was found."""
    stretches, at_s = [], 0.0
    for length_s, gap_s in parts:
        at_s += gap_s
        stretches.append((at_s, at_s + length_s))
        at_s += length_s
    longest = None if more is None else (shortest or 2.0) + more
    fitting = of_lengths(stretches, shortest, longest)
    for start_s, end_s in fitting:
        assert (shortest or 0) - 1e-5 <= end_s - start_s <= (longest or 1e9) + 1e-5
        covered = sum(max(0.0, min(end_s, ends) - max(start_s, begins)) for begins, ends in stretches)
        assert covered == pytest.approx(end_s - start_s, abs=1e-4)
    assert all(one[1] <= other[0] for one, other in pairwise(fitting))
