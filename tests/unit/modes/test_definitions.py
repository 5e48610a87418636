"""Which segment definitions the platform takes."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import ConfigError
from pipeline.modes.definitions import read_definitions

WHOLE = [
    {
        "id": "shots",
        "description": "Every shot.",
        "fields": [
            {"name": "title", "type": "string", "description": "A title.", "enum": ["one", "two"]},
            {"name": "at", "type": "timestamp", "description": "When.", "format": "hh:mm:ss"},
            {"name": "colours", "type": "array", "description": "Colours.", "items": {"type": "string"}},
            {
                "name": "events",
                "type": "time_array",
                "description": "Events.",
                "items": {
                    "type": "object",
                    "fields": [
                        {"name": "who", "type": "string", "description": "Who.", "enum": ["a"]},
                        {"name": "tags", "type": "array", "description": "Tags.", "items": {"type": "string"}},
                    ],
                },
            },
        ],
        "media_sources": {"logo": "logo.png"},
        "time_ranges": [{"start_time": 0, "end_time": 2}, {"start_time": 2, "end_time": 9.5}],
    },
    {"id": "talk", "description": "Somebody talks."},
]


def content_of(place: str, source: str) -> str:
    return f"blake3:{source}"


def read(asked: Any, base: str = "") -> Any:
    return json.loads(read_definitions(asked, base, content_of))


def test_definitions_keep_what_they_say() -> None:
    """All of it, in its order; images by their content."""
    shots, talk = read(WHOLE)
    assert shots.pop("media_sources") == [{"name": "logo", "content": "blake3:logo.png"}]
    assert {**shots, "media_sources": {"logo": "logo.png"}} == WHOLE[0]
    assert [field["name"] for field in shots["fields"]] == ["title", "at", "colours", "events"]
    assert talk == WHOLE[1]


def test_a_file_says_the_same(tmp_path: Path) -> None:
    """JSON and YAML, relative to where they are named."""
    (tmp_path / "d.json").write_text(json.dumps(WHOLE))
    (tmp_path / "d.yaml").write_text(json.dumps(WHOLE))
    assert read("d.json", str(tmp_path)) == read("d.yaml", str(tmp_path)) == read(WHOLE)
    (tmp_path / "broken.json").write_text("[")
    (tmp_path / "d.txt").write_text("[]")
    for name, says in (("none.json", "cannot be read"), ("broken.json", "neither JSON"), ("d.txt", "neither a .json")):
        with pytest.raises(ConfigError, match=says):
            read(name, str(tmp_path))


def field(**members: Any) -> list[dict[str, Any]]:
    return [{"id": "d", "description": "x", "fields": [{"name": "f", "description": "x", "type": "string", **members}]}]


def ranges(*spans: tuple[float, float]) -> list[dict[str, Any]]:
    spelt = [{"start_time": start, "end_time": end} for start, end in spans]
    return [{"id": "d", "description": "x", "time_ranges": spelt}]


def event(**members: Any) -> list[dict[str, Any]]:
    fields = [{"name": "e", "description": "x", "type": "string", **members}]
    return field(type="time_array", items={"type": "object", "fields": fields})


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ([], "there are 0 definitions, the platform takes 1 to 20"),
        ([{"id": f"d{n}", "description": "x"} for n in range(21)], "there are 21 definitions"),
        ([{"id": "d", "description": "x"}] * 2, "the id d is there twice"),
        ([{"id": "d"}], "[0].description (of d): Field required"),
        ([{"id": "d", "description": "x", "colour": 1}], "[0].colour (of d): Extra inputs"),
        (field(type="text"), "[0].fields[0].type (of f)"),
        (field(name="start_time"), "d: the field start_time: the platform keeps this name"),
        (field(name="metadata"), "the field metadata: the platform keeps this name"),
        (field(type="timestamp"), "the field f: a timestamp needs a format"),
        (field(format="seconds"), "format belongs to the type timestamp"),
        (field(type="timestamp", format="seconds", enum=["1"]), "enum does not go with the type timestamp"),
        (field(enum=[]), "enum has 0 values, the platform takes 1 to 100"),
        (field(enum=[str(n) for n in range(101)]), "enum has 101 values"),
        (field(type="array"), "an array needs items"),
        (field(items={"type": "string"}), "items belongs to the types array and time_array"),
        (field(type="array", items={"type": "object"}), "for objects write a time_array"),
        (field(type="time_array"), "a time_array needs items of the type object"),
        (event(name="end_time"), "the field end_time: the platform keeps this name"),
        (event(type="number", enum=["1"]), "e: enum belongs to the type string here"),
        (event(type="array"), "e: items and the type array go together"),
        ([{"id": "d", "description": "x", "fields": field()[0]["fields"] * 2}], "the field f is there twice"),
        (
            [
                {
                    "id": "d",
                    "description": "x",
                    "fields": [{**field()[0]["fields"][0], "name": f"f{n}"} for n in range(21)],
                }
            ],
            "there are 21 fields, the platform takes 20",
        ),
        (ranges((0, 1)), "the time range from 0 to 1 is shorter than the platform takes (2 s)"),
        (ranges((5, 9), (0, 6)), "the time ranges from 0 to 6 and from 5 to 9 overlap"),
        (ranges(), "time_ranges is empty"),
        ([{"id": "d", "description": "x", "media_sources": dict.fromkeys("abcde", "x.png")}], "there are 5 images"),
        ([{"id": "d", "description": "x", "media_sources": {"a b": "x.png"}}], "the image's name 'a b'"),
    ],
)
def test_what_the_platform_does_not_take_is_named_with_its_place(asked: Any, says: str) -> None:
    """Each fault is one sentence that names the definition and the field."""
    with pytest.raises(ConfigError) as raised:
        read(asked)
    (problem,) = raised.value.message.splitlines()
    assert problem.startswith("recipe.segment_definitions")
    assert says in problem
