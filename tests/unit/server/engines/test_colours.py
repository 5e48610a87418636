"""Names of colours."""

import numpy as np
import pytest

from pipeline.server.engines.colours import NAMES, count_colours, name_colours
from scripts.sample_videos.film import PALETTE


@pytest.mark.parametrize("name", PALETTE)
def test_the_palette_is_named_as_it_is_called(name: str) -> None:
    """A picture of one named colour has that colour at every point."""
    thumb = np.full((72, 128, 3), PALETTE[name], np.uint8)
    counts = dict(zip(NAMES, count_colours(thumb), strict=True))
    assert counts[name] == 72 * 128


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((0.45, 0.27, 0.1), "brown"),
        ((1.0, 0.6, 0.8), "pink"),
        ((0.95, 0.6, 0.6), "pink"),
        ((0.5, 0.0, 0.0), "red"),
        ((0.0, 0.0, 0.5), "blue"),
        ((0.6, 1.0, 0.6), "green"),
        ((0.95, 0.93, 0.9), "white"),
        ((0.1, 0.1, 0.12), "black"),
        ((1.0, 0.0, 0.1), "red"),
    ],
)
def test_common_colours_have_common_names(rgb: tuple[float, float, float], name: str) -> None:
    """Light, dark and mixed colours get the name most people would give them."""
    assert NAMES[name_colours(np.array([rgb]))[0]] == name
