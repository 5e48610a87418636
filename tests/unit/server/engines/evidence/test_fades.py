"""What is a dissolve and what only looks like one, on thumbnails as they come out of decoding."""

from collections.abc import Iterable
from itertools import repeat

import numpy as np
import pytest

from pipeline.server.engines.decode import Picture
from pipeline.server.engines.evidence.fades import FadeFinder
from pipeline.server.engines.looks import look_at

from .conftest import mixed, texture

ONE, OTHER = texture(1)[:144:2, :256:2], texture(2)[:144:2, :256:2]


def fades(pictures: Iterable[np.ndarray]) -> list[tuple[str, float]]:
    """Each gradual change, 25 pictures a second: its kind, and when its middle is."""
    finder = FadeFinder()
    for _ in finder.watch(look_at(Picture(number / 25, picture) for number, picture in enumerate(pictures))):
        pass
    return [(fade.kind, fade.middle_s) for fade in finder.found()]


@pytest.mark.parametrize("count", [6, 12, 30])
def test_a_dissolve_is_found_however_long(count: int) -> None:
    """From a quarter of a second to more than one, a dissolve is found, and is in the middle of its time."""
    between = [mixed(ONE, OTHER, (number + 1) / (count + 1)) for number in range(count)]
    ((kind, middle_s),) = fades([*repeat(ONE, 25), *between, *repeat(OTHER, 25)])
    assert kind == "dissolve"
    assert middle_s == pytest.approx(1 + count / 50, abs=0.13)


def test_a_lamp_that_is_dimmed_is_no_dissolve() -> None:
    """Light that changes step by step shows the same view."""
    dimmed = [mixed(ONE, ONE // 3, number / 15) for number in range(16)]
    assert fades([*repeat(ONE, 25), *dimmed, *repeat(ONE // 3, 25)]) == []
