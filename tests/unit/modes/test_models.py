"""What each model takes."""

from typing import Any

import pytest

from pipeline.models import Recipe
from pipeline.modes.models import model_problems

TIMESTAMP = '{"type":"object","properties":{"at":{"type":"timestamp","format":"seconds"}}}'
BOUNDED = '{"type":"object","properties":{"n":{"type":"integer","minimum":0}}}'
SHOTS = '[{"id":"shots","description":"Shots."}]'
EVENTS = '[{"id":"s","description":"d","fields":[{"name":"e","type":"time_array","description":"d"}]}]'


def asked(model: str, **members: Any) -> Recipe:
    mode = "segments" if "segment_definitions" in members else "general"
    return Recipe("local", model, **{"prompt": "What?", "mode": mode, **members})


@pytest.mark.parametrize(
    "recipe",
    [
        asked("pegasus1.2", max_tokens=2),
        asked("pegasus1.5", max_tokens=98_304, start_time_s=1, json_schema=TIMESTAMP),
        asked("pegasus1.5", json_schema=BOUNDED, media_sources="[]"),
        asked("pegasus1.5", segment_definitions=SHOTS, max_tokens=2_048),
        asked("pegasus1.6", segment_definitions=EVENTS, max_tokens="unlimited"),
        asked("pegasus1.6", images="[]"),
        asked("pegasus1.7", images="[]"),
        asked("pegasus2.0", segment_definitions=EVENTS),
    ],
)
def test_what_a_model_takes_is_no_problem(recipe: Recipe) -> None:
    """Up to its limits; a version newer than the table is held to those of the newest known one."""
    assert list(model_problems(recipe)) == []


@pytest.mark.parametrize(
    ("recipe", "says"),
    [
        (asked("pegasus"), "there is no model 'pegasus'; write one of pegasus1.2, pegasus1.5, pegasus1.6"),
        (asked("pegasus1.4"), "there is no model 'pegasus1.4'"),
        (asked("pegasus1.5", max_tokens=100), "100 is beyond what pegasus1.5 takes in the mode general: 512 to 98,304"),
        (
            asked("pegasus1.2", max_tokens=5_000),
            "5,000 is beyond what pegasus1.2 takes in the mode general: 2 to 4,096",
        ),
        (asked("pegasus1.5", segment_definitions=SHOTS, max_tokens=600), "in the mode segments: 2,048 to 98,304"),
        (asked("pegasus1.5", max_tokens="unlimited"), "unlimited is for the mode segments"),
        (asked("pegasus1.5", segment_definitions=SHOTS, max_tokens="unlimited"), "set recipe.model to pegasus1.6"),
        (
            asked("pegasus1.2", segment_definitions=SHOTS),
            "pegasus1.2 has no mode segments; set recipe.model to pegasus1.5 or",
        ),
        (asked("pegasus1.2", start_time_s=0), "pegasus1.2 analyses whole videos"),
        (asked("pegasus1.2", media_sources="[]"), "pegasus1.2 takes no reference images"),
        (asked("pegasus1.2", json_schema=TIMESTAMP), "pegasus1.2 has no type timestamp"),
        (asked("pegasus1.2", json_schema=BOUNDED), "pegasus1.2 takes no bounds of integers"),
        (asked("pegasus1.5", images="[]"), "pegasus1.5 analyses no images"),
        (
            asked("pegasus1.5", segment_definitions=EVENTS),
            "no fields of the type time_array; set recipe.model to pegasus1.6",
        ),
        (asked("pegasus1.2", prompt="word " * 2_001), "the prompt has 2,001 words; pegasus1.2 takes 2,000 tokens"),
    ],
)
def test_what_goes_beyond_a_model_is_named_with_its_limit(recipe: Recipe, says: str) -> None:
    """One sentence with the limit, or with the model that has it."""
    (problem,) = model_problems(recipe)
    assert says in problem
