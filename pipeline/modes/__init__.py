"""What is asked of a video: one file for each mode, one line for each in `MODES`."""

from collections.abc import Iterator

from pipeline.models import Recipe
from pipeline.modes import general, segments
from pipeline.modes.contract import Mode
from pipeline.modes.models import model_problems
from pipeline.modes.windows import window_problems

__all__ = ["MODES", "Mode", "recipe_problems"]

MODES: dict[str, Mode] = {
    "general": general,
    "segments": segments,
}


def recipe_problems(recipe: Recipe) -> Iterator[str]:
    """Everything that is wrong with a recipe, as far as can be told without its video; each with limit or remedy."""
    yield from MODES[recipe.mode].problems(recipe)
    yield from model_problems(recipe)
    yield from window_problems(recipe)
