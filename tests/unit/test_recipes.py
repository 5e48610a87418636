"""What is asked of each video."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import load
from pipeline.errors import ConfigError
from pipeline.models import Overrides
from pipeline.recipes import Recipes

SHOTS = [{"id": "shots", "description": "Shots."}]
FORM = {"type": "object", "properties": {"a": {"type": "string"}}}


def recipes(**asked: Any) -> Recipes:
    return Recipes(load(None, {"recipe": {"prompt": "What?", **asked}}))


def row(base: str = "", **asked: Any) -> Overrides:
    return Overrides(recipe=json.dumps(asked), base=base)


def test_a_row_asks_what_is_configured_and_what_it_says_itself() -> None:
    """What it does not name stays; what it names with null is as if it had never been set."""
    known = recipes(temperature=0.5, max_tokens=600, response_schema=FORM)
    assert known.of(Overrides()) is known.configured
    own = known.of(Overrides("Who?", 1.0, 9.0, json.dumps({"model": "pegasus1.6", "max_tokens": None})))
    assert (own.prompt, own.start_time_s, own.end_time_s) == ("Who?", 1.0, 9.0)
    assert (own.model, own.max_tokens, own.temperature) == ("pegasus1.6", None, 0.5)
    assert own.json_schema == known.configured.json_schema


def test_a_row_may_ask_for_segments() -> None:
    """In place of the configured prompt, which it takes back."""
    own = recipes().of(row(prompt=None, segment_definitions=SHOTS))
    assert (own.mode, own.prompt, own.definitions) == ("segments", None, 1)
    assert json.loads(own.segment_definitions or "") == SHOTS


def test_files_that_a_row_names_lie_beside_its_manifest(tmp_path: Path) -> None:
    """Schemas, definitions and prompts alike; those that the configuration names lie in the working directory."""
    (tmp_path / "form.json").write_text(json.dumps(FORM))
    (tmp_path / "prompt.txt").write_text("Who?\n")
    own = recipes().of(row(str(tmp_path), response_schema="form.json", prompt_file="prompt.txt"))
    assert (own.prompt, json.loads(own.json_schema or "")) == ("Who?", FORM)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (row(modell="x"), "recipe.modell: "),
        (row(temperature=2), "recipe.temperature: "),
        (row(max_reasks=2), "recipe.max_reasks is of the whole run"),
        (row(max_tokens=5), "max_tokens 5 is beyond what pegasus1.5 takes"),
        (row(response_schema="none.json"), "recipe.response_schema none.json: cannot be read"),
        (row(segment_definitions=SHOTS), "prompt is for the mode general"),
        (row(media_sources={"cat": "/none/cat.png"}), "recipe.media_sources: cat: cannot"),
        (row(prompt="<@cat>?"), "the prompt speaks of <@cat>, but there are no images"),
        (Overrides(end_time_s=5.0), "end_time 5 is not after start_time 10"),
        (Overrides(start_time_s=19.5), "the window from 19.5 to 20 s is shorter than 1 s"),
        (Overrides(end_time_s=9000.0), "the window from 10 to 9000 s is longer than 2 hours"),
    ],
)
def test_what_is_wrong_with_a_row_is_told_together_with_what_is_configured(asked: Overrides, says: str) -> None:
    """One sentence each; nothing is wrong with a row that asks what is configured."""
    known = recipes(start_time=10, end_time=20)
    (problem,) = known.problems(asked, ())
    assert says in problem
    assert known.problems(Overrides(), ()) == ()


def test_a_window_is_for_videos() -> None:
    """A row of images cannot have one, wherever it was set."""
    problems = recipes(model="pegasus1.6", start_time=1, end_time=5).problems(Overrides(), ("image",))
    assert ["this row is about images" in problem for problem in problems] == [True, True]


def test_everything_that_is_wrong_with_the_configuration_is_told_at_once() -> None:
    """Of every kind: the model, the mode, the window."""
    with pytest.raises(ConfigError) as raised:
        recipes(model="pegasus1.5", max_tokens=5, min_segment_duration=3, start_time=9, end_time=8)
    told = raised.value.message.splitlines()
    assert len(told) == 3
    assert all(line.startswith("recipe: ") for line in told)


def test_the_way_of_asking_is_held_against_every_row() -> None:
    """Whoever knows what cannot be asked so is heard for the configuration and for each row."""
    settings = load(None, {"recipe": {"prompt": "What?"}})
    known = Recipes(settings, lambda recipe: "too new" if recipe.model == "pegasus1.6" else None)
    assert known.problems(row(model="pegasus1.6"), ()) == ("too new",)
    with pytest.raises(ConfigError, match="recipe: too new"):
        Recipes(load(None, {"recipe": {"prompt": "What?", "model": "pegasus1.6"}}), lambda _: "too new")
