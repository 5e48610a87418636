"""How the questions of a run are asked: the rule of delivery auto, and what cannot go by batch."""

from dataclasses import replace

import pytest

from pipeline.config import BatchSettings
from pipeline.models import Recipe
from pipeline.steps.delivery import choose
from pipeline.steps.packing import batch_problem

RECIPE = Recipe("local", "pegasus1.5", "What?")


@pytest.mark.parametrize(
    ("model", "rows", "way"),
    [
        ("pegasus1.5", 49, "task"),
        ("pegasus1.5", 50, "batch"),
        ("pegasus1.5", None, "batch"),
        ("pegasus1.6", 5000, "task"),
    ],
)
def test_auto_asks_many_rows_of_a_model_that_batches_take_by_batch(model, rows, way):
    """Auto is batch from so many rows on, or where their number is not known; other models are asked by task."""
    assert choose("auto", model, rows, BatchSettings()).way == way


def test_auto_asks_a_row_by_task_that_cannot_go_by_batch():
    """In a run of batches, a question that none takes goes by task under auto, and stays where batch was asked for."""
    images = replace(RECIPE, images="[]")
    assert choose("auto", "pegasus1.5", 100, BatchSettings()).of(images) == "task"
    assert choose("auto", "pegasus1.5", 100, BatchSettings()).of(RECIPE) == "batch"
    assert choose("batch", "pegasus1.5", 1, BatchSettings()).of(images) == "batch"


@pytest.mark.parametrize(
    "changes",
    [{"model": "pegasus1.6"}, {"images": "[]"}, {"media_sources": "[]"}, {"max_tokens": "unlimited"}],
    ids=str,
)
def test_what_cannot_go_by_batch_is_told_with_the_remedy(changes):
    """Other models, images, reference images and unlimited answers are refused in words; all else goes."""
    assert "use delivery task" in (batch_problem(replace(RECIPE, **changes)) or "")
    assert batch_problem(RECIPE) is None
