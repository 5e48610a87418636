"""Which part of a video is analysed. Numbers: twelvelabs 1.3.6."""

from collections.abc import Iterator

from pipeline.models import Recipe

SHORTEST_S = 1.0
LONGEST_S = 2 * 3600.0


def window_problems(recipe: Recipe) -> Iterator[str]:
    """What is wrong with a recipe's clip window, as far as that can be told without the video."""
    start_s, end_s = recipe.start_time_s or 0.0, recipe.end_time_s
    if end_s is None:
        return
    if end_s <= start_s:
        yield f"end_time {end_s:g} is not after start_time {start_s:g}; give the later moment as end_time"
    elif end_s - start_s < SHORTEST_S:
        yield f"the window from {start_s:g} to {end_s:g} s is shorter than {SHORTEST_S:g} s; widen it"
    elif end_s - start_s > LONGEST_S:
        yield f"the window from {start_s:g} to {end_s:g} s is longer than 2 hours; ask in parts"
